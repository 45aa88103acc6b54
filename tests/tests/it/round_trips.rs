//! What plans and applies ask of the state store, where each request is a round trip.

use std::collections::BTreeSet;

use nfplan_cli::planning::Notes;
use nfplan_cli::planning::Purpose;
use nfplan_cli::planning::Request;
use nfplan_cli::project::Project;
use nfplan_cli::selection::Selected;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_providers::sim::Sim;
use nfplan_specs::fleet::Fleet;
use nfplan_state::stores::AnyStore;
use nfplan_state::stores::MemoryStore;
use nfplan_state::stores::memory::Usage;
use nfplan_tests::fleets::crowd;
use nfplan_tests::site::apply_and_note;
use nfplan_tests::site::open;
use nfplan_tests::site::plan_request;
use nfplan_tests::spec::FleetSpec;
use nfplan_tests::spec::Layout;
use serde_json::json;
use tempfile::TempDir;

/// Researchers to an account.
const CROWD: usize = 3;

/// A project whose states are in memory, where requests are counted.
struct Counted {
    folder: TempDir,
    specs: FleetSpec,
    project: Project,
    store: MemoryStore,
}

impl Counted {
    /// As many accounts of a few researchers each, applied.
    fn applied(accounts: usize) -> Self {
        let specs = crowd(accounts * CROWD, CROWD);
        let folder = tempfile::tempdir().unwrap();
        specs.write(folder.path(), Layout::FileNamed);
        let store = MemoryStore::new();
        let mut project = open(folder.path(), Sim::in_memory());
        project.store = AnyStore::Memory(store.clone());
        let mut made = Self { folder, specs, project, store };
        made.apply(&Selected::Everything);
        made
    }

    /// Sets another ceiling for a researcher.
    fn edit(&mut self, user: &str) {
        let specs = self.specs.clone();
        let specs = specs.edited(user, "compute", Some(json!({"max_vcpus": 7})));
        specs.write(self.folder.path(), Layout::FileNamed);
        let cloud = self.project.cloud.clone();
        let fresh = open(self.folder.path(), Sim::in_memory());
        let store = AnyStore::Memory(self.store.clone());
        self.project = Project { store, cloud, ..fresh };
    }

    fn apply(&mut self, selected: &Selected) {
        let cloud = self.project.cloud.clone();
        assert!(apply_and_note(&mut self.project, &cloud, selected.clone()));
    }

    /// The requests of some work.
    fn usage(&mut self, work: impl FnOnce(&mut Self)) -> Usage {
        let before = self.store.usage();
        work(self);
        let after = self.store.usage();
        Usage {
            gets: after.gets - before.gets,
            puts: after.puts - before.puts,
            lists: after.lists - before.lists,
            deletes: after.deletes - before.deletes,
            bytes_written: after.bytes_written - before.bytes_written,
        }
    }

    /// The requests of a plan that asks the cloud nothing and finds nothing to do.
    fn planning(&mut self, selected: &Selected) -> Usage {
        let request = Request::new(selected.clone(), Purpose::Apply);
        let request = Request { refresh: Refresh::None, notes: Notes::Trust, ..request };
        self.usage(|this| assert!(plan_request(&mut this.project, &request).units.is_empty()))
    }
}

fn only(user: &str) -> Selected {
    let unit: UnitId = format!("workspace/555500000000.us-east-1/{user}").parse().unwrap();
    Selected::Units(BTreeSet::from([unit]))
}

#[test]
fn a_plan_with_nothing_to_do_reads_two_objects_of_each_unit() {
    for accounts in [1, 4] {
        let usage = Counted::applied(accounts).planning(&Selected::Everything);
        let units = (accounts * (CROWD + 1)) as u64;
        let lists = 2 + accounts as u64;
        assert_eq!(usage, Usage { gets: 2 * units, lists, ..Usage::default() });
    }
}

#[test]
fn a_plan_of_one_reads_two_objects_of_two_units_however_large_the_fleet_is() {
    for accounts in [1, 4] {
        let usage = Counted::applied(accounts).planning(&only("user0"));
        let lists = 2 + accounts as u64;
        assert_eq!(usage, Usage { gets: 2 * 2, lists, ..Usage::default() });
    }
}

#[test]
fn a_plan_of_one_whose_spec_alone_was_read_lists_one_account() {
    for accounts in [1, 4] {
        let mut fleet = Counted::applied(accounts);
        let root = fleet.folder.path();
        fleet.project.fleet = Fleet::load_only(root, &["user0".to_owned()]).unwrap().unwrap();
        let usage = fleet.planning(&only("user0"));
        // Whether the researcher has something in another account is one more look there.
        let gets = 2 * 2 + (accounts as u64 - 1);
        assert_eq!(usage, Usage { gets, lists: 3, ..Usage::default() });
    }
}

#[test]
fn an_apply_of_one_asks_for_nothing_of_other_accounts() {
    let usages = [1, 4].map(|accounts| {
        let mut fleet = Counted::applied(accounts);
        fleet.edit("user0");
        let lists = 2 + accounts as u64;
        let usage = fleet.usage(|fleet| fleet.apply(&only("user0")));
        (usage.gets, usage.puts, usage.lists - lists)
    });
    assert_eq!(usages[0], usages[1]);
}

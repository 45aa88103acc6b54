//! What the parts of a plan cost, for fleets of one to ten thousand workspaces.
//!
//! `cargo bench -p nfplan-tests --bench parts` prints one line for each part and size: processor
//! microseconds for all and for each workspace. `NFPLAN_BENCH_SIZES` sets other sizes than
//! `1,10,100,1000`; ten thousand take minutes to be applied first.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "printing figures is what this is for")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::hint::black_box;

use nfplan_cli::planning::FleetPlan;
use nfplan_cli::planning::Notes;
use nfplan_cli::planning::Purpose;
use nfplan_cli::planning::Request;
use nfplan_cli::project::Project;
use nfplan_cli::render;
use nfplan_cli::render::plan::View;
use nfplan_cli::selection::Selected;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_providers::sim::Sim;
use nfplan_specs::fleet::Fleet;
use nfplan_state::converged::converged;
use nfplan_state::stores::AnyStore;
use nfplan_state::stores::MemoryStore;
use nfplan_state::unit::load;
use nfplan_tests::fleets::CROWD;
use nfplan_tests::fleets::crowd;
use nfplan_tests::measure::cpu_milliseconds;
use nfplan_tests::site::apply_and_note;
use nfplan_tests::site::block_on;
use nfplan_tests::site::open;
use nfplan_tests::site::plan_request;
use nfplan_tests::spec::Layout;
use serde_json::json;
use tempfile::TempDir;

/// The least processor time to measure, in milliseconds: the clock ticks every ten.
const LEAST: u64 = 300;

fn main() {
    let sizes = env::var("NFPLAN_BENCH_SIZES").unwrap_or_else(|_| "1,10,100,1000".into());
    for size in sizes.split(',').map(|size| size.trim().parse().unwrap()) {
        Bench::new(size).measure();
    }
}

/// A fleet that is applied, and the same with one setting of each researcher changed.
struct Bench {
    size: usize,
    folder: TempDir,
    project: Project,
}

impl Bench {
    fn new(size: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        crowd(size, CROWD).write(folder.path(), Layout::FileEach);
        let mut project = open(folder.path(), Sim::in_memory());
        project.store = AnyStore::Memory(MemoryStore::new());
        let mut bench = Self { size, folder, project };
        bench.apply();
        bench
    }

    /// Applies, one account after the other, so that the plans of all are never in memory at once.
    fn apply(&mut self) {
        let mut places: BTreeMap<Place, BTreeSet<UnitId>> = BTreeMap::new();
        for spec in self.project.fleet.workspaces() {
            places.entry(spec.place().clone()).or_default().insert(spec.unit().clone());
        }
        let cloud = self.project.cloud.clone();
        for units in places.into_values() {
            apply_and_note(&mut self.project, &cloud, Selected::Units(units));
        }
    }

    fn plan_from_states(&mut self, notes: Notes) -> FleetPlan {
        let request = Request::new(Selected::Everything, Purpose::Apply);
        plan_request(&mut self.project, &Request { refresh: Refresh::None, notes, ..request })
    }

    fn measure(&mut self) {
        let root = self.folder.path().to_owned();
        self.time("specs read and checked", |_| Fleet::load(&root).unwrap());
        self.time("specs expanded to resources", |bench| bench.expand());
        self.time("states loaded", |bench| {
            bench.each_unit(&async |store, unit| {
                black_box(load(store, unit).await.unwrap());
            })
        });
        self.time("states checked, notes read", |bench| {
            bench.each_unit(&async |store, unit| {
                black_box(converged(store, unit).await.unwrap());
            })
        });
        self.time("plan of nothing, by notes", |bench| bench.plan_from_states(Notes::Trust));
        self.time("plan of nothing, the long way", |bench| bench.plan_from_states(Notes::Ignore));
        self.edit();
        self.time("plan of a change in each", |bench| bench.plan_from_states(Notes::Trust));
        let document = self.plan_from_states(Notes::Trust).document(Refresh::None);
        let units = document.units.len() as u64;
        let view = View { width: 100, full: false, expand: Vec::new(), units, unread: 0 };
        self.time("its digest and JSON", |_| serde_json::to_vec(&document).unwrap());
        self.time("its text", |_| render::plan::plan(&document, &view));
    }

    fn expand(&self) {
        for spec in self.project.fleet.workspaces() {
            let pins = self.project.lock.pins(spec.place());
            black_box(self.project.workspace(spec, &pins, false).unwrap());
        }
    }

    fn each_unit(&self, work: &impl AsyncFn(&AnyStore, &UnitId)) {
        block_on(async {
            for spec in self.project.fleet.workspaces() {
                work(&self.project.store, spec.unit()).await;
            }
        });
    }

    /// Sets another ceiling for everybody.
    fn edit(&mut self) {
        let mut specs = crowd(self.size, CROWD);
        let users: Vec<String> = specs.researchers.keys().cloned().collect();
        for user in users {
            specs = specs.edited(&user, "compute", Some(json!({"max_vcpus": 7})));
        }
        specs.write(self.folder.path(), Layout::FileEach);
        self.project.fleet = Fleet::load(self.folder.path()).unwrap();
    }

    /// Repeats some work until it can be measured, and prints what it takes once.
    fn time<T>(&mut self, name: &str, work: impl Fn(&mut Self) -> T) {
        let begun = cpu_milliseconds();
        let mut rounds = 0;
        let spent = loop {
            black_box(work(self));
            rounds += 1;
            let spent = cpu_milliseconds() - begun;
            if spent >= LEAST {
                break spent;
            }
        };
        let once = spent * 1_000 / rounds;
        let each = once / self.size as u64;
        println!("{:>6} {name:<30} {once:>10} µs {each:>8} µs each", self.size);
    }
}

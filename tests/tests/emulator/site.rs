//! A project whose accounts are on the server that stands in for AWS, planned and applied as the
//! command line does.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use aws_config::BehaviorVersion;
use nfplan_cli::applying::Outcomes;
use nfplan_cli::applying::Workshop;
use nfplan_cli::drifting::FleetDrift;
use nfplan_cli::drifting::drift_of;
use nfplan_cli::execution::MachineClock;
use nfplan_cli::planning::FleetPlan;
use nfplan_cli::planning::Purpose;
use nfplan_cli::planning::Request;
use nfplan_cli::planning::plan_fleet;
use nfplan_cli::project::Project;
use nfplan_cli::selection::Selected;
use nfplan_cli::selection::Universe;
use nfplan_engine::address::AccountId;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::event::Event;
use nfplan_engine::observer::Observer;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::Depth;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::state::State;
use nfplan_providers::aws::Aws;
use nfplan_providers::aws::Role;
use nfplan_providers::aws::Timing;
use nfplan_providers::cloud::Cloud;
use nfplan_providers::gate::Gate;
use nfplan_providers::sim::Sim;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::lock::Lock;
use nfplan_state::holder::Holder;
use nfplan_state::lease::LeaseConfig;
use nfplan_state::stores::AnyStore;
use nfplan_state::stores::FolderStore;
use nfplan_state::unit::load;
use nfplan_tests::spec::FleetSpec;
use nfplan_tests::spec::Layout;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::kit::Server;

/// Short, so that what has to wait for a deadline does not hold up the tests; but a call has time
/// enough to wait for its turn behind several workspaces, on a busy machine too.
const TIMING: Timing = Timing {
    request: Duration::from_millis(2_500),
    call: Duration::from_secs(15),
    horizon: Duration::from_millis(100),
    patience: Duration::from_secs(20),
};

/// A project's folder, and the way to its accounts.
#[derive(Debug)]
pub(crate) struct Site {
    folder: TempDir,
    account: AccountId,
}

/// Nobody watches.
struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &UnitPlan, _: &Event) {}
}

impl Site {
    /// A project with no researchers in a new account.
    pub(crate) fn in_account(account: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), account: account.parse().unwrap() }
    }

    /// Writes these specs; their account `main` is the site's.
    pub(crate) fn write(&self, specs: &FleetSpec) {
        let place = format!("{}.us-east-1", self.account).parse().unwrap();
        let accounts = BTreeMap::from([("main".to_owned(), place)]);
        FleetSpec { accounts, ..specs.clone() }.write(self.folder.path(), Layout::FileEach);
    }

    /// The project, with clients of its own as in a process of its own.
    pub(crate) async fn open(&self) -> Project {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12());
        let config = config.endpoint_url(Server::Aws.url()).load().await;
        let arn = format!("arn:aws:iam::{}:role/nfplan", self.account);
        let role = Role { arn, external_id: Some("x1".into()) };
        let aws = Aws::new(
            config,
            BTreeMap::from([(self.account.clone(), role)]),
            TIMING,
            Gate::new(Gate::DEFAULT),
        );
        let cloud = Cloud::simulated(Sim::in_memory());
        let cloud = cloud.with_aws(aws, BTreeSet::from([self.account.clone()]));
        let root = self.folder.path();
        cloud.deliver_files_in(root);
        Project {
            fleet: Fleet::load(root).unwrap_or_else(|error| panic!("{error:?}")),
            store: AnyStore::Folder(FolderStore::new(root.join("states"))),
            cloud,
            lock: Lock::load(root).unwrap(),
            root: root.into(),
        }
    }

    /// Plans everything.
    pub(crate) async fn plan(&self, refresh: Refresh) -> (Project, FleetPlan) {
        self.plan_to(false, refresh).await
    }

    async fn plan_to(&self, destroy: bool, refresh: Refresh) -> (Project, FleetPlan) {
        let mut project = self.open().await;
        let purpose = if destroy { Purpose::Destroy } else { Purpose::Apply };
        let request = Request { refresh, ..Request::new(Selected::Everything, purpose) };
        let universe = Universe::survey(Some(&project.fleet), &project.store).await.unwrap();
        let planned = plan_fleet(&mut project, &universe, &request).await;
        let planned = planned.unwrap_or_else(|error| panic!("{error:?}"));
        (project, planned)
    }

    /// Ends what was left open, plans everything, and carries it out.
    pub(crate) async fn apply(&self) -> Outcomes {
        let project = self.open().await;
        let universe = Universe::survey(Some(&project.fleet), &project.store).await.unwrap();
        let clock = MachineClock::start();
        let units = universe.existing.iter().cloned().collect();
        let ending = workshop(&project, &clock);
        ending.recover_all(units, Recovery::RollBack, std::future::pending()).await;
        let (project, planned) = self.plan(Refresh::Bulk).await;
        assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
        workshop(&project, &clock).apply(planned.units, std::future::pending()).await
    }

    /// Takes everything away.
    pub(crate) async fn destroy(&self) -> Outcomes {
        let (project, planned) = self.plan_to(true, Refresh::Bulk).await;
        assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
        let clock = MachineClock::start();
        workshop(&project, &clock).apply(planned.units, std::future::pending()).await
    }

    /// What is recorded of every unit.
    pub(crate) async fn states(&self) -> Vec<State> {
        let project = self.open().await;
        let universe = Universe::survey(Some(&project.fleet), &project.store).await.unwrap();
        let mut states = Vec::new();
        for unit in &universe.existing {
            states.push(load(&project.store, unit).await.unwrap().state.unwrap());
        }
        states
    }

    /// Looks for drift, as the command of that name does.
    pub(crate) async fn drift(&self) -> FleetDrift {
        let mut project = self.open().await;
        let universe = Universe::survey(Some(&project.fleet), &project.store).await.unwrap();
        let drift = drift_of(&mut project, &universe, &Selected::Everything, Depth::Deep).await;
        drift.unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// The account's id.
    pub(crate) fn account(&self) -> &str {
        self.account.as_str()
    }

    /// A request of somebody else's in the account.
    pub(crate) fn somebody(&self, service: &str, method: &str, arguments: &Json) -> Json {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/emulator/client.py");
        let (url, arguments) = (Server::Aws.url(), arguments.to_string());
        let account = self.account.as_str();
        python(&[script, &url, account, "us-east-1", service, method, &arguments])
    }

    /// Units, addresses and ids of all objects that carry ownership tags, as the services tell.
    pub(crate) fn inventory(&self) -> Vec<[String; 3]> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/emulator/inventory.py");
        let inventory = python(&[script, &Server::Aws.url(), self.account.as_str()]);
        serde_json::from_value(inventory).unwrap()
    }
}

/// What a script of the tests prints.
fn python(arguments: &[&str]) -> Json {
    let tools = std::env::var("NFPLAN_TEST_TOOLS").unwrap();
    let output = Command::new(format!("{tools}/bin/python")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn workshop<'a>(
    project: &'a Project,
    clock: &'a MachineClock,
) -> Workshop<'a, AnyStore, Cloud, MachineClock, Nobody> {
    Workshop {
        store: &project.store,
        provider: &project.cloud,
        clock,
        observer: &Nobody,
        holder: Holder::this_process("a test"),
        lease: LeaseConfig::local(),
        on_failure: OnFailure::RollBack,
    }
}

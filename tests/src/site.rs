//! A project on a simulated cloud, planned and applied as the command line does.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::path::PathBuf;
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use nfplan_cli::applying::Outcomes;
use nfplan_cli::applying::UnitOutcome;
use nfplan_cli::applying::Workshop;
use nfplan_cli::commands::can::access_around;
use nfplan_cli::drifting::FleetDrift;
use nfplan_cli::drifting::drift_of;
use nfplan_cli::error::CliError;
use nfplan_cli::planning::FleetPlan;
use nfplan_cli::planning::Notes;
use nfplan_cli::planning::Purpose;
use nfplan_cli::planning::Request;
use nfplan_cli::planning::plan_fleet;
use nfplan_cli::planning::renew;
use nfplan_cli::project::Project;
use nfplan_cli::selection::Selected;
use nfplan_cli::selection::Universe;
use nfplan_engine::access::isolation::Account;
use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::clock::Clock;
use nfplan_engine::event::Event;
use nfplan_engine::observer::Observer;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Provider;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;
use nfplan_providers::cloud::Cloud;
use nfplan_providers::sim::Sim;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::lock::Lock;
use nfplan_state::holder::Holder;
use nfplan_state::lease::LeaseConfig;
use nfplan_state::stores::AnyStore;
use nfplan_state::stores::FolderStore;
use nfplan_state::unit::list_units;
use nfplan_state::unit::load;
use nfplan_state::unlock::Unlocked;
use nfplan_state::unlock::unlock;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::hung::Hung;
use crate::mortal::Life;
use crate::mortal::Mortal;
use crate::spec::ACCOUNTS;
use crate::spec::FleetSpec;
use crate::spec::Layout;
use crate::spec::put_surroundings;

/// A project's folder and its cloud.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    /// The cloud.
    pub cloud: Sim,
    layout: Cell<Layout>,
    networks: BTreeMap<&'static str, Json>,
}

/// Time stands still: only waits for nothing come to an end.
#[derive(Debug)]
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, duration: Duration) {
        if !duration.is_zero() {
            std::future::pending::<()>().await;
        }
    }
}

/// Nobody watches.
#[derive(Debug)]
struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &UnitPlan, _: &Event) {}
}

impl Site {
    /// A project with these specs on a new cloud that has nothing but what somebody else keeps.
    pub fn new(specs: &FleetSpec) -> Self {
        Self::on(scratch(), Sim::in_memory(), specs)
    }

    /// The same, with the cloud kept in the project's folder, for other processes to use.
    pub fn in_folder(specs: &FleetSpec) -> Self {
        let folder = scratch();
        let cloud = Sim::in_folder(&cloud_folder(folder.path())).unwrap();
        Self::on(folder, cloud, specs)
    }

    fn on(folder: TempDir, cloud: Sim, specs: &FleetSpec) -> Self {
        cloud.deliver_files_in(folder.path());
        let client = cloud.other_client();
        let networks = ACCOUNTS
            .map(|(account, place)| (account, put_surroundings(&client, &place.parse().unwrap())));
        let layout = Cell::new(Layout::FileEach);
        let site = Self { folder, cloud, layout, networks: networks.into() };
        site.write(specs);
        site
    }

    /// A copy of all that there is, specs, states, cloud and delivered files, that goes its own way
    /// from here.
    pub fn fork(&self) -> Self {
        let folder = scratch();
        copy_folder(self.root(), folder.path());
        let cloud = self.cloud.fork();
        cloud.deliver_files_in(folder.path());
        Self { folder, cloud, layout: self.layout.clone(), networks: self.networks.clone() }
    }

    /// The project's folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// From now on, specs are written in this layout.
    pub fn lay_out(&self, layout: Layout) {
        self.layout.set(layout);
    }

    /// Writes specs in place of those that are there.
    pub fn write(&self, specs: &FleetSpec) {
        specs.write(self.root(), self.layout.get());
    }

    /// Somebody else's network in an account, as `network` in a spec.
    pub fn network(&self, account: &str) -> Json {
        self.networks[account].clone()
    }

    /// The project, opened.
    pub fn project(&self) -> Project {
        open(self.root(), self.cloud.clone())
    }

    /// Where states are.
    pub fn store(&self) -> AnyStore {
        store(self.root())
    }

    /// Plans everything.
    pub fn plan(&self, refresh: Refresh) -> FleetPlan {
        plan(&mut self.project(), refresh, false)
    }

    /// Who reaches what around a researcher. What specs look up has to be pinned.
    pub fn access_around(&self, user: &str) -> Account {
        let mut project = self.project();
        let found = async {
            let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
            let units = universe.named(&[user.to_owned()])?;
            access_around(&mut project, &universe, units.first().unwrap()).await
        };
        block_on(found).unwrap()
    }

    /// Plans to take everything away.
    pub fn plan_destroy(&self) -> FleetPlan {
        plan(&mut self.project(), Refresh::Bulk, true)
    }

    /// What differs from the last apply.
    pub fn drift(&self, depth: Depth) -> FleetDrift {
        let mut project = self.project();
        let found = async {
            let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
            drift_of(&mut project, &universe, &Selected::Everything, depth).await
        };
        block_on(found).unwrap()
    }

    /// Applies until the call after so many hangs, and stops as a signal stops it: what is under way
    /// stays open.
    pub fn apply_until(&self, calls: u64) -> Outcomes {
        let planned = self.plan(Refresh::Bulk);
        assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
        let (store, cloud) = (self.store(), Hung::after(calls, &self.cloud));
        block_on(workshop(&store, &cloud).apply(planned.units, hanging(&cloud)))
    }

    /// Rolls open runs back until the call after so many hangs, and stops as a signal stops it.
    pub fn roll_back_until(&self, calls: u64) -> Outcomes {
        let (store, cloud) = (self.store(), Hung::after(calls, &self.cloud));
        let workshop = workshop(&store, &cloud);
        block_on(workshop.recover_all(self.units(), Recovery::RollBack, hanging(&cloud)))
    }

    /// Plans everything, and these resources to be replaced wherever they are.
    pub fn plan_replacing(&self, addresses: Vec<Address>) -> FleetPlan {
        let replace = addresses.into_iter().map(|address| (None, address)).collect();
        let request = Request { replace, ..request(Refresh::Bulk) };
        plan_request(&mut self.project(), &request)
    }

    /// Plans everything at another time than now.
    pub fn plan_at(&self, now: Timestamp) -> FleetPlan {
        plan_request(&mut self.project(), &Request { now, ..request(Refresh::Bulk) })
    }

    /// Plans for another purpose than to apply or to destroy.
    pub fn plan_for(&self, purpose: Purpose) -> FleetPlan {
        let request = Request { purpose, ..request(Refresh::Bulk) };
        plan_request(&mut self.project(), &request)
    }

    /// Carries a plan out. None of its units may be refused.
    pub fn carry_out(&self, planned: FleetPlan) -> Outcomes {
        assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
        carry_out(&self.store(), &self.cloud, planned)
    }

    /// Carries a plan out in a process that may die: then there is no outcome.
    pub fn carry_out_in(&self, life: &Life, planned: FleetPlan) -> Option<Outcomes> {
        let (store, cloud) = (self.store(), &self.cloud);
        let (store, cloud) = (Mortal { inner: &store, life }, Mortal { inner: cloud, life });
        let workshop = Workshop { holder: past_process(), ..workshop(&store, &cloud) };
        block_on(life.live(workshop.apply(planned.units, std::future::pending())))
    }

    /// Carries a plan out before the eyes of somebody.
    pub fn carry_out_watched(&self, planned: FleetPlan, observer: &impl Observer) -> Outcomes {
        let store = self.store();
        let Workshop { clock, holder, lease, on_failure, .. } = workshop(&store, &self.cloud);
        let (store, provider) = (&store, &self.cloud);
        let workshop = Workshop { store, provider, clock, observer, holder, lease, on_failure };
        block_on(workshop.apply(planned.units, std::future::pending()))
    }

    /// Ends open runs in a process that may die: then there is no outcome.
    pub fn recover_in(&self, life: &Life, recovery: Recovery) -> Option<Outcomes> {
        let (store, cloud) = (self.store(), &self.cloud);
        let (store, cloud) = (Mortal { inner: &store, life }, Mortal { inner: cloud, life });
        let workshop = Workshop { holder: past_process(), ..workshop(&store, &cloud) };
        block_on(life.live(recover_all(&workshop, self.units(), recovery)))
    }

    /// Ends open runs, plans and applies.
    pub fn apply(&self) -> Outcomes {
        let mut outcomes = self.recover();
        outcomes.extend(self.carry_out(self.plan(Refresh::Bulk)));
        outcomes
    }

    /// Ends open runs, and takes everything away.
    pub fn destroy(&self) -> Outcomes {
        let mut outcomes = self.recover();
        outcomes.extend(self.carry_out(self.plan_destroy()));
        outcomes
    }

    /// Applies, and expects every unit to be applied without leftovers.
    pub fn apply_fully(&self) {
        assert_applied(&self.apply());
    }

    /// Rolls open runs back.
    pub fn recover(&self) -> Outcomes {
        let store = self.store();
        let workshop = workshop(&store, &self.cloud);
        block_on(recover_all(&workshop, self.units(), Recovery::RollBack))
    }

    /// How many batches of events all journals have.
    pub fn appends(&self) -> usize {
        count_batches(&self.root().join(".nfplan/state"))
    }

    /// Who holds a unit's lease; frees it.
    pub fn unlock(&self, unit: &UnitId) -> Option<Holder> {
        let observer = Holder::this_process("a test");
        let (store, config) = (self.store(), LeaseConfig::local());
        match block_on(unlock(&store, unit, &observer, &StoppedClock, config)).unwrap() {
            Unlocked::Free => None,
            Unlocked::Freed { holder, .. } => Some(*holder),
        }
    }

    /// All units that have a state.
    pub fn units(&self) -> Vec<UnitId> {
        block_on(list_units(&self.store())).unwrap()
    }

    /// The state of a unit; none if it has none.
    pub fn state(&self, unit: &UnitId) -> Option<State> {
        block_on(load(&self.store(), unit)).unwrap().state
    }
}

/// A folder of its own, in memory where that is possible: writes are synchronised one by one.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

/// Opens the project in a folder.
pub fn open(root: &Path, cloud: Sim) -> Project {
    Project {
        fleet: Fleet::load(root).unwrap_or_else(|error| panic!("{error:?}")),
        store: store(root),
        cloud: Cloud::simulated(cloud),
        lock: Lock::load(root).unwrap(),
        root: root.into(),
    }
}

fn store(root: &Path) -> AnyStore {
    AnyStore::Folder(FolderStore::new(root.join(".nfplan/state")))
}

/// Where a project keeps its simulated cloud.
pub fn cloud_folder(root: &Path) -> PathBuf {
    root.join(".nfplan/sim")
}

/// Plans all units of a project.
pub fn plan(project: &mut Project, refresh: Refresh, destroy: bool) -> FleetPlan {
    let purpose = if destroy { Purpose::Destroy } else { Purpose::Apply };
    plan_request(project, &Request { purpose, ..request(refresh) })
}

fn request(refresh: Refresh) -> Request {
    Request { refresh, ..Request::new(Selected::Everything, Purpose::Apply) }
}

/// Plans what is asked for.
pub fn plan_request(project: &mut Project, request: &Request) -> FleetPlan {
    plan_in_universe(project, request).1
}

fn plan_in_universe(project: &mut Project, request: &Request) -> (Universe, FleetPlan) {
    let planned = async {
        let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
        let planned = plan_fleet(project, &universe, request).await?;
        Ok::<_, CliError>((universe, planned))
    };
    block_on(planned).unwrap()
}

/// Does what an apply of these units does: plans, carries out, and notes what has nothing to do. Whether
/// anything was to be done.
pub fn apply_and_note(project: &mut Project, cloud: &impl Provider, selected: Selected) -> bool {
    let request = Request::new(selected, Purpose::Apply);
    let request = Request { notes: Notes::Renew, ..request };
    let (universe, planned) = plan_in_universe(project, &request);
    let (changes, units) = (!planned.units.is_empty(), planned.to_renew(&universe));
    assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
    assert_applied(&carry_out(&project.store, cloud, planned));
    block_on(renew(project, &universe, units)).unwrap();
    changes
}

/// Carries a plan out.
pub fn carry_out(store: &AnyStore, cloud: &impl Provider, planned: FleetPlan) -> Outcomes {
    block_on(workshop(store, cloud).apply(planned.units, std::future::pending()))
}

fn workshop<'a, S, P>(store: &'a S, provider: &'a P) -> Workshop<'a, S, P, StoppedClock, Nobody> {
    Workshop {
        store,
        provider,
        clock: &StoppedClock,
        observer: &Nobody,
        holder: Holder::this_process("a test"),
        lease: LeaseConfig::local(),
        on_failure: OnFailure::RollBack,
    }
}

/// A process that everybody can see to be gone: it had this one's id before it.
pub fn past_process() -> Holder {
    let mut holder = Holder::this_process("a dead process");
    if let Some(process) = &mut holder.process {
        process.started -= 1;
    }
    holder
}

/// Ends the open runs of these units.
/// Ends when a call hangs: as if somebody lost patience.
async fn hanging(cloud: &Hung<'_>) {
    std::future::poll_fn(|context| {
        if cloud.hangs() {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn recover_all<S, P>(
    workshop: &Workshop<'_, S, P, StoppedClock, Nobody>,
    units: Vec<UnitId>,
    recovery: Recovery,
) -> Outcomes
where
    S: Store,
    P: Provider,
{
    let mut outcomes = Outcomes::new();
    for unit in units {
        let ended = workshop.recover(&unit, recovery, std::future::pending()).await;
        if let Some(outcome) = ended.unwrap() {
            outcomes.insert(unit, outcome);
        }
    }
    outcomes
}

fn count_batches(folder: &Path) -> usize {
    let is_journal = folder.ends_with("events");
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.map(|path| if is_journal { 1 } else { count_batches(&path) }).sum()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Polls to the end on this thread.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// The result of a unit's run, if there was one.
pub fn result(outcome: &UnitOutcome) -> Option<&UnitResult> {
    match outcome {
        UnitOutcome::Ran(report) => Some(&report.result),
        UnitOutcome::Refused(_) | UnitOutcome::Failed(_) => None,
    }
}

/// Units that were rolled back.
pub fn rolled_back(outcomes: &Outcomes) -> BTreeSet<UnitId> {
    let units = outcomes.iter();
    let units = units.filter(|(_, o)| matches!(result(o), Some(UnitResult::RolledBack(_))));
    units.map(|(unit, _)| unit.clone()).collect()
}

/// Expects every unit to be applied without leftovers.
pub fn assert_applied(outcomes: &Outcomes) {
    for (unit, outcome) in outcomes {
        assert!(result(outcome) == Some(&UnitResult::Applied), "{unit}: {outcome:#?}");
    }
}

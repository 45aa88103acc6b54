//! Carrying out a plan: unit by unit, each under its own lease, several side by side.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::future::FutureExt;
use futures_util::future::Shared;
use futures_util::future::select;
use futures_util::stream;
use futures_util::stream::FuturesUnordered;

use nfplan_engine::address::External;
use nfplan_engine::address::UnitId;
use nfplan_engine::apply::Ended;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::apply::RunContext;
use nfplan_engine::apply::Start;
use nfplan_engine::apply::run;
use nfplan_engine::clock::Clock;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Event;
use nfplan_engine::observer::Observer;
use nfplan_engine::opening;
use nfplan_engine::opening::OpeningError;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::Provider;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::report::Report;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;
use nfplan_engine::value::Value;
use nfplan_state::holder::Holder;
use nfplan_state::lease::Lease;
use nfplan_state::lease::LeaseConfig;
use nfplan_state::lease::LeaseError;
use nfplan_state::lease::acquire;
use nfplan_state::run::Run;
use nfplan_state::unit::load;

use crate::error::CliError;
use crate::exit::Exit;
use crate::externals::StoredExternals;
use crate::planning::Planable;

mod queue;

use queue::Queue;

/// How many units are under way at once. Most of the time each of them waits, for the cloud to finish
/// what it began; how many calls are under way at once is another thing, and the provider's
/// (`nfplan_providers::gate`).
const SIDE_BY_SIDE: usize = 256;

/// What units are carried out with.
#[derive(Debug)]
pub struct Workshop<'a, S, P, C, O> {
    /// Where states are.
    pub store: &'a S,
    /// The cloud.
    pub provider: &'a P,
    /// Time.
    pub clock: &'a C,
    /// Who watches.
    pub observer: &'a O,
    /// Who works.
    pub holder: Holder,
    /// The durations of leases in the store; those of calls come on top.
    pub lease: LeaseConfig,
    /// What becomes of a unit when a build step of its run fails.
    pub on_failure: OnFailure,
}

/// What became of one unit.
#[derive(Debug)]
pub enum UnitOutcome {
    /// A run took place.
    Ran(Report),
    /// The run was not opened, because the world moved since the plan was made.
    Refused(Vec<Refusal>),
    /// It could not be carried out.
    Failed(CliError),
}

/// What became of each unit.
pub type Outcomes = BTreeMap<UnitId, UnitOutcome>;

impl<S, P, C, O> Workshop<'_, S, P, C, O>
where
    S: Store,
    P: Provider,
    C: Clock,
    O: Observer,
{
    /// Carries out the plans: in each place, platforms before the workspaces that build on them, or
    /// after, if they are taken away. A platform that fails leaves the workspaces of its place out.
    pub async fn apply(
        &self,
        units: Vec<Planable>,
        interrupt: impl Future<Output = ()>,
    ) -> Outcomes {
        let interrupt = interrupt.shared();
        let (mut queue, mut outcomes) = (Queue::of(units), Outcomes::new());
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < SIDE_BY_SIDE
                && let Some(unit) = queue.next()
            {
                let id = unit.plan.unit.clone();
                if let Some(other) = obstacle(&unit.plan, &outcomes) {
                    let message = format!("not begun, because {other} came to no good end");
                    queue.ended(&id);
                    outcomes.insert(id, UnitOutcome::Failed(CliError::refused(message)));
                } else {
                    running.push(self.apply_unit(unit, interrupt.clone()));
                }
            }
            let Some((unit, outcome)) = running.next().await else { return outcomes };
            queue.ended(&unit);
            outcomes.insert(unit, outcome);
        }
    }

    async fn apply_unit(
        &self,
        unit: Planable,
        interrupt: Shared<impl Future<Output = ()>>,
    ) -> (UnitId, UnitOutcome) {
        let id = unit.plan.unit.clone();
        if interrupt.clone().now_or_never().is_some() {
            return (id, UnitOutcome::Failed(not_begun()));
        }
        let outcome = match self.carry_out(unit, interrupt).await {
            Ok(outcome) => outcome,
            Err(error) => UnitOutcome::Failed(error),
        };
        (id, outcome)
    }

    async fn carry_out(
        &self,
        unit: Planable,
        interrupt: impl Future<Output = ()>,
    ) -> Result<UnitOutcome, CliError> {
        let lease = self.lease(&unit.plan.unit).await?;
        let work = self.run_fresh(&lease, &unit, interrupt);
        let result = keeping(&lease, work).await;
        self.release(lease, result, UnitOutcome::is_at_rest).await
    }

    async fn run_fresh(
        &self,
        lease: &Lease<'_, S, C>,
        unit: &Planable,
        interrupt: impl Future<Output = ()>,
    ) -> Result<UnitOutcome, CliError> {
        let Planable { base, state, plan, .. } = unit;
        let opened_with = match opening::check(plan, self.provider, &self.externals()).await {
            Ok(values) => values,
            Err(OpeningError::Refused(refusals)) => return Ok(UnitOutcome::Refused(refusals)),
            Err(OpeningError::Provider(error)) => return Err(error.into()),
            Err(OpeningError::Journal(error)) => return Err(error.into()),
        };
        let journal = Run::open(lease, base, plan).await?;
        let predecessor = base.state_digest();
        let (start, on_failure) = (Start::Fresh, self.on_failure);
        let script = Script { plan, state, predecessor, opened_with, start, on_failure };
        self.conduct(journal, script, interrupt).await
    }

    /// Carries a run to its end and closes it; a stuck or interrupted one stays open.
    async fn conduct(
        &self,
        journal: Run<'_, S, C>,
        script: Script<'_>,
        interrupt: impl Future<Output = ()>,
    ) -> Result<UnitOutcome, CliError> {
        let salt = journal.head().lineage.to_string();
        let context = RunContext {
            plan: script.plan,
            state: script.state,
            predecessor: script.predecessor,
            provider: self.provider,
            clock: self.clock,
            observer: self.observer,
            externals: &self.externals(),
            opened_with: &script.opened_with,
            salt: &salt,
            on_failure: script.on_failure,
        };
        let Ended { report, state, journal } =
            run(context, journal, script.start, interrupt).await?;
        if let Some(state) = &state {
            journal.close(state).await?;
        }
        Ok(UnitOutcome::Ran(report))
    }

    /// Ends a run that somebody left open. None if there is none.
    pub async fn recover(
        &self,
        unit: &UnitId,
        recovery: Recovery,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Option<UnitOutcome>, CliError> {
        if load(self.store, unit).await?.open_run.is_none() {
            return Ok(None);
        }
        let lease = self.lease(unit).await?;
        let result = keeping(&lease, self.run_found(&lease, recovery, interrupt)).await;
        let at_rest = |outcome: &Option<_>| outcome.as_ref().is_none_or(UnitOutcome::is_at_rest);
        self.release(lease, result, at_rest).await
    }

    /// Ends the runs of these units that somebody left open, several side by side.
    pub async fn recover_all(
        &self,
        units: Vec<UnitId>,
        recovery: Recovery,
        interrupt: impl Future<Output = ()>,
    ) -> Outcomes {
        let interrupt = interrupt.shared();
        let recovered = stream::iter(units).map(|unit| {
            let interrupt = interrupt.clone();
            async move {
                if interrupt.clone().now_or_never().is_some() {
                    return Some((unit, UnitOutcome::Failed(not_begun())));
                }
                let outcome = self.recover(&unit, recovery, interrupt).await;
                let outcome = outcome.unwrap_or_else(|error| Some(UnitOutcome::Failed(error)));
                outcome.map(|outcome| (unit, outcome))
            }
        });
        let recovered: Vec<_> = recovered.buffer_unordered(SIDE_BY_SIDE).collect().await;
        recovered.into_iter().flatten().collect()
    }

    async fn run_found(
        &self,
        lease: &Lease<'_, S, C>,
        recovery: Recovery,
        interrupt: impl Future<Output = ()>,
    ) -> Result<Option<UnitOutcome>, CliError> {
        // Read again: whoever held the lease may have finished meanwhile.
        let loaded = load(self.store, lease.unit()).await?;
        let Some(open) = loaded.open_run else { return Ok(None) };
        let (journal, open) = Run::adopt(lease, &loaded.base, open).await?;
        let events: Vec<Event> = open.events().cloned().collect();
        let opened_with = match events.first() {
            Some(Event::Opened { externals, .. }) => externals.clone(),
            _ => BTreeMap::new(),
        };
        let source = open.plan.source.clone();
        let state = loaded.state.unwrap_or_else(|| State::empty(lease.unit().clone(), source));
        let predecessor = loaded.base.state_digest();
        let on_failure = match recovery {
            Recovery::Resume => self.on_failure,
            Recovery::RollBack => OnFailure::RollBack,
        };
        let start = Start::Found(events, recovery);
        let plan = &open.plan;
        let script = Script { plan, state: &state, predecessor, opened_with, start, on_failure };
        self.conduct(journal, script, interrupt).await.map(Some)
    }

    async fn lease(&self, unit: &UnitId) -> Result<Lease<'_, S, C>, CliError> {
        let config = self.lease.for_calls(self.provider.deadline());
        Ok(acquire(self.store, unit, self.holder.clone(), self.clock, config).await?)
    }

    /// Gives a lease back. After a run that did not come to its end, calls may still be under way,
    /// and whoever comes next waits them out.
    async fn release<T>(
        &self,
        lease: Lease<'_, S, C>,
        result: Result<T, CliError>,
        at_rest: impl FnOnce(&T) -> bool,
    ) -> Result<T, CliError> {
        let quiet = match &result {
            Ok(value) if at_rest(value) => Duration::ZERO,
            Ok(_) | Err(_) => self.provider.deadline(),
        };
        let released = lease.release(quiet).await;
        let value = result?;
        given_back(released)?;
        Ok(value)
    }

    fn externals(&self) -> StoredExternals<'_, S> {
        StoredExternals { store: self.store, schemas: self.provider.schemas() }
    }
}

/// Why a unit was left alone after a signal.
fn not_begun() -> CliError {
    CliError::new(Exit::Interrupted, "not begun, because of the interrupt")
}

/// Does the work while the lease is kept alive. If it is lost, the work finds out by itself before
/// it sends anything more.
pub async fn keeping<S: Store, C: Clock, T>(
    lease: &Lease<'_, S, C>,
    work: impl Future<Output = T>,
) -> T {
    let (work, keep) = (pin!(work), pin!(lease.keep()));
    match select(work, keep).await {
        Either::Left((value, _)) => value,
        Either::Right((_lost, work)) => work.await,
    }
}

/// What was done is not undone because its lease could not be given back.
pub fn given_back(released: Result<(), LeaseError>) -> Result<(), CliError> {
    released.map_err(|error| {
        let error = CliError::from(error);
        let message = format!("what was done is recorded; its lease stays: {}", error.message);
        CliError { message, ..error }.hint("it ends by itself, or at once with `nfplan unlock`")
    })
}

/// What a run follows.
struct Script<'s> {
    plan: &'s UnitPlan,
    state: &'s State,
    predecessor: Option<Digest>,
    opened_with: BTreeMap<External, Value>,
    start: Start,
    on_failure: OnFailure,
}

/// The unit that keeps another one from being begun: its platform, if that did not come about, or
/// a workspace that is left, if the platform is to go.
fn obstacle<'o>(plan: &UnitPlan, outcomes: &'o Outcomes) -> Option<&'o UnitId> {
    let failed =
        |(unit, outcome): (&'o UnitId, &'o UnitOutcome)| (!outcome.is_good()).then_some(unit);
    if plan.unit.user().is_some() {
        return outcomes.get_key_value(&plan.unit.platform()).and_then(failed);
    }
    let mut here = outcomes.iter().filter(|(unit, _)| unit.place() == plan.unit.place());
    if plan.takes_away() { here.find_map(failed) } else { None }
}

impl UnitOutcome {
    /// Whether the unit had better be left alone by the plan that follows a recovery.
    pub fn blocks(&self) -> bool {
        match self {
            Self::Ran(report) => {
                use UnitResult as R;
                matches!(report.result, R::Stuck(_) | R::Interrupted | R::Stopped)
            }
            Self::Refused(_) | Self::Failed(_) => true,
        }
    }

    /// Whether no call can be under way any more.
    fn is_at_rest(&self) -> bool {
        match self {
            Self::Ran(report) => report.result != UnitResult::Interrupted,
            Self::Refused(_) => true,
            Self::Failed(_) => false,
        }
    }

    /// How it ends the command.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) => Exit::Refused,
            Self::Failed(error) => error.exit,
            Self::Ran(report) => match report.result {
                UnitResult::Applied => Exit::Fine,
                UnitResult::AppliedWithLeftovers(_) => Exit::Leftovers,
                UnitResult::RolledBack(_) => Exit::RolledBack,
                UnitResult::Stuck(_) | UnitResult::Stopped => Exit::Stuck,
                UnitResult::Interrupted => Exit::Interrupted,
            },
        }
    }

    /// Whether the unit is as planned, but perhaps for objects that await deletion.
    pub fn is_good(&self) -> bool {
        let result = match self {
            Self::Ran(report) => &report.result,
            Self::Refused(_) | Self::Failed(_) => return false,
        };
        matches!(result, UnitResult::Applied | UnitResult::AppliedWithLeftovers(_))
    }
}

//! What commands share that look after states and leases: which units, and work under a lease.
//!
//! They need no cloud and take units as they are, also such as have nothing any more or cannot be
//! read: those are the ones that people come for.

use std::time::Duration;

use nfplan_engine::address::UnitId;
use nfplan_engine::event::Phase;
use nfplan_engine::event::RunState;
use nfplan_engine::report::Ledger;
use nfplan_engine::report::ledger;
use nfplan_state::format::Head;
use nfplan_state::format::RunId;
use nfplan_state::history::History;
use nfplan_state::holder::Holder;
use nfplan_state::lease::Lease;
use nfplan_state::lease::acquire;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::OpenRun;
use nfplan_state::unlock::Evidence;
use nfplan_state::unlock::Sight;
use nfplan_state::unlock::Unlocked;
use nfplan_state::verify::Verdict;

use crate::applying::given_back;
use crate::applying::keeping;
use crate::args::Selection;
use crate::commands::Context;
use crate::error::CliError;
use crate::execution::MachineClock;
use crate::exit::Exit;
use crate::project::open_kept;
use crate::selection::Universe;
use crate::turns::TakingTurns;

/// A unit's history with the head that leads to it.
#[derive(Debug)]
pub struct Kept {
    /// The head.
    pub head: Head,
    /// The states.
    pub history: History,
}

/// A unit that was verified.
#[derive(Debug)]
pub struct Verified {
    /// The unit.
    pub unit: UnitId,
    /// What was found.
    pub verdict: Verdict,
}

/// A unit that was pruned, or would be.
#[derive(Debug)]
pub struct Pruned {
    /// The unit.
    pub unit: UnitId,
    /// The objects, or why none were touched or not all.
    pub result: Result<Vec<String>, CliError>,
}

/// A unit that was to be freed.
#[derive(Debug)]
pub struct Freeing {
    /// The unit.
    pub unit: UnitId,
    /// The first look at its lease; none if it never had one.
    pub sight: Option<Sight>,
    /// Its open run.
    pub run: Option<RunSummary>,
    /// What became of it.
    pub result: Result<Unlocked, CliError>,
}

impl Freeing {
    /// What became of it, in one word.
    pub fn word(&self) -> &'static str {
        match &self.result {
            Ok(Unlocked::Free) => "free",
            Ok(Unlocked::Freed { .. }) => "freed",
            Err(error) if error.exit == Exit::Leased => "held",
            Err(_) => "failed",
        }
    }

    /// Why it was freed.
    pub fn evidence(&self) -> Option<Evidence> {
        match &self.result {
            Ok(Unlocked::Freed { evidence, .. }) => Some(*evidence),
            Ok(Unlocked::Free) | Err(_) => None,
        }
    }
}

/// How far an open run is.
#[derive(Debug, Clone, Copy)]
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// Which phase it is in.
    pub phase: &'static str,
    /// How many steps are done.
    pub done: u64,
    /// How many there are.
    pub steps: u64,
}

impl RunSummary {
    /// Sums up an open run by its journal.
    pub fn of(run: &OpenRun) -> Self {
        let mut state = RunState::default();
        // What follows an impossible event says nothing; `nfplan state verify` names it.
        let _ = run.events().try_for_each(|event| state.apply(event));
        let phase = match state.phase {
            Phase::Unopened => "opened, nothing done",
            Phase::Building => "building",
            Phase::RollingBack(_) => "rolling back",
            Phase::Retiring => "past its commit point",
        };
        let Ledger { done, .. } = ledger(&run.plan, &state);
        Self { id: run.id, phase, done, steps: run.plan.steps.len() as u64 }
    }
}

/// The store of states, and every unit that it or the specs know. Works without valid specs where
/// the caller says where states are.
pub async fn survey(context: &Context) -> Result<(AnyStore, Universe), CliError> {
    let (fleet, store) = open_kept(context).await?;
    let universe = Universe::survey_whole(fleet.as_ref(), &store).await?;
    Ok((store, universe))
}

/// The selected units of which anything is kept.
pub fn units(universe: &Universe, selection: &Selection) -> Result<Vec<UnitId>, CliError> {
    let selected = universe.select(selection)?;
    Ok(universe.existing.iter().filter(|unit| selected.names(unit)).cloned().collect())
}

/// The units of this name of which anything is kept.
pub fn named(universe: &Universe, name: &str) -> Result<Vec<UnitId>, CliError> {
    let units = universe.named(&[name.to_owned()])?.into_iter();
    Ok(units.filter(|unit| universe.existing.contains(unit)).collect())
}

/// The one unit of this name. What is done to one is not meant for another.
pub fn one_named(universe: &Universe, name: &str) -> Result<UnitId, CliError> {
    one_of(&named(universe, name)?)
}

/// The one unit that is selected. What is done to one is not meant for another.
pub fn one_unit(universe: &Universe, selection: &Selection) -> Result<UnitId, CliError> {
    one_of(&units(universe, selection)?)
}

fn one_of(units: &[UnitId]) -> Result<UnitId, CliError> {
    match units {
        [unit] => Ok(unit.clone()),
        [] => Err(CliError::refused("nothing is kept of any selected unit")),
        several => {
            let message = format!("this is done to one unit, and {} are selected", several.len());
            Err(CliError::refused(message).hint("name it with --select"))
        }
    }
}

/// The right to change a unit by hand.
pub type UpkeepLease<'a, S> = Lease<'a, TakingTurns<'a, S>, MachineClock>;

/// Does something to a unit under its lease, and gives that back. Waits for a holder that is silent,
/// and for whatever calls it may have under way: then none are left for the next one to wait for.
pub async fn under_lease<T>(
    context: &Context,
    store: &AnyStore,
    unit: &UnitId,
    work: impl AsyncFnOnce(&UpkeepLease<'_, AnyStore>) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let config = store.lease_config();
    let (store, clock) = (TakingTurns(store), MachineClock::start());
    let holder = Holder::this_process(context.settings.who.clone());
    let lease = acquire(&store, unit, holder, &clock, config).await?;
    let result = keeping(&lease, work(&lease)).await;
    let released = lease.release(Duration::ZERO).await;
    let value = result?;
    given_back(released)?;
    Ok(value)
}

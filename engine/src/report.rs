//! What became of a unit's run. A failed apply is a result to show, not an exception.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::address::RemoteId;
use crate::address::UnitId;
use crate::event::Cause;
use crate::event::Event;
use crate::event::Phase;
use crate::event::RunState;
use crate::event::StepStatus;
use crate::plan::UnitPlan;
use crate::provider::ProviderError;
use crate::state::State;
use crate::state::Status;
use crate::step::Stage;
use crate::step::Step;
use crate::step::StepId;

/// What became of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The unit.
    pub unit: UnitId,
    /// The researcher's user name as the spec writes it; none for a platform.
    pub user: Option<Box<str>>,
    /// The outcome.
    pub result: UnitResult,
    /// What failed, in the order it happened.
    pub failures: Vec<Failure>,
    /// Steps by what became of them; every step is in exactly one.
    pub ledger: Ledger,
}

/// A unit's outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitResult {
    /// Everything was done.
    Applied,
    /// Everything is built; these objects still await deletion, or AWS still works on them.
    AppliedWithLeftovers(Vec<Leftover>),
    /// Everything is as it was before, but for what the ledger calls kept.
    RolledBack(Cause),
    /// Something could neither be finished nor undone.
    Stuck(Vec<Leftover>),
    /// The run is open and recoverable.
    Interrupted,
    /// A step failed, and the run was left open as asked.
    Stopped,
}

/// An object that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Its resource.
    pub address: Address,
    /// What the cloud calls it, if known.
    pub remote_id: Option<RemoteId>,
}

/// A step that failed, forwards or backwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The step.
    pub step: StepId,
    /// What it was done to.
    pub address: Address,
    /// Whether it failed while being undone.
    pub undoing: bool,
    /// Why.
    pub error: ProviderError,
}

/// How many steps ended how. The numbers add up to the plan's steps.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    /// Done.
    pub done: u64,
    /// Undone.
    pub undone: u64,
    /// Done, and kept by a rollback because they make the unit safer.
    pub kept: u64,
    /// Failed without effect.
    pub failed: u64,
    /// Neither done nor undone cleanly.
    pub stuck: u64,
    /// Never begun.
    pub not_started: u64,
}

/// Counts the steps of a run by what became of them.
pub fn ledger(plan: &UnitPlan, run: &RunState) -> Ledger {
    let mut ledger = Ledger::default();
    for step in &plan.steps {
        let counter = match run.status(step.id) {
            StepStatus::Pending => &mut ledger.not_started,
            StepStatus::Succeeded => &mut ledger.done,
            StepStatus::FailedClean => &mut ledger.failed,
            StepStatus::Undone if step.undo == crate::step::Undo::Keep => &mut ledger.kept,
            StepStatus::Undone => &mut ledger.undone,
            StepStatus::Started
            | StepStatus::Unknown
            | StepStatus::FailedPartly(_)
            | StepStatus::Undoing
            | StepStatus::Stuck => &mut ledger.stuck,
        };
        *counter += 1;
    }
    ledger
}

/// The outcome of a run that has nothing more to do, with its events and what they come to.
pub fn result(plan: &UnitPlan, run: &RunState, events: &[Event], folded: &State) -> UnitResult {
    let left = |wanted: fn(&Step, &StepStatus) -> bool| -> Vec<Leftover> {
        let steps = plan.steps.iter().filter(|step| wanted(step, run.status(step.id)));
        steps.map(|step| leftover(step, events)).collect()
    };
    match &run.phase {
        Phase::RollingBack(cause) => {
            let stuck = left(|_, status| {
                !matches!(
                    status,
                    StepStatus::Pending | StepStatus::FailedClean | StepStatus::Undone
                )
            });
            if stuck.is_empty() {
                UnitResult::RolledBack(cause.clone())
            } else {
                UnitResult::Stuck(stuck)
            }
        }
        Phase::Retiring => {
            let pending = left(|step, status| {
                step.stage == Stage::Retire && *status != StepStatus::Succeeded
            });
            let pending: Vec<Leftover> =
                pending.into_iter().chain(settling(plan, folded)).collect();
            if pending.is_empty() {
                UnitResult::Applied
            } else {
                UnitResult::AppliedWithLeftovers(pending)
            }
        }
        Phase::Unopened | Phase::Building => UnitResult::Interrupted,
    }
}

/// Objects of the plan's steps that AWS still works on.
fn settling(plan: &UnitPlan, folded: &State) -> Vec<Leftover> {
    let addresses: BTreeSet<&Address> = plan.steps.iter().map(|step| &step.address).collect();
    let objects =
        addresses.into_iter().filter_map(|address| Some((address, folded.current(address)?)));
    objects
        .filter(|(_, object)| object.status == Status::Settling)
        .map(|(address, object)| Leftover {
            address: address.clone(),
            remote_id: Some(object.remote_id.clone()),
        })
        .collect()
}

/// What a step was about, or else what it last made.
fn leftover(step: &Step, events: &[Event]) -> Leftover {
    let made = |event: &Event| {
        let made = event.made().map(|(id, made)| (id, &made.remote_id)).or(event.half_done());
        made.filter(|(id, _)| *id == step.id).map(|(_, remote_id)| remote_id.clone())
    };
    let remote_id = step.remote_id().cloned().or_else(|| events.iter().rev().find_map(made));
    Leftover { address: step.address.clone(), remote_id }
}

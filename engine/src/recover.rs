//! What a run that somebody left open will come to.
//!
//! `plan` and `drift` may not touch an open run, but have to plan against what the next `apply`
//! will make of it: the state as rolled back, or, past the commit point, with everything retired.

use crate::digest::Digest;
use crate::event::Event;
use crate::event::IllegalEvent;
use crate::event::Phase;
use crate::event::RunState;
use crate::event::StepStatus;
use crate::fold::fold;
use crate::plan::UnitPlan;
use crate::schema::Schemas;
use crate::state::State;
use crate::step::Stage;
use crate::step::StepId;

/// The state that default recovery of an open run will leave.
///
/// # Errors
/// If the events cannot have happened in this order.
pub fn prospect(
    state: &State,
    predecessor: Option<Digest>,
    plan: &UnitPlan,
    events: &[Event],
    schemas: &Schemas,
) -> Result<State, Box<IllegalEvent>> {
    let mut run = RunState::default();
    for event in events {
        run.apply(event)?;
    }
    let mut events = events.to_vec();
    if run.phase == Phase::Retiring {
        let retire = plan.steps.iter().filter(|step| step.stage == Stage::Retire);
        retire.for_each(|step| events.extend(completion(step.id, run.status(step.id))));
        return fold(state, predecessor, plan, &events, schemas);
    }
    // Rolled back, nothing remains but the incarnations that were burnt.
    let mut rolled_back = state.clone();
    for event in &events {
        if let Event::Started { step, incarnation: Some(incarnation), .. } = event
            && let Some(step) = plan.steps.get(step.0 as usize)
        {
            let entry = rolled_back.entries.entry(step.address.clone()).or_default();
            entry.incarnation = entry.incarnation.max(*incarnation);
        }
    }
    Ok(rolled_back)
}

/// The events that complete a retire step.
fn completion(step: StepId, status: &StepStatus) -> Vec<Event> {
    let start =
        Event::Started { step, incarnation: None, token: Box::default(), found: Vec::new() };
    let done = Event::Succeeded { step, made: None };
    let settled = Event::Settled { step, outcome: crate::event::Settlement::Done(None) };
    match status {
        StepStatus::Pending | StepStatus::FailedClean => vec![start, done],
        StepStatus::Started => vec![done],
        StepStatus::Unknown => vec![settled],
        StepStatus::Succeeded
        | StepStatus::FailedPartly(_)
        | StepStatus::Undoing
        | StepStatus::Undone
        | StepStatus::Stuck => Vec::new(),
    }
}

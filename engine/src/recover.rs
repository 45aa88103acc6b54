//! What a run that somebody left open will come to.
//!
//! `plan` and `drift` may not touch an open run, but have to plan against what the next `apply`
//! will make of it: the state as rolled back, or, past the commit point, with everything retired.
//! Both are the fold of the events so far and those that a recovery without trouble would add.

use crate::address::Address;
use crate::digest::Digest;
use crate::event::Cause;
use crate::event::Event;
use crate::event::IllegalEvent;
use crate::event::Made;
use crate::event::Phase;
use crate::event::RunState;
use crate::event::Settlement;
use crate::event::StepStatus;
use crate::fold::fold;
use crate::outlook::known_inputs;
use crate::plan::UnitPlan;
use crate::schema::Schemas;
use crate::state::State;
use crate::step::Operation;
use crate::step::Stage;
use crate::step::Step;
use crate::step::StepId;
use crate::step::Undo;
use crate::value::Attributes;

/// The state that default recovery of an open run will leave, if nothing goes wrong with it.
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
    let mut all = events.to_vec();
    match &run.phase {
        Phase::Unopened => return Ok(state.clone()),
        Phase::Retiring => {
            let retire = plan.steps.iter().filter(|step| step.stage == Stage::Retire);
            retire.for_each(|step| all.extend(retired(step, run.status(step.id), state)));
        }
        Phase::Building | Phase::RollingBack(_) => {
            if run.phase == Phase::Building {
                all.push(Event::RollingBack { cause: Cause::Interrupted });
            }
            let steps = plan.steps.iter().rev();
            steps.for_each(|step| all.extend(undone(step, run.status(step.id), events, state)));
        }
    }
    fold(state, predecessor, plan, &all, schemas)
}

/// The events that complete a retire step.
fn retired(step: &Step, status: &StepStatus, state: &State) -> Vec<Event> {
    let made = match &step.operation {
        Operation::Update { remote_id, after, .. } => Some(Made {
            remote_id: remote_id.clone(),
            inputs: known_inputs(after),
            outputs: outputs(state, &step.address),
            settling: None,
        }),
        _ => None,
    };
    let id = step.id;
    let start =
        Event::Started { step: id, incarnation: None, token: Box::default(), found: Vec::new() };
    let done = Event::Succeeded { step: id, made: made.clone() };
    match status {
        StepStatus::Pending | StepStatus::FailedClean => vec![start, done],
        StepStatus::Started => vec![done],
        StepStatus::Unknown => {
            vec![Event::Settled { step: id, outcome: Settlement::Done(made) }]
        }
        StepStatus::Succeeded
        | StepStatus::FailedPartly(_)
        | StepStatus::Undoing
        | StepStatus::Undone
        | StepStatus::Stuck => Vec::new(),
    }
}

/// The events that undo a build step. One of unknown outcome is taken to have had no effect.
fn undone(step: &Step, status: &StepStatus, events: &[Event], state: &State) -> Vec<Event> {
    let made = match (&step.undo, &step.operation) {
        (Undo::Park { .. }, _) => made_by(step.id, events),
        (Undo::Restore, Operation::Update { remote_id, before, .. }) => Some(Made {
            remote_id: remote_id.clone(),
            inputs: before.clone(),
            outputs: outputs(state, &step.address),
            settling: None,
        }),
        _ => None,
    };
    let id = step.id;
    let done = Event::Undone { step: id, made };
    match status {
        StepStatus::Started | StepStatus::Unknown => {
            vec![Event::Settled { step: id, outcome: Settlement::NotDone }]
        }
        StepStatus::Succeeded | StepStatus::FailedPartly(_) | StepStatus::Stuck => {
            vec![Event::UndoStarted { step: id }, done]
        }
        StepStatus::Undoing => vec![done],
        StepStatus::Pending | StepStatus::FailedClean | StepStatus::Undone => Vec::new(),
    }
}

/// What a step made, by its events.
fn made_by(id: StepId, events: &[Event]) -> Option<Made> {
    events.iter().rev().find_map(|event| match event {
        Event::Succeeded { step, made } if *step == id => made.clone(),
        Event::Settled { step, outcome: Settlement::Done(made) } if *step == id => made.clone(),
        _ => None,
    })
}

fn outputs(state: &State, address: &Address) -> Attributes {
    state.current(address).map(|object| object.outputs.clone()).unwrap_or_default()
}

//! What a run that somebody left open will come to.
//!
//! `plan` and `drift` may not touch an open run, but have to plan against what the next `apply`
//! will make of it: the state as rolled back, or, past the commit point, with everything retired.
//! Both are the fold of the events so far and those that a recovery without trouble would add: the
//! same schedule says which, and what nobody knows yet is taken to turn out as before the call.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::address::External;
use crate::address::RemoteId;
use crate::diff::normalise;
use crate::digest::Digest;
use crate::event::Event;
use crate::event::IllegalEvent;
use crate::event::Made;
use crate::event::Phase;
use crate::event::Settlement;
use crate::expr::Inputs;
use crate::fold::fold;
use crate::outlook::Outlook;
use crate::outlook::known_inputs;
use crate::plan::UnitPlan;
use crate::schedule::Move;
use crate::schedule::Recovery;
use crate::schedule::Schedule;
use crate::schedule::staying;
use crate::schema::Schemas;
use crate::state::State;
use crate::step::Operation;
use crate::step::Stage;
use crate::step::Step;
use crate::step::StepId;
use crate::step::Undo;
use crate::value::Attributes;
use crate::value::Value;

/// The state that default recovery of an open run will leave, if nothing goes wrong with it.
///
/// Calls of unknown outcome before the commit point are taken to have had no effect, outputs to stay
/// as they were last seen, and objects to do no work for anybody unless that is recorded.
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
    let mut all = events.to_vec();
    let mut schedule = Schedule::replay(plan, events, Recovery::RollBack)?;
    if schedule.run().phase == Phase::Unopened {
        // Whoever finds such a run opens it, so that it can be rolled back and closed.
        all.push(Event::Opened { plan: plan.digest, externals: BTreeMap::new() });
        schedule = Schedule::replay(plan, &all, Recovery::RollBack)?;
    }
    let foresight = Foresight { state, plan, schemas, externals: opened_with(&all) };
    loop {
        let moves = schedule.take_moves();
        if moves.is_empty() {
            return fold(state, predecessor, plan, &all, schemas);
        }
        for next in moves {
            for event in foresight.events(&next, &all) {
                schedule.record(&event)?;
                all.push(event);
            }
        }
    }
}

/// What the events of a recovery follow from.
struct Foresight<'a> {
    state: &'a State,
    plan: &'a UnitPlan,
    schemas: &'a Schemas,
    externals: BTreeMap<External, Value>,
}

impl Foresight<'_> {
    /// What a move comes to if nothing goes wrong.
    fn events(&self, next: &Move, before: &[Event]) -> Vec<Event> {
        match next {
            Move::Start(id) => {
                let (step, token) = (*id, Box::default());
                let started = Event::Started { step, incarnation: None, token, found: Vec::new() };
                vec![started, Event::Succeeded { step, made: self.retired(step, before) }]
            }
            Move::Settle(id) => vec![self.settled(*id, before)],
            Move::Undo(id) => vec![Event::UndoStarted { step: *id }, self.undone(*id, before)],
            Move::RollBack(cause) => vec![Event::RollingBack { cause: cause.clone() }],
            Move::Commit => vec![Event::Committed],
        }
    }

    fn step(&self, id: StepId) -> &Step {
        &self.plan.steps[id.0 as usize]
    }

    /// Retire steps are repeated until they are done; build steps are on their way back.
    fn settled(&self, id: StepId, before: &[Event]) -> Event {
        let step = self.step(id);
        let outcome = match (step.stage, &step.operation) {
            (_, Operation::Adopt { .. } | Operation::Hold { .. } | Operation::Drop { .. }) => {
                Settlement::Done(None)
            }
            (Stage::Build, _) => Settlement::NotDone,
            (Stage::Retire, _) => Settlement::Done(self.retired(id, before)),
        };
        Event::Settled { step: id, outcome }
    }

    /// The object as a retire step leaves it.
    fn retired(&self, id: StepId, before: &[Event]) -> Option<Made> {
        let step = self.step(id);
        let Operation::Update { remote_id, after, .. } = &step.operation else { return None };
        let inputs = self.resolved(step, after, before);
        Some(self.made(step, remote_id, inputs, before))
    }

    /// The end of undoing a step.
    fn undone(&self, id: StepId, before: &[Event]) -> Event {
        let step = self.step(id);
        let last = || made_by(id, before);
        let made = match (&step.undo, &step.operation) {
            (Undo::Irreversible { reason }, _) => {
                return Event::irreversible(id, reason);
            }
            (Undo::Park { disable: None }, _) => last(),
            (Undo::Park { disable: Some(name) }, Operation::Create { inputs, .. }) => {
                let whole = || {
                    let inputs = self.resolved(step, inputs, before);
                    Some(self.made(step, &left_by(id, before)?, inputs, before))
                };
                last().or_else(whole).map(|mut made| {
                    made.inputs.insert(name.clone(), Value::Bool(false));
                    made.settling = None;
                    made
                })
            }
            (Undo::Delete, Operation::Create { inputs, .. })
                if staying(self.plan, before).contains(&id) =>
            {
                let half_done = || {
                    let (inputs, outputs) =
                        (self.resolved(step, inputs, before), Attributes::new());
                    let remote_id = left_by(id, before)?;
                    Some(Made { remote_id, inputs, outputs, settling: None })
                };
                last().or_else(half_done)
            }
            (Undo::Restore, Operation::Update { remote_id, before: image, .. }) => {
                Some(self.made(step, remote_id, image.clone(), before))
            }
            _ => None,
        };
        Event::Undone { step: id, made }
    }

    fn made(
        &self,
        step: &Step,
        remote_id: &RemoteId,
        inputs: Attributes,
        before: &[Event],
    ) -> Made {
        let outputs = self.outputs(&step.address, remote_id, before);
        Made { remote_id: remote_id.clone(), inputs, outputs, settling: None }
    }

    /// The outputs of an object as last seen.
    fn outputs(&self, address: &Address, remote_id: &RemoteId, before: &[Event]) -> Attributes {
        let mut seen = before.iter().rev().filter_map(Event::made);
        let same = |(id, made): &(StepId, &Made)| {
            made.remote_id == *remote_id && self.step(*id).address == *address
        };
        let seen = seen.find(same).map(|(_, made)| made);
        let current = self.state.current(address).filter(|object| object.remote_id == *remote_id);
        let outputs = seen.map(|made| &made.outputs).or(current.map(|object| &object.outputs));
        outputs.cloned().unwrap_or_default()
    }

    /// Inputs as far as they are known by now.
    fn resolved(&self, step: &Step, inputs: &Inputs, before: &[Event]) -> Attributes {
        let mut outlook = Outlook::new(&self.externals);
        for (address, entry) in &self.state.entries {
            if let Some(object) = &entry.current {
                outlook.learn_object(address, object);
            }
        }
        for (id, made) in before.iter().filter_map(Event::made) {
            let mut outputs = made.inputs.clone();
            outputs.extend(made.outputs.clone());
            outlook.learn(&self.step(id).address, outputs);
        }
        let resolved = outlook.resolve(inputs);
        let schema = self.schemas.find(&step.address.resource_type);
        known_inputs(&schema.map_or_else(|| resolved.clone(), |s| normalise(s, &resolved)))
    }
}

/// What a step made.
fn made_by(id: StepId, events: &[Event]) -> Option<Made> {
    let mut made = events.iter().rev().filter_map(Event::made);
    made.find(|(step, _)| *step == id).map(|(_, made)| made.clone())
}

/// The object that a step left half-done.
fn left_by(id: StepId, events: &[Event]) -> Option<RemoteId> {
    let mut left = events.iter().rev().filter_map(Event::half_done);
    left.find(|(step, _)| *step == id).map(|(_, remote_id)| remote_id.clone())
}

fn opened_with(events: &[Event]) -> BTreeMap<External, Value> {
    let opened = events.iter().find_map(|event| match event {
        Event::Opened { externals, .. } => Some(externals.clone()),
        _ => None,
    });
    opened.unwrap_or_default()
}

//! State + plan + events → state. Pure, so that writing the result twice is harmless.
//!
//! Called when a run closes. What did not come about leaves no trace but burnt incarnations; what
//! could not be undone or deleted is recorded as deposed, so that the next plan deletes it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::address::Address;
use crate::address::RemoteId;
use crate::digest::Digest;
use crate::event::Event;
use crate::event::IllegalEvent;
use crate::event::Made;
use crate::event::Phase;
use crate::event::RunState;
use crate::event::Settlement;
use crate::event::StepStatus;
use crate::outlook::known_inputs;
use crate::plan::UnitPlan;
use crate::schema::Schemas;
use crate::state::Entry;
use crate::state::Object;
use crate::state::State;
use crate::state::Status;
use crate::step::DeleteCause;
use crate::step::Operation;
use crate::step::Step;
use crate::step::StepId;
use crate::step::Undo;
use crate::value::Attributes;

/// Folds a run's events into the state that it started from. `predecessor` is the digest of that
/// state's snapshot; none if there is none yet.
///
/// # Errors
/// If the events cannot have happened in this order.
pub fn fold(
    state: &State,
    predecessor: Option<Digest>,
    plan: &UnitPlan,
    events: &[Event],
    schemas: &Schemas,
) -> Result<State, Box<IllegalEvent>> {
    let mut folder = Folder::new(state, schemas);
    for event in events {
        folder.take(event, plan)?;
    }
    for step in &plan.steps {
        folder.settle(step, plan);
    }
    Ok(folder.finish(plan, predecessor))
}

struct Folder<'a> {
    next: State,
    run: RunState,
    made: BTreeMap<StepId, Made>,
    /// Steps that took full effect, whatever became of them afterwards.
    done: BTreeSet<StepId>,
    /// Undone steps whose objects are still there.
    left: BTreeSet<StepId>,
    /// The objects that failed steps left half-done, whatever became of them afterwards.
    half_done: BTreeMap<StepId, RemoteId>,
    incarnations: BTreeMap<StepId, u64>,
    externals: BTreeMap<crate::address::External, crate::value::Value>,
    schemas: &'a Schemas,
}

impl<'a> Folder<'a> {
    fn new(state: &State, schemas: &'a Schemas) -> Self {
        Self {
            next: state.clone(),
            run: RunState::default(),
            made: BTreeMap::new(),
            done: BTreeSet::new(),
            left: BTreeSet::new(),
            half_done: BTreeMap::new(),
            incarnations: BTreeMap::new(),
            externals: BTreeMap::new(),
            schemas,
        }
    }

    fn take(&mut self, event: &Event, plan: &UnitPlan) -> Result<(), Box<IllegalEvent>> {
        self.run.apply(event)?;
        match event {
            Event::Opened { externals, .. } => self.externals.clone_from(externals),
            Event::Started { step, incarnation: Some(incarnation), .. } => {
                self.incarnations.insert(*step, *incarnation);
                if let Some(step) = plan.steps.get(step.0 as usize) {
                    let entry = self.next.entries.entry(step.address.clone()).or_default();
                    entry.incarnation = entry.incarnation.max(*incarnation);
                }
            }
            Event::Succeeded { step, made: Some(made) }
            | Event::Undone { step, made: Some(made) }
            | Event::Settled { step, outcome: Settlement::Done(Some(made)) } => {
                self.made.insert(*step, made.clone());
            }
            _ => {}
        }
        match event {
            Event::Succeeded { step, .. }
            | Event::Settled { step, outcome: Settlement::Done(_) } => {
                self.done.insert(*step);
            }
            Event::Undone { step, made: Some(_) } => {
                self.left.insert(*step);
            }
            _ => {}
        }
        if let Some((step, remote_id)) = event.half_done() {
            self.half_done.insert(step, remote_id.clone());
        }
        Ok(())
    }

    /// Enters what became of one step.
    fn settle(&mut self, step: &Step, plan: &UnitPlan) {
        let status = self.run.status(step.id).clone();
        let committed = self.run.phase == Phase::Retiring;
        match &step.operation {
            Operation::Create { .. } => self.created(step, &status, plan),
            Operation::Adopt { .. } if status == StepStatus::Succeeded => self.adopted(step),
            Operation::Update { .. } => self.updated(step, &status),
            Operation::Delete { remote_id, cause, .. } => match (cause, &status) {
                _ if self.done.contains(&step.id) => remove(self.entry(step), remote_id),
                (DeleteCause::Unwanted | DeleteCause::Withdrawn, _) if committed => {
                    depose(self.entry(step), remote_id);
                }
                _ => {}
            },
            Operation::Drop { remote_id, .. } if status == StepStatus::Succeeded => {
                remove(self.entry(step), remote_id);
            }
            Operation::Adopt { .. } | Operation::Hold { .. } | Operation::Drop { .. } => {}
        }
    }

    fn created(&mut self, step: &Step, status: &StepStatus, plan: &UnitPlan) {
        let Some(object) = self.object(step) else { return };
        let left = self.left.contains(&step.id);
        let entry = self.next.entries.entry(step.address.clone()).or_default();
        match status {
            StepStatus::Succeeded => {
                entry.deposed.retain(|old| old.remote_id != object.remote_id);
                let old = entry.current.replace(object);
                // What the plan does not delete was gone before.
                entry.deposed.extend(old.and_then(|old| superseded(plan, &step.address, &old)));
            }
            StepStatus::Undone if matches!(step.undo, Undo::Park { .. }) => {
                match &entry.current {
                    None => entry.deposed.extend(entry.parked.replace(object)),
                    // A replacement is not what the next run looks for.
                    Some(current) if current.remote_id != object.remote_id => {
                        entry.deposed.push(object);
                    }
                    Some(_) => {}
                }
            }
            // It still does work for somebody, or is needed for that.
            StepStatus::Undone if left => entry.deposed.push(object),
            StepStatus::FailedPartly(_) | StepStatus::Undoing | StepStatus::Stuck => {
                entry.deposed.push(object);
            }
            StepStatus::Pending
            | StepStatus::Started
            | StepStatus::Unknown
            | StepStatus::FailedClean
            | StepStatus::Undone => {}
        }
    }

    fn adopted(&mut self, step: &Step) {
        let Operation::Adopt { remote_id, generation, incarnation, before, outputs } =
            &step.operation
        else {
            return;
        };
        let object = Object {
            remote_id: remote_id.clone(),
            generation: *generation,
            incarnation: *incarnation,
            schema: self.schema_version(step),
            inputs: before.clone(),
            outputs: outputs.clone(),
            dependencies: step.dependencies.clone(),
            status: Status::Ready,
            held_until: None,
        };
        let entry = self.entry(step);
        entry.incarnation = entry.incarnation.max(incarnation.unwrap_or(0));
        remove(entry, remote_id);
        entry.current = Some(object);
    }

    fn updated(&mut self, step: &Step, status: &StepStatus) {
        let untouched = matches!(status, StepStatus::Pending | StepStatus::FailedClean);
        let Some(made) = self.made.get(&step.id).cloned() else { return };
        let schema = self.schema_version(step);
        if let (Some(object), false) = (&mut self.entry(step).current, untouched)
            && object.remote_id == made.remote_id
        {
            object.outputs = made.outputs;
            object.status = settling(made.settling.as_ref());
            // A rollback restores what was live, and what was last applied stays what it was.
            if *status != StepStatus::Undone || step.undo == Undo::Keep {
                object.inputs = made.inputs;
                object.schema = schema;
                object.dependencies.clone_from(&step.dependencies);
            }
        }
    }

    /// The object that a create step made or half-made.
    fn object(&self, step: &Step) -> Option<Object> {
        let Operation::Create { generation, inputs } = &step.operation else { return None };
        let made = match (self.made.get(&step.id), self.half_done.get(&step.id)) {
            (Some(made), _) => made.clone(),
            (None, Some(remote_id)) => Made {
                remote_id: remote_id.clone(),
                inputs: known_inputs(inputs),
                outputs: Attributes::new(),
                settling: None,
            },
            (None, None) => return None,
        };
        Some(Object {
            remote_id: made.remote_id,
            generation: *generation,
            incarnation: self.incarnations.get(&step.id).copied(),
            schema: self.schema_version(step),
            inputs: made.inputs,
            outputs: made.outputs,
            dependencies: step.dependencies.clone(),
            status: settling(made.settling.as_ref()),
            held_until: None,
        })
    }

    fn entry(&mut self, step: &Step) -> &mut Entry {
        self.next.entries.entry(step.address.clone()).or_default()
    }

    fn schema_version(&self, step: &Step) -> u32 {
        self.schemas.find(&step.address.resource_type).map_or(0, |schema| schema.version)
    }

    fn finish(mut self, plan: &UnitPlan, predecessor: Option<Digest>) -> State {
        if self.run.phase == Phase::Retiring {
            self.next.source = plan.source.clone();
            self.next.externals = self.externals;
        }
        self.next.predecessor = predecessor;
        self.next.edit = None;
        self.next
    }
}

fn settling(words: Option<&String>) -> Status {
    if words.is_some() { Status::Settling } else { Status::Ready }
}

/// The object that another one takes the place of, if the plan deletes it or holds on to it.
fn superseded(plan: &UnitPlan, address: &Address, object: &Object) -> Option<Object> {
    plan.steps.iter().filter(|step| step.address == *address).find_map(|step| {
        let same = step.remote_id() == Some(&object.remote_id);
        let held_until = match &step.operation {
            Operation::Delete { cause: DeleteCause::Superseded, .. } if same => None,
            Operation::Hold { until, .. } if same => Some(*until),
            _ => return None,
        };
        Some(Object { held_until, ..object.clone() })
    })
}

/// Takes an object out of an entry.
fn remove(entry: &mut Entry, remote_id: &RemoteId) {
    entry.current.take_if(|object| object.remote_id == *remote_id);
    entry.parked.take_if(|object| object.remote_id == *remote_id);
    entry.deposed.retain(|object| object.remote_id != *remote_id);
}

/// Marks an object for deletion by a later run.
fn depose(entry: &mut Entry, remote_id: &RemoteId) {
    let object = entry.current.take_if(|object| object.remote_id == *remote_id);
    let parked = entry.parked.take_if(|object| object.remote_id == *remote_id);
    entry.deposed.extend(object.or(parked));
}

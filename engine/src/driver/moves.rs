//! How each move becomes events and tasks.

use std::collections::BTreeSet;

use super::Driver;
use crate::address::RemoteId;
use crate::apply::RunError;
use crate::call::Call;
use crate::call::CallKind;
use crate::call::Question;
use crate::call::Task;
use crate::clock::Clock;
use crate::diff::normalise;
use crate::digest::Digest;
use crate::event::Event;
use crate::event::Made;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::journal::Externals;
use crate::observer::Observer;
use crate::outlook::known_inputs;
use crate::provider::ErrorKind;
use crate::provider::Left;
use crate::provider::Provider;
use crate::provider::ProviderError;
use crate::schedule::staying;
use crate::schema::Identity;
use crate::step::DeleteCause;
use crate::step::Operation;
use crate::step::Step;
use crate::step::StepId;
use crate::step::Undo;
use crate::value::Attributes;
use crate::value::Value;

impl<P, C, O, E> Driver<'_, P, C, O, E>
where
    P: Provider,
    C: Clock,
    O: Observer,
    E: Externals,
{
    /// Begins a step.
    pub(super) fn start(&mut self, id: StepId) -> Result<(), RunError> {
        let step = self.step(id);
        if let Some(missing) = self.missing_output(step) {
            return self.fail_to_start(id, unresolved(&missing));
        }
        match &step.operation {
            Operation::Create { inputs, .. } => match self.schema(step).identity {
                Identity::Siblings(_) => {
                    let (address, inputs) = (step.address.clone(), self.resolved(step, inputs));
                    self.looks.push(Task::ListSiblings { step: id, address, inputs });
                    Ok(())
                }
                Identity::Attributes(_) | Identity::Tags => self.start_create(id, Vec::new()),
            },
            Operation::Update { remote_id, before, after, changed } => {
                let after = self.resolved(step, after);
                let before = complete(before, &after, changed);
                let remote_id = remote_id.clone();
                self.start_call(id, CallKind::Update { remote_id, before, after })
            }
            Operation::Delete { remote_id, before, cause } => {
                // What an earlier attempt did by half is no change by somebody else.
                if self.attempts.contains_key(&id) {
                    return self.start_delete(id);
                }
                let (address, remote_id) = (step.address.clone(), remote_id.clone());
                let before = self.left_by_update(step).unwrap_or(before).clone();
                let deposed = *cause == DeleteCause::Deposed;
                self.looks.push(Task::Verify { step: id, address, remote_id, before, deposed });
                Ok(())
            }
            Operation::Adopt { .. } | Operation::Hold { .. } | Operation::Drop { .. } => {
                let token = self.token(step, None);
                let (incarnation, found) = (None, Vec::new());
                self.record(Event::Started { step: id, incarnation, token, found })?;
                self.record(Event::Succeeded { step: id, made: None })
            }
        }
    }

    /// Fails a step for which nothing was sent: a journal has no failure without a start.
    pub(super) fn fail_to_start(
        &mut self,
        id: StepId,
        error: ProviderError,
    ) -> Result<(), RunError> {
        let token = self.token(self.step(id), None);
        let (incarnation, found) = (None, Vec::new());
        self.record(Event::Started { step: id, incarnation, token, found })?;
        self.record(Event::Failed { step: id, error })
    }

    /// Begins a create attempt: burns an incarnation.
    pub(super) fn start_create(
        &mut self,
        id: StepId,
        found: Vec<RemoteId>,
    ) -> Result<(), RunError> {
        let step = self.step(id);
        let Operation::Create { inputs, .. } = &step.operation else { return Ok(()) };
        let inputs = self.resolved(step, inputs);
        let incarnation = self.burnt.get(&step.address).copied().unwrap_or(0) + 1;
        let token = self.token(step, Some(incarnation));
        let event = Event::Started {
            step: id,
            incarnation: Some(incarnation),
            token: token.clone(),
            found,
        };
        self.record(event)?;
        let kind = CallKind::Create { incarnation, inputs };
        let address = step.address.clone();
        self.unsent.push(Call { step: id, address, token, undoing: false, kind, resent: 0 });
        Ok(())
    }

    /// Begins to delete an object, as it is.
    pub(super) fn start_delete(&mut self, id: StepId) -> Result<(), RunError> {
        let Operation::Delete { remote_id, before, .. } = &self.step(id).operation else {
            return Ok(());
        };
        let (remote_id, inputs) = (remote_id.clone(), before.clone());
        self.start_call(id, CallKind::Delete { remote_id, inputs })
    }

    /// The attributes that an earlier step of this run gave to the object of a step.
    fn left_by_update(&self, step: &Step) -> Option<&Attributes> {
        let updated = |id: &StepId| {
            let other = self.step(*id);
            other.address == step.address && other.remote_id() == step.remote_id()
        };
        let (_, made) = self.made.iter().rev().find(|(id, _)| updated(id))?;
        Some(&made.inputs)
    }

    fn start_call(&mut self, id: StepId, kind: CallKind) -> Result<(), RunError> {
        let step = self.step(id);
        let token = self.token(step, None);
        let (incarnation, found) = (None, Vec::new());
        self.record(Event::Started { step: id, incarnation, token: token.clone(), found })?;
        let address = step.address.clone();
        self.unsent.push(Call { step: id, address, token, undoing: false, kind, resent: 0 });
        Ok(())
    }

    /// Looks how a step of unknown outcome ended.
    pub(super) fn settle(&mut self, id: StepId) -> Result<(), RunError> {
        let step = self.step(id);
        let attempt = self.attempts.get(&id).cloned().unwrap_or_default();
        let question = match &step.operation {
            Operation::Create { inputs, .. } => {
                let inputs = self.resolved(step, inputs);
                match (self.schema(step).identity, attempt.incarnation) {
                    (Identity::Siblings(_), _) | (_, None) => {
                        Question::CreatedSibling { inputs, found: attempt.found }
                    }
                    (_, Some(incarnation)) => Question::Created { incarnation, inputs },
                }
            }
            Operation::Update { remote_id, before, after, changed } => {
                let after = self.resolved(step, after);
                let before = complete(before, &after, changed);
                Question::Updated { remote_id: remote_id.clone(), before, after }
            }
            Operation::Delete { remote_id, before, cause } => Question::Deleted {
                remote_id: remote_id.clone(),
                inputs: before.clone(),
                in_slot: *cause == DeleteCause::InSlot,
            },
            Operation::Adopt { .. } | Operation::Hold { .. } | Operation::Drop { .. } => {
                // No call was made; the crash fell between two events of one append, which is
                // impossible, or the store is not what it promises.
                return self.record(Event::Succeeded { step: id, made: None });
            }
        };
        let (address, sent) = (step.address.clone(), self.sent.get(&id).copied());
        self.looks.push(Task::Settle { step: id, address, question, sent });
        Ok(())
    }

    /// Undoes a step.
    pub(super) fn undo(&mut self, id: StepId) -> Result<(), RunError> {
        let step = self.step(id);
        if step.undo == Undo::Delete && staying(self.context.plan, &self.history).contains(&id) {
            return self.leave(id);
        }
        let object = self.effect(id);
        self.record(Event::UndoStarted { step: id })?;
        let kind = match (&step.undo, object) {
            (Undo::Irreversible { reason }, _) => {
                return self.record(Event::irreversible(id, reason));
            }
            (Undo::Delete, Some((remote_id, inputs))) => CallKind::Delete { remote_id, inputs },
            (Undo::Park { disable: Some(name) }, Some((remote_id, before))) => {
                let mut after = before.clone();
                after.insert(name.clone(), Value::Bool(false));
                CallKind::Update { remote_id, before, after }
            }
            (Undo::Restore, Some((remote_id, before))) => {
                let after = step.pre_image().cloned().unwrap_or_default();
                CallKind::Update { remote_id, before, after }
            }
            (Undo::Park { disable: None }, object) => {
                let made = self.left(id, object);
                return self.record(Event::Undone { step: id, made });
            }
            (Undo::Keep | Undo::Release | Undo::NotNeeded, _) | (_, None) => {
                return self.record(Event::Undone { step: id, made: None });
            }
        };
        let (address, token) = (step.address.clone(), self.undo_token(step));
        self.unsent.push(Call { step: id, address, token, undoing: true, kind, resent: 0 });
        Ok(())
    }

    /// Undoes a step by leaving its object, recorded, for a later run to delete.
    pub(super) fn leave(&mut self, id: StepId) -> Result<(), RunError> {
        let made = self.left(id, self.effect(id));
        self.record(Event::UndoStarted { step: id })?;
        self.record(Event::Undone { step: id, made })
    }

    /// What a step made. What a failed attempt left half-done is kept in mind like what was made
    /// whole.
    fn left(&self, id: StepId, object: Option<(RemoteId, Attributes)>) -> Option<Made> {
        let half_done = |(remote_id, inputs)| Made {
            remote_id,
            inputs,
            outputs: Attributes::new(),
            settling: None,
        };
        self.made.get(&id).cloned().or_else(|| object.map(half_done))
    }

    /// The object that a step made or changed, and its managed attributes as far as known.
    fn effect(&self, id: StepId) -> Option<(RemoteId, Attributes)> {
        if let Some(made) = self.made.get(&id) {
            return Some((made.remote_id.clone(), made.inputs.clone()));
        }
        let step = self.step(id);
        let inputs = match &step.operation {
            Operation::Create { inputs, .. } | Operation::Update { after: inputs, .. } => {
                self.resolved(step, inputs)
            }
            Operation::Adopt { .. }
            | Operation::Delete { .. }
            | Operation::Hold { .. }
            | Operation::Drop { .. } => return None,
        };
        let remote_id = self.half_done(id).or_else(|| step.remote_id().cloned())?;
        Some((remote_id, inputs))
    }

    /// Inputs with every reference resolved: what a step needs has succeeded before it starts.
    fn resolved(&self, step: &Step, inputs: &Inputs) -> Attributes {
        known_inputs(&normalise(self.schema(step), &self.outlook.resolve(inputs)))
    }

    /// An output that the step's inputs need and that its resource turned out not to have.
    fn missing_output(&self, step: &Step) -> Option<String> {
        let inputs = match &step.operation {
            Operation::Create { inputs, .. } | Operation::Update { after: inputs, .. } => inputs,
            Operation::Adopt { .. }
            | Operation::Delete { .. }
            | Operation::Hold { .. }
            | Operation::Drop { .. } => return None,
        };
        let resolved = self.outlook.resolve(inputs);
        resolved.values().map(Expr::dependencies).find_map(|open| {
            let internal = open.references.first().map(ToString::to_string);
            internal.or_else(|| open.externals.first().map(ToString::to_string))
        })
    }

    /// The same for the same attempt, on whatever machine.
    fn token(&self, step: &Step, incarnation: Option<u64>) -> Box<str> {
        let (plan, salt) = (self.context.plan, self.context.salt);
        let key = (salt, &plan.unit, &step.address, incarnation, plan.digest, step.id);
        Digest::of(&key).hex()[..32].into()
    }

    /// Another one than that of doing the step: the cloud answers a known token from memory.
    fn undo_token(&self, step: &Step) -> Box<str> {
        Digest::of(&("undo", self.token(step, None))).hex()[..32].into()
    }
}

/// The pre-image with what an earlier step on the same object sets to a value that the plan did
/// not know: all that this step does not change is alike before and after it.
fn complete(before: &Attributes, after: &Attributes, changed: &BTreeSet<Box<str>>) -> Attributes {
    let mut whole = after.clone();
    whole.retain(|name, _| !changed.contains(name));
    let own = before.iter().filter(|(name, _)| changed.contains(*name));
    whole.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    whole
}

fn unresolved(output: &str) -> ProviderError {
    ProviderError {
        kind: ErrorKind::Internal,
        operation: "nfplan:resolve".into(),
        code: "MissingOutput".into(),
        message: format!("needs `{output}`, which the cloud did not return"),
        request_id: None,
        left: Left::Nothing,
    }
}

//! The retire stage: what nothing wants any more goes away after the commit point.
//!
//! An object goes only after everything that depends on it has gone, by the dependencies of the
//! specs and by those that state recorded when the objects were made.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Planner;
use super::basis::Basis;
use super::unknown_type;
use crate::address::Address;
use crate::change::Action;
use crate::change::Change;
use crate::dag::Dag;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::identity::unproved;
use crate::inspection::changed;
use crate::observed::Sighting;
use crate::refusal::Refusal;
use crate::refusal::RefusalKind;
use crate::schema::Identity;
use crate::schema::Removal;
use crate::schema::Tightening;
use crate::state::Entry;
use crate::state::Object;
use crate::step::DeleteCause;
use crate::step::DropCause;
use crate::step::Operation;
use crate::step::Stage;
use crate::step::Step;
use crate::step::StepId;
use crate::step::Undo;

impl Planner<'_> {
    /// Decides what the retire stage does and puts its steps after those of the build stage.
    pub(super) fn retire(&mut self) {
        let state = self.input.state;
        let asked = self.input.asked;
        for (address, entry) in state.entries.iter().filter(|(address, _)| asked.covers(address)) {
            let wanted = self.input.desired.resources().get(address);
            let stays = wanted.is_some_and(|resource| !resource.lifecycle.withdraw);
            match wanted {
                None => self.remove(address, entry),
                Some(resource) if resource.lifecycle.withdraw => self.withdraw(address, entry),
                Some(_) => {}
            }
            for object in &entry.deposed {
                match object.held_until {
                    _ if self.reclaimed(address, object) => {}
                    Some(until) if stays && asked.holds(until) => self.note_held(address, object),
                    _ => self.clear(address, object),
                }
            }
        }
        self.order_retiring();
    }

    /// Deletes what an earlier run left behind, as it is by now, if it is still that. Whatever else
    /// bears its name is left alone: then the recorded object does not exist any more.
    fn clear(&mut self, address: &Address, object: &Object) {
        let schema = self.input.schemas.find(&address.resource_type);
        if let Some(Removal::Retain(reason)) = schema.map(|schema| schema.removal) {
            // It may have been in use once: people can bring back a state of before.
            self.retiring.push((address.clone(), dropped(object, DropCause::Retained)));
            let id = &object.remote_id;
            return self.note_remains(address, Action::Retain, format!("`{id}` stays: {reason}"));
        }
        let key = (address.clone(), object.remote_id.clone());
        let mut operation = delete(object, DeleteCause::Deposed);
        let gone = match self.input.remains.get(&key) {
            None => None,
            Some(Sighting::Missing) => {
                Some(format!("`{}` was left behind, and is gone", object.remote_id))
            }
            Some(Sighting::Unreadable { reason }) => {
                self.unreadable.insert(address.clone(), reason.clone());
                None
            }
            Some(Sighting::Present(live)) => {
                let Some(schema) = schema else {
                    let kind = RefusalKind::UnknownType;
                    let refusal = Refusal::of_address(address, None, kind, unknown_type());
                    return self.refusals.push(refusal);
                };
                self.tell_strangers(address, schema, live);
                if let Operation::Delete { before, .. } = &mut operation {
                    *before = Basis::from_live(schema, live, Some(object)).before;
                }
                let owner = (self.input.desired.unit(), address);
                unproved(schema, owner, Some(object), live).map(|why| {
                    let id = &object.remote_id;
                    format!("`{id}` is not what was left behind, and stays: {why}")
                })
            }
        };
        if let Some(reason) = gone {
            self.retiring.push((address.clone(), dropped(object, DropCause::Gone)));
            self.note_remains(address, Action::Forget, reason);
        } else {
            let reason = match object.held_until {
                Some(until) => format!("`{}` was held until {until}, and goes", object.remote_id),
                None => format!("`{}` was left behind, and goes", object.remote_id),
            };
            if object.held_until.is_some() {
                self.put_to_rest(address, &operation);
            }
            self.retiring.push((address.clone(), operation));
            self.note_remains(address, Action::Delete, reason);
        }
    }

    /// Shuts off an object that was in use until now, before it is deleted: if the delete fails, it
    /// is of no use to anybody any more.
    fn put_to_rest(&mut self, address: &Address, delete: &Operation) {
        let Operation::Delete { remote_id, before, .. } = delete else { return };
        let Some(schema) = self.input.schemas.find(&address.resource_type) else { return };
        let mut after = before.clone();
        for (attribute, managed) in schema.managed() {
            if let Some(Tightening::ToText(text)) = managed.tightens {
                after.insert(attribute.name.into(), text.into());
            }
        }
        let changed = changed(before, &after);
        if !changed.is_empty() {
            let (remote_id, before) = (remote_id.clone(), before.clone());
            let after = after.into_iter().map(|(name, value)| (name, value.into())).collect();
            let rest = Operation::Update { remote_id, before, after, changed };
            self.retiring.push((address.clone(), rest));
        }
    }

    /// Says that a replaced object is still held.
    fn note_held(&mut self, address: &Address, object: &Object) {
        if let Some(until) = object.held_until {
            let id = &object.remote_id;
            let note = format!("`{id}` stays beside its successor until {until}");
            self.tell(address, note);
        }
    }

    /// Whether the build stage takes a deposed object back, or makes another of the same identity:
    /// then it is gone, or could not be found, and deleting it would hit its successor.
    fn reclaimed(&self, address: &Address, object: &Object) -> bool {
        let schema = self.input.schemas.find(&address.resource_type);
        let identity = match schema.map(|schema| schema.identity) {
            Some(Identity::Attributes(names)) => names,
            Some(Identity::Tags | Identity::Siblings(_)) | None => &[],
        };
        let same = |inputs: &Inputs| {
            let equal = |name: &&str| {
                let known = inputs.get(*name).and_then(Expr::known);
                known.is_some() && known.as_ref() == object.inputs.get(*name)
            };
            !identity.is_empty() && identity.iter().all(equal)
        };
        let mut steps = self.steps.iter().filter(|step| step.address == *address);
        steps.any(|step| match &step.operation {
            Operation::Adopt { remote_id, .. } => *remote_id == object.remote_id,
            Operation::Create { inputs, .. } => same(inputs),
            Operation::Update { .. }
            | Operation::Delete { .. }
            | Operation::Hold { .. }
            | Operation::Drop { .. } => false,
        })
    }

    fn withdraw(&mut self, address: &Address, entry: &Entry) {
        let Some(object) = &entry.current else { return };
        let missing = matches!(self.input.observed.get(address), Some(Sighting::Missing));
        if missing {
            self.retiring.push((address.clone(), dropped(object, DropCause::Gone)));
            self.note_removal(address, Action::Forget, "it no longer exists in the cloud");
        } else {
            let operation = self.delete_as_seen(address, object, DeleteCause::Withdrawn);
            self.retiring.push((address.clone(), operation));
            let revoked = self.input.desired.source().revoked;
            let why = if revoked { "access is revoked" } else { "the workspace is suspended" };
            self.note_removal(address, Action::Delete, why);
            if let Some(change) = self.changes.get_mut(address) {
                change.action = Action::Delete;
            }
        }
    }

    fn remove(&mut self, address: &Address, entry: &Entry) {
        let Some(schema) = self.input.schemas.find(&address.resource_type) else {
            let kind = RefusalKind::UnknownType;
            return self.refusals.push(Refusal::of_address(address, None, kind, unknown_type()));
        };
        for object in entry.current.iter().chain(&entry.parked) {
            let sighting = self.input.observed.get(address);
            if let Some(Sighting::Unreadable { reason }) = sighting {
                self.unreadable.insert(address.clone(), reason.clone());
            }
            let missing = matches!(sighting, Some(Sighting::Missing));
            if missing && entry.current.as_ref() == Some(object) {
                self.retiring.push((address.clone(), dropped(object, DropCause::Gone)));
                self.note_removal(address, Action::Forget, "it no longer exists in the cloud");
            } else if let Removal::Retain(reason) = schema.removal {
                self.retiring.push((address.clone(), dropped(object, DropCause::Retained)));
                self.note_removal(address, Action::Retain, reason);
            } else {
                self.check_protected(address);
                let operation = self.delete_as_seen(address, object, DeleteCause::Unwanted);
                self.retiring.push((address.clone(), operation));
                self.note_removal(address, Action::Delete, "nothing wants it any more");
            }
        }
    }

    /// A delete whose pre-image is what was read, or else what was last applied.
    fn delete_as_seen(
        &mut self,
        address: &Address,
        object: &Object,
        cause: DeleteCause,
    ) -> Operation {
        let mut operation = delete(object, cause);
        if let (Some(Sighting::Present(live)), Operation::Delete { before, .. }, Some(schema)) = (
            self.input.observed.get(address),
            &mut operation,
            self.input.schemas.find(&address.resource_type),
        ) && live.remote_id == object.remote_id
        {
            self.tell_strangers(address, schema, live);
            *before = Basis::from_live(schema, live, Some(object)).before;
        }
        operation
    }

    /// Says what becomes of what was left behind, beside whatever else happens at the address.
    fn note_remains(&mut self, address: &Address, action: Action, reason: String) {
        if let Some(change) = self.changes.get_mut(address) {
            change.reasons.push(reason);
        } else {
            self.note_removal(address, action, &reason);
        }
    }

    fn note_removal(&mut self, address: &Address, action: Action, reason: &str) {
        // A replacement or update of the same resource is the greater news.
        self.changes.entry(address.clone()).or_insert_with(|| Change {
            address: address.clone(),
            action,
            attributes: Vec::new(),
            reasons: vec![reason.to_owned()],
            origin: None,
        });
    }

    fn order_retiring(&mut self) {
        let retiring = std::mem::take(&mut self.retiring);
        let mut by_address: BTreeMap<&Address, BTreeSet<usize>> = BTreeMap::new();
        for (index, (address, _)) in retiring.iter().enumerate() {
            by_address.entry(address).or_default().insert(index);
        }
        // Who is shut out by one way does not wait for another.
        let forward = self.input.asked.goes_forward();
        let dependents = if forward { BTreeMap::new() } else { self.dependents() };
        let needs: BTreeMap<usize, BTreeSet<usize>> = retiring
            .iter()
            .enumerate()
            .map(|(index, (address, operation))| {
                let mut needs = waits(address, &dependents, &by_address);
                needs.extend(updates_before(operation, address, &retiring, &by_address));
                (index, needs)
            })
            .collect();
        let order = match Dag::build(needs) {
            Ok(dag) => dag,
            Err(cycle) => return self.refuse_cycle(cycle.0.iter().map(|i| &retiring[*i].0)),
        };
        let first = self.steps.len();
        let numbers: BTreeMap<usize, StepId> = order
            .order()
            .iter()
            .zip(first..)
            .map(|(index, number)| (*index, StepId(u32::try_from(number).expect("few steps"))))
            .collect();
        for index in order.order() {
            let (address, operation) = &retiring[*index];
            self.steps.push(Step {
                id: numbers[index],
                address: address.clone(),
                stage: Stage::Retire,
                operation: operation.clone(),
                undo: Undo::NotNeeded,
                needs: order.needs(index).map(|need| numbers[need]).collect(),
                dependencies: self.input.desired.dependencies().needs(address).cloned().collect(),
            });
        }
    }

    /// Which addresses depend on which, by the specs and by state.
    fn dependents(&self) -> BTreeMap<Address, BTreeSet<Address>> {
        let mut dependents: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        for (address, needs) in self.input.desired.dependencies().iter() {
            for need in needs {
                dependents.entry(need.clone()).or_default().insert(address.clone());
            }
        }
        for (address, entry) in &self.input.state.entries {
            for object in entry.current.iter().chain(&entry.deposed).chain(&entry.parked) {
                for need in &object.dependencies {
                    dependents.entry(need.clone()).or_default().insert(address.clone());
                }
            }
        }
        dependents
    }

    fn refuse_cycle<'s>(&mut self, cycle: impl Iterator<Item = &'s Address>) {
        let names: Vec<String> = cycle.map(ToString::to_string).collect();
        let message =
            format!("has objects that need each other in a circle: {}", names.join(" → "));
        self.refusals.push(Refusal::of_unit(RefusalKind::CircularState, message));
    }
}

/// The retire steps that must come before one at `address`: those of everything that depends on
/// it, seen through dependents that have none of their own.
fn waits(
    address: &Address,
    dependents: &BTreeMap<Address, BTreeSet<Address>>,
    by_address: &BTreeMap<&Address, BTreeSet<usize>>,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([address]);
    let mut open = vec![address];
    while let Some(here) = open.pop() {
        for dependent in dependents.get(here).into_iter().flatten() {
            if !seen.insert(dependent) {
                continue;
            }
            match by_address.get(dependent) {
                Some(steps) => found.extend(steps),
                None => open.push(dependent),
            }
        }
    }
    found
}

/// The retire updates of the object that a retire step deletes: it is brought to rest first.
fn updates_before<'s>(
    operation: &'s Operation,
    address: &Address,
    retiring: &'s [(Address, Operation)],
    by_address: &'s BTreeMap<&Address, BTreeSet<usize>>,
) -> impl Iterator<Item = usize> + use<'s> {
    let deleted = match operation {
        Operation::Delete { remote_id, .. } => Some(remote_id),
        Operation::Create { .. }
        | Operation::Adopt { .. }
        | Operation::Update { .. }
        | Operation::Hold { .. }
        | Operation::Drop { .. } => None,
    };
    let same = by_address.get(address).into_iter().flatten().copied();
    same.filter(move |index| match &retiring[*index].1 {
        Operation::Update { remote_id, .. } => Some(remote_id) == deleted,
        _ => false,
    })
}

fn delete(object: &Object, cause: DeleteCause) -> Operation {
    Operation::Delete { remote_id: object.remote_id.clone(), before: object.inputs.clone(), cause }
}

fn dropped(object: &Object, cause: DropCause) -> Operation {
    Operation::Drop { remote_id: object.remote_id.clone(), cause }
}

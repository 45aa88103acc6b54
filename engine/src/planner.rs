//! Planning one unit: desired × state × observed → plan. Pure.
//!
//! The build stage walks the wanted resources in dependency order and decides for each: create,
//! adopt, update, replace, or nothing. The retire stage (`retire`) then takes away what nothing
//! wants any more. A plan is only made if nothing in it has to be refused.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::address::Address;
use crate::address::Reference;
use crate::change::Action;
use crate::change::Change;
use crate::desired::Resource;
use crate::diff::Difference;
use crate::diff::diff;
use crate::diff::normalise;
use crate::diff::weight;
use crate::digest::Digest;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::findings::findings;
use crate::observed::Sighting;
use crate::outlook::Outlook;
use crate::outlook::suffixed;
use crate::parts::keep;
use crate::plan::UnitPlan;
use crate::refusal::Refusal;
use crate::refusal::RefusalKind;
use crate::schema::Identity;
use crate::schema::OnChange;
use crate::schema::Removal;
use crate::schema::Schema;
use crate::schema::UndoCreate;
use crate::step::DeleteCause;
use crate::step::Operation;
use crate::step::Stage;
use crate::step::Step;
use crate::step::StepId;
use crate::step::Undo;
use crate::update::forward;
use crate::update::split;
use crate::value::Attributes;

mod basis;
mod claim;
mod explain;
mod input;
mod limits;
mod notes;
mod retire;
mod sharing;
mod unchanged;

use basis::Basis;
use explain::left_alone;
use explain::reasons;
use explain::refused;
pub use input::PlanInput;
pub use input::Planned;
use sharing::noted;
use sharing::others_moved;
use sharing::vanished;

/// Plans one unit, or says all that stands in the way.
pub fn plan(input: PlanInput<'_>) -> Result<Planned, Vec<Refusal>> {
    let mut planner = Planner::new(input);
    planner.check_source();
    for address in input.desired.dependencies().order() {
        let resource = &input.desired.resources()[address];
        if input.asked.adopt {
            planner.claim(resource);
        } else if input.asked.covers(address) {
            planner.build(resource);
        } else {
            planner.pass_over(resource);
        }
    }
    if !input.asked.adopt {
        planner.retire();
    }
    planner.finish()
}

/// A plan in the making.
struct Planner<'a> {
    input: PlanInput<'a>,
    outlook: Outlook<'a>,
    steps: Vec<Step>,
    changes: BTreeMap<Address, Change>,
    /// The build steps that whatever needs the address has to wait for.
    frontier: BTreeMap<Address, BTreeSet<StepId>>,
    /// Retire steps that go with an address, in the order they were decided.
    retiring: Vec<(Address, Operation)>,
    refusals: Vec<Refusal>,
    unreadable: BTreeMap<Address, String>,
    notes: BTreeMap<Address, String>,
    /// Values in which others have parts, as the plan leaves them.
    shared: BTreeMap<Reference, Expr>,
}

impl<'a> Planner<'a> {
    fn new(input: PlanInput<'a>) -> Self {
        Self {
            input,
            outlook: Outlook::new(input.externals),
            steps: Vec::new(),
            changes: BTreeMap::new(),
            frontier: BTreeMap::new(),
            retiring: Vec::new(),
            refusals: Vec::new(),
            unreadable: BTreeMap::new(),
            notes: BTreeMap::new(),
            shared: BTreeMap::new(),
        }
    }

    fn check_source(&mut self) {
        let (old, new) = (&self.input.state.source, self.input.desired.source());
        if old.environment != new.environment && !self.input.state.is_vacant() {
            let message = format!(
                "was built for the environment `{}`, and the spec now says `{}`; names derive from \
                 it, so destroy the unit under its old environment first",
                old.environment, new.environment
            );
            self.refusals.push(Refusal::of_unit(RefusalKind::EnvironmentChanged, message));
        }
    }

    /// Believes a resource that is out of focus to be as in state.
    fn pass_over(&mut self, resource: &Resource) {
        if let Some(object) = self.input.state.current(&resource.address) {
            self.outlook.learn_object(&resource.address, object);
        }
    }

    /// Decides what the build stage does for one wanted resource.
    fn build(&mut self, resource: &Resource) {
        let address = &resource.address;
        let Some(schema) = self.input.schemas.find(&address.resource_type) else {
            return self.refuse(resource, RefusalKind::UnknownType, unknown_type());
        };
        let waits_for = self.waits_for(address);
        if let Some(object) = self.unchanged(resource, schema) {
            self.outlook.learn_object(address, object);
            self.frontier.insert(address.clone(), waits_for);
            return;
        }
        let resolved = self.outlook.resolve(&resource.inputs);
        self.check_limits(resource, schema, &resolved);
        let basis = self.basis(resource, schema, &resolved);
        let Some(basis) = basis else {
            // To shut somebody out makes nothing.
            if resource.lifecycle.withdraw || self.input.asked.goes_forward() {
                self.frontier.insert(address.clone(), waits_for);
                return;
            }
            let entry = self.input.state.entries.get(address);
            let generation = entry.map_or(0, crate::state::Entry::generation) + 1;
            let gone = entry.and_then(|entry| entry.current.as_ref());
            let reasons = gone.map_or_else(Vec::new, |object| vanished(schema, object));
            let draft = Draft { resource, schema, resolved: &resolved, waits_for, reasons };
            return self.create(&draft, generation, Action::Create);
        };
        let inputs = suffixed(schema, &resolved, basis.generation);
        let inputs = normalise(schema, &keep(schema, inputs, |name| basis.before.get(name)));
        self.share(resource, schema, &inputs, &basis);
        let reasons = others_moved(schema, &basis);
        let draft = Draft { resource, schema, resolved: &resolved, waits_for, reasons };
        self.change(draft, &basis, inputs);
    }

    /// What is there already, if anything.
    fn basis(&mut self, resource: &Resource, schema: &Schema, inputs: &Inputs) -> Option<Basis> {
        let address = &resource.address;
        let entry = self.input.state.entries.get(address);
        let current = entry.and_then(|entry| entry.current.as_ref());
        match (current, self.input.observed.get(address)) {
            (Some(object), Some(Sighting::Present(live))) => {
                self.tell_strangers(address, schema, live);
                Some(Basis::from_live(schema, live, Some(object)))
            }
            (Some(_), Some(Sighting::Missing)) | (None, None | Some(Sighting::Missing)) => None,
            (Some(object), None) => Some(Basis::from_state(object)),
            (Some(object), Some(Sighting::Unreadable { reason })) => {
                self.unreadable.insert(address.clone(), reason.clone());
                Some(Basis::from_state(object))
            }
            (None, Some(Sighting::Unreadable { reason })) => {
                self.unreadable.insert(address.clone(), reason.clone());
                None
            }
            (None, Some(Sighting::Present(live))) => {
                // An object that an earlier run parked, or could not delete.
                let known = entry.and_then(|entry| {
                    let mut objects = entry.parked.iter().chain(&entry.deposed);
                    objects.find(|object| object.remote_id == live.remote_id)
                });
                let owner = live.owner.as_ref();
                let ours = owner.is_some_and(|owner| {
                    owner.unit == *self.input.desired.unit() && owner.address == *address
                });
                if known.is_none() && !ours {
                    self.foreign(resource, schema, live, inputs);
                }
                let mut basis = Basis::from_live(schema, live, known);
                basis.applied = None;
                Some(basis)
            }
        }
    }

    /// Plans an object that exists: nothing, adopt, update or replace.
    fn change(&mut self, mut draft: Draft<'_>, basis: &Basis, mut inputs: Inputs) {
        let address = &draft.resource.address;
        let mut differences = diff(draft.schema, &basis.before, &inputs);
        if self.input.asked.goes_forward() {
            // To shut somebody out makes nothing, so it replaces nothing.
            differences.retain(|difference| difference.on_change == OnChange::InPlace);
        }
        let asked = self.input.asked.replace.contains(address);
        let mut take = weight(&differences);
        if asked {
            take = Some(replacement(draft.schema));
        } else if let Some(OnChange::Refused(_)) = take {
            self.leave(draft.resource, basis, &mut inputs, &mut differences);
            take = weight(&differences);
        }
        if basis.applied.is_none() {
            self.adopt(&mut draft, basis, Some("it exists and carries this unit's ownership tags"));
        } else if basis.settled && take.is_none() {
            self.adopt(&mut draft, basis, Some("AWS has finished the work that it was still at"));
        } else if !draft.reasons.is_empty() && take.is_none() {
            self.adopt(&mut draft, basis, None);
        }
        match take {
            None => self.keep(&draft, basis),
            Some(OnChange::InPlace) => self.update(draft, basis, &inputs, &differences),
            Some(OnChange::Refused(_)) => {
                for (instead, names) in refused(&differences) {
                    let message = format!("`{}` cannot change: {instead}", names.join("`, `"));
                    self.refuse(draft.resource, RefusalKind::Unchangeable, message);
                }
            }
            Some(on_change) => {
                draft.reasons = reasons(&differences, asked);
                self.replace(draft, basis, on_change, &differences);
            }
        }
    }

    /// Leaves attributes as they are that the specs have come to want otherwise and that do not
    /// change on their own.
    fn leave(
        &mut self,
        resource: &Resource,
        basis: &Basis,
        inputs: &mut Inputs,
        differences: &mut Vec<Difference>,
    ) {
        let mut notes = Vec::new();
        differences.retain(|difference| {
            let applied = basis.applied.as_ref().and_then(|applied| applied.get(difference.name));
            let OnChange::Refused(instead) = difference.on_change else { return true };
            if applied != difference.before.as_ref() {
                return true;
            }
            match &difference.before {
                Some(value) => inputs.insert(difference.name.into(), Expr::Value(value.clone())),
                None => inputs.remove(difference.name),
            };
            notes.push(left_alone(difference, instead));
            false
        });
        notes.into_iter().for_each(|note| self.tell(&resource.address, note));
    }

    fn keep(&mut self, draft: &Draft<'_>, basis: &Basis) {
        let mut outputs = basis.before.clone();
        outputs.extend(basis.outputs.clone());
        self.outlook.learn(&draft.resource.address, outputs);
        self.frontier.insert(draft.resource.address.clone(), draft.waits_for.clone());
    }

    /// Takes an object into the state as it is, and whatever there is to say of others in it.
    fn adopt(&mut self, draft: &mut Draft<'_>, basis: &Basis, reason: Option<&str>) {
        let operation = Operation::Adopt {
            remote_id: basis.remote_id.clone(),
            generation: basis.generation,
            incarnation: basis.incarnation,
            before: basis.before.clone(),
            outputs: basis.outputs.clone(),
        };
        let step = self.step(draft, operation, Undo::Release);
        draft.waits_for = BTreeSet::from([step]);
        let mut reasons: Vec<String> = reason.map(str::to_owned).into_iter().collect();
        reasons.append(&mut draft.reasons);
        let attributes = noted(draft.schema, basis);
        self.note(draft.resource, Action::Adopt, attributes, reasons);
    }

    fn create(&mut self, draft: &Draft<'_>, generation: u32, action: Action) {
        let inputs = normalise(draft.schema, &suffixed(draft.schema, draft.resolved, generation));
        let address = &draft.resource.address;
        self.outlook.predict(self.input.desired, draft.schema, address, &inputs);
        let undo = match draft.schema.undo_create {
            UndoCreate::Delete => Undo::Delete,
            UndoCreate::Park { disable, .. } => Undo::Park { disable: disable.map(Into::into) },
        };
        if action == Action::Create {
            let differences = diff(draft.schema, &Attributes::new(), &inputs);
            let attributes = self.attributes(draft.resource, &differences, None);
            self.note(draft.resource, action, attributes, draft.reasons.clone());
        }
        let step = self.step(draft, Operation::Create { generation, inputs }, undo);
        self.frontier.insert(address.clone(), BTreeSet::from([step]));
    }

    fn update(
        &mut self,
        mut draft: Draft<'_>,
        basis: &Basis,
        inputs: &Inputs,
        differences: &[Difference],
    ) {
        let address = &draft.resource.address;
        let attributes = self.attributes(draft.resource, differences, basis.applied.as_ref());
        self.note(draft.resource, Action::Update, attributes, draft.reasons.clone());
        let parts = if self.input.asked.goes_forward() {
            vec![forward(&basis.remote_id, &basis.before, inputs, differences)]
        } else {
            split(&basis.remote_id, &basis.before, inputs, differences)
        };
        for part in parts {
            match part.stage {
                Stage::Build => {
                    let step = self.step(&draft, part.operation, part.undo);
                    draft.waits_for = BTreeSet::from([step]);
                }
                Stage::Retire => self.retiring.push((address.clone(), part.operation)),
            }
        }
        self.outlook.learn_update(draft.schema, address, &basis.outputs, inputs);
        self.frontier.insert(address.clone(), draft.waits_for);
    }

    fn replace(
        &mut self,
        mut draft: Draft<'_>,
        basis: &Basis,
        on_change: OnChange,
        differences: &[Difference],
    ) {
        let resource = draft.resource;
        self.check_protected(&resource.address);
        if let Removal::Retain(reason) = draft.schema.removal {
            let message = format!("cannot be replaced: {reason}");
            return self.refuse(resource, RefusalKind::Unchangeable, message);
        }
        let attributes = self.attributes(resource, differences, basis.applied.as_ref());
        let entry = self.input.state.entries.get(&resource.address);
        let generation = entry.map_or(0, crate::state::Entry::generation).max(basis.generation);
        let delete = |cause| Operation::Delete {
            remote_id: basis.remote_id.clone(),
            before: basis.before.clone(),
            cause,
        };
        if on_change == OnChange::InSlot {
            self.check_held(resource, draft.schema);
            self.note(resource, Action::ReplaceInSlot, attributes, draft.reasons.clone());
            let reason = "the object's name and id are given up before the new one exists";
            let undo = Undo::Irreversible { reason: reason.into() };
            let step = self.step(&draft, delete(DeleteCause::InSlot), undo);
            draft.waits_for = BTreeSet::from([step]);
            self.create(&draft, basis.generation, Action::ReplaceInSlot);
        } else {
            let mut reasons = draft.reasons.clone();
            let operation = match self.input.asked.hold_until {
                Some(until) => {
                    let id = &basis.remote_id;
                    reasons.push(format!("`{id}` stays beside its successor until {until}"));
                    Operation::Hold { remote_id: basis.remote_id.clone(), until }
                }
                None => delete(DeleteCause::Superseded),
            };
            self.note(resource, Action::Replace, attributes, reasons);
            self.retiring.push((resource.address.clone(), operation));
            self.create(&draft, generation + 1, Action::Replace);
        }
    }

    /// The build steps that a resource has to wait for: those of what it needs, seen through needs
    /// that have no step of their own.
    fn waits_for(&self, address: &Address) -> BTreeSet<StepId> {
        let needs = self.input.desired.dependencies().needs(address);
        needs.filter_map(|need| self.frontier.get(need)).flatten().copied().collect()
    }

    fn step(&mut self, draft: &Draft<'_>, operation: Operation, undo: Undo) -> StepId {
        let address = draft.resource.address.clone();
        let dependencies = self.input.desired.dependencies().needs(&address).cloned().collect();
        let id = StepId(u32::try_from(self.steps.len()).expect("a unit has few steps"));
        let (stage, needs) = (Stage::Build, draft.waits_for.clone());
        self.steps.push(Step { id, address, stage, operation, undo, needs, dependencies });
        id
    }

    /// Protection is of what a workspace consists of, and not of who gets in, which alone is planned
    /// as a part.
    fn check_protected(&mut self, address: &Address) {
        if self.input.asked.focus.is_some() {
            return;
        }
        if self.input.state.source.protect || self.input.desired.source().protect {
            let message = "is protected: set `protect: false`, apply that, and plan again";
            let kind = RefusalKind::Protected;
            self.refusals.push(Refusal::of_address(address, None, kind, message.into()));
        }
    }

    fn refuse(&mut self, resource: &Resource, kind: RefusalKind, message: String) {
        self.refuse_at(resource, "", kind, message);
    }

    /// Refuses because of an attribute, at the spec line that it comes from.
    fn refuse_at(
        &mut self,
        resource: &Resource,
        attribute: &str,
        kind: RefusalKind,
        message: String,
    ) {
        let origin = resource.origins.get(attribute).copied().unwrap_or(resource.origin);
        let origin = self.input.desired.place_of(origin);
        self.refusals.push(Refusal::of_address(&resource.address, Some(origin), kind, message));
    }

    fn finish(self) -> Result<Planned, Vec<Refusal>> {
        if !self.refusals.is_empty() {
            return Err(self.refusals);
        }
        let Self { input, steps, changes, unreadable, notes, outlook, shared, .. } = self;
        let externals = input.desired.externals().iter();
        let mut plan = UnitPlan {
            unit: input.desired.unit().clone(),
            digest: Digest::of_bytes(&[]),
            state: input.state_digest,
            source: input.source(),
            wanted: !input.desired.resources().is_empty(),
            pins: input.desired.pins().clone(),
            externals: externals
                // To take over what is there needs nothing of the platform.
                .filter(|_| !input.asked.adopt)
                .map(|external| (external.clone(), input.externals.get(external).cloned()))
                .collect(),
            steps,
            changes: changes.into_values().collect(),
            unreadable,
            notes,
            findings: Vec::new(),
        };
        plan.digest = plan.decision_digest();
        plan.findings = findings(&plan, input.schemas);
        Ok(Planned { plan, outputs: outlook.outputs(), shared })
    }
}

/// A wanted resource whose steps are being made.
struct Draft<'r> {
    resource: &'r Resource,
    schema: &'static Schema,
    /// Its inputs, resolved, without suffix.
    resolved: &'r Inputs,
    waits_for: BTreeSet<StepId>,
    reasons: Vec<String>,
}

/// What replacing on request takes: two objects can stand side by side only if their identities
/// differ.
fn replacement(schema: &Schema) -> OnChange {
    match schema.identity {
        Identity::Attributes(_) if schema.suffixed_name().is_none() => OnChange::InSlot,
        Identity::Attributes(_) | Identity::Tags | Identity::Siblings(_) => OnChange::CreateFirst,
    }
}

fn unknown_type() -> String {
    "has a type that this nfplan does not know; use the version that wrote it or a newer one".into()
}

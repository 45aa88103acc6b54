//! The comparison itself: one walk over the addresses of a unit, attribute by attribute.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Cause;
use super::Drift;
use super::DriftInput;
use super::Finding;
use super::hand::put_down;
use crate::address::Address;
use crate::address::RemoteId;
use crate::desired::Resource;
use crate::diff::last_seen;
use crate::diff::normalise;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::identity::remade;
use crate::identity::strangers;
use crate::observed::Live;
use crate::observed::Sighting;
use crate::outlook::Outlook;
use crate::outlook::suffixed;
use crate::parts::keep;
use crate::schema::Attribute;
use crate::schema::Managed;
use crate::schema::Schema;
use crate::state::Entry;
use crate::state::Object;
use crate::step::Operation;
use crate::value::Value;

/// Compares wanted, applied and live values of one unit.
pub fn drift(input: DriftInput<'_>) -> Drift {
    let wanted = wanted(&input);
    let mut comparison = Comparison { input, wanted: &wanted, drift: Drift::default() };
    let resources = input.desired.into_iter().flat_map(|desired| desired.resources().keys());
    let addresses: BTreeSet<&Address> = input.state.entries.keys().chain(resources).collect();
    for address in addresses {
        comparison.resource(address);
    }
    comparison.between();
    let mut drift = comparison.drift;
    put_down(
        &mut drift.findings,
        input.hands,
        (&input.state.unit, &input.state.source.environment),
    );
    drift.findings.sort_by(|a, b| a.order().cmp(&b.order()));
    drift
}

/// All inputs as the specs want them, as far as they are known without applying anything.
fn wanted<'a>(input: &DriftInput<'a>) -> BTreeMap<&'a Address, Inputs> {
    let Some(desired) = input.desired else { return BTreeMap::new() };
    let mut outlook = Outlook::new(input.externals);
    let mut wanted = BTreeMap::new();
    for address in desired.dependencies().order() {
        let (Some(schema), Some(resource)) =
            (input.schemas.find(&address.resource_type), desired.resources().get(address))
        else {
            continue;
        };
        let object = input.state.current(address);
        let generation = object.map_or(1, |object| object.generation);
        let resolved = outlook.resolve(&resource.inputs);
        let live = input.observed.get(address).and_then(Sighting::live);
        let inputs = suffixed(schema, &resolved, generation);
        let inputs = keep(schema, inputs, |name| last_seen(name, object, live));
        let inputs = normalise(schema, &inputs);
        match object {
            Some(object) => outlook.learn_object(address, object),
            None => outlook.predict(desired, schema, address, &inputs),
        }
        wanted.insert(address, inputs);
    }
    wanted
}

struct Comparison<'a, 'w> {
    input: DriftInput<'a>,
    wanted: &'w BTreeMap<&'a Address, Inputs>,
    drift: Drift,
}

/// A resource of which an object is in the state.
struct Subject<'a> {
    address: &'a Address,
    schema: &'static Schema,
    resource: Option<&'a Resource>,
    object: &'a Object,
}

impl<'a> Comparison<'a, '_> {
    fn resource(&mut self, address: &'a Address) {
        let resource = self.input.desired.and_then(|desired| desired.resources().get(address));
        let entry = self.input.state.entries.get(address);
        for _ in entry.into_iter().flat_map(|entry| &entry.deposed) {
            self.unseen(address);
        }
        let current = entry.and_then(|entry| entry.current.as_ref());
        let schema = self.input.schemas.find(&address.resource_type);
        match (current, schema) {
            (Some(object), Some(schema)) => {
                self.object(&Subject { address, schema, resource, object });
            }
            // Only a newer nfplan knows the type.
            (Some(_), None) => self.unseen(address),
            (None, _) => self.absent(address, resource, entry),
        }
    }

    /// Counts what the open run is about to delete or began to make, and what nobody looked for
    /// because its recovery will not leave it.
    fn between(&mut self) {
        let Some(open) = self.input.open else { return };
        for step in &open.plan.steps {
            let entry = self.input.state.entries.get(&step.address);
            let objects = entry
                .into_iter()
                .flat_map(|entry| entry.current.iter().chain(&entry.deposed).chain(&entry.parked));
            let unseen = match &step.operation {
                Operation::Delete { remote_id, .. } => {
                    !objects.into_iter().any(|object| object.remote_id == *remote_id)
                }
                Operation::Create { .. } => {
                    open.started.contains(&step.id)
                        && !self.input.observed.contains_key(&step.address)
                        && objects.into_iter().next().is_none()
                }
                Operation::Adopt { .. }
                | Operation::Update { .. }
                | Operation::Hold { .. }
                | Operation::Drop { .. } => false,
            };
            if unseen {
                self.unseen(&step.address);
            }
        }
    }

    /// Counts an object that was not asked for.
    fn unseen(&mut self, address: &Address) {
        self.drift.coverage.objects += 1;
        self.drift.coverage.skip(address, None);
    }

    /// A resource that has no object by the state.
    fn absent(&mut self, address: &Address, resource: Option<&Resource>, entry: Option<&Entry>) {
        let parked = entry.and_then(|entry| entry.parked.as_ref());
        let sighting = self.input.observed.get(address);
        let Some(resource) = resource.filter(|resource| !resource.lifecycle.withdraw) else {
            if parked.is_some() {
                self.unseen(address);
            }
            return;
        };
        match sighting {
            Some(Sighting::Unreadable { reason }) => {
                return self.unreadable(address, Some(resource), reason);
            }
            Some(Sighting::Present(_) | Sighting::Missing) => {
                self.drift.coverage.objects += 1;
                self.drift.coverage.read += 1;
            }
            None if parked.is_some() => self.unseen(address),
            None => {}
        }
        let known = |live: &Live| {
            let objects =
                entry.into_iter().flat_map(|entry| entry.parked.iter().chain(&entry.deposed));
            let owner = live.owner.as_ref();
            let ours = owner.is_some_and(|owner| {
                owner.unit == self.input.state.unit && owner.address == *address
            });
            ours || objects.into_iter().any(|object| object.remote_id == live.remote_id)
        };
        let found =
            sighting.and_then(Sighting::live).map(|live| Value::text(live.remote_id.as_str()));
        let (cause, note) = match sighting {
            Some(Sighting::Present(live)) if self.is_of_open_run(address, Seen::Come) => {
                (Cause::OpenRun, Some(format!("`{}` was made", live.remote_id)))
            }
            Some(Sighting::Present(live)) if known(live) => {
                let note = format!("`{}` is there already, to be taken over", live.remote_id);
                (Cause::UnappliedSpec, Some(note))
            }
            Some(Sighting::Present(live)) => {
                let whose = match &live.owner {
                    Some(owner) => format!("belongs to `{}:{}`", owner.unit, owner.address),
                    None => "has no ownership tags of nfplan".into(),
                };
                (Cause::Unmanaged, Some(format!("`{}` exists and {whose}", live.remote_id)))
            }
            _ => (Cause::UnappliedSpec, Some("not made yet".into())),
        };
        self.whole(cause, address, Some(resource), (found, note));
    }

    /// A resource that has an object by the state.
    fn object(&mut self, subject: &Subject<'a>) {
        let Subject { address, resource, object, .. } = *subject;
        match self.input.observed.get(address) {
            None => self.unseen(address),
            Some(Sighting::Unreadable { reason }) => self.unreadable(address, resource, reason),
            Some(Sighting::Missing) => {
                self.drift.coverage.objects += 1;
                self.drift.coverage.read += 1;
                let open = self.is_of_open_run(address, Seen::Gone(&object.remote_id));
                let cause = if open { Cause::OpenRun } else { Cause::DeletedOutside };
                self.whole(cause, address, resource, (None, None));
                return;
            }
            Some(Sighting::Present(live)) => {
                self.drift.coverage.objects += 1;
                self.present(subject, live);
                return;
            }
        }
        self.attributes(subject, None, Cause::ChangedOutside);
    }

    fn present(&mut self, subject: &Subject<'a>, live: &Live) {
        let Subject { address, schema, resource, object } = *subject;
        if schema.managed().all(|(attribute, _)| live.unread.contains(attribute.name)) {
            self.drift.coverage.skip(address, None);
            return self.attributes(subject, None, Cause::ChangedOutside);
        }
        self.drift.coverage.read += 1;
        let remade = remade(schema, object, live);
        let cause = match remade {
            Some(_) if self.is_of_open_run(address, Seen::Other) => Cause::OpenRun,
            Some(_) => Cause::RemadeOutside,
            None => Cause::ChangedOutside,
        };
        if remade.is_some() {
            let found = Value::text(live.remote_id.as_str());
            self.whole(cause, address, resource, (Some(found), remade));
        }
        self.attributes(subject, Some(live), cause);
        for stranger in strangers(schema, self.input.state.entries.get(address), live) {
            let about = (Some(stranger.found), Some(stranger.says));
            self.whole(Cause::Unmanaged, address, resource, about);
        }
    }

    /// Compares all attributes; what somebody changed has this cause.
    fn attributes(&mut self, subject: &Subject<'a>, live: Option<&Live>, cause: Cause) {
        let Subject { address, resource, .. } = *subject;
        let leaves = resource.is_some_and(|resource| resource.lifecycle.withdraw);
        if (resource.is_none() && self.input.desired.is_some()) || leaves {
            let note = if leaves {
                "the workspace is to be suspended"
            } else {
                "nothing wants it any more"
            };
            self.whole(Cause::UnappliedSpec, address, resource, (None, Some(note.into())));
        }
        for (attribute, managed) in subject.schema.managed() {
            self.attribute(subject, live, (attribute, managed), cause);
        }
    }

    fn attribute(
        &mut self,
        subject: &Subject<'a>,
        live: Option<&Live>,
        (attribute, managed): (&'static Attribute, &'static Managed),
        cause: Cause,
    ) {
        let Subject { address, resource, object, .. } = *subject;
        let name = attribute.name;
        let wanted = self.wanted.get(address).and_then(|inputs| inputs.get(name)).cloned();
        if managed.when_wanted.is_some() && resource.is_some() && wanted.is_none() {
            return;
        }
        let applied = object.inputs.get(name);
        let read = live.is_some_and(|live| !live.unread.contains(name));
        if let (Some(_), false) = (live, read) {
            self.drift.coverage.skip(address, Some(name));
        }
        let found = live.filter(|_| read).and_then(|live| live.attributes.get(name));
        // What was never applied and is compared only when it is wanted, nobody can have changed.
        let unasked = managed.when_wanted.is_some() && applied.is_none();
        let moved = read && !unasked && applied != found;
        let is_wanted = |value: Option<&Value>| match (&wanted, value) {
            (None, None) => true,
            (Some(Expr::Value(wanted)), Some(value)) => wanted == value,
            (Some(_), _) | (None, Some(_)) => false,
        };
        let base = if unasked { found } else { applied };
        let of_others = managed.parts.filter(|_| moved && resource.is_some());
        let of_others = of_others.and_then(|parts| parts.moved(applied, found));
        let cause = if moved && self.is_of_open_run(address, Seen::Value(name, found)) {
            Cause::OpenRun
        } else if moved && resource.is_some() && is_wanted(found) && of_others.is_none() {
            Cause::ChangedAsWanted
        } else if moved {
            cause
        } else if resource.is_some() && !is_wanted(base) {
            Cause::UnappliedSpec
        } else {
            return;
        };
        let safer = |value| managed.tightens.is_some_and(|tightening| tightening.applies(value));
        let origin =
            resource.map(|resource| *resource.origins.get(name).unwrap_or(&resource.origin));
        self.drift.findings.push(Finding {
            cause,
            tool: None,
            address: address.clone(),
            attribute: Some(name),
            less_safe: cause.is_drift() && applied.is_some_and(safer),
            wanted,
            applied: applied.cloned(),
            live: if read { found.cloned() } else { None },
            note: of_others.filter(|_| cause.is_drift()),
            origin: origin
                .zip(self.input.desired)
                .map(|(origin, desired)| desired.place_of(origin)),
        });
    }

    fn unreadable(&mut self, address: &Address, resource: Option<&Resource>, reason: &str) {
        self.drift.coverage.objects += 1;
        self.drift.coverage.unreadable += 1;
        self.whole(Cause::Unreadable, address, resource, (None, Some(reason.into())));
    }

    /// Adds a finding about an object as a whole: what was found, and what there is to know.
    fn whole(
        &mut self,
        cause: Cause,
        address: &Address,
        resource: Option<&Resource>,
        (live, note): (Option<Value>, Option<String>),
    ) {
        let origin = resource.map(|resource| resource.origin);
        self.drift.findings.push(Finding {
            cause,
            tool: None,
            address: address.clone(),
            attribute: None,
            less_safe: false,
            wanted: None,
            applied: None,
            live,
            note,
            origin: origin
                .zip(self.input.desired)
                .map(|(origin, desired)| desired.place_of(origin)),
        });
    }

    /// Whether a step of the open run explains what was seen at an address.
    fn is_of_open_run(&self, address: &Address, seen: Seen<'_>) -> bool {
        let Some(open) = self.input.open else { return false };
        let mut steps = open.plan.steps.iter().filter(|step| step.address == *address);
        steps.any(|step| seen.follows_from(&step.operation, open.started.contains(&step.id)))
    }
}

/// What was seen of an object that is not as the state says.
#[derive(Clone, Copy)]
enum Seen<'a> {
    /// There is one.
    Come,
    /// This one is gone.
    Gone(&'a RemoteId),
    /// Another one is in its place.
    Other,
    /// The attribute has this value.
    Value(&'a str, Option<&'a Value>),
}

impl Seen<'_> {
    /// Whether a step explains it. One that did not start explains only the value before it, which
    /// is there still although the recovery will do the step. One that did explains, done or undone,
    /// the values before and after it; one that its plan did not know yet may be any.
    fn follows_from(self, operation: &Operation, started: bool) -> bool {
        match (operation, self) {
            (Operation::Create { .. }, Self::Come | Self::Other) => started,
            (Operation::Delete { remote_id, .. }, Self::Gone(id)) => started && remote_id == id,
            (Operation::Update { before, after, changed, .. }, Self::Value(name, value)) => {
                let new = after.get(name).map(Expr::known);
                let is_new = new == Some(None) || new.flatten().as_ref() == value;
                changed.contains(name) && ((started && is_new) || value == before.get(name))
            }
            _ => false,
        }
    }
}

//! What every resource type of every cloud has to do, judged through the provider port alone: the
//! simulated cloud and the AWS provider pass the same suite, on objects that an apply has made.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Provider;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Kind;
use nfplan_engine::schema::Parts;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::state::Object;
use nfplan_engine::state::State;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use serde_json::json;

use crate::spec::FleetSpec;

/// An incarnation that nothing ever had.
const NEVER: u64 = 1_000_000;

/// What a provider does otherwise than its contract says.
#[derive(Debug)]
pub struct Judge<'a, P> {
    provider: &'a P,
    unit: &'a UnitId,
    state: &'a State,
    violations: Vec<String>,
}

/// One object that an apply made.
struct Subject<'a> {
    address: &'a Address,
    object: &'a Object,
    schema: &'static Schema,
}

/// Specs of which together every resource type is made.
pub fn specs() -> FleetSpec {
    let network = json!({ "mode": "proxy", "cidr": "10.0.0.0/16", "allow_domains": [".quay.io"] });
    FleetSpec::default().with("alice@example.org", "main", &[("network", network)]).with(
        "bob@example.org",
        "main",
        &[("credentials", json!({ "deliver": "file" }))],
    )
}

/// The types that a state has objects of.
pub fn types_of(state: &State) -> BTreeSet<String> {
    let current = state.entries.iter().filter(|(_, entry)| entry.current.is_some());
    current.map(|(address, _)| address.resource_type.to_string()).collect()
}

impl Subject<'_> {
    fn is_tagged(&self) -> bool {
        self.schema.attribute("tags").is_some()
    }
}

impl<'a, P: Provider> Judge<'a, P> {
    /// A judge of how a provider treats what this state records.
    pub fn new(provider: &'a P, state: &'a State) -> Self {
        Self { provider, unit: &state.unit, state, violations: Vec::new() }
    }

    fn subjects(&self) -> Vec<Subject<'a>> {
        let (state, schemas) = (self.state, self.provider.schemas());
        let subject = |(address, object): (&'a Address, &'a Object)| {
            let schema = schemas.find(&address.resource_type).unwrap();
            Subject { address, object, schema }
        };
        let entries = state.entries.iter();
        let current =
            entries.filter_map(|(address, entry)| Some((address, entry.current.as_ref()?)));
        current.map(subject).collect()
    }

    /// What is wrong with objects that are there as they were made, one of each type.
    pub async fn standing(mut self) -> Vec<String> {
        let mut subjects = self.subjects();
        // They are in the order of their addresses, which begin with the type.
        subjects.dedup_by_key(|subject| subject.schema.resource_type);
        for subject in subjects {
            self.read_as_made(&subject).await;
            self.found_by_what_it_is(&subject).await;
            self.name_is_taken(&subject).await;
            self.tags_change_in_place(&subject).await;
            self.what_others_have_stays(&subject).await;
        }
        self.violations
    }

    /// What is wrong after a destroy.
    pub async fn gone(mut self) -> Vec<String> {
        for subject in self.subjects() {
            let object = subject.object;
            let target = Target::Id(object.remote_id.clone(), object.inputs.clone());
            let found = self.look(&subject, Depth::Deep, target).await;
            let stays = matches!(subject.schema.removal, Removal::Retain(_));
            self.check(&subject, stays == found.is_some(), "after a destroy", &found);
            if stays {
                continue;
            }
            let request = DeleteRequest {
                unit: self.unit,
                address: subject.address,
                remote_id: &object.remote_id,
                inputs: &object.inputs,
            };
            let again = self.provider.delete(request).await;
            self.check(&subject, again.is_ok(), "deleted again", &again);
        }
        self.violations
    }

    fn check(
        &mut self,
        subject: &Subject<'_>,
        holds: bool,
        when: &str,
        found: &dyn std::fmt::Debug,
    ) {
        if !holds {
            self.violations.push(format!("{} {when}: {found:?}", subject.address));
        }
    }

    /// The object that is found; none if there is none. That something cannot be read is a violation.
    async fn look(&mut self, subject: &Subject<'_>, depth: Depth, target: Target) -> Option<Live> {
        let wanted = [Wanted { unit: self.unit, address: subject.address, target }];
        let sightings = self.provider.read(self.unit.place(), depth, &wanted).await;
        match sightings.map(|sightings| sightings.into_iter().next()) {
            Ok(Some(Sighting::Present(live))) => Some(live),
            Ok(Some(Sighting::Missing)) => None,
            other => {
                self.check(subject, false, "read", &other);
                None
            }
        }
    }

    async fn live(&mut self, subject: &Subject<'_>, depth: Depth) -> Option<Live> {
        let object = subject.object;
        let target = Target::Id(object.remote_id.clone(), object.inputs.clone());
        self.look(subject, depth, target).await
    }

    /// Every attribute reads as it was made; only deep ones may be left out of a bulk read.
    async fn read_as_made(&mut self, subject: &Subject<'_>) {
        for depth in [Depth::Bulk, Depth::Deep] {
            let Some(live) = self.live(subject, depth).await else {
                self.check(subject, false, "is not found by its id", &depth);
                continue;
            };
            let (inputs, when) = (&subject.object.inputs, format!("read {depth:?}"));
            for (attribute, managed) in subject.schema.managed() {
                let name = attribute.name;
                let (made, found) = (inputs.get(name), live.attributes.get(name));
                if live.unread.contains(name) {
                    // What is not asked of an object may be left unread.
                    let may_be = depth == Depth::Bulk || made.is_none();
                    self.check(subject, may_be, &when, &name);
                } else if made.is_some() || managed.when_wanted.is_none() {
                    self.check(subject, made == found, &when, &(name, made, found));
                }
            }
            for attribute in subject.schema.attributes {
                let made = subject.object.outputs.get(attribute.name);
                let found = live.attributes.get(attribute.name);
                let same = made == found || !matches!(attribute.kind, Kind::Computed(_));
                self.check(subject, same, &when, &(attribute.name, made, found));
            }
            self.check(subject, live.settling.is_none(), &when, &live.settling);
            // What has no tags may be known to be ours by what it belongs to.
            let ours = live.owner.as_ref().map_or(!subject.is_tagged(), |owner| {
                owner.unit == *self.unit
                    && owner.address == *subject.address
                    && (owner.incarnation == subject.object.incarnation || !subject.is_tagged())
            });
            self.check(subject, ours, &when, &live.owner);
        }
    }

    /// It is found by its identity and by its attempt, and by no other attempt.
    async fn found_by_what_it_is(&mut self, subject: &Subject<'_>) {
        let Object { remote_id, inputs, incarnation, .. } = subject.object;
        if let Identity::Siblings(_) = subject.schema.identity {
            return;
        }
        let id = |live: Option<Live>| live.map(|live| live.remote_id);
        let expected = Some(remote_id.clone());
        let mut expect = vec![(Target::Identity(inputs.clone()), expected.clone())];
        if let Some(incarnation) = incarnation {
            expect.push((Target::Incarnation(*incarnation, inputs.clone()), expected.clone()));
        }
        if subject.is_tagged() {
            expect.push((Target::Incarnation(NEVER, inputs.clone()), None));
        }
        // What outlives its unit by design is never looked for as a stray.
        if subject.is_tagged() && matches!(subject.schema.removal, Removal::Delete) {
            expect.push((Target::Others(BTreeSet::new()), expected));
            expect.push((Target::Others(BTreeSet::from([remote_id.clone()])), None));
        }
        for (target, expected) in expect {
            let when = format!("found by {target:?}");
            let found = id(self.look(subject, Depth::Bulk, target).await);
            self.check(subject, found == expected, &when, &found);
        }
    }

    /// Another attempt does not get what has its name already, and says that it exists.
    async fn name_is_taken(&mut self, subject: &Subject<'_>) {
        let named = matches!(subject.schema.identity, Identity::Attributes(_));
        if !named || !subject.is_tagged() {
            return;
        }
        let request = CreateRequest {
            unit: self.unit,
            address: subject.address,
            incarnation: NEVER,
            token: "conformance-0123456789-0123456789",
            inputs: &subject.object.inputs,
        };
        let made = self.provider.create(request).await.map(|done| done.live.remote_id);
        let refused = made.as_ref().is_err_and(|error| error.kind == ErrorKind::Exists);
        self.check(subject, refused, "made a second time", &made);
    }

    /// A tag more, and it is there; a tag less, and it is as before.
    async fn tags_change_in_place(&mut self, subject: &Subject<'_>) {
        let before = &subject.object.inputs;
        let Some(Value::Map(tags)) = before.get("tags") else { return };
        let mut tags = tags.clone();
        tags.insert("conformance".into(), "yes = no".into());
        let mut after = before.clone();
        after.insert("tags".into(), Value::Map(tags));
        for (before, after) in [(before, &after), (&after, before)] {
            self.update(subject, "tags", (before, after)).await;
        }
    }

    /// Changes one attribute, and expects it to be so.
    async fn update(
        &mut self,
        subject: &Subject<'_>,
        name: &str,
        (before, after): (&Attributes, &Attributes),
    ) {
        let request = UpdateRequest {
            unit: self.unit,
            address: subject.address,
            remote_id: &subject.object.remote_id,
            token: &format!("conformance-{}", after.len()),
            before,
            after,
            changed: &BTreeSet::from([name.into()]),
        };
        let done = self.provider.update(request).await.map(|done| done.live);
        self.check(subject, done.is_ok(), "it changes", &(name, done.as_ref().err()));
        self.expect(subject, name, after.get(name), "it changed").await;
    }

    async fn expect(
        &mut self,
        subject: &Subject<'_>,
        name: &str,
        expected: Option<&Value>,
        when: &str,
    ) {
        let live = self.live(subject, Depth::Deep).await;
        let found = live.map(|live| managed(subject.schema, &live.attributes));
        let is_so = found.as_ref().is_some_and(|found| found.get(name) == expected);
        self.check(subject, is_so, when, &(name, found));
    }

    /// Where others have parts in an object, a delete takes only nfplan's away.
    async fn what_others_have_stays(&mut self, subject: &Subject<'_>) {
        let mut shared = subject.schema.managed();
        let Some((attribute, parts)) = shared.find_map(|(a, m)| Some((a, m.parts?))) else {
            return;
        };
        let (name, before) = (attribute.name, &subject.object.inputs);
        let with = |value: Value| {
            let mut attributes = before.clone();
            attributes.insert(name.into(), value);
            subject.schema.normalise(&mut attributes);
            attributes
        };
        let theirs = others(parts, &before[name]);
        let both = parts.merged(&before[name].clone().into(), Some(&theirs)).known().unwrap();
        let (theirs, both) = (with(theirs), with(both));
        self.update(subject, name, (before, &both)).await;
        let Object { remote_id, .. } = subject.object;
        let (unit, address, inputs) = (self.unit, subject.address, before);
        let deleted =
            self.provider.delete(DeleteRequest { unit, address, remote_id, inputs }).await;
        self.check(subject, deleted.is_ok(), "is deleted", &deleted);
        self.expect(subject, name, theirs.get(name), "is deleted but for what others have").await;
        self.update(subject, name, (&theirs, before)).await;
    }
}

/// The same value with one part, which is of somebody else's.
fn others(parts: Parts, own: &Value) -> Value {
    let list = parts.list.map_or(own, |name| &own.as_map().unwrap()[name]);
    let mut part = list.as_list().unwrap()[0].as_map().unwrap().clone();
    part.insert(parts.id.into(), "Theirs".into());
    let list = Value::List(vec![Value::Map(part)]);
    let Some(name) = parts.list else { return list };
    let mut entries = own.as_map().unwrap().clone();
    entries.insert(name.into(), list);
    Value::Map(entries)
}

fn managed(schema: &Schema, attributes: &Attributes) -> Attributes {
    let names: BTreeSet<&str> = schema.managed().map(|(attribute, _)| attribute.name).collect();
    let entries = attributes.iter().filter(|(name, _)| names.contains(&***name));
    entries.map(|(name, value)| (name.clone(), value.clone())).collect()
}

//! A small cloud with every behaviour that a schema can describe, kept in memory.
//!
//! It is strict: names are unique, references must exist, what is used cannot be deleted, and a
//! token works once. Calls take several turns, so that they overlap.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Owner;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Kind;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Schemas;
use nfplan_engine::schema::Shape;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::mishaps::Crash;
use crate::mishaps::Fault;
use crate::mishaps::Moods;
use crate::mishaps::Turns;
use crate::schemas::SCHEMAS;
use crate::schemas::uses;

mod ports;

/// An object in the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) owner: Option<Owner>,
    pub(crate) attributes: Attributes,
    tokens: BTreeSet<String>,
}

/// Type and id.
pub(crate) type Key = (String, RemoteId);

/// The cloud.
#[derive(Debug, Clone)]
pub(crate) struct Toy {
    schemas: Schemas,
    pub(crate) things: RefCell<BTreeMap<Key, Thing>>,
    counter: Cell<u32>,
    /// Which mutating call goes wrong, counted from 0.
    pub(crate) faults: RefCell<BTreeMap<u32, Fault>>,
    /// Calls of these kinds on these addresses are always refused: "delete toy.net/main".
    pub(crate) denied: RefCell<BTreeSet<String>>,
    pub(crate) calls: Cell<u32>,
    pub(crate) log: RefCell<Vec<String>>,
    pub(crate) crash: Crash,
    pub(crate) moods: Moods,
    /// Seeds how many turns each call takes.
    pub(crate) tempo: Cell<u32>,
    /// Leaves out the outputs that change on update.
    pub(crate) mute: Cell<bool>,
    /// Creates take a second request for what is not required.
    pub(crate) in_two: Cell<bool>,
}

impl Default for Toy {
    fn default() -> Self {
        Self {
            schemas: Schemas::new(SCHEMAS.iter().copied()),
            things: RefCell::default(),
            counter: Cell::new(0),
            faults: RefCell::default(),
            denied: RefCell::default(),
            calls: Cell::new(0),
            log: RefCell::default(),
            crash: Crash::default(),
            moods: Moods::default(),
            tempo: Cell::new(1),
            mute: Cell::new(false),
            in_two: Cell::new(false),
        }
    }
}

pub(crate) fn error(kind: ErrorKind, message: String, left: Left) -> ProviderError {
    ProviderError {
        kind,
        operation: "toy".into(),
        code: format!("{kind:?}"),
        message,
        request_id: None,
        left,
    }
}

fn remote_id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

impl Toy {
    fn schema(&self, address: &Address) -> &'static Schema {
        self.schemas.find(&address.resource_type).unwrap()
    }

    fn schema_named(&self, kind: &str) -> &'static Schema {
        self.schemas.iter().find(|schema| schema.resource_type == kind).unwrap()
    }

    pub(crate) fn remove_by_hand(&self, address: &str) {
        let address: Address = address.parse().unwrap();
        let mut things = self.things.borrow_mut();
        things.retain(|_, thing| thing.owner.as_ref().is_none_or(|o| o.address != address));
    }

    pub(crate) fn change_by_hand(&self, address: &str, name: &str, value: &str) {
        let address: Address = address.parse().unwrap();
        for thing in self.things.borrow_mut().values_mut() {
            if thing.owner.as_ref().is_some_and(|owner| owner.address == address) {
                thing.attributes.insert(name.into(), value.into());
            }
        }
    }

    pub(crate) fn add_foreign(&self, kind: &str, id: &str, attributes: Attributes) {
        let thing = Thing { owner: None, attributes, tokens: BTreeSet::new() };
        self.things.borrow_mut().insert((kind.into(), remote_id(id)), thing);
    }

    /// The cloud without what differs between two equal ones: ids become addresses, suffixes go.
    pub(crate) fn essence(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        self.essence_without(&BTreeSet::new())
    }

    /// The same without these objects.
    pub(crate) fn essence_without(
        &self,
        skipped: &BTreeSet<Key>,
    ) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut things = self.things.borrow().clone();
        things.retain(|key, _| !skipped.contains(key));
        let mut names = BTreeMap::new();
        for ((_, id), thing) in &things {
            let address = thing.owner.as_ref().map_or("foreign".into(), |o| o.address.to_string());
            names.insert(id.to_string(), format!("<{address}>"));
        }
        let mut all: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for ((kind, id), thing) in &things {
            let schema = self.schema_named(kind);
            let mut key = names[id.as_str()].clone();
            while all.contains_key(&key) {
                key.push('+');
            }
            let mut shown = BTreeMap::new();
            for (attribute, _) in schema.managed() {
                let Some(value) = thing.attributes.get(attribute.name) else { continue };
                let plain = |item: &Value| {
                    let name = item.as_text().and_then(|text| names.get(text));
                    name.cloned().unwrap_or_else(|| item.to_string())
                };
                let mut text = plain(value);
                if let (Shape::Set(_), Some(items)) = (attribute.shape, value.as_list()) {
                    text = items.iter().map(plain).collect::<BTreeSet<_>>().into_iter().collect();
                }
                for suffix in (2..30).filter(|_| text.contains("-g")).collect::<Vec<_>>() {
                    text = text.replace(&format!("-g{suffix}\""), "\"");
                }
                // A template's version counts its updates.
                if attribute.name == "template_version" {
                    text = "version".into();
                }
                shown.insert(attribute.name.to_owned(), text);
            }
            all.insert(key, shown);
        }
        all
    }

    async fn turns(&self) {
        let next = self.tempo.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.tempo.set(next);
        Turns((next >> 16) % 5).await;
    }

    /// What goes wrong with this call, if anything.
    fn begin(&self, what: &str, address: &Address) -> Result<Option<Fault>, ProviderError> {
        let number = self.calls.get();
        self.calls.set(number + 1);
        let name = format!("{what} {address}");
        self.log.borrow_mut().push(name.clone());
        if self.denied.borrow().contains(&name) {
            return Err(error(ErrorKind::Denied, name, Left::Nothing));
        }
        match self.faults.borrow().get(&number) {
            Some(Fault::BeforeEffect) => {
                Err(error(ErrorKind::Unavailable, "refused".into(), Left::Nothing))
            }
            Some(Fault::RequestLost) => {
                Err(error(ErrorKind::Unavailable, "request lost".into(), Left::Unknown))
            }
            Some(Fault::OutOfTime) => {
                Err(error(ErrorKind::Unfinished, "no time".into(), Left::Nothing))
            }
            other => Ok(other.copied()),
        }
    }

    fn check_uses(&self, schema: &Schema, attributes: &Attributes) -> Result<(), ProviderError> {
        let things = self.things.borrow();
        for used in uses(schema, attributes) {
            let exists = things.iter().any(|((_, id), thing)| {
                id.as_str() == used
                    || thing.attributes.get("arn").and_then(Value::as_text) == Some(&used)
            });
            if !exists {
                return Err(error(ErrorKind::NotFound, used, Left::Nothing));
            }
        }
        Ok(())
    }

    fn live(&self, kind: &str, id: &RemoteId, thing: &Thing, depth: Depth) -> Live {
        let schema = self.schema_named(kind);
        let mut attributes = thing.attributes.clone();
        let mut unread = BTreeSet::new();
        if depth == Depth::Bulk {
            for (attribute, _) in schema.managed().filter(|(attribute, _)| attribute.deep) {
                attributes.remove(attribute.name);
                unread.insert(attribute.name.into());
            }
        }
        Live {
            remote_id: id.clone(),
            owner: thing.owner.clone(),
            attributes,
            unread,
            settling: self.moods.settling(thing.owner.as_ref()),
        }
    }

    fn insert(&self, request: &CreateRequest<'_>) -> Result<Key, ProviderError> {
        let schema = self.schema(request.address);
        let kind = schema.resource_type.to_owned();
        let mut things = self.things.borrow_mut();
        if let Some((key, _)) = things.iter().find(|(_, t)| t.tokens.contains(request.token)) {
            return Ok(key.clone());
        }
        for (attribute, managed) in schema.managed() {
            if managed.required && !request.inputs.contains_key(attribute.name) {
                let message = format!("lacks {}", attribute.name);
                return Err(error(ErrorKind::Invalid, message, Left::Nothing));
            }
        }
        let id = if let Identity::Attributes(names) = schema.identity {
            let parts: Vec<&str> =
                names.iter().filter_map(|name| request.inputs.get(*name)?.as_text()).collect();
            remote_id(&parts.join("|"))
        } else {
            self.counter.set(self.counter.get() + 1);
            remote_id(&format!("id:{}-{}", kind.trim_start_matches("toy."), self.counter.get()))
        };
        let key = (kind, id);
        if things.contains_key(&key) {
            return Err(error(ErrorKind::Exists, key.1.to_string(), Left::Nothing));
        }
        let mut attributes = request.inputs.clone();
        let later = |name: &str| schema.managed().any(|(a, m)| a.name == name && !m.required);
        attributes.retain(|name, _| !(self.in_two.get() && later(name)));
        attributes.extend((schema.predict)(request.unit.place(), request.inputs));
        for attribute in schema.attributes {
            match attribute.kind {
                Kind::Computed(computed) if computed.changes_on_update => {
                    if self.mute.get() {
                        continue;
                    }
                    attributes.insert(attribute.name.into(), "1".into());
                }
                Kind::Computed(computed) if !computed.predictable => {
                    attributes.insert(attribute.name.into(), key.1.as_str().into());
                }
                Kind::Volatile { strangers: None, .. } => {
                    attributes.insert(attribute.name.into(), "busy".into());
                }
                Kind::Volatile { .. } | Kind::Computed(_) | Kind::Managed(_) => {}
            }
        }
        let siblings = matches!(schema.identity, Identity::Siblings(_));
        let owner = Owner {
            unit: request.unit.clone(),
            address: request.address.clone(),
            incarnation: (!siblings).then_some(request.incarnation),
        };
        let tokens = BTreeSet::from([request.token.to_owned()]);
        things.insert(key.clone(), Thing { owner: Some(owner), attributes, tokens });
        Ok(key)
    }

    fn change(&self, request: &UpdateRequest<'_>, half: bool) -> Result<Live, ProviderError> {
        let schema = self.schema(request.address);
        let key = (schema.resource_type.to_owned(), request.remote_id.clone());
        let mut things = self.things.borrow_mut();
        let Some(thing) = things.get_mut(&key) else {
            return Err(error(ErrorKind::NotFound, key.1.to_string(), Left::Nothing));
        };
        if thing.tokens.insert(request.token.to_owned()) {
            let count = if half { 1 } else { request.changed.len() };
            for name in request.changed.iter().take(count) {
                match request.after.get(name) {
                    Some(value) => thing.attributes.insert(name.clone(), value.clone()),
                    None => thing.attributes.remove(name),
                };
            }
            for attribute in schema.attributes {
                if let Kind::Computed(computed) = attribute.kind
                    && computed.changes_on_update
                {
                    let old = thing.attributes.get(attribute.name).and_then(Value::as_text);
                    let next = old.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0) + 1;
                    thing.attributes.insert(attribute.name.into(), next.to_string().into());
                }
            }
        }
        Ok(self.live(&key.0, &key.1, thing, Depth::Deep))
    }

    fn remove(&self, request: &DeleteRequest<'_>) -> Result<(), ProviderError> {
        let schema = self.schema(request.address);
        let key = (schema.resource_type.to_owned(), request.remote_id.clone());
        let mut things = self.things.borrow_mut();
        let Some(thing) = things.get(&key) else { return Ok(()) };
        let arn = thing.attributes.get("arn").and_then(Value::as_text).unwrap_or("").to_owned();
        for ((kind, id), other) in things.iter() {
            let used = uses(self.schema_named(kind), &other.attributes);
            if used.iter().any(|text| text == key.1.as_str() || *text == arn) {
                let message = format!("{} is used by {id}", key.1);
                return Err(error(ErrorKind::Conflict, message, Left::Nothing));
            }
        }
        things.remove(&key);
        Ok(())
    }

    fn find(&self, wanted: &Wanted<'_>, depth: Depth) -> Sighting {
        let schema = self.schema(wanted.address);
        let kind = schema.resource_type;
        let things = self.things.borrow();
        let mut same = things.iter().filter(|((k, _), _)| k == kind);
        let is_ours = |thing: &Thing| {
            let owner = thing.owner.as_ref();
            owner.is_some_and(|o| o.unit == *wanted.unit && o.address == *wanted.address)
        };
        let hit = match &wanted.target {
            Target::Id(id, _) => same.find(|((_, other), _)| other == id),
            Target::Identity(known) => match schema.identity {
                Identity::Attributes(names) => same.find(|(_, thing)| {
                    names.iter().all(|name| thing.attributes.get(*name) == known.get(*name))
                }),
                Identity::Tags | Identity::Siblings(_) => same.find(|(_, thing)| is_ours(thing)),
            },
            Target::Incarnation(number, _) => same.find(|(_, thing)| {
                let incarnation = thing.owner.as_ref().and_then(|owner| owner.incarnation);
                is_ours(thing) && incarnation == Some(*number)
            }),
            Target::Others(known) => {
                let is_other = |id: &RemoteId| !known.contains(id);
                same.find(|((_, id), thing)| is_ours(thing) && is_other(id))
            }
            Target::Named(_) => None,
            Target::Siblings(known) => {
                let Identity::Siblings(names) = schema.identity else { unreachable!() };
                let alike = same.filter(|(_, thing)| {
                    names.iter().all(|name| thing.attributes.get(*name) == known.get(*name))
                });
                let ids = Value::list(alike.map(|((_, id), _)| id.as_str()));
                let attributes =
                    Attributes::from([("ids".into(), ids.clone()), ("unused".into(), ids)]);
                let (owner, unread, settling) = (None, BTreeSet::new(), None);
                let remote_id = remote_id("siblings");
                return Sighting::Present(Live { remote_id, owner, attributes, unread, settling });
            }
        };
        match hit {
            Some(((kind, id), thing)) => Sighting::Present(self.live(kind, id, thing, depth)),
            None => Sighting::Missing,
        }
    }
}

//! What one request sees of its account, and what it is about to change there.

use std::cell::Cell;

use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::value::Attributes;

use crate::sim::clock::Work;
use crate::sim::cloud::Cloud;
use crate::sim::cloud::Effects;
use crate::sim::ids::Mint;
use crate::sim::kind;
use crate::sim::kind::Kind;
use crate::sim::kind::Reference;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::settings::Settings;

/// Why AWS refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// What is missing may only not be visible yet.
    pub(crate) may_pass: bool,
}

impl Refusal {
    pub(crate) fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), may_pass: false }
    }

    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, code, message)
    }

    pub(crate) fn missing(code: &'static str, message: impl Into<String>) -> Self {
        Self { may_pass: true, ..Self::new(ErrorKind::NotFound, code, message) }
    }
}

/// The create attempt that a request is part of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) unit: &'a UnitId,
    pub(crate) address: &'a Address,
    pub(crate) incarnation: u64,
    pub(crate) token: &'a str,
}

/// One request's view of its account.
pub(crate) struct Scene<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) place: &'a Place,
    pub(crate) settings: &'a Settings,
    pub(crate) now: u64,
    counter: Cell<u64>,
    effects: Effects,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(cloud: &'a Cloud, place: &'a Place, settings: &'a Settings) -> Self {
        Self {
            cloud,
            place,
            settings,
            now: cloud.clock(),
            counter: Cell::new(cloud.counter()),
            effects: Effects::default(),
        }
    }

    /// Makes the ids of a new object.
    pub(crate) fn mint(&self) -> Mint {
        self.counter.set(self.counter.get() + 1);
        Mint::new(&self.place.account, self.counter.get())
    }

    /// When work that starts now is done.
    pub(crate) fn end_of(&self, work: Work) -> u64 {
        self.now.saturating_add(self.settings.duration(work))
    }

    /// Makes or changes an object.
    pub(crate) fn put(&mut self, mut record: Record) {
        let schema = self.settings.schema(record.key.resource_type);
        schema.normalise(&mut record.attributes);
        self.effects.put.push(record);
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, key: Key) {
        self.effects.delete.push(key);
    }

    /// What the request is about to change.
    pub(crate) fn into_effects(mut self) -> Effects {
        self.effects.clock = self.now;
        self.effects.counter = self.counter.get();
        self.effects
    }

    /// The object of this type that is called `handle`.
    pub(crate) fn find(&self, resource_type: &'static str, handle: &str) -> Option<&'a Record> {
        let kind = kind::of(resource_type);
        self.cloud.find(kind.resource_type, kind.scope(self.place), handle)
    }

    /// The object that a reference calls `handle`, if the service that asks sees it yet.
    pub(crate) fn refer(
        &self,
        from: &Kind,
        reference: &Reference,
        handle: &str,
    ) -> Result<&'a Record, Refusal> {
        let lags = !from.resource_type.starts_with("iam.");
        let found = self.find(reference.to, handle);
        found.filter(|record| !lags || record.visible_at <= self.now).ok_or_else(|| {
            let title = self.settings.schema(reference.to).title;
            let message = format!("the {title} `{handle}` does not exist in {}", self.place);
            Refusal::missing(reference.missing, message)
        })
    }

    /// The object itself, as it is now.
    pub(crate) fn current(&self, key: &Key) -> Result<Record, Refusal> {
        self.cloud.get(key).cloned().ok_or_else(|| {
            let kind = kind::of(key.resource_type);
            let title = self.settings.schema(key.resource_type).title;
            let message = format!("the {title} `{}` does not exist in {}", key.id, self.place);
            Refusal::new(ErrorKind::NotFound, kind.codes.missing, message)
        })
    }

    /// Refuses one object more than the quota.
    pub(crate) fn check_quota(&self, kind: &'static Kind) -> Result<(), Refusal> {
        let Some(limit) = self.settings.quota(&self.place.account, kind.resource_type) else {
            return Ok(());
        };
        if self.cloud.count(kind.resource_type, kind.scope(self.place)) < limit {
            return Ok(());
        }
        let title = self.settings.schema(kind.resource_type).title;
        let message = format!("{} already has {limit} objects of the type {title}", self.place);
        Err(Refusal::new(ErrorKind::Quota, kind.codes.quota, message))
    }
}

/// An object's attributes with those that depend on other objects.
pub(crate) fn view(cloud: &Cloud, record: &Record) -> Attributes {
    let mut attributes = record.attributes.clone();
    (kind::of(record.key.resource_type).rules.view)(cloud, record, &mut attributes);
    attributes
}

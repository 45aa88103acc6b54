//! Collects resources while a blueprint lists them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::desired::Lifecycle;
use nfplan_engine::desired::Origin;
use nfplan_engine::desired::Resource;
use nfplan_engine::expr::Expr;
use nfplan_engine::expr::Inputs;

use super::names::KnownAddress;
use super::names::attributes;
use super::tags::Tags;
use crate::settings::At;

/// A resource being written down.
#[derive(Debug)]
pub(super) struct Draft {
    address: KnownAddress,
    inputs: Inputs,
    origins: BTreeMap<Box<str>, Origin>,
    depends_on: BTreeSet<Address>,
    withdraw: bool,
}

impl Draft {
    pub(super) fn new(address: KnownAddress) -> Self {
        Self {
            address,
            inputs: Inputs::new(),
            origins: BTreeMap::new(),
            depends_on: BTreeSet::new(),
            withdraw: false,
        }
    }

    /// Sets an attribute that no spec line decides.
    pub(super) fn set(mut self, attribute: &'static str, expr: impl Into<Expr>) -> Self {
        // One form for what is known, whichever way it was put together.
        let expr = match expr.into() {
            Expr::Value(value) => Expr::Value(value),
            composed => composed.known().map_or(composed, Expr::Value),
        };
        self.inputs.insert(attribute.into(), expr);
        self
    }

    /// Sets an attribute that a spec line decides.
    pub(super) fn set_at(
        mut self,
        attribute: &'static str,
        expr: impl Into<Expr>,
        origin: Origin,
    ) -> Self {
        self.origins.insert(attribute.into(), origin);
        self.set(attribute, expr)
    }

    /// Sets an attribute if the spec says anything about it.
    pub(super) fn set_text_if(self, attribute: &'static str, at: Option<&At<Box<str>>>) -> Self {
        match at {
            Some(at) => self.set_at(attribute, &*at.value, at.origin),
            None => self,
        }
    }

    /// Orders the resource behind others that it does not refer to.
    pub(super) fn after(mut self, addresses: impl IntoIterator<Item = KnownAddress>) -> Self {
        self.depends_on.extend(addresses.into_iter().map(KnownAddress::address));
        self
    }

    /// Has the resource deleted once its inputs hold.
    pub(super) fn withdraw(mut self) -> Self {
        self.withdraw = true;
        self
    }
}

/// The resources of one unit.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    tags: Tags<'a>,
    origin: Origin,
    resources: Vec<Resource>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(tags: Tags<'a>, origin: Origin) -> Self {
        Self { tags, origin, resources: Vec::new() }
    }

    /// Adds a resource that has no tags.
    pub(super) fn add(&mut self, draft: Draft) {
        self.resources.push(Resource {
            address: draft.address.address(),
            inputs: draft.inputs,
            depends_on: draft.depends_on,
            lifecycle: Lifecycle { withdraw: draft.withdraw },
            origins: draft.origins,
            origin: self.origin,
        });
    }

    /// Adds a resource with the unit's tags and this `Name`.
    pub(super) fn add_tagged(&mut self, draft: Draft, name: String) {
        let address = draft.address;
        let tagged = self.tag(draft, attributes::TAGS, address, name);
        self.add(tagged);
    }

    /// Sets an attribute of a draft to the tags of `address`.
    pub(super) fn tag(
        &self,
        draft: Draft,
        attribute: &'static str,
        address: KnownAddress,
        name: String,
    ) -> Draft {
        let tags = self.tags.of(address, name);
        match self.tags.origin() {
            Some(origin) => draft.set_at(attribute, tags, origin),
            None => draft.set(attribute, tags),
        }
    }

    /// Orders the resource added last behind every other one.
    pub(super) fn put_last(&mut self) {
        if let Some((last, others)) = self.resources.split_last_mut() {
            last.depends_on.extend(others.iter().map(|resource| resource.address.clone()));
        }
    }

    pub(super) fn finish(self) -> Vec<Resource> {
        self.resources
    }
}

//! The objects of one account, with an index for every question that is asked often.
//!
//! Everything changes through [`Cloud::apply`], with effects that also stand in the log, so that
//! replaying the log gives the same cloud. What AWS finishes by itself comes about in
//! [`Cloud::advance`], from what the objects say alone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::Region;
use nfplan_engine::address::UnitId;
use serde::Deserialize;
use serde::Serialize;

use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::record::Then;

/// What one request changed; one line of the log.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Effects {
    /// The logical time.
    pub(crate) clock: u64,
    /// How many ids were made so far.
    pub(crate) counter: u64,
    /// Objects that are new or changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) put: Vec<Record>,
    /// Objects that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) delete: Vec<Key>,
}

/// The objects of one account.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Cloud {
    records: BTreeMap<Key, Record>,
    handles: BTreeMap<Key, Key>,
    owners: BTreeMap<(Box<str>, Box<str>), BTreeSet<Key>>,
    referrers: BTreeMap<(&'static str, Box<str>), BTreeSet<Key>>,
    counts: BTreeMap<(&'static str, Option<Region>), u64>,
    pending: BTreeSet<(u64, Key)>,
    clock: u64,
    counter: u64,
}

impl Cloud {
    pub(crate) fn clock(&self) -> u64 {
        self.clock
    }

    pub(crate) fn counter(&self) -> u64 {
        self.counter
    }

    /// The object of this key.
    pub(crate) fn get(&self, key: &Key) -> Option<&Record> {
        self.records.get(key)
    }

    /// The object that is called `handle`: its id, ARN, name or client token.
    pub(crate) fn find(
        &self,
        resource_type: &'static str,
        region: Option<&Region>,
        handle: &str,
    ) -> Option<&Record> {
        let handle = Key { resource_type, region: region.cloned(), id: handle.into() };
        self.records.get(self.handles.get(&handle)?)
    }

    /// The objects whose tags name this unit and address.
    pub(crate) fn owned(&self, unit: &UnitId, address: &Address) -> impl Iterator<Item = &Record> {
        let owner = (Box::from(unit.to_string()), Box::from(address.to_string()));
        let resource_type = address.resource_type.as_str();
        let keys = self.owners.get(&owner).into_iter().flatten();
        keys.filter(move |key| key.resource_type == resource_type).map(|key| &self.records[key])
    }

    /// The objects that refer to this one.
    pub(crate) fn referrers(&self, record: &Record) -> impl Iterator<Item = &Record> {
        let mut keys = BTreeSet::new();
        for handle in record.handles() {
            let found = self.referrers.get(&(record.key.resource_type, handle));
            keys.extend(found.into_iter().flatten().filter(|key| **key != record.key));
        }
        keys.into_iter().map(|key| &self.records[key])
    }

    /// How many objects of a type there are.
    pub(crate) fn count(&self, resource_type: &'static str, region: Option<&Region>) -> u64 {
        self.counts.get(&(resource_type, region.cloned())).copied().unwrap_or(0)
    }

    /// How many of them somebody who counts them sees: reads lag behind effects.
    pub(crate) fn count_seen(&self, resource_type: &'static str, region: Option<&Region>) -> u64 {
        let unseen = self.records.values().filter(|record| {
            let key = &record.key;
            record.visible_at > self.clock
                && key.resource_type == resource_type
                && key.region.as_ref() == region
        });
        self.count(resource_type, region) - unseen.count() as u64
    }

    /// Those of a type that somebody who lists them sees.
    pub(crate) fn seen<'a>(
        &'a self,
        resource_type: &'static str,
        region: Option<&'a Region>,
    ) -> impl Iterator<Item = &'a Record> {
        self.records.values().filter(move |record| {
            let key = &record.key;
            record.visible_at <= self.clock
                && key.resource_type == resource_type
                && key.region.as_ref() == region
        })
    }

    /// All objects, by type.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// Lets time pass; what AWS was at work on comes about.
    pub(crate) fn advance(&mut self, clock: u64) {
        self.clock = self.clock.max(clock);
        while let Some((at, key)) = self.pending.first().filter(|(at, _)| *at <= self.clock) {
            let (at, key) = (*at, key.clone());
            let mut record = self.remove(&key).expect("only existing objects are pending");
            let pending = record.pending.take().expect("pending objects say what is to come");
            debug_assert_eq!(pending.at, at);
            if let Then::Become(attributes) = pending.then {
                record.attributes.extend(attributes);
                self.insert(record);
            }
        }
    }

    /// Lets effects come about.
    pub(crate) fn apply(&mut self, effects: Effects) {
        self.counter = self.counter.max(effects.counter);
        self.advance(effects.clock);
        for key in &effects.delete {
            self.remove(key);
        }
        for record in effects.put {
            self.remove(&record.key);
            self.insert(record);
        }
    }

    fn insert(&mut self, record: Record) {
        let key = record.key.clone();
        for id in record.handles() {
            self.handles.insert(Key { id, ..key.clone() }, key.clone());
        }
        for reference in record.references() {
            self.referrers.entry(reference).or_default().insert(key.clone());
        }
        if let Some(owner) = owner_tags(&record) {
            self.owners.entry(owner).or_default().insert(key.clone());
        }
        if let Some(pending) = &record.pending {
            self.pending.insert((pending.at, key.clone()));
        }
        *self.counts.entry((key.resource_type, key.region.clone())).or_default() += 1;
        self.records.insert(key, record);
    }

    fn remove(&mut self, key: &Key) -> Option<Record> {
        let record = self.records.remove(key)?;
        for id in record.handles() {
            let handle = Key { id, ..key.clone() };
            if self.handles.get(&handle) == Some(key) {
                self.handles.remove(&handle);
            }
        }
        for reference in record.references() {
            remove_from(&mut self.referrers, &reference, key);
        }
        if let Some(owner) = owner_tags(&record) {
            remove_from(&mut self.owners, &owner, key);
        }
        if let Some(pending) = &record.pending {
            self.pending.remove(&(pending.at, key.clone()));
        }
        if let Some(count) = self.counts.get_mut(&(key.resource_type, key.region.clone())) {
            *count -= 1;
        }
        Some(record)
    }
}

fn remove_from<K: Ord>(index: &mut BTreeMap<K, BTreeSet<Key>>, at: &K, key: &Key) {
    if let Some(keys) = index.get_mut(at) {
        keys.remove(key);
        if keys.is_empty() {
            index.remove(at);
        }
    }
}

fn owner_tags(record: &Record) -> Option<(Box<str>, Box<str>)> {
    Some((record.tag("nfplan:unit")?.into(), record.tag("nfplan:address")?.into()))
}

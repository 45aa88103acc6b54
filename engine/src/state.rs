//! What nfplan knows of a unit's objects after the last run. Immutable; a run folds into a new one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::address::Address;
use crate::address::External;
use crate::address::Reference;
use crate::address::RemoteId;
use crate::address::UnitId;
use crate::desired::Source;
use crate::digest::Digest;
use crate::value::Attributes;
use crate::value::Value;

/// A unit's state: the content of a snapshot.
///
/// It is a pure function of its predecessor and the events of one run: no time, no writer, so that
/// writing it twice is harmless. Lineage and serial stand in the head and in the snapshot's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The unit.
    pub unit: UnitId,
    /// Where the unit came from at the last run.
    pub source: Source,
    /// The digest of the state that the last run started from; none for the first.
    pub predecessor: Option<Digest>,
    /// Everything known, by address.
    pub entries: BTreeMap<Address, Entry>,
    /// The platform outputs that the unit was built with.
    pub externals: BTreeMap<External, Value>,
    /// How people made this state; none if a run ended with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
}

/// How people made a state without a run. The cloud is not touched by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// An earlier state was brought back.
    Restored {
        /// The serial that it had.
        serial: u64,
    },
    /// A document was put in the state's place.
    Pushed {
        /// The serial that the document named.
        serial: u64,
    },
    /// Objects were dropped.
    Forgotten {
        /// Where they were.
        address: Address,
        /// Why, in the words of whoever did it.
        reason: Box<str>,
    },
}

/// What is known under one address.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The last incarnation burnt by a create attempt. Never falls.
    pub incarnation: u64,
    /// The greatest generation ever used, where no object of the address tells it any more because
    /// people changed the state. Never falls.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub last_generation: u32,
    /// Incarnations of objects that people had the state forget: they are nobody's leftovers, whatever
    /// their tags say.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub released: BTreeSet<u64>,
    /// The object that stands for the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Object>,
    /// Superseded or unwanted objects that await deletion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposed: Vec<Object>,
    /// An object that a rollback kept to be reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Object>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Entry {
    /// The objects of the address.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.current.iter().chain(&self.deposed).chain(&self.parked)
    }

    /// The create attempts of which it is known what became: of each there is an object, or was one that
    /// people had the state forget.
    pub fn accounted(&self) -> BTreeSet<u64> {
        let known = self.objects().filter_map(|object| object.incarnation);
        known.chain(self.released.iter().copied()).collect()
    }

    /// The greatest generation that is known to have been used, 0 if none is.
    pub fn generation(&self) -> u32 {
        let generations = self.objects().map(|object| object.generation);
        generations.max().unwrap_or(0).max(self.last_generation)
    }

    /// Whether no object is left under the address.
    pub fn is_vacant(&self) -> bool {
        self.current.is_none() && self.deposed.is_empty() && self.parked.is_none()
    }
}

/// One object in the cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// What the cloud calls it.
    pub remote_id: RemoteId,
    /// The number of its name suffix; 1 means none.
    pub generation: u32,
    /// Which create attempt made it; none if it was adopted without an incarnation tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<u64>,
    /// The schema version of the attributes.
    pub schema: u32,
    /// Managed attributes as last applied, normalised.
    pub inputs: Attributes,
    /// Computed attributes as last read.
    pub outputs: Attributes,
    /// What it needed when it was made: decides the order of deletes once the spec is gone.
    pub dependencies: BTreeSet<Address>,
    /// Whether it can be relied on.
    #[serde(default, skip_serializing_if = "Status::is_ready")]
    pub status: Status,
    /// Of a replaced object that is still in use: it is deleted by the first plan from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
}

impl Object {
    /// An output, or an input of that name.
    pub fn output(&self, name: &str) -> Option<&Value> {
        self.outputs.get(name).or_else(|| self.inputs.get(name))
    }
}

/// Whether an object can be relied on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As applied.
    #[default]
    Ready,
    /// AWS was still at work at the deadline; the next plan reads how it ended.
    Settling,
}

impl Status {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

impl State {
    /// The state of a unit that was never applied.
    pub fn empty(unit: UnitId, source: Source) -> Self {
        Self {
            unit,
            source,
            predecessor: None,
            entries: BTreeMap::new(),
            externals: BTreeMap::new(),
            edit: None,
        }
    }

    /// The object that stands for the resource at `address`.
    pub fn current(&self, address: &Address) -> Option<&Object> {
        self.entries.get(address)?.current.as_ref()
    }

    /// Every object with its address.
    pub fn objects(&self) -> impl Iterator<Item = (&Address, &Object)> {
        let entries = self.entries.iter();
        entries.flat_map(|(address, entry)| entry.objects().map(move |object| (address, object)))
    }

    /// The value of an output of a current object.
    pub fn output(&self, reference: &Reference) -> Option<&Value> {
        self.current(&reference.address)?.output(&reference.output)
    }

    /// Whether no object is left. Burnt incarnations may remain.
    pub fn is_vacant(&self) -> bool {
        self.entries.values().all(Entry::is_vacant)
    }

    /// The digest of the canonical form.
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }
}

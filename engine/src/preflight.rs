//! What a step has a provider do, on the way there and on the way back, before any of it is done.
//!
//! A step says what becomes of one object. Which requests that takes is the provider's to say, and it
//! says so from these deeds; whether they may be made is asked of the cloud by
//! [`Reader::may`](crate::provider::Reader::may).

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::address::Place;
use crate::address::UnitId;
use crate::expr::Inputs;
use crate::provider::Denial;
use crate::step::Operation;
use crate::step::Step;
use crate::step::Undo;
use crate::value::Attributes;
use crate::value::Value;

/// Which way a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// What is planned is done.
    Forward,
    /// What was done is undone.
    Backward,
}

/// What one provider call is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed<'p> {
    /// Makes an object.
    Create {
        /// All its managed attributes.
        inputs: Side<'p>,
    },
    /// Changes an object in place.
    Update {
        /// All its managed attributes before.
        before: Side<'p>,
        /// All its managed attributes after.
        after: Side<'p>,
        /// The names of those that change.
        changed: &'p BTreeSet<Box<str>>,
    },
    /// Sets one attribute of an object false.
    Disable {
        /// Its name.
        attribute: &'p str,
    },
    /// Deletes an object.
    Delete {
        /// All its managed attributes.
        before: Side<'p>,
    },
}

/// The attributes of an object at one end of a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side<'p> {
    /// As it was read.
    Known(&'p Attributes),
    /// As it is planned: some of it may hang on what is yet to be made.
    Planned(&'p Inputs),
}

/// What is known of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<'p> {
    /// The object has no such attribute.
    Absent,
    /// This is its value.
    Value(Cow<'p, Value>),
    /// It has one that hangs on what is yet to be made.
    ToBeMade,
}

impl<'p> Side<'p> {
    /// What is known of an attribute.
    pub fn see(&self, name: &str) -> Seen<'p> {
        match self {
            Self::Known(attributes) => match attributes.get(name) {
                Some(value) => Seen::Value(Cow::Borrowed(value)),
                None => Seen::Absent,
            },
            Self::Planned(inputs) => match inputs.get(name) {
                Some(expr) => expr.known().map_or(Seen::ToBeMade, |v| Seen::Value(Cow::Owned(v))),
                None => Seen::Absent,
            },
        }
    }

    /// All attributes that are known.
    pub fn known(&self) -> Attributes {
        match self {
            Self::Known(attributes) => (*attributes).clone(),
            Self::Planned(inputs) => {
                let known = inputs.iter();
                known.filter_map(|(name, expr)| Some((name.clone(), expr.known()?))).collect()
            }
        }
    }
}

/// What a step has the provider do, and what undoing it would.
pub fn deeds(step: &Step) -> Vec<(Direction, Deed<'_>)> {
    let forward = match &step.operation {
        Operation::Create { inputs, .. } => Some(Deed::Create { inputs: Side::Planned(inputs) }),
        Operation::Update { before, after, changed, .. } => {
            let (before, after) = (Side::Known(before), Side::Planned(after));
            Some(Deed::Update { before, after, changed })
        }
        Operation::Delete { before, .. } => Some(Deed::Delete { before: Side::Known(before) }),
        Operation::Adopt { .. } | Operation::Hold { .. } | Operation::Drop { .. } => None,
    };
    let backward = forward.as_ref().and_then(|deed| reversed(deed, &step.undo));
    let directed = [(Direction::Forward, forward), (Direction::Backward, backward)];
    directed.into_iter().filter_map(|(direction, deed)| Some((direction, deed?))).collect()
}

fn reversed<'p>(deed: &Deed<'p>, undo: &'p Undo) -> Option<Deed<'p>> {
    match (undo, deed) {
        (Undo::Delete, Deed::Create { inputs }) => Some(Deed::Delete { before: *inputs }),
        (Undo::Restore, Deed::Update { before, after, changed }) => {
            Some(Deed::Update { before: *after, after: *before, changed })
        }
        (Undo::Park { disable: Some(attribute) }, _) => Some(Deed::Disable { attribute }),
        (
            Undo::Delete
            | Undo::Restore
            | Undo::Park { disable: None }
            | Undo::Release
            | Undo::Keep
            | Undo::Irreversible { .. }
            | Undo::NotNeeded,
            _,
        ) => None,
    }
}

/// What the cloud says of the permissions that a plan takes in one place, as far as it is no plain yes.
/// A check: no part of the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// The account and region.
    pub place: Place,
    /// Who made the plan; none if that could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// How many actions were asked about.
    pub asked: u64,
    /// The actions that whoever made the plan may not do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<Lack>,
    /// The actions that there is no answer for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
}

/// An action that a plan takes and that whoever made it may not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lack {
    /// The action, as policies name it.
    pub action: Box<str>,
    /// How it is refused.
    pub denial: Denial,
    /// The units that take it to be applied.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub forward: BTreeSet<UnitId>,
    /// The units that would take it to be rolled back.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub backward: BTreeSet<UnitId>,
}

/// Actions that there is no answer for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// Which; none stands for all that the plan takes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub actions: BTreeSet<Box<str>>,
    /// Why.
    pub reason: String,
}

impl Permissions {
    /// Whether there is anything to say.
    pub fn is_plain(&self) -> bool {
        self.denied.is_empty() && self.unanswered.is_empty()
    }

    /// Whether whoever made the plan may do nothing of it.
    pub fn denies_all(&self) -> bool {
        let denied: BTreeSet<&str> = self.denied.iter().map(|lack| &*lack.action).collect();
        self.asked > 0 && denied.len() as u64 == self.asked
    }
}

#[cfg(test)]
mod tests;

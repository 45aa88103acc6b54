//! Steps: what an apply does, each with how it is undone. Planning makes them, apply follows them.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use crate::address::Address;
use crate::address::RemoteId;
use crate::expr::Inputs;
use crate::value::Attributes;

/// A step's number in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number; equal to its index in the plan.
    pub id: StepId,
    /// What it is done to.
    pub address: Address,
    /// Before or after the commit point.
    pub stage: Stage,
    /// What is done.
    pub operation: Operation,
    /// How it is undone.
    pub undo: Undo,
    /// Steps of the same stage that must have succeeded before. They are undone after this one.
    pub needs: BTreeSet<StepId>,
    /// What the object needs once the step is done; state keeps it to order deletes.
    pub dependencies: BTreeSet<Address>,
}

/// Before or after the commit point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before: its failure rolls the unit back.
    Build,
    /// After: its failure leaves something pending, and the next apply tries again.
    Retire,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Makes an object.
    Create {
        /// The number of its name suffix.
        generation: u32,
        /// All managed attributes; the generation suffix is in the name already.
        inputs: Inputs,
    },
    /// Takes an existing object of this unit into the state. No call.
    Adopt {
        /// The object.
        remote_id: RemoteId,
        /// The number of its name suffix.
        generation: u32,
        /// Which create attempt made it, if it says so.
        incarnation: Option<u64>,
        /// Its managed attributes as they are.
        before: Attributes,
        /// Its outputs as they are.
        outputs: Attributes,
    },
    /// Changes an object in place.
    Update {
        /// The object.
        remote_id: RemoteId,
        /// All its managed attributes as they are: the pre-image.
        before: Attributes,
        /// All managed attributes as they shall be.
        after: Inputs,
        /// The names of those that change.
        changed: BTreeSet<Box<str>>,
    },
    /// Deletes an object.
    Delete {
        /// The object.
        remote_id: RemoteId,
        /// All its managed attributes as they are: the pre-image.
        before: Attributes,
        /// Why.
        cause: DeleteCause,
    },
    /// Keeps a replaced object beside its successor for a while, because it is still in use. No call.
    Hold {
        /// The object.
        remote_id: RemoteId,
        /// The first plan from then on deletes it.
        until: Timestamp,
    },
    /// Drops an object from the state: it stays in the cloud by design, or is gone already. No call.
    Drop {
        /// The object.
        remote_id: RemoteId,
        /// Why.
        cause: DropCause,
    },
}

/// Why an object is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteCause {
    /// Nothing wants it any more.
    Unwanted,
    /// Another object has taken its place.
    Superseded,
    /// It must make room for its successor: irreversible.
    InSlot,
    /// The workspace is suspended.
    Withdrawn,
    /// An earlier run should have deleted it.
    Deposed,
}

/// Why an object is dropped from the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropCause {
    /// It holds data and stays.
    Retained,
    /// It does not exist any more.
    Gone,
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Delete what it made.
    Delete,
    /// Keep what it made, recorded, to be reused next time.
    Park {
        /// The attribute that is set false meanwhile.
        disable: Option<Box<str>>,
    },
    /// Bring the pre-image back.
    Restore,
    /// Drop what was adopted from the state again; the object is left alone.
    Release,
    /// Leave it: it makes the workspace safer.
    Keep,
    /// It cannot be undone.
    Irreversible {
        /// Why not.
        reason: Box<str>,
    },
    /// There is nothing to undo after the commit point.
    NotNeeded,
}

impl Step {
    /// The object that an update, delete, adopt or drop is about.
    pub fn remote_id(&self) -> Option<&RemoteId> {
        match &self.operation {
            Operation::Create { .. } => None,
            Operation::Adopt { remote_id, .. }
            | Operation::Update { remote_id, .. }
            | Operation::Delete { remote_id, .. }
            | Operation::Hold { remote_id, .. }
            | Operation::Drop { remote_id, .. } => Some(remote_id),
        }
    }

    /// The managed attributes of the object that the step was planned from.
    pub fn pre_image(&self) -> Option<&Attributes> {
        match &self.operation {
            Operation::Update { before, .. } | Operation::Delete { before, .. } => Some(before),
            Operation::Create { .. }
            | Operation::Adopt { .. }
            | Operation::Hold { .. }
            | Operation::Drop { .. } => None,
        }
    }
}

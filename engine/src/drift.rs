//! What of a unit is not as it was last applied, and what was not applied yet. Pure.
//!
//! Three values of every managed attribute stand beside each other: *wanted* by the specs, last
//! *applied* by the state, and *live* in the cloud. Where applied and live differ, somebody or
//! something changed the cloud; where only wanted differs, the specs moved on. A reference in a
//! spec is resolved by what was last applied, so that one object which somebody changed is one
//! finding, and not also one of everything that refers to it.
//!
//! If a run is open, the state is the one that its default recovery will leave. What then differs
//! because of a step that the run began is told apart from what somebody else did.
//!
//! What cannot be told: an object without tags and without an id of the cloud's own, such as a
//! route, that somebody deleted and made again just as it was.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::address::Address;
use crate::address::External;
use crate::desired::Desired;
use crate::expr::Expr;
use crate::observed::Observed;
use crate::plan::UnitPlan;
use crate::schema::Schemas;
use crate::state::State;
use crate::step::StepId;
use crate::value::Value;

mod comparison;
pub mod hand;

pub use comparison::drift;
use hand::Hand;

/// All that the drift of a unit follows from.
#[derive(Debug, Clone, Copy)]
pub struct DriftInput<'a> {
    /// What is wanted; none if no spec says anything of the unit, which is not the same as that
    /// nothing is wanted of it.
    pub desired: Option<&'a Desired>,
    /// What was last applied, or what the recovery of the open run will leave.
    pub state: &'a State,
    /// What the cloud was seen to have.
    pub observed: &'a Observed,
    /// The platform's outputs by its state.
    pub externals: &'a BTreeMap<External, Value>,
    /// The schemas.
    pub schemas: &'a Schemas,
    /// The run that somebody left open.
    pub open: Option<&'a Underway<'a>>,
    /// Other tools that may have been at work.
    pub hands: &'a [Hand],
}

/// A run that is open.
#[derive(Debug)]
pub struct Underway<'a> {
    /// What it is to do.
    pub plan: &'a UnitPlan,
    /// The steps that it began.
    pub started: BTreeSet<StepId>,
}

/// Why something differs. The worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A run that is open began it, and its recovery will end it.
    OpenRun,
    /// Somebody deleted the object.
    DeletedOutside,
    /// Somebody deleted the object and made another one in its place.
    RemadeOutside,
    /// A tool that is known by what it writes changed the attribute, or deleted the object.
    KnownTool,
    /// Somebody changed the attribute.
    ChangedOutside,
    /// An object that nfplan did not make has the identity that a wanted one is to have, or is another
    /// way in: beside an object of nfplan's, or on it.
    Unmanaged,
    /// It could not be read, so nobody knows.
    Unreadable,
    /// Somebody changed the attribute to what the specs have come to want.
    ChangedAsWanted,
    /// The specs want what was not applied yet. The cloud is as the last apply left it.
    UnappliedSpec,
}

impl Cause {
    /// All, the worst first.
    pub const ALL: [Self; 9] = [
        Self::OpenRun,
        Self::DeletedOutside,
        Self::RemadeOutside,
        Self::KnownTool,
        Self::ChangedOutside,
        Self::Unmanaged,
        Self::Unreadable,
        Self::ChangedAsWanted,
        Self::UnappliedSpec,
    ];

    /// Whether the cloud is known to differ from the state in a way that has to be mended.
    pub fn is_drift(self) -> bool {
        match self {
            Self::OpenRun
            | Self::DeletedOutside
            | Self::RemadeOutside
            | Self::KnownTool
            | Self::ChangedOutside
            | Self::Unmanaged => true,
            Self::Unreadable | Self::ChangedAsWanted | Self::UnappliedSpec => false,
        }
    }
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Why.
    pub cause: Cause,
    /// The tool that did it, if it is known.
    pub tool: Option<&'static str>,
    /// The resource.
    pub address: Address,
    /// The attribute; none if it is about the object as a whole.
    pub attribute: Option<&'static str>,
    /// Whether what somebody changed makes the unit less safe.
    pub less_safe: bool,
    /// As the specs want it; none if they do not.
    pub wanted: Option<Expr>,
    /// As last applied; none if it was not set.
    pub applied: Option<Value>,
    /// As it is; none if it is not set. Of an object as a whole the id of what is in its place, or
    /// what was found beside it; none if it is gone.
    pub live: Option<Value>,
    /// What there is to know beside, in a few words.
    pub note: Option<String>,
    /// The spec line that it comes from: `file:line:column`.
    pub origin: Option<String>,
}

impl Finding {
    /// The worst first, then by address; the object as a whole before its attributes.
    pub fn order(&self) -> impl Ord + use<'_> {
        (self.cause, !self.less_safe, &self.address, self.attribute)
    }
}

/// Objects, or attributes of objects, that were not asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unasked {
    /// The type of the objects.
    pub resource_type: Box<str>,
    /// The attribute; none if it is the objects as a whole.
    pub attribute: Option<&'static str>,
}

/// How much was seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// How many objects there are to be seen: those in the state, and those that were looked for.
    pub objects: u64,
    /// How many of them were read, in full or in part, or found to be missing.
    pub read: u64,
    /// How many could not be read.
    pub unreadable: u64,
    /// What was not asked for, and of how many objects.
    pub not_requested: BTreeMap<Unasked, u64>,
}

impl Coverage {
    /// Whether every attribute of every object was read.
    pub fn is_complete(&self) -> bool {
        self.unreadable == 0 && self.not_requested.is_empty()
    }

    /// Adds what was seen of another unit.
    pub fn add(&mut self, other: &Self) {
        self.objects += other.objects;
        self.read += other.read;
        self.unreadable += other.unreadable;
        for (unasked, count) in &other.not_requested {
            *self.not_requested.entry(unasked.clone()).or_default() += count;
        }
    }

    fn skip(&mut self, address: &Address, attribute: Option<&'static str>) {
        let resource_type = address.resource_type.as_str().into();
        *self.not_requested.entry(Unasked { resource_type, attribute }).or_default() += 1;
    }
}

/// What of one unit differs, and how much of it was seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The worst first.
    pub findings: Vec<Finding>,
    /// How much was seen.
    pub coverage: Coverage,
}

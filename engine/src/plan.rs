//! Plans as values: what apply will do, complete and with a digest.
//!
//! A digest covers what decides: steps with their pre-images, pins, place, source and the state
//! planned from. Explanations stand outside, so that two people who plan the same get the same
//! digest even if a later version words a reason differently.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::address::Address;
use crate::address::External;
use crate::address::UnitId;
use crate::change::Action;
use crate::change::Change;
use crate::desired::Source;
use crate::digest::Digest;
use crate::state::State;
use crate::step::DeleteCause;
use crate::step::Operation;
use crate::step::Stage;
use crate::step::Step;
use crate::value::Value;

/// The format of a plan document.
pub const FORMAT: &str = "nfplan.plan/1";

/// What a plan was told about the cloud.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refresh {
    /// Nothing: the state was believed. Apply refuses such a plan.
    None,
    /// What bulk reads return; the objects it touches were read deep.
    #[default]
    Bulk,
    /// Everything.
    Deep,
}

/// The plan of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPlan {
    /// The unit.
    pub unit: UnitId,
    /// The digest of what decides.
    pub digest: Digest,
    /// The digest of the state that it was planned from.
    pub state: Digest,
    /// Where the unit comes from now.
    pub source: Source,
    /// Whether anything of the unit is wanted at all.
    pub wanted: bool,
    /// Look-ups that went in.
    pub pins: BTreeMap<Box<str>, Value>,
    /// The platform outputs that it uses; null where the platform does not have it yet.
    pub externals: BTreeMap<External, Option<Value>>,
    /// What to do, by number.
    pub steps: Vec<Step>,
    /// What it comes to, by address.
    pub changes: Vec<Change>,
    /// Objects that could not be read, with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unreadable: BTreeMap<Address, String>,
}

/// What decides of a unit's plan.
#[derive(Serialize)]
struct Decision<'a> {
    unit: &'a UnitId,
    state: &'a Digest,
    source: &'a Source,
    pins: &'a BTreeMap<Box<str>, Value>,
    externals: &'a BTreeMap<External, Option<Value>>,
    steps: &'a [Step],
}

impl UnitPlan {
    /// The digest of what decides, computed afresh.
    pub fn decision_digest(&self) -> Digest {
        Digest::of(&Decision {
            unit: &self.unit,
            state: &self.state,
            source: &self.source,
            pins: &self.pins,
            externals: &self.externals,
            steps: &self.steps,
        })
    }

    /// The addresses of objects that a step relies on being as planned.
    pub fn touched(&self) -> BTreeSet<&Address> {
        let relied_on = |step: &&Step| step.pre_image().is_some();
        self.steps.iter().filter(relied_on).map(|step| &step.address).collect()
    }

    /// Whether applying it would change the cloud or the state.
    pub fn changes_anything(&self, state: &State) -> bool {
        !self.steps.is_empty() || (!state.is_vacant() && self.source != state.source)
    }

    /// How many resources each action befalls.
    pub fn summary(&self) -> Summary {
        self.changes.iter().map(|change| change.action).collect()
    }

    /// Whether it only takes away.
    pub fn takes_away(&self) -> bool {
        let mut actions = self.changes.iter().map(|change| change.action);
        !self.changes.is_empty()
            && actions
                .all(|action| matches!(action, Action::Delete | Action::Retain | Action::Forget))
            && self.steps.iter().all(|step| step.stage == Stage::Retire)
    }

    /// Whether it takes away the whole unit: nothing of it is wanted any more.
    pub fn destroys_unit(&self) -> bool {
        let unwanted = |step: &Step| {
            matches!(
                step.operation,
                Operation::Delete { cause: DeleteCause::Unwanted, .. } | Operation::Drop { .. }
            )
        };
        self.takes_away() && !self.wanted && self.steps.iter().any(unwanted)
    }
}

/// The plan of all units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: Box<str>,
    /// The digest over the units' digests.
    pub digest: Digest,
    /// What the cloud was asked.
    pub refresh: Refresh,
    /// The units with changes, in order.
    pub units: Vec<UnitPlan>,
    /// How many resources each action befalls.
    pub summary: Summary,
}

impl Plan {
    /// Puts units with changes together; the order given does not matter.
    pub fn new(mut units: Vec<UnitPlan>, refresh: Refresh) -> Self {
        units.sort_by(|a, b| a.unit.cmp(&b.unit));
        let digests: Vec<_> = units.iter().map(|unit| (&unit.unit, unit.digest)).collect();
        let digest = Digest::of(&digests);
        let summary = units.iter().flat_map(|u| &u.changes).map(|change| change.action).collect();
        Self { format: FORMAT.into(), digest, refresh, units, summary }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }
}

/// How many resources each action befalls.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Made.
    pub create: u64,
    /// Changed in place.
    pub update: u64,
    /// Replaced, in either order.
    pub replace: u64,
    /// Deleted.
    pub delete: u64,
    /// Taken over.
    #[serde(default)]
    pub adopt: u64,
    /// Kept in the cloud and dropped from the state.
    #[serde(default)]
    pub retain: u64,
    /// Gone from the cloud and dropped from the state.
    #[serde(default)]
    pub forget: u64,
}

impl FromIterator<Action> for Summary {
    fn from_iter<T: IntoIterator<Item = Action>>(actions: T) -> Self {
        let mut summary = Self::default();
        for action in actions {
            let counter = match action {
                Action::Create => &mut summary.create,
                Action::Adopt => &mut summary.adopt,
                Action::Update => &mut summary.update,
                Action::Replace | Action::ReplaceInSlot => &mut summary.replace,
                Action::Delete => &mut summary.delete,
                Action::Retain => &mut summary.retain,
                Action::Forget => &mut summary.forget,
            };
            *counter += 1;
        }
        summary
    }
}

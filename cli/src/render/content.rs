//! What happens to one resource, in the form in which it is compared with what happens to others.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::change::Action;
use nfplan_engine::change::AttributeChange;
use nfplan_engine::change::Change;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::Step;
use nfplan_engine::step::Undo;
use serde::Serialize;

use super::compare::Difference;
use super::compare::Leaf;
use super::compare::compare;
use super::value::Node;

/// What happens to one resource of each member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClassChange {
    /// What happens to it.
    pub action: Action,
    /// The resource.
    pub address: Address,
    /// The attributes that differ.
    pub attributes: Vec<ClassAttribute>,
    /// Why, in sentences without a period.
    pub reasons: Vec<String>,
    /// What a rollback cannot bring back, or would keep.
    pub caveats: BTreeSet<String>,
}

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClassAttribute {
    /// The attribute.
    pub name: String,
    /// From what it is to what it shall be.
    pub differences: Vec<Leaf>,
    /// From what was last applied to what it is: changed by somebody else.
    pub drift: Vec<Leaf>,
    /// Why the value is not known yet.
    pub because: Option<String>,
}

/// An action by the harm that it can do; the most dangerous is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Risk(pub(crate) Action);

impl Risk {
    fn rank(self) -> u8 {
        match self.0 {
            Action::ReplaceInSlot => 0,
            Action::Delete => 1,
            Action::Replace => 2,
            Action::Update => 3,
            Action::Adopt => 4,
            Action::Create => 5,
            Action::Retain => 6,
            Action::Forget => 7,
        }
    }
}

impl PartialOrd for Risk {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Risk {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl ClassChange {
    /// What happens to a unit's resource, with the unit's own names.
    pub(super) fn of(plan: &UnitPlan, change: &Change) -> Self {
        let steps = plan.steps.iter().filter(|step| step.address == change.address);
        Self {
            action: change.action,
            address: change.address.clone(),
            attributes: change.attributes.iter().map(ClassAttribute::of).collect(),
            reasons: change.reasons.clone(),
            caveats: steps.filter_map(caveat).collect(),
        }
    }

    /// Danger first, then by address.
    pub(super) fn order(&self) -> impl Ord + use<'_> {
        (Risk(self.action), &self.address)
    }

    /// Applies `text` to every text; none if it gives none for any.
    pub(super) fn map_texts(&self, text: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let attributes = self.attributes.iter().map(|attribute| attribute.map_texts(text));
        Some(Self {
            action: self.action,
            address: self.address.clone(),
            attributes: attributes.collect::<Option<_>>()?,
            reasons: self.reasons.iter().map(|reason| text(reason)).collect::<Option<_>>()?,
            caveats: self.caveats.iter().map(|caveat| text(caveat)).collect::<Option<_>>()?,
        })
    }
}

impl ClassAttribute {
    fn of(change: &AttributeChange) -> Self {
        let before = change.before.as_ref().map(Node::from);
        let after = change.after.as_ref().map(Node::from);
        let applied = change.applied.as_ref().map(Node::from);
        let drift = applied.map(|applied| compare(Some(&applied), before.as_ref()));
        Self {
            name: change.name.to_string(),
            differences: compare(before.as_ref(), after.as_ref()),
            drift: drift.unwrap_or_default(),
            because: change.because.clone(),
        }
    }

    fn map_texts(&self, text: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let each = |leaves: &[Leaf]| {
            leaves.iter().map(|leaf| leaf.map_texts(text)).collect::<Option<Vec<_>>>()
        };
        Some(Self {
            name: self.name.clone(),
            differences: each(&self.differences)?,
            drift: each(&self.drift)?,
            because: match &self.because {
                Some(because) => Some(text(because)?),
                None => None,
            },
        })
    }
}

impl Leaf {
    fn map_texts(&self, text: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let one = |node: &Option<Node>| match node {
            Some(node) => node.map_texts(text).map(Some),
            None => Some(None),
        };
        let difference = match &self.difference {
            Difference::Set(before, after) => Difference::Set(one(before)?, one(after)?),
            Difference::Added(item) => Difference::Added(item.map_texts(text)?),
            Difference::Removed(item) => Difference::Removed(item.map_texts(text)?),
            Difference::Rewritten(before, after) => {
                Difference::Rewritten(before.map_texts(text)?, after.map_texts(text)?)
            }
        };
        Some(Self { path: self.path.map_texts(text)?, difference })
    }
}

/// What a rollback would not simply bring back.
fn caveat(step: &Step) -> Option<String> {
    match &step.undo {
        Undo::Irreversible { reason } => Some(format!("cannot be undone: {reason}")),
        Undo::Keep => Some("a rollback keeps it: it makes the unit safer".into()),
        Undo::Park { disable: None } => Some("a rollback keeps it, to be used again".into()),
        Undo::Park { disable: Some(_) } => {
            Some("a rollback keeps it disabled, to be used again".into())
        }
        Undo::Delete | Undo::Restore | Undo::Release | Undo::NotNeeded => None,
    }
}

//! The explanations that go with a plan: changes, their attributes, and why a value is unknown.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Planner;
use crate::change::Action;
use crate::change::AttributeChange;
use crate::change::Change;
use crate::desired::Resource;
use crate::diff::Difference;
use crate::expr::Expr;
use crate::schema::OnChange;
use crate::value::Attributes;

impl Planner<'_> {
    /// Records a change. The last one recorded for an address names the action, because adopting is
    /// only the first part of adopting and updating.
    pub(super) fn note(
        &mut self,
        resource: &Resource,
        action: Action,
        attributes: Vec<AttributeChange>,
        mut reasons: Vec<String>,
    ) {
        let address = resource.address.clone();
        let origin = Some(self.input.desired.place_of(resource.origin));
        if let Some(adopted) = self.changes.remove(&address) {
            reasons.splice(0..0, adopted.reasons);
        }
        let change = Change { address: address.clone(), action, attributes, reasons, origin };
        self.changes.insert(address, change);
    }

    pub(super) fn attributes(
        &self,
        resource: &Resource,
        differences: &[Difference],
        applied: Option<&Attributes>,
    ) -> Vec<AttributeChange> {
        let describe = |difference: &Difference| {
            let applied = applied.and_then(|applied| applied.get(difference.name));
            let origin = resource.origins.get(difference.name);
            AttributeChange {
                name: difference.name.into(),
                before: difference.before.clone(),
                after: difference.after.clone(),
                applied: applied.filter(|value| difference.before.as_ref() != Some(value)).cloned(),
                because: difference.after.as_ref().and_then(|after| self.unknown_because(after)),
                origin: origin.map(|origin| self.input.desired.place_of(*origin)),
            }
        };
        differences.iter().map(describe).collect()
    }

    /// Why a value is not known yet.
    fn unknown_because(&self, after: &Expr) -> Option<String> {
        let found = after.dependencies();
        let internal = found.references.iter().map(|reference| {
            let action = self.changes.get(&reference.address).map(|change| change.action);
            let verb = match action {
                Some(Action::Update) => "updated",
                Some(Action::Replace | Action::ReplaceInSlot) => "replaced",
                _ => "created",
            };
            format!("`{}` is {verb}", reference.address)
        });
        let external = found.externals.iter().map(|external| {
            format!("`{}:{}` is created", external.unit, external.reference.address)
        });
        let causes: BTreeSet<String> = internal.chain(external).collect();
        (!causes.is_empty()).then(|| {
            format!(
                "known after apply, because {}",
                causes.into_iter().collect::<Vec<_>>().join(" and ")
            )
        })
    }
}

/// The attributes that are refused to change, by what to do instead.
pub(super) fn refused(differences: &[Difference]) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut refused: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for difference in differences {
        if let OnChange::Refused(instead) = difference.on_change {
            refused.entry(instead).or_default().push(difference.name);
        }
    }
    refused
}

/// What to know of an attribute that stays as it is although the specs want it otherwise.
pub(super) fn left_alone(difference: &Difference, instead: &str) -> String {
    let before = difference.before.as_ref().map_or("not set".into(), ToString::to_string);
    let wanted = match &difference.after {
        Some(Expr::Value(value)) => value.to_string(),
        Some(_) => "a value that is not known yet".into(),
        None => "not set".into(),
    };
    let name = difference.name;
    format!("`{name}` stays {before}, although the specs now come to {wanted}: {instead}")
}

/// Why differences take a replacement.
pub(super) fn reasons(differences: &[Difference], asked: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    if asked {
        reasons.push("it was asked for".into());
    }
    let mut by_need: Vec<(&str, Vec<String>)> = Vec::new();
    for difference in differences {
        let need = match (difference.on_change, difference.reason) {
            (OnChange::CreateFirst | OnChange::InSlot, Some(reason)) => reason,
            (OnChange::CreateFirst | OnChange::InSlot, None) => "it cannot change in place",
            (OnChange::InPlace | OnChange::Refused(_), _) => continue,
        };
        let name = format!("`{}`", difference.name);
        match by_need.iter_mut().find(|(other, _)| *other == need) {
            Some((_, names)) => names.push(name),
            None => by_need.push((need, vec![name])),
        }
    }
    for (need, mut names) in by_need {
        let last = names.pop().unwrap_or_default();
        reasons.push(match names.as_slice() {
            [] => format!("{last} changes: {need}"),
            others => format!("{} and {last} change: {need}", others.join(", ")),
        });
    }
    reasons
}

//! What a reviewer has to judge in a unit's plan. Derived from its changes and steps; it decides
//! nothing and stands outside of the digest.

use serde::Deserialize;
use serde::Serialize;

use crate::access::document::Document;
use crate::access::widening::Who;
use crate::access::widening::Widening;
use crate::access::widening::Witness;
use crate::access::widening::widenings_for;
use crate::address::Address;
use crate::change::Action;
use crate::change::AttributeChange;
use crate::change::Change;
use crate::expr::Expr;
use crate::expr::Inputs;
use crate::parts::shared;
use crate::plan::UnitPlan;
use crate::risk::Risk;
use crate::schema::Parts;
use crate::schema::Schema;
use crate::schema::Schemas;
use crate::schema::Shape;
use crate::step::Operation;
use crate::value::Value;

/// One thing to judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Of what kind it is.
    pub risk: Risk,
    /// What it is about.
    pub address: Address,
    /// The attribute that changes; none if it is the whole object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<Box<str>>,
    /// What it comes to, in a sentence without its subject and without a period.
    pub message: String,
    /// A request that becomes possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// The spec line that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// All that has to be judged in a unit's plan, the worst first.
pub fn findings(plan: &UnitPlan, schemas: &Schemas) -> Vec<Finding> {
    let mut list = Vec::new();
    for change in &plan.changes {
        let Some(schema) = schemas.find(&change.address.resource_type) else { continue };
        let one = Subject { plan, change, schema };
        let before = list.len();
        list.extend(change.attributes.iter().flat_map(|attribute| one.of_attribute(attribute)));
        list.extend(one.new_credentials());
        let credentials = list[before..].iter().any(|found| found.risk == Risk::Credentials);
        list.extend(one.replacement().filter(|_| !credentials));
        list.extend(one.overwritten());
    }
    list.sort_by_key(|finding| finding.risk);
    list
}

/// A change that is looked at.
struct Subject<'a> {
    plan: &'a UnitPlan,
    change: &'a Change,
    schema: &'static Schema,
}

impl Subject<'_> {
    fn of_attribute(&self, change: &AttributeChange) -> Vec<Finding> {
        let Some(attribute) = self.schema.attribute(&change.name) else { return Vec::new() };
        let mut list = Vec::new();
        // Only what was there before can become less safe.
        let made = self.change.action == Action::Create;
        if attribute.shape == Shape::Policy {
            list.extend(self.of_policy(change, made));
            list.extend(self.of_others(change));
        }
        let rule = self.schema.managed().find(|(other, _)| other.name == attribute.name);
        let rule = rule.and_then(|(_, managed)| managed.risk);
        let after = change.after.as_ref().and_then(Expr::known);
        if let Some(rule) = rule
            && !(made && rule.risk != Risk::Credentials)
            && (rule.applies)(change.before.as_ref(), after.as_ref())
        {
            let message = format!("{} {}", describe(change, after.as_ref()), rule.words);
            list.push(self.finding(rule.risk, Some(change), message));
        }
        list
    }

    /// What a policy comes to allow. A new one is judged by whom it lets in from outside only: what
    /// it gives to whom nfplan makes is what the specs are for.
    fn of_policy(&self, change: &AttributeChange, made: bool) -> Vec<Finding> {
        let before = change.before.clone().map(Expr::from);
        let words = ["comes to allow", "may come to allow more, by"];
        self.widenings(change, [before, change.after.clone()], words, made)
    }

    /// What others came to allow in a policy of nfplan's since it was taken note of.
    fn of_others(&self, change: &AttributeChange) -> Vec<Finding> {
        let parts = self.parts(change);
        let (Some(parts), Some(applied), Some(before)) = (parts, &change.applied, &change.before)
        else {
            return Vec::new();
        };
        let noted = parts.as_noted(before, applied);
        let words =
            ["was made by others to allow", "was changed by others, and may allow more, by"];
        let versions = [noted, before.clone()].map(|value| Some(value.into()));
        self.widenings(change, versions, words, false)
    }

    fn widenings(
        &self,
        change: &AttributeChange,
        [before, after]: [Option<Expr>; 2],
        words: [&str; 2],
        outside_only: bool,
    ) -> Vec<Finding> {
        let account = self.plan.unit.place().account.as_str();
        let about = |who: Option<&Who>| !outside_only || who.is_some_and(|w| w.is_outside(account));
        let read = |expr: Option<Expr>| {
            let nothing = Document { rules: Vec::new(), strange: Vec::new() };
            expr.map_or(nothing, |expr| Document::read(&self.plan.unit, &expr))
        };
        let found = widenings_for(&read(before), &read(after), about).into_iter();
        // What nobody understands of a new policy is the specs' own.
        let found = found
            .filter(|one| !outside_only || !matches!(one, Widening::Unknown { who: None, .. }));
        found.map(|one| self.widening(change, one, words)).collect()
    }

    fn widening(
        &self,
        change: &AttributeChange,
        one: Widening,
        [surely, perhaps]: [&str; 2],
    ) -> Finding {
        let account = self.plan.unit.place().account.as_str();
        let outside = |who: Option<&Who>| who.is_some_and(|who| who.is_outside(account));
        match one {
            Widening::Witness(witness) => {
                let outside = outside(witness.who.as_ref());
                let risk = if outside { Risk::PublicAccess } else { Risk::Widening };
                let message = format!("{surely} {witness}");
                let witness = Some(*witness);
                Finding { witness, ..self.finding(risk, Some(change), message) }
            }
            Widening::Unknown { statement, who } => {
                let risk = if outside(who.as_ref()) { Risk::PublicAccess } else { Risk::Widening };
                let message = format!("{perhaps} `{statement}`: nfplan cannot tell what");
                self.finding(risk, Some(change), message)
            }
        }
    }

    /// Credentials that come with a replacement: the attributes that stay the same are no part of it.
    fn new_credentials(&self) -> Option<Finding> {
        if !matches!(self.change.action, Action::Replace | Action::ReplaceInSlot) {
            return None;
        }
        let inputs = self.created()?;
        self.schema.managed().find_map(|(attribute, managed)| {
            let rule = managed.risk.filter(|rule| rule.risk == Risk::Credentials)?;
            let after = inputs.get(attribute.name).and_then(Expr::known);
            let told = self.change.attributes.iter().any(|one| *one.name == *attribute.name);
            let applies = !told && (rule.applies)(None, after.as_ref());
            applies
                .then(|| self.finding(rule.risk, None, format!("is made anew and {}", rule.words)))
        })
    }

    fn created(&self) -> Option<&Inputs> {
        let steps = self.plan.steps.iter().filter(|step| step.address == self.change.address);
        steps.into_iter().find_map(|step| match &step.operation {
            Operation::Create { inputs, .. } => Some(inputs),
            _ => None,
        })
    }

    fn replacement(&self) -> Option<Finding> {
        let message = match self.change.action {
            Action::Replace => "is replaced: what uses the old one has to let go of it",
            Action::ReplaceInSlot => "is deleted before its successor exists",
            _ => return None,
        };
        Some(self.finding(Risk::Replacement, None, message.into()))
    }

    /// How others have parts in an attribute, if they have.
    fn parts(&self, change: &AttributeChange) -> Option<&'static Parts> {
        let mut shared = shared(self.schema);
        shared.find_map(|(attribute, parts)| (*attribute.name == *change.name).then_some(parts))
    }

    /// Whether somebody else changed it, and this plan changes it back: what others have in it stays.
    fn is_changed_back(&self, change: &AttributeChange) -> bool {
        let Some(applied) = &change.applied else { return false };
        let after = change.after.as_ref().and_then(Expr::known);
        match (self.parts(change), &change.before) {
            (Some(parts), Some(before)) => {
                let before = parts.own_alone(before);
                let stays = after.is_some_and(|after| parts.own_alone(&after) == before);
                !stays && parts.own_alone(applied) != before
            }
            (Some(_), None) | (None, _) => true,
        }
    }

    /// What somebody else changed, and this plan changes back.
    fn overwritten(&self) -> Option<Finding> {
        let outside = |one: &&AttributeChange| self.is_changed_back(one);
        let names: Vec<String> = self
            .change
            .attributes
            .iter()
            .filter(outside)
            .map(|one| format!("`{}`", one.name))
            .collect();
        let message =
            format!("was changed outside of nfplan and is changed back: {}", names.join(", "));
        (!names.is_empty()).then(|| self.finding(Risk::DriftOverwritten, None, message))
    }

    fn finding(&self, risk: Risk, change: Option<&AttributeChange>, message: String) -> Finding {
        let origin = change.and_then(|change| change.origin.clone());
        Finding {
            risk,
            address: self.change.address.clone(),
            attribute: change.map(|change| change.name.clone()),
            message,
            witness: None,
            origin: origin.or_else(|| self.change.origin.clone()),
        }
    }
}

/// How short a value has to be to be shown in a sentence.
const SHORT: usize = 40;

/// As in `64 → 128:`, if both can be said shortly.
fn describe(change: &AttributeChange, after: Option<&Value>) -> String {
    let text = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), ToString::to_string);
    let (before, after) = (text(change.before.as_ref()), text(after));
    let short = before.chars().count() <= SHORT && after.chars().count() <= SHORT;
    if short { format!("{before} → {after}:") } else { "changes:".into() }
}

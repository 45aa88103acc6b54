//! The difference between one object as it is and as it shall be.

use crate::expr::Expr;
use crate::expr::Inputs;
use crate::outlook::known_inputs;
use crate::schema::Escalation;
use crate::schema::Managed;
use crate::schema::OnChange;
use crate::schema::Schema;
use crate::value::Attributes;
use crate::value::Value;

/// One attribute that differs.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The attribute.
    pub name: &'static str,
    /// Its behaviour.
    pub managed: &'static Managed,
    /// As it is.
    pub before: Option<Value>,
    /// As it shall be.
    pub after: Option<Expr>,
    /// What the change takes.
    pub on_change: OnChange,
    /// Why it takes more than the schema says at first.
    pub reason: Option<&'static str>,
}

/// Brings the known inputs to normal form, defaults filled in. What is not known stays as it is.
pub fn normalise(schema: &Schema, inputs: &Inputs) -> Inputs {
    let mut known = known_inputs(inputs);
    schema.normalise(&mut known);
    let mut normal: Inputs =
        known.into_iter().map(|(name, value)| (name, Expr::Value(value))).collect();
    let unknown = inputs.iter().filter(|(_, expr)| expr.known().is_none());
    normal.extend(unknown.map(|(name, expr)| (name.clone(), expr.clone())));
    normal
}

/// Compares. `before` and `after` are in normal form; a value that is not known yet differs.
pub fn diff(schema: &Schema, before: &Attributes, after: &Inputs) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (attribute, managed) in schema.managed() {
        let (old, new) = (before.get(attribute.name), after.get(attribute.name));
        let equal = match (old, new) {
            (None, None) => true,
            (Some(old), Some(Expr::Value(new))) => old == new,
            (Some(_), None) => managed.when_wanted.is_some(),
            _ => false,
        };
        if equal {
            continue;
        }
        let escalation = escalation(schema, attribute.name, before, after);
        let (on_change, reason) = match escalation {
            Some(found) if found.on_change > managed.on_change => {
                (found.on_change, Some(found.reason))
            }
            _ if managed.on_change == OnChange::CreateFirst && old.is_none() => {
                (OnChange::InPlace, None)
            }
            _ => (managed.on_change, None),
        };
        differences.push(Difference {
            name: attribute.name,
            managed,
            before: old.cloned(),
            after: new.cloned(),
            on_change,
            reason,
        });
    }
    differences
}

fn escalation(
    schema: &Schema,
    name: &str,
    before: &Attributes,
    after: &Inputs,
) -> Option<&'static Escalation> {
    schema.escalations.iter().find(|escalation| {
        let holds = |value: Option<&Value>| {
            value.and_then(Value::as_text).is_some_and(|text| escalation.values.contains(&text))
        };
        let new = match after.get(escalation.attribute) {
            Some(Expr::Value(value)) => Some(value),
            _ => None,
        };
        escalation.affects.contains(&name)
            && (holds(before.get(escalation.attribute)) || holds(new))
    })
}

/// What all the differences together take. A refused change does not count where another one
/// replaces the object anyway.
pub fn weight(differences: &[Difference]) -> Option<OnChange> {
    let heaviest = |refused: bool| {
        let wanted = differences
            .iter()
            .map(|difference| difference.on_change)
            .filter(|on_change| matches!(on_change, OnChange::Refused(_)) == refused);
        wanted.max()
    };
    match heaviest(false) {
        Some(on_change @ (OnChange::CreateFirst | OnChange::InSlot)) => Some(on_change),
        lighter => heaviest(true).or(lighter),
    }
}

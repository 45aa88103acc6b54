//! The difference between one object as it is and as it shall be.

use crate::expr::Expr;
use crate::expr::Inputs;
use crate::observed::Live;
use crate::outlook::known_inputs;
use crate::schema::Escalation;
use crate::schema::Managed;
use crate::schema::OnChange;
use crate::schema::Schema;
use crate::state::Object;
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

/// What an attribute of an object was last seen to be: as read, or else as last applied.
pub fn last_seen<'a>(
    name: &str,
    object: Option<&'a Object>,
    live: Option<&'a Live>,
) -> Option<&'a Value> {
    match live.filter(|live| !live.unread.contains(name)) {
        Some(live) => live.attributes.get(name),
        None => object?.inputs.get(name),
    }
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
            _ if managed.attaches && old.is_none() => (OnChange::InPlace, None),
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

/// The heaviest escalation whose condition holds; of equals the first.
fn escalation(
    schema: &Schema,
    name: &str,
    before: &Attributes,
    after: &Inputs,
) -> Option<&'static Escalation> {
    let holding = schema.escalations.iter().filter(|escalation| {
        let holds = |value: Option<&Value>| {
            value.and_then(Value::as_text).is_some_and(|text| escalation.values.contains(&text))
        };
        let new = match after.get(escalation.attribute) {
            Some(Expr::Value(value)) => Some(value),
            _ => None,
        };
        escalation.affects.contains(&name)
            && (holds(before.get(escalation.attribute)) || holds(new))
    });
    // The maximum is the last of equals.
    holding.rev().max_by_key(|escalation| escalation.on_change)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Attribute;
    use crate::schema::Identity;
    use crate::schema::Removal;
    use crate::schema::Shape;
    use crate::schema::UndoCreate;

    const REFUSED: OnChange = OnChange::Refused("rebuild it");

    const fn when(value: &'static [&'static str], on_change: OnChange) -> Escalation {
        Escalation {
            attribute: "mode",
            values: value,
            affects: &["size"],
            on_change,
            reason: value[0],
        }
    }

    static SCHEMA: Schema = Schema {
        resource_type: "toy.pool",
        version: 1,
        title: "pool",
        attributes: &[
            Attribute::required("mode", Shape::Text),
            Attribute::required("size", Shape::Text),
        ],
        escalations: &[
            when(&["light", "both"], OnChange::CreateFirst),
            when(&["heavy", "both"], OnChange::InSlot),
            when(&["equal", "both"], OnChange::InSlot),
            when(&["frozen"], REFUSED),
        ],
        identity: Identity::Tags,
        removal: Removal::Delete,
        undo_create: UndoCreate::Delete,
        normalise: |_| {},
        predict: |_, _| Attributes::new(),
    };

    /// What a change of the size takes while the mode goes from one to another.
    fn taken(from: &str, to: &str) -> (OnChange, Option<&'static str>) {
        let before = Attributes::from([("mode".into(), from.into()), ("size".into(), "1".into())]);
        let after = Inputs::from([("mode".into(), to.into()), ("size".into(), "2".into())]);
        let differences = diff(&SCHEMA, &before, &after);
        let size = differences.iter().find(|difference| difference.name == "size").unwrap();
        (size.on_change, size.reason)
    }

    #[test]
    fn of_the_escalations_that_hold_the_heaviest_counts_and_of_equals_the_first() {
        let table = [
            ("none", "none", OnChange::InPlace, None),
            ("light", "none", OnChange::CreateFirst, Some("light")),
            ("none", "light", OnChange::CreateFirst, Some("light")),
            ("light", "heavy", OnChange::InSlot, Some("heavy")),
            ("both", "both", OnChange::InSlot, Some("heavy")),
            ("equal", "heavy", OnChange::InSlot, Some("heavy")),
            ("light", "frozen", REFUSED, Some("frozen")),
        ];
        for (from, to, on_change, reason) in table {
            assert_eq!(taken(from, to), (on_change, reason), "{from} to {to}");
        }
    }

    #[test]
    fn a_refused_change_counts_unless_another_one_replaces_the_object() {
        let weight_of = |kinds: &[OnChange]| {
            let differences =
                diff(&SCHEMA, &Attributes::new(), &Inputs::from([("mode".into(), "none".into())]));
            let one = differences[0].clone();
            let all: Vec<Difference> =
                kinds.iter().map(|kind| Difference { on_change: *kind, ..one.clone() }).collect();
            weight(&all)
        };
        let table: [(&[OnChange], Option<OnChange>); 7] = [
            (&[], None),
            (&[OnChange::InPlace], Some(OnChange::InPlace)),
            (&[OnChange::InPlace, OnChange::CreateFirst], Some(OnChange::CreateFirst)),
            (&[OnChange::InSlot, OnChange::CreateFirst], Some(OnChange::InSlot)),
            (&[REFUSED, OnChange::InPlace], Some(REFUSED)),
            (&[REFUSED, OnChange::CreateFirst], Some(OnChange::CreateFirst)),
            (&[REFUSED, OnChange::InSlot], Some(OnChange::InSlot)),
        ];
        for (kinds, expected) in table {
            assert_eq!(weight_of(kinds), expected, "{kinds:?}");
        }
    }
}

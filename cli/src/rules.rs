//! What a change of an attribute takes, in words, from the schema alone.

use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Escalation;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Kind;
use nfplan_engine::schema::Managed;
use nfplan_engine::schema::OnChange;
use nfplan_engine::schema::Parts;
use nfplan_engine::schema::RetireValue;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Tightening;

/// The rules of an attribute, the most important first; none is empty.
pub fn rules(schema: &Schema, attribute: &Attribute) -> Vec<String> {
    let mut rules = match &attribute.kind {
        Kind::Managed(managed) => of_managed(schema, attribute, managed),
        Kind::Computed(computed) => {
            let known = if computed.predictable {
                "an output that follows from name and account"
            } else {
                "an output that only the cloud knows"
            };
            let moves = if computed.changes_on_update { "; an update may change it" } else { "" };
            vec![format!("{known}{moves}")]
        }
        Kind::Volatile { reason, .. } => vec![format!("shown and never compared: {reason}")],
    };
    if attribute.deep {
        rules.push("read only where the plan touches the object, or with --refresh deep".into());
    }
    rules
}

fn of_managed(schema: &Schema, attribute: &Attribute, managed: &Managed) -> Vec<String> {
    let mut rules = vec![takes(managed.on_change)];
    let affecting =
        schema.escalations.iter().filter(|escalation| escalation.affects.contains(&attribute.name));
    rules.extend(affecting.map(escalated));
    if let Some(tightening) = managed.tightens {
        let which = match tightening {
            Tightening::Always => "every change".into(),
            Tightening::ToBool(to) => format!("a change to {to}"),
            Tightening::ToText(to) => format!("a change to \"{to}\""),
        };
        rules.push(format!("{which} makes the unit safer, and a rollback keeps it"));
    }
    if let Some(retire) = managed.retire {
        let value = match retire.value {
            RetireValue::Bool(value) => value.to_string(),
            RetireValue::Text(text) => format!("\"{text}\""),
        };
        rules.push(format!("a change to {value} waits for the commit point: {}", retire.verb));
    }
    if let Some(rule) = managed.risk {
        let needs = if rule.risk == Risk::DataLoss { ", and needs --allow data-loss" } else { "" };
        rules.push(format!("a change that {} is a finding ({}){needs}", rule.words, rule.risk));
    }
    if let Some(Parts { title, id, own, .. }) = managed.parts {
        rules.push(format!(
            "{title}s whose `{id}` does not begin with `{own}` are others', and kept"
        ));
    }
    if let Some(reason) = managed.when_wanted {
        rules.push(format!("compared only if the specs set it: {reason}"));
    }
    if let Identity::Attributes(names) = schema.identity
        && names.contains(&attribute.name)
    {
        rules.push("the object is found by it".into());
    }
    if attribute.generation_suffix {
        rules.push("replacements have -g2, -g3… at its end".into());
    }
    rules
}

/// What a change takes.
fn takes(on_change: OnChange) -> String {
    match on_change {
        OnChange::InPlace => "changes in place".into(),
        OnChange::CreateFirst => {
            "a change replaces the object: the new one is made first, then the old one deleted"
                .into()
        }
        OnChange::InSlot => {
            "a change replaces the object in its slot: the old one is deleted first, \
                             which cannot be undone and needs --allow in-slot-replacement"
                .into()
        }
        OnChange::Refused(instead) => format!("does not change on its own: {instead}"),
    }
}

fn escalated(escalation: &Escalation) -> String {
    let Escalation { attribute, values, on_change, reason, .. } = escalation;
    format!("while `{attribute}` is {}, {}: {reason}", values.join(" or "), takes(*on_change))
}

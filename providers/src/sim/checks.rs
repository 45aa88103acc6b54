//! The checks that every type has: names, sizes, references, and whose an object is.

use nfplan_engine::provider::ErrorKind;
use nfplan_engine::schema::Limit;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::cloud::Cloud;
use crate::sim::kind;
use crate::sim::kind::Kind;
use crate::sim::kind::NameRule;
use crate::sim::record::Record;
use crate::sim::record::any_case;
use crate::sim::record::referred;
use crate::sim::scene::Attempt;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;

/// AWS allows this many on an object; the incarnation is one of them.
const MOST_TAGS: usize = 50;

/// Checks an object as a request would leave it.
pub(crate) fn check(
    scene: &Scene<'_>,
    kind: &'static Kind,
    before: Option<&Record>,
    after: &Record,
) -> Result<(), Refusal> {
    if before.is_none()
        && let Some(rule) = &kind.name
    {
        check_name(kind, rule, after)?;
    }
    check_sizes(scene, kind, after)?;
    check_references(scene, kind, before, after)?;
    (kind.rules.check)(scene, before, after)
}

fn check_name(kind: &Kind, rule: &NameRule, record: &Record) -> Result<(), Refusal> {
    let name = record.text_or_empty(rule.attribute);
    let valid = |c: char| c.is_ascii_alphanumeric() || rule.extra.contains(c);
    if (rule.least..=rule.most).contains(&name.chars().count()) && name.chars().all(valid) {
        return Ok(());
    }
    let message = format!(
        "`{name}` is no {}: AWS takes {} to {} of letters, digits and `{}`",
        rule.attribute, rule.least, rule.most, rule.extra
    );
    Err(Refusal::invalid(kind.codes.invalid, message))
}

fn check_sizes(scene: &Scene<'_>, kind: &'static Kind, record: &Record) -> Result<(), Refusal> {
    let schema = scene.settings.schema(kind.resource_type);
    for attribute in schema.attributes {
        let Some((limit, value)) = attribute.limit.zip(record.attributes.get(attribute.name))
        else {
            continue;
        };
        if exceeds(limit, value) {
            let message = format!("`{}` is larger than AWS takes: {limit:?}", attribute.name);
            let policy = matches!(limit, Limit::PolicyCharacters(_));
            return Err(if policy {
                Refusal::new(ErrorKind::Quota, "LimitExceeded", message)
            } else {
                Refusal::invalid(kind.codes.invalid, message)
            });
        }
    }
    let tags = record.attributes.get("tags").and_then(Value::as_map).map_or(0, Attributes::len);
    if tags >= MOST_TAGS {
        let message = format!("{} tags, the incarnation included; AWS takes {MOST_TAGS}", tags + 1);
        return Err(Refusal::invalid(kind.codes.invalid, message));
    }
    Ok(())
}

fn exceeds(limit: Limit, value: &Value) -> bool {
    match (limit, value) {
        (Limit::Characters(most), Value::Text(text)) => text.chars().count() > most,
        (Limit::PolicyCharacters(most), value) => value.to_string().chars().count() > most,
        (Limit::Items(most), Value::List(items)) => items.len() > most,
        (Limit::Items(most), Value::Map(entries)) => entries.len() > most,
        (Limit::Range(least, most), Value::Integer(number)) => !(least..=most).contains(number),
        (Limit::Characters(_) | Limit::Items(_) | Limit::Range(..), _) => false,
    }
}

/// Every object that is newly referred to must exist, and be visible to the service that asks.
fn check_references(
    scene: &Scene<'_>,
    kind: &'static Kind,
    before: Option<&Record>,
    after: &Record,
) -> Result<(), Refusal> {
    for reference in kind.references {
        let old = before.map(|record| referred(&record.attributes, reference)).unwrap_or_default();
        for handle in referred(&after.attributes, reference) {
            let own = *handle == *after.key.id;
            if !own && !old.contains(&handle) && !is_aws_managed(handle) {
                scene.refer(kind, reference, handle)?;
            }
        }
    }
    Ok(())
}

/// AWS's own policies: `arn:aws:iam::aws:policy/…`.
fn is_aws_managed(handle: &str) -> bool {
    handle.starts_with("arn:") && handle.split(':').nth(4) == Some("aws")
}

/// The object whose name differs in case only, which IAM takes for the same.
pub(crate) fn same_name<'a>(
    scene: &Scene<'a>,
    kind: &'static Kind,
    name: &str,
) -> Option<&'a Record> {
    scene.find(kind.resource_type, &any_case(name)).or_else(|| {
        let taken = scene.find(kind.resource_type, name)?;
        (taken.text("name") == Some(name)).then_some(taken)
    })
}

/// The tagged object that an object is, or is part of.
pub(crate) fn owner<'a>(cloud: &'a Cloud, record: &'a Record) -> Option<&'a Record> {
    let kind = kind::of(record.key.resource_type);
    if kind.tagging.is_some() {
        return Some(record);
    }
    let whole = kind.references.first()?;
    let to = kind::of(whole.to);
    let region = if to.global { None } else { record.key.region.as_ref() };
    cloud.find(to.resource_type, region, record.text(whole.attribute)?)
}

/// Whether the same create attempt made an object.
pub(crate) fn is_of_attempt(scene: &Scene<'_>, record: &Record, attempt: Attempt<'_>) -> bool {
    let Some(owner) = owner(scene.cloud, record) else { return false };
    let tagged = owner.key == record.key;
    owner.tag("nfplan:unit") == Some(&attempt.unit.to_string())
        && (!tagged || owner.tag("nfplan:address") == Some(&attempt.address.to_string()))
        && record.incarnation == Some(attempt.incarnation)
}

/// Whose an object is, for messages.
pub(crate) fn owner_words(scene: &Scene<'_>, record: &Record) -> String {
    let owner = owner(scene.cloud, record);
    let unit = owner.and_then(|owner| owner.tag("nfplan:unit"));
    match (unit, owner.and_then(|owner| owner.tag("nfplan:address"))) {
        (Some(unit), Some(address)) => format!("belongs to {unit}:{address}"),
        (Some(unit), None) => format!("belongs to {unit}"),
        (None, _) => "has no ownership tags: nfplan did not make it".into(),
    }
}

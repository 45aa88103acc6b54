//! Whether an object is what was asked for: providers are checked, not trusted.

use std::collections::BTreeSet;

use crate::event::Made;
use crate::observed::Live;
use crate::provider::ErrorKind;
use crate::provider::Left;
use crate::provider::ProviderError;
use crate::schema::Kind;
use crate::schema::Schema;
use crate::value::Attributes;
use crate::value::Value;

/// The names of the attributes that differ.
pub(crate) fn changed(before: &Attributes, after: &Attributes) -> BTreeSet<Box<str>> {
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

/// What a call made, if the cloud's object is what was asked for.
pub(crate) fn made(
    schema: &Schema,
    after: &Attributes,
    live: &Live,
) -> Result<Made, ProviderError> {
    check(schema, after, live, &mismatches(schema, after, live))?;
    Ok(Made {
        remote_id: live.remote_id.clone(),
        inputs: after.clone(),
        outputs: outputs(schema, live),
        settling: live.settling.clone(),
    })
}

/// What undoing came to, if what it was to change is as it should be. The rest may never have come
/// about, if the step failed half-way.
pub(crate) fn restored(
    schema: &Schema,
    before: &Attributes,
    after: &Attributes,
    live: &Live,
) -> Result<Made, ProviderError> {
    let asked = changed(before, after);
    let mut wrong = mismatches(schema, after, live);
    wrong.retain(|name| asked.contains(*name));
    check(schema, after, live, &wrong)?;
    let mut inputs = after.clone();
    for (attribute, _) in schema.managed().filter(|(a, _)| !live.unread.contains(a.name)) {
        match live.attributes.get(attribute.name) {
            Some(value) => inputs.insert(attribute.name.into(), value.clone()),
            None => inputs.remove(attribute.name),
        };
    }
    let (remote_id, settling) = (live.remote_id.clone(), live.settling.clone());
    Ok(Made { remote_id, inputs, outputs: outputs(schema, live), settling })
}

/// Refuses an object of which these attributes are not as they should be, unless the cloud is still
/// at work on it.
fn check(
    schema: &Schema,
    after: &Attributes,
    live: &Live,
    wrong: &[&'static str],
) -> Result<(), ProviderError> {
    if let (Some(name), None) = (wrong.first(), &live.settling) {
        let shown = |value: Option<&Value>| value.map_or("nothing".into(), ToString::to_string);
        return Err(ProviderError {
            kind: ErrorKind::Internal,
            operation: schema.resource_type.into(),
            code: "InconsistentResult".into(),
            message: format!(
                "`{name}` should be {} and is {}",
                shown(after.get(*name)),
                shown(live.attributes.get(*name))
            ),
            request_id: None,
            left: Left::Object(live.remote_id.clone()),
        });
    }
    Ok(())
}

fn outputs(schema: &Schema, live: &Live) -> Attributes {
    let computed = |name: &str| {
        schema.attribute(name).is_some_and(|attribute| matches!(attribute.kind, Kind::Computed(_)))
    };
    let entries = live.attributes.iter().filter(|(name, _)| computed(name));
    entries.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The managed attributes that were read and are not as they should be.
pub(crate) fn mismatches(schema: &Schema, after: &Attributes, live: &Live) -> Vec<&'static str> {
    let differs = |name: &'static str, when_wanted: bool| {
        let (wanted, found) = (after.get(name), live.attributes.get(name));
        !live.unread.contains(name) && wanted != found && !(when_wanted && wanted.is_none())
    };
    schema
        .managed()
        .filter(|(attribute, managed)| differs(attribute.name, managed.when_wanted.is_some()))
        .map(|(attribute, _)| attribute.name)
        .collect()
}

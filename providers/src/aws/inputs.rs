//! Attributes on their way into requests.

use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

/// A text, as the SDK's builders take it.
pub(crate) fn owned_text(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.get(name).and_then(Value::as_text).map(str::to_owned)
}

/// True or false.
pub(crate) fn flag(attributes: &Attributes, name: &str) -> Option<bool> {
    attributes.get(name).and_then(Value::as_bool)
}

/// A whole number, as most of AWS's are.
pub(crate) fn number(attributes: &Attributes, name: &str) -> Option<i32> {
    attributes.get(name).and_then(Value::as_integer).and_then(|number| number.try_into().ok())
}

/// Texts.
pub(crate) fn texts(attributes: &Attributes, name: &str) -> Vec<String> {
    let items = attributes.get(name).and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(Value::as_text).map(str::to_owned).collect()
}

/// Texts by key.
pub(crate) fn text_map(
    attributes: &Attributes,
    name: &str,
) -> std::collections::HashMap<String, String> {
    let entries = attributes.get(name).and_then(Value::as_map).into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((key.to_string(), value.as_text()?.to_owned())))
        .collect()
}

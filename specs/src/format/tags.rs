//! `tags` and `labels`.

use std::collections::BTreeMap;

use super::shape::Names;
use super::shape::Shape;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::decode::Set;
use crate::syntax;

/// AWS's limit of 50 for each object, less the six that nfplan sets.
const MAX_TAGS: usize = 44;

/// The map `tags`.
pub(super) static TAGS: Names = Names {
    placeholder: "KEY",
    key: &syntax::TAG_KEY,
    most: Some(MAX_TAGS),
    value: Shape::Text(&syntax::TAG_VALUE),
};

/// The map `labels`.
pub(super) static LABELS: Names = Names {
    placeholder: "KEY",
    key: &syntax::ANY,
    most: None,
    value: Shape::Text(&syntax::NOT_EMPTY),
};

/// Reads `tags`.
pub(crate) fn tags(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
) -> BTreeMap<Box<str>, Set<Box<str>>> {
    let mut tags = BTreeMap::new();
    let entries = decoder.names(field).unwrap_or_default();
    if entries.len() > MAX_TAGS {
        let message =
            format!("{} tags are more than the {MAX_TAGS} that AWS has room for", entries.len());
        decoder.report(decoder.error(code::TAG, field.key, message));
    }
    for entry in entries {
        if let Err(why) = syntax::tag_key(entry.name) {
            let message = format!("the tag `{}` {why}", entry.name);
            decoder.report(decoder.error(code::TAG, entry.key, message));
        }
        let Some(text) = decoder.raw_text(entry) else { continue };
        if let Err(why) = syntax::tag_text(text, 256) {
            let message = format!("the value of the tag `{}` {why}", entry.name);
            decoder.report(decoder.error(code::TAG, entry.node.span, message));
        }
        tags.insert(entry.name.into(), decoder.set(entry, text.into()));
    }
    tags
}

/// Reads `labels`.
pub(crate) fn labels(decoder: &mut Decoder<'_>, field: Field<'_>) -> BTreeMap<Box<str>, Box<str>> {
    let mut labels = BTreeMap::new();
    for entry in decoder.names(field).unwrap_or_default() {
        if let Some(text) = decoder.text(entry) {
            labels.insert(entry.name.into(), text.into());
        }
    }
    labels
}

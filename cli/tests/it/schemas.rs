//! Documents keep to their published schemas: all that any test here reads, and at least each kind.
//!
//! The schemas let later versions add keys. Here a key that they do not name is refused, so that what
//! is added to a document is added to its schema.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use nfplan_cli::documents::schemas;
use serde_json::Value as Json;

/// The schemas by the format of their documents.
pub(crate) const PUBLISHED: [(&str, &str); 6] = [
    ("plan", schemas::PLAN),
    ("drift", schemas::DRIFT),
    ("apply", schemas::APPLY),
    ("validate", schemas::VALIDATE),
    ("update", schemas::UPDATE),
    ("error", schemas::ERROR),
];

static STRICT: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let strict = |(name, text): &(&str, &str)| {
        let mut schema = serde_json::from_str(text).unwrap();
        close(&mut schema);
        (format!("nfplan.{name}/1"), jsonschema::draft202012::new(&schema).unwrap())
    };
    PUBLISHED.iter().map(strict).collect()
});

/// Refuses keys that a schema does not name.
fn close(schema: &mut Json) {
    match schema {
        Json::Object(entries) => {
            if entries.get("properties").is_some_and(Json::is_object) {
                entries.insert("additionalProperties".into(), false.into());
            }
            entries.values_mut().for_each(close);
        }
        Json::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// What a document's published schema has against it; nothing if it has none.
pub(crate) fn complaints(document: &Json) -> Vec<String> {
    let validator = document["format"].as_str().and_then(|format| STRICT.get(format));
    let complaint =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    validator.iter().flat_map(|validator| validator.iter_errors(document)).map(complaint).collect()
}

/// Asserts that a document is as its schema, if it has one, says.
#[track_caller]
pub(crate) fn check(document: &Json) {
    let complaints = complaints(document);
    assert!(complaints.is_empty(), "{}\n{document:#}", complaints.join("\n"));
}

//! When objects of the work bucket expire and when uploads that nobody finished are removed.
//!
//! `PutBucketLifecycleConfiguration` replaces all rules, so the bucket has one object of this type
//! with one rule for each prefix: a rule for the whole bucket would let results expire with the
//! scratch files.

use std::collections::BTreeMap;

use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::nothing_predicted;

const RULE: Shape = Shape::Object(&[
    ("id", Shape::Text),
    ("prefix", Shape::Text),
    ("expire_days", Shape::Integer),
    ("abort_multipart_days", Shape::Integer),
]);

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "s3.bucket_lifecycle",
    version: 1,
    title: "bucket lifecycle",
    attributes: &[
        in_slot("bucket").limit(Limit::Characters(63)),
        Attribute::required("rules", Shape::Set(&RULE)).limit(Limit::Items(1_000)).risks(
            Risk::DataLoss,
            expires_sooner,
            "deletes objects that would have stayed",
        ),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["bucket"]),
    removal: Removal::Retain("its bucket stays"),
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

/// Whether some object would expire sooner than before: a rule is new, or has fewer days.
fn expires_sooner(before: Option<&Value>, after: Option<&Value>) -> bool {
    let old = days_by_prefix(before);
    days_by_prefix(after)
        .into_iter()
        .any(|(prefix, days)| old.get(prefix).is_none_or(|old| days < *old))
}

/// The days after which objects under each prefix expire.
fn days_by_prefix(rules: Option<&Value>) -> BTreeMap<&str, i64> {
    let rules = rules.and_then(Value::as_list).unwrap_or_default();
    rules.iter().filter_map(Value::as_map).filter_map(rule_days).collect()
}

fn rule_days(rule: &Attributes) -> Option<(&str, i64)> {
    let days = rule.get("expire_days")?.as_integer()?;
    Some((rule.get("prefix").and_then(Value::as_text).unwrap_or_default(), days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_earlier_expiry_loses_data() {
        let rules = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        let thirty = rules(r#"[{"id":"a","prefix":"","expire_days":30}]"#);
        let seven = rules(r#"[{"id":"a","prefix":"","expire_days":7}]"#);
        let never = rules("[]");
        assert!(expires_sooner(Some(&thirty), Some(&seven)));
        assert!(expires_sooner(Some(&never), Some(&thirty)));
        assert!(expires_sooner(None, Some(&thirty)));
        assert!(!expires_sooner(Some(&seven), Some(&thirty)));
        assert!(!expires_sooner(Some(&thirty), Some(&never)));
    }
}

//! When objects of the work bucket expire and when uploads that nobody finished are removed.
//!
//! `PutBucketLifecycleConfiguration` replaces all rules, so the bucket has one object of this type
//! with one rule for each prefix: a rule for the whole bucket would let results expire with the
//! scratch files. The rules that somebody else added are put again with nfplan's own, which are told by
//! their id; therefore a rule has every field that S3 knows, although nfplan sets few of them.

use std::collections::BTreeMap;

use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Parts;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::nothing_predicted;

const TRANSITION: Shape = Shape::Object(&[
    ("days", Shape::Integer),
    ("date", Shape::Text),
    ("storage_class", Shape::Text),
]);

const NONCURRENT_TRANSITION: Shape = Shape::Object(&[
    ("noncurrent_days", Shape::Integer),
    ("newer_versions", Shape::Integer),
    ("storage_class", Shape::Text),
]);

const RULE: Shape = Shape::Object(&[
    ("id", Shape::Text),
    // Only of one that is switched off.
    ("status", Shape::Text),
    ("prefix", Shape::Text),
    ("tags", Shape::Map(&Shape::Text)),
    ("size_greater_than", Shape::Integer),
    ("size_less_than", Shape::Integer),
    ("expire_days", Shape::Integer),
    ("expire_date", Shape::Text),
    ("expire_delete_markers", Shape::Bool),
    ("noncurrent_expire_days", Shape::Integer),
    ("noncurrent_newer_versions", Shape::Integer),
    ("abort_multipart_days", Shape::Integer),
    ("transitions", Shape::Set(&TRANSITION)),
    ("noncurrent_transitions", Shape::Set(&NONCURRENT_TRANSITION)),
]);

/// Rules of nfplan's begin with its name.
pub const RULES: Parts = Parts { title: "rule", list: None, entries: &[], id: "id", own: "nfplan" };

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "s3.bucket_lifecycle",
    version: 1,
    title: "bucket lifecycle",
    attributes: &[
        in_slot("bucket").limit(Limit::Characters(63)),
        Attribute::required("rules", Shape::Set(&RULE))
            .limit(Limit::Items(1_000))
            .risks(Risk::DataLoss, expires_sooner, "deletes objects that would have stayed")
            .shared(RULES),
        Attribute::optional("transition_default_minimum_object_size", Shape::Text)
            .when_wanted("it is about transitions, of which nfplan makes none"),
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
    let old = days_by_filter(before);
    days_by_filter(after)
        .into_iter()
        .any(|(filter, days)| old.get(&filter).is_none_or(|old| days < *old))
}

/// What of a rule says which objects it is about.
type Filter<'a> = [Option<&'a Value>; 4];

/// The days after which objects expire, by what the rules say of them: the fewest if several rules say
/// the same.
fn days_by_filter(rules: Option<&Value>) -> BTreeMap<Filter<'_>, i64> {
    let rules = rules.and_then(Value::as_list).unwrap_or_default();
    let mut days_by_filter = BTreeMap::new();
    for (filter, days) in rules.iter().filter_map(Value::as_map).filter_map(rule_days) {
        let fewest = days_by_filter.entry(filter).or_insert(days);
        *fewest = days.min(*fewest);
    }
    days_by_filter
}

fn rule_days(rule: &Attributes) -> Option<(Filter<'_>, i64)> {
    let days = rule.get("expire_days")?.as_integer()?;
    let filter = ["prefix", "tags", "size_greater_than", "size_less_than"];
    // One that is switched off does nothing.
    (!rule.contains_key("status")).then(|| (filter.map(|name| rule.get(name)), days))
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
        // Beside what others have.
        let beside = |days: i64| {
            let theirs = r#"{"id":"x","prefix":"","expire_days":90}"#;
            rules(&format!(r#"[{{"id":"a","prefix":"","expire_days":{days}}},{theirs}]"#))
        };
        assert!(expires_sooner(Some(&beside(30)), Some(&beside(7))));
        assert!(!expires_sooner(Some(&beside(7)), Some(&beside(30))));
        let off = rules(r#"[{"id":"a","status":"Disabled","prefix":"","expire_days":7}]"#);
        assert!(expires_sooner(Some(&off), Some(&seven)) && !expires_sooner(None, Some(&off)));
        let tagged = rules(r#"[{"id":"a","prefix":"","tags":{"x":"y"},"expire_days":7}]"#);
        assert!(expires_sooner(Some(&tagged), Some(&seven)));
    }
}

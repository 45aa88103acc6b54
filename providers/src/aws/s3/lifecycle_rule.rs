//! One rule of a lifecycle, whole: what nfplan does not set itself, others may have set.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::primitives::DateTimeFormat;
use aws_sdk_s3::types::AbortIncompleteMultipartUpload;
use aws_sdk_s3::types::ExpirationStatus;
use aws_sdk_s3::types::LifecycleExpiration;
use aws_sdk_s3::types::LifecycleRule;
use aws_sdk_s3::types::LifecycleRuleAndOperator;
use aws_sdk_s3::types::LifecycleRuleFilter;
use aws_sdk_s3::types::NoncurrentVersionExpiration;
use aws_sdk_s3::types::NoncurrentVersionTransition;
use aws_sdk_s3::types::Tag;
use aws_sdk_s3::types::Transition;
use aws_sdk_s3::types::TransitionStorageClass;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::inputs::flag;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::inputs::text_map;

/// A rule as specs write it.
pub(crate) fn value(rule: &LifecycleRule) -> Value {
    let off = *rule.status() != ExpirationStatus::Enabled;
    let expiration = rule.expiration();
    let noncurrent = rule.noncurrent_version_expiration();
    let abort = rule.abort_incomplete_multipart_upload();
    let mut fields = filter_fields(rule);
    fields.extend([
        ("id", rule.id().map(Value::text)),
        ("status", off.then(|| Value::text(rule.status().as_str()))),
        ("expire_days", whole(expiration.and_then(LifecycleExpiration::days))),
        ("expire_date", date(expiration.and_then(LifecycleExpiration::date))),
        (
            "expire_delete_markers",
            expiration.and_then(LifecycleExpiration::expired_object_delete_marker).map(Value::from),
        ),
        (
            "noncurrent_expire_days",
            whole(noncurrent.and_then(NoncurrentVersionExpiration::noncurrent_days)),
        ),
        (
            "noncurrent_newer_versions",
            whole(noncurrent.and_then(NoncurrentVersionExpiration::newer_noncurrent_versions)),
        ),
        (
            "abort_multipart_days",
            whole(abort.and_then(AbortIncompleteMultipartUpload::days_after_initiation)),
        ),
        ("transitions", list(rule.transitions().iter().map(transition_value))),
        (
            "noncurrent_transitions",
            list(rule.noncurrent_version_transitions().iter().map(noncurrent_value)),
        ),
    ]);
    map(fields)
}

type Field = (&'static str, Option<Value>);

fn map(fields: impl IntoIterator<Item = Field>) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
    Value::Map(fields.collect())
}

fn list(items: impl Iterator<Item = Value>) -> Option<Value> {
    let items: Vec<Value> = items.collect();
    (!items.is_empty()).then_some(Value::List(items))
}

fn whole(number: Option<impl Into<i64>>) -> Option<Value> {
    Value::integer(number?.into())
}

fn date(date: Option<&DateTime>) -> Option<Value> {
    date?.fmt(DateTimeFormat::DateTime).ok().map(Value::from)
}

/// Which objects the rule is about: S3 has three ways to say it, of which nfplan keeps the meaning.
fn filter_fields(rule: &LifecycleRule) -> Vec<Field> {
    let filter = rule.filter();
    let and = filter.and_then(LifecycleRuleFilter::and);
    #[expect(deprecated, reason = "old rules have it")]
    let old = rule.prefix();
    let prefix = filter
        .and_then(LifecycleRuleFilter::prefix)
        .or(and.and_then(LifecycleRuleAndOperator::prefix))
        .or(old);
    let tags = filter.and_then(LifecycleRuleFilter::tag).into_iter();
    let tags = tags.chain(and.map(LifecycleRuleAndOperator::tags).unwrap_or_default());
    let tags: Attributes = tags.map(|tag| (tag.key().into(), Value::text(tag.value()))).collect();
    let greater = filter.and_then(LifecycleRuleFilter::object_size_greater_than);
    let less = filter.and_then(LifecycleRuleFilter::object_size_less_than);
    vec![
        ("prefix", Some(Value::text(prefix.unwrap_or_default()))),
        ("tags", (!tags.is_empty()).then_some(Value::Map(tags))),
        (
            "size_greater_than",
            whole(greater.or(and.and_then(LifecycleRuleAndOperator::object_size_greater_than))),
        ),
        (
            "size_less_than",
            whole(less.or(and.and_then(LifecycleRuleAndOperator::object_size_less_than))),
        ),
    ]
}

fn transition_value(transition: &Transition) -> Value {
    map([
        ("days", whole(transition.days())),
        ("date", date(transition.date())),
        ("storage_class", transition.storage_class().map(|class| Value::text(class.as_str()))),
    ])
}

fn noncurrent_value(transition: &NoncurrentVersionTransition) -> Value {
    map([
        ("noncurrent_days", whole(transition.noncurrent_days())),
        ("newer_versions", whole(transition.newer_noncurrent_versions())),
        ("storage_class", transition.storage_class().map(|class| Value::text(class.as_str()))),
    ])
}

/// The rule that S3 is sent.
pub(crate) fn rule(fields: &Attributes) -> Result<LifecycleRule, BuildError> {
    let status = owned_text(fields, "status");
    let status = status.map_or(ExpirationStatus::Enabled, |status| status.as_str().into());
    let abort = number(fields, "abort_multipart_days");
    let transitions = maps(fields, "transitions").map(transition).collect::<Vec<_>>();
    let noncurrent = maps(fields, "noncurrent_transitions").map(noncurrent_transition);
    let noncurrent = noncurrent.collect::<Vec<_>>();
    LifecycleRule::builder()
        .set_id(owned_text(fields, "id"))
        .status(status)
        .filter(filter(fields)?)
        .set_expiration(expiration(fields))
        .set_noncurrent_version_expiration(noncurrent_expiration(fields))
        .set_abort_incomplete_multipart_upload(abort.map(|days| {
            AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()
        }))
        .set_transitions((!transitions.is_empty()).then_some(transitions))
        .set_noncurrent_version_transitions((!noncurrent.is_empty()).then_some(noncurrent))
        .build()
}

fn maps<'a>(fields: &'a Attributes, name: &str) -> impl Iterator<Item = &'a Attributes> {
    let items = fields.get(name).and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(Value::as_map)
}

fn size(fields: &Attributes, name: &str) -> Option<i64> {
    fields.get(name).and_then(Value::as_integer)
}

fn when(fields: &Attributes, name: &str) -> Option<DateTime> {
    let text = owned_text(fields, name)?;
    DateTime::from_str(&text, DateTimeFormat::DateTime).ok()
}

/// S3 takes one criterion by itself and several as one.
fn filter(fields: &Attributes) -> Result<LifecycleRuleFilter, BuildError> {
    let prefix = owned_text(fields, "prefix").unwrap_or_default();
    let tags = text_map(fields, "tags").into_iter();
    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
    let mut tags = tags.collect::<Result<Vec<_>, _>>()?;
    tags.sort_by(|one, other| one.key().cmp(other.key()));
    let (greater, less) = (size(fields, "size_greater_than"), size(fields, "size_less_than"));
    let sizes = greater.iter().chain(&less).count();
    let filter = LifecycleRuleFilter::builder();
    Ok(match (prefix.as_str(), tags.as_slice(), sizes) {
        (_, [], 0) => filter.prefix(prefix).build(),
        ("", [tag], 0) => filter.tag(tag.clone()).build(),
        ("", [], 1) => {
            filter.set_object_size_greater_than(greater).set_object_size_less_than(less).build()
        }
        _ => {
            let and = LifecycleRuleAndOperator::builder()
                .set_prefix((!prefix.is_empty()).then_some(prefix))
                .set_tags((!tags.is_empty()).then_some(tags))
                .set_object_size_greater_than(greater)
                .set_object_size_less_than(less);
            filter.and(and.build()).build()
        }
    })
}

fn expiration(fields: &Attributes) -> Option<LifecycleExpiration> {
    let expiration = LifecycleExpiration::builder()
        .set_days(number(fields, "expire_days"))
        .set_date(when(fields, "expire_date"))
        .set_expired_object_delete_marker(flag(fields, "expire_delete_markers"))
        .build();
    (expiration != LifecycleExpiration::builder().build()).then_some(expiration)
}

fn noncurrent_expiration(fields: &Attributes) -> Option<NoncurrentVersionExpiration> {
    let expiration = NoncurrentVersionExpiration::builder()
        .set_noncurrent_days(number(fields, "noncurrent_expire_days"))
        .set_newer_noncurrent_versions(number(fields, "noncurrent_newer_versions"))
        .build();
    (expiration != NoncurrentVersionExpiration::builder().build()).then_some(expiration)
}

fn storage_class(fields: &Attributes) -> Option<TransitionStorageClass> {
    owned_text(fields, "storage_class").map(|class| class.as_str().into())
}

fn transition(fields: &Attributes) -> Transition {
    Transition::builder()
        .set_days(number(fields, "days"))
        .set_date(when(fields, "date"))
        .set_storage_class(storage_class(fields))
        .build()
}

fn noncurrent_transition(fields: &Attributes) -> NoncurrentVersionTransition {
    NoncurrentVersionTransition::builder()
        .set_noncurrent_days(number(fields, "noncurrent_days"))
        .set_newer_noncurrent_versions(number(fields, "newer_versions"))
        .set_storage_class(storage_class(fields))
        .build()
}

#[cfg(test)]
mod tests {
    use nfplan_engine::schema::Shape;

    use super::*;
    use crate::types::s3::bucket_lifecycle::SCHEMA;

    #[test]
    fn a_rule_comes_back_as_it_was_sent() {
        for json in [
            r#"{"id":"nfplan","prefix":"","expire_days":30,"abort_multipart_days":7}"#,
            r#"{"id":"a","prefix":"x/","status":"Disabled","expire_date":"2027-01-01T00:00:00Z"}"#,
            r#"{"prefix":"","tags":{"a":"b"},"expire_delete_markers":true}"#,
            r#"{"prefix":"","size_less_than":5000000000,"noncurrent_expire_days":3}"#,
            r#"{"prefix":"y","tags":{"a":"b","c":""},"size_greater_than":1,"size_less_than":9,
                "noncurrent_expire_days":3,"noncurrent_newer_versions":2,
                "transitions":[{"days":0,"storage_class":"GLACIER"},
                    {"date":"2027-01-01T00:00:00Z","storage_class":"UNHEARD_OF"}],
                "noncurrent_transitions":[{"noncurrent_days":4,"newer_versions":5,
                    "storage_class":"DEEP_ARCHIVE"}]}"#,
        ] {
            let given: Value = serde_json::from_str(json).unwrap();
            assert_eq!(value(&rule(given.as_map().unwrap()).unwrap()), given, "{json}");
            let Shape::Set(shape) = SCHEMA.attribute("rules").unwrap().shape else { panic!() };
            assert!(shape.fits(&given), "{json}");
        }
    }

    #[test]
    #[expect(deprecated, reason = "old rules have it")]
    fn an_old_rule_keeps_its_prefix() {
        let old = LifecycleRule::builder().prefix("x/").status(ExpirationStatus::Enabled);
        let told = value(&old.build().unwrap());
        assert_eq!(told.to_string(), r#"{"prefix":"x/"}"#);
    }
}

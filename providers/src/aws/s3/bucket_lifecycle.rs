//! When objects of a bucket expire. One request replaces all rules, so that rules which somebody
//! else added are part of what is compared.

use aws_sdk_s3::types::AbortIncompleteMultipartUpload;
use aws_sdk_s3::types::BucketLifecycleConfiguration;
use aws_sdk_s3::types::ExpirationStatus;
use aws_sdk_s3::types::LifecycleExpiration;
use aws_sdk_s3::types::LifecycleRule;
use aws_sdk_s3::types::LifecycleRuleFilter;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::error;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::s3;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags::Tags;

const TYPE: &str = "s3.bucket_lifecycle";
const PUT: &str = "s3:PutLifecycleConfiguration";

/// Finds rules.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    s3::read_parts(reading, wanted, TYPE, async |bucket, tags, wanted| {
        rules(session, bucket, tags, wanted).await
    })
    .await
}

async fn rules(
    session: &Session<'_>,
    bucket: &str,
    tags: &Tags,
    wanted: &Wanted<'_>,
) -> Result<Option<Live>, ProviderError> {
    let call = session.clients.s3.get_bucket_lifecycle_configuration().bucket(bucket);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    let answer = session.look("s3:GetLifecycleConfiguration", call).await?;
    let rules = answer.rules().iter().map(value).collect();
    Ok(Sketch::new(session.schema(TYPE), bucket)
        .set("bucket", bucket)
        .set("rules", Value::List(rules))
        .part_of(tags, wanted.address)
        .live(session.place))
}

/// A rule as specs write it. One that is switched off does nothing, and so has no days.
fn value(rule: &LifecycleRule) -> Value {
    let on = *rule.status() == ExpirationStatus::Enabled;
    let days = |days: Option<i32>| days.filter(|_| on).map(|days| Value::Integer(days.into()));
    let filter = rule
        .filter()
        .and_then(|filter| filter.prefix().or(filter.and().and_then(|and| and.prefix())));
    let expire = rule.expiration().and_then(LifecycleExpiration::days);
    let abort = rule.abort_incomplete_multipart_upload();
    let abort = abort.and_then(AbortIncompleteMultipartUpload::days_after_initiation);
    let fields = [
        ("id", rule.id().map(Value::text)),
        ("prefix", Some(Value::text(filter.unwrap_or_default()))),
        ("expire_days", days(expire)),
        ("abort_multipart_days", days(abort)),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
    Value::Map(fields.collect())
}

fn rule(fields: &Attributes) -> Result<LifecycleRule, ProviderError> {
    let expire = number(fields, "expire_days");
    let abort = number(fields, "abort_multipart_days");
    let filter = LifecycleRuleFilter::builder()
        .prefix(owned_text(fields, "prefix").unwrap_or_default())
        .build();
    LifecycleRule::builder()
        .set_id(owned_text(fields, "id"))
        .status(ExpirationStatus::Enabled)
        .filter(filter)
        .set_expiration(expire.map(|days| LifecycleExpiration::builder().days(days).build()))
        .set_abort_incomplete_multipart_upload(abort.map(|days| {
            AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()
        }))
        .build()
        .map_err(|error| error::own(ErrorKind::Internal, PUT, "BadRule", error.to_string()))
}

async fn put(session: &Session<'_>, wanted: &Attributes) -> Result<(), ProviderError> {
    let bucket = owned_text(wanted, "bucket").unwrap_or_default();
    let rules = wanted.get("rules").and_then(Value::as_list).unwrap_or_default();
    let rules: Result<Vec<LifecycleRule>, ProviderError> =
        rules.iter().filter_map(Value::as_map).map(rule).collect();
    let rules = rules?;
    if rules.is_empty() {
        return remove(session, &bucket).await;
    }
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
    let configuration = configuration
        .map_err(|error| error::own(ErrorKind::Internal, PUT, "BadRules", error.to_string()))?;
    session
        .insisting(s3::is_busy_or_lag, async || {
            let call = session.clients.s3.put_bucket_lifecycle_configuration().bucket(&bucket);
            let call = call.expected_bucket_owner(s3::owner(session));
            session.change(PUT, call.lifecycle_configuration(configuration.clone()).send()).await
        })
        .await?;
    Ok(())
}

async fn remove(session: &Session<'_>, bucket: &str) -> Result<(), ProviderError> {
    let call = session.clients.s3.delete_bucket_lifecycle().bucket(bucket);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    session.change(PUT, call).await?;
    Ok(())
}

/// Sets the rules.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    put(session, request.inputs).await?;
    remote_id(PUT, owned_text(request.inputs, "bucket").as_deref())
}

/// Replaces the rules.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    put(session, request.after).await
}

/// Takes the rules away: only where their creation is undone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    remove(session, request.remote_id.as_str()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_comes_back_as_it_was_sent() {
        let json = r#"{"id":"nfplan","prefix":"","expire_days":30,"abort_multipart_days":7}"#;
        let given: Value = serde_json::from_str(json).unwrap();
        assert_eq!(value(&rule(given.as_map().unwrap()).unwrap()), given);
    }
}

//! When objects of a bucket expire. One request replaces all rules, so that those of others are read and
//! put whole.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::BucketLifecycleConfiguration;
use aws_sdk_s3::types::LifecycleRule;
use aws_sdk_s3::types::TransitionDefaultMinimumObjectSize;
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
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::s3;
use crate::aws::s3::lifecycle_rule;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags::Tags;
use crate::types::s3::bucket_lifecycle::RULES;

const TYPE: &str = "s3.bucket_lifecycle";
const PUT: &str = "s3:PutLifecycleConfiguration";
const SIZE: &str = "transition_default_minimum_object_size";

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
    let (rules, size) = get(session, bucket).await?;
    Ok(Sketch::new(session.schema(TYPE), bucket)
        .set("bucket", bucket)
        .set("rules", rules)
        .set_if(SIZE, size)
        .part_of(tags, wanted.address)
        .live(session.place))
}

/// The rules, and from what size on they move objects elsewhere.
async fn get(session: &Session<'_>, bucket: &str) -> Result<(Value, Option<Value>), ProviderError> {
    let call = session.clients.s3.get_bucket_lifecycle_configuration().bucket(bucket);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    let answer = session.look("s3:GetLifecycleConfiguration", call).await?;
    let rules = answer.rules().iter().map(lifecycle_rule::value).collect();
    let size = answer.transition_default_minimum_object_size();
    Ok((Value::List(rules), size.map(|size| Value::text(size.as_str()))))
}

async fn put(session: &Session<'_>, wanted: &Attributes) -> Result<(), ProviderError> {
    let bucket = owned_text(wanted, "bucket").unwrap_or_default();
    let rules = wanted.get("rules").and_then(Value::as_list).unwrap_or_default();
    let wrong =
        |error: BuildError| error::own(ErrorKind::Internal, PUT, "BadRule", error.to_string());
    let rules = rules.iter().filter_map(Value::as_map).map(lifecycle_rule::rule);
    let rules = rules.collect::<Result<Vec<LifecycleRule>, _>>().map_err(wrong)?;
    if rules.is_empty() {
        return remove(session, &bucket).await;
    }
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
    let configuration = configuration.map_err(wrong)?;
    let size = owned_text(wanted, SIZE);
    let size = size.map(|size| TransitionDefaultMinimumObjectSize::from(size.as_str()));
    session
        .insisting(s3::is_busy_or_lag, async || {
            let call = session.clients.s3.put_bucket_lifecycle_configuration().bucket(&bucket);
            let call = call.expected_bucket_owner(s3::owner(session));
            let call = call.set_transition_default_minimum_object_size(size.clone());
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

/// Takes nfplan's rules away, and the lifecycle only if nobody else has any in it: only where its
/// creation is undone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let bucket = request.remote_id.as_str();
    let there = error::optional(get(session, bucket).await)?;
    let rest = there.and_then(|(rules, size)| Some((RULES.without_own(&rules)?, size)));
    let Some((rules, size)) = rest else { return remove(session, bucket).await };
    let mut rest = Attributes::from([("bucket".into(), bucket.into()), ("rules".into(), rules)]);
    rest.extend(size.map(|size| (SIZE.into(), size)));
    put(session, &rest).await
}

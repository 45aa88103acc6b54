//! Policies of buckets.

use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::policy::canonical;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::error;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::s3;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::sketch::document;
use crate::aws::tags::Tags;
use crate::types::s3::bucket_policy::STATEMENTS;

const TYPE: &str = "s3.bucket_policy";
const PUT: &str = "s3:PutBucketPolicy";

/// Finds policies.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    s3::read_parts(reading, wanted, TYPE, async |bucket, tags, wanted| {
        policy(session, bucket, tags, wanted).await
    })
    .await
}

async fn policy(
    session: &Session<'_>,
    bucket: &str,
    tags: &Tags,
    wanted: &Wanted<'_>,
) -> Result<Option<Live>, ProviderError> {
    let Some(policy) = get(session, bucket).await? else { return Ok(None) };
    Ok(Sketch::new(session.schema(TYPE), bucket)
        .set("bucket", bucket)
        .set("policy", policy)
        .part_of(tags, wanted.address)
        .live(session.place))
}

async fn get(session: &Session<'_>, bucket: &str) -> Result<Option<Value>, ProviderError> {
    let call = session.clients.s3.get_bucket_policy().bucket(bucket);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    let answer = session.look("s3:GetBucketPolicy", call).await?;
    Ok(answer.policy().map(document))
}

async fn put(session: &Session<'_>, wanted: &Attributes) -> Result<(), ProviderError> {
    let bucket = owned_text(wanted, "bucket").unwrap_or_default();
    let policy = wanted.get("policy").map(Value::to_string);
    session
        .insisting(s3::is_busy_or_lag, async || {
            let call = session.clients.s3.put_bucket_policy().bucket(&bucket);
            let call = call.expected_bucket_owner(s3::owner(session));
            session.change(PUT, call.set_policy(policy.clone()).send()).await
        })
        .await?;
    Ok(())
}

/// Sets a policy.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    put(session, request.inputs).await?;
    remote_id(PUT, owned_text(request.inputs, "bucket").as_deref())
}

/// Replaces a policy.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    put(session, request.after).await
}

/// Takes nfplan's statements away, and the policy only if nobody else has any in it: only where its
/// creation is undone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let bucket = request.remote_id.as_str();
    let there = error::optional(get(session, bucket).await)?.flatten();
    if let Some(rest) = there.and_then(|there| STATEMENTS.without_own(&canonical(&there))) {
        let rest = [("bucket".into(), bucket.into()), ("policy".into(), rest)];
        return put(session, &Attributes::from(rest)).await;
    }
    let call = session.clients.s3.delete_bucket_policy().bucket(bucket);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    session.change("s3:DeleteBucketPolicy", call).await?;
    Ok(())
}

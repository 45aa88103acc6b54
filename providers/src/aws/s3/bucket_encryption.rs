//! How a bucket encrypts by default. Every bucket does: what S3 does by itself counts as nothing.

use aws_sdk_s3::types::ServerSideEncryption;
use aws_sdk_s3::types::ServerSideEncryptionByDefault;
use aws_sdk_s3::types::ServerSideEncryptionConfiguration;
use aws_sdk_s3::types::ServerSideEncryptionRule;
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

use crate::aws::error;
use crate::aws::inputs::flag;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::s3;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags::Tags;

const TYPE: &str = "s3.bucket_encryption";
const PUT: &str = "s3:PutBucketEncryption";

/// Finds settings.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    s3::read_parts(reading, wanted, TYPE, async |bucket, tags, wanted| {
        encryption(session, bucket, tags, wanted).await
    })
    .await
}

async fn encryption(
    session: &Session<'_>,
    bucket: &str,
    tags: &Tags,
    wanted: &Wanted<'_>,
) -> Result<Option<Live>, ProviderError> {
    let call = session.clients.s3.get_bucket_encryption().bucket(bucket);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    let answer = session.look("s3:GetBucketEncryption", call).await?;
    let configuration = answer.server_side_encryption_configuration;
    let rule = configuration.as_ref().and_then(|configuration| configuration.rules().first());
    let by_default =
        rule.and_then(ServerSideEncryptionRule::apply_server_side_encryption_by_default);
    let Some(by_default) = by_default else { return Ok(None) };
    if *by_default.sse_algorithm() == ServerSideEncryption::Aes256 {
        return Ok(None);
    }
    Ok(Sketch::new(session.schema(TYPE), bucket)
        .set("bucket", bucket)
        .set("algorithm", by_default.sse_algorithm().as_str())
        .set_if("kms_key_id", by_default.kms_master_key_id())
        .set(
            "bucket_key",
            rule.and_then(aws_sdk_s3::types::ServerSideEncryptionRule::bucket_key_enabled)
                .unwrap_or(false),
        )
        .part_of(tags, wanted.address)
        .live(session.place))
}

async fn put(session: &Session<'_>, wanted: &Attributes) -> Result<(), ProviderError> {
    let text = |name| owned_text(wanted, name).unwrap_or_default();
    let by_default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(text("algorithm").as_str().into())
        .set_kms_master_key_id(owned_text(wanted, "kms_key_id"))
        .build();
    let configuration = by_default.and_then(|by_default| {
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(by_default)
            .set_bucket_key_enabled(flag(wanted, "bucket_key"))
            .build();
        ServerSideEncryptionConfiguration::builder().rules(rule).build()
    });
    let configuration = configuration
        .map_err(|error| error::own(ErrorKind::Internal, PUT, "BadRule", error.to_string()))?;
    session
        .insisting(s3::is_busy_or_lag, async || {
            let call = session.clients.s3.put_bucket_encryption().bucket(text("bucket"));
            let call = call.expected_bucket_owner(s3::owner(session));
            let call = call.server_side_encryption_configuration(configuration.clone());
            session.change(PUT, call.send()).await
        })
        .await?;
    Ok(())
}

/// Sets it.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    put(session, request.inputs).await?;
    remote_id(PUT, owned_text(request.inputs, "bucket").as_deref())
}

/// Changes it: the request holds all of it.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    put(session, request.after).await
}

/// Leaves the bucket with what S3 does by itself: only where its creation is undone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let call = session.clients.s3.delete_bucket_encryption().bucket(request.remote_id.as_str());
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    session.change("s3:PutEncryptionConfiguration", call).await?;
    Ok(())
}

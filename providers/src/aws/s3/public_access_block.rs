//! What keeps a bucket from being public.

use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;

use crate::aws::error;
use crate::aws::inputs::flag;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::s3;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags::Tags;

const TYPE: &str = "s3.public_access_block";
const PUT: &str = "s3:PutBucketPublicAccessBlock";

/// Finds settings.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    s3::read_parts(reading, wanted, TYPE, async |bucket, tags, wanted| {
        block(session, bucket, tags, wanted).await
    })
    .await
}

async fn get(
    session: &Session<'_>,
    bucket: &str,
) -> Result<Option<PublicAccessBlockConfiguration>, ProviderError> {
    let call = session.clients.s3.get_public_access_block().bucket(bucket);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    let found = session.look("s3:GetBucketPublicAccessBlock", call).await;
    Ok(error::optional(found)?.and_then(|answer| answer.public_access_block_configuration))
}

async fn block(
    session: &Session<'_>,
    bucket: &str,
    tags: &Tags,
    wanted: &Wanted<'_>,
) -> Result<Option<Live>, ProviderError> {
    let Some(block) = get(session, bucket).await? else { return Ok(None) };
    let on = |switch: Option<bool>| switch.unwrap_or(false);
    Ok(Sketch::new(session.schema(TYPE), bucket)
        .set("bucket", bucket)
        .set("block_public_acls", on(block.block_public_acls()))
        .set("ignore_public_acls", on(block.ignore_public_acls()))
        .set("block_public_policy", on(block.block_public_policy()))
        .set("restrict_public_buckets", on(block.restrict_public_buckets()))
        .part_of(tags, wanted.address)
        .live(session.place))
}

async fn put(
    session: &Session<'_>,
    bucket: &str,
    block: &PublicAccessBlockConfiguration,
) -> Result<(), ProviderError> {
    session
        .insisting(s3::is_busy_or_lag, async || {
            let call = session.clients.s3.put_public_access_block().bucket(bucket);
            let call = call.expected_bucket_owner(s3::owner(session));
            let call = call.public_access_block_configuration(block.clone()).send();
            session.change(PUT, call).await
        })
        .await?;
    Ok(())
}

/// The switches: those that are said, and otherwise as they are.
fn switches(
    said: impl Fn(&str) -> Option<bool>,
    live: Option<&PublicAccessBlockConfiguration>,
) -> PublicAccessBlockConfiguration {
    let is = |switch: fn(&PublicAccessBlockConfiguration) -> Option<bool>| live.and_then(switch);
    PublicAccessBlockConfiguration::builder()
        .set_block_public_acls(
            said("block_public_acls")
                .or(is(aws_sdk_s3::types::PublicAccessBlockConfiguration::block_public_acls)),
        )
        .set_ignore_public_acls(
            said("ignore_public_acls")
                .or(is(aws_sdk_s3::types::PublicAccessBlockConfiguration::ignore_public_acls)),
        )
        .set_block_public_policy(
            said("block_public_policy")
                .or(is(aws_sdk_s3::types::PublicAccessBlockConfiguration::block_public_policy)),
        )
        .set_restrict_public_buckets(
            said("restrict_public_buckets")
                .or(is(aws_sdk_s3::types::PublicAccessBlockConfiguration::restrict_public_buckets)),
        )
        .build()
}

/// Sets the switches.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let bucket = owned_text(request.inputs, "bucket").unwrap_or_default();
    put(session, &bucket, &switches(|name| flag(request.inputs, name), None)).await?;
    remote_id(PUT, Some(&bucket))
}

/// Turns switches; the request holds all of them, so that the others are looked up first.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let bucket = request.remote_id.as_str();
    let live = get(session, bucket).await?;
    let said = |name: &str| flag(request.after, name).filter(|_| request.changed.contains(name));
    put(session, bucket, &switches(said, live.as_ref())).await
}

/// Takes the switches away: only where their creation is undone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let call = session.clients.s3.delete_public_access_block().bucket(request.remote_id.as_str());
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    session.change(PUT, call).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_that_is_not_said_stays_as_it_is() {
        let live = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(false)
            .build();
        let said = |name: &str| (name == "block_public_policy").then_some(true);
        let switches = switches(said, Some(&live));
        assert_eq!(switches.block_public_acls(), Some(true));
        assert_eq!(switches.block_public_policy(), Some(true));
        assert_eq!(switches.ignore_public_acls(), None);
    }
}

//! Buckets.

use aws_sdk_s3::types::BucketLocationConstraint;
use aws_sdk_s3::types::CreateBucketConfiguration;
use aws_sdk_s3::types::ObjectOwnership;
use aws_sdk_s3::types::OwnershipControls;
use aws_sdk_s3::types::OwnershipControlsRule;
use aws_sdk_s3::types::Tagging;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;

use crate::aws::error;
use crate::aws::error::Leaving;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::id_or_name;
use crate::aws::s3;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;
use crate::aws::tags::Tags;

const TYPE: &str = "s3.bucket";
const CREATE: &str = "s3:CreateBucket";
const OWNERSHIP: &str = "object_ownership";
/// The region that a bucket is in if its request names none (S3 API reference, `CreateBucket`).
const DEFAULT_REGION: &str = "us-east-1";

/// Finds buckets.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema(TYPE);
    reading
        .each(wanted, async |wanted| {
            let Some(name) = id_or_name(wanted) else { return Ok(None) };
            let found = bucket(reading, name).await?;
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

async fn bucket(reading: &Reading<'_>, name: &str) -> Result<Option<Live>, ProviderError> {
    let session = reading.session;
    let Some(all) = s3::shared_tags(reading, name).await? else { return Ok(None) };
    let call = session.clients.s3.get_bucket_ownership_controls().bucket(name);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    let controls = error::optional(session.look("s3:GetBucketOwnershipControls", call).await)?;
    let controls = controls.and_then(|answer| answer.ownership_controls);
    let rule = controls.as_ref().and_then(|controls| controls.rules().first());
    Ok(Sketch::new(session.schema(TYPE), name)
        .set("name", name)
        .set_if(OWNERSHIP, rule.map(|rule| rule.object_ownership().as_str()))
        .tagged(&all)
        .live(session.place))
}

/// Creates a bucket, if there is none of the name: creating a bucket that one owns already succeeds
/// in one region, and resets its access lists.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let name = owned_text(request.inputs, "name").unwrap_or_default();
    let id = remote_id(CREATE, Some(&name))?;
    let ownership = owned_text(request.inputs, OWNERSHIP);
    match head(session, &name).await? {
        Some(()) => {
            let tags = s3::tags_of(session, &name).await?.unwrap_or_default();
            let message = "your account has a bucket of this name";
            let taken = error::own(ErrorKind::Exists, CREATE, "BucketAlreadyOwnedByYou", message);
            error::unless_of_attempt(request, &tags, &format!("bucket `{name}`"), taken)?;
        }
        None => make(session, &name, ownership).await?,
    }
    put_tags(session, &name, tags::of_attempt(request)).await.leaving(&id)?;
    Ok(id)
}

/// Whether the account has the bucket. Nobody else can have it where the question is answered.
async fn head(session: &Session<'_>, name: &str) -> Result<Option<()>, ProviderError> {
    let call = session.clients.s3.head_bucket().bucket(name);
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    let found = session.look("s3:HeadBucket", call).await.map(drop);
    match error::optional(found) {
        Err(error) if error.kind == ErrorKind::Denied => {
            let message =
                format!("the bucket `{name}` is somebody else's: bucket names are global");
            Err(error::own(ErrorKind::Exists, "s3:HeadBucket", "BucketAlreadyExists", message))
        }
        result => result,
    }
}

async fn make(
    session: &Session<'_>,
    name: &str,
    ownership: Option<String>,
) -> Result<(), ProviderError> {
    let region = session.place.region.as_str();
    let location = (region != DEFAULT_REGION).then(|| {
        let constraint = BucketLocationConstraint::from(region);
        CreateBucketConfiguration::builder().location_constraint(constraint).build()
    });
    let ownership = ownership.map(|text| ObjectOwnership::from(text.as_str()));
    let call = session.clients.s3.create_bucket().bucket(name);
    let call = call.set_create_bucket_configuration(location).set_object_ownership(ownership);
    session.change(CREATE, call.send()).await?;
    Ok(())
}

async fn put_tags(session: &Session<'_>, name: &str, all: Tags) -> Result<(), ProviderError> {
    let tagging = Tagging::builder().set_tag_set(Some(s3::sdk_tags(all))).build();
    let tagging = tagging.map_err(|error| {
        error::own(ErrorKind::Internal, "s3:PutBucketTagging", "BadTags", error.to_string())
    })?;
    session
        .insisting(s3::is_busy_or_lag, async || {
            let call = session.clients.s3.put_bucket_tagging().bucket(name);
            let call = call.expected_bucket_owner(s3::owner(session)).tagging(tagging.clone());
            session.change("s3:PutBucketTagging", call.send()).await
        })
        .await?;
    Ok(())
}

/// Changes ownership and tags; tags that somebody else put on the bucket stay.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let name = request.remote_id.as_str();
    if let Some(text) =
        owned_text(request.after, OWNERSHIP).filter(|_| request.changed.contains(OWNERSHIP))
    {
        put_ownership(session, name, &text).await?;
    }
    if request.changed.contains("tags") {
        let live = s3::tags_of(session, name).await?.unwrap_or_default();
        let all = s3::merged(live, tags::retagging(request.before, request.after));
        put_tags(session, name, all).await?;
    }
    Ok(())
}

async fn put_ownership(
    session: &Session<'_>,
    name: &str,
    ownership: &str,
) -> Result<(), ProviderError> {
    const OPERATION: &str = "s3:PutBucketOwnershipControls";
    let rule = OwnershipControlsRule::builder().object_ownership(ownership.into()).build();
    let controls = rule.and_then(|rule| OwnershipControls::builder().rules(rule).build());
    let controls = controls.map_err(|error| {
        error::own(ErrorKind::Internal, OPERATION, "BadOwnership", error.to_string())
    })?;
    session
        .insisting(s3::is_busy, async || {
            let call = session.clients.s3.put_bucket_ownership_controls().bucket(name);
            let call = call.expected_bucket_owner(s3::owner(session));
            session.change(OPERATION, call.ownership_controls(controls.clone()).send()).await
        })
        .await?;
    Ok(())
}

/// Deletes an empty bucket: only where its creation is undone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let call = session.clients.s3.delete_bucket().bucket(request.remote_id.as_str());
    let call = call.expected_bucket_owner(s3::owner(session)).send();
    session.change("s3:DeleteBucket", call).await?;
    Ok(())
}

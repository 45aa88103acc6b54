//! Keys. They are never deleted: one whose creation is undone is disabled and used again.

use aws_sdk_kms::types::KeyManagerType;
use aws_sdk_kms::types::KeyMetadata;
use aws_sdk_kms::types::KeyState;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::error;
use crate::aws::error::Leaving;
use crate::aws::inputs::flag;
use crate::aws::inputs::owned_text;
use crate::aws::kms;
use crate::aws::reading::Reading;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;
use crate::aws::tags::Retagging;

const TYPE: &str = "kms.key";
const CREATE: &str = "kms:CreateKey";
/// The one policy that a key has (KMS API reference, `GetKeyPolicy`).
const POLICY: &str = "default";

/// Finds keys: by id, or through the tags of all keys, because a key has no name of its own.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema(TYPE);
    reading
        .each(wanted, async |wanted| {
            let found = match &wanted.target {
                Target::Id(id, _) => key(reading, id.as_str()).await?.into_iter().collect(),
                _ => owned(reading, wanted).await?,
            };
            Ok(choose(schema, wanted, &found).cloned())
        })
        .await
}

async fn key(reading: &Reading<'_>, id: &str) -> Result<Option<Live>, ProviderError> {
    let session = reading.session;
    let Some(metadata) = describe(session, id).await? else { return Ok(None) };
    let Some(all) = kms::shared_tags(reading, id).await? else { return Ok(None) };
    let call = session.clients.kms.get_key_policy().key_id(id).policy_name(POLICY).send();
    let policy = session.look("kms:GetKeyPolicy", call).await?.policy.unwrap_or_default();
    let call = session.clients.kms.get_key_rotation_status().key_id(id).send();
    let rotation = session.look("kms:GetKeyRotationStatus", call).await?.key_rotation_enabled;
    Ok(Sketch::new(session.schema(TYPE), metadata.key_id())
        .set("id", metadata.key_id())
        .set_if("arn", metadata.arn())
        .set("description", metadata.description().unwrap_or_default())
        .set("enabled", metadata.enabled())
        .set("rotation", rotation)
        .document("policy", &policy)
        .tagged(&all)
        .live(session.place))
}

/// A key that is there. One that is pending deletion is as good as gone, and must not be used.
async fn describe(session: &Session<'_>, id: &str) -> Result<Option<KeyMetadata>, ProviderError> {
    let call = session.clients.kms.describe_key().key_id(id).send();
    let found = error::optional(session.look("kms:DescribeKey", call).await)?;
    let usable = |metadata: &KeyMetadata| metadata.key_state() != Some(&KeyState::PendingDeletion);
    Ok(found.and_then(|answer| answer.key_metadata).filter(usable))
}

/// The keys whose tags name the unit and the address.
async fn owned(reading: &Reading<'_>, wanted: &Wanted<'_>) -> Result<Vec<Live>, ProviderError> {
    let session = reading.session;
    let keys = session.pages("kms:ListKeys", async |marker| {
        let page = session.clients.kms.list_keys().limit(1_000).set_marker(marker).send().await?;
        let marker = page.next_marker.filter(|_| page.truncated);
        Ok((page.keys.unwrap_or_default(), marker))
    });
    let mut found = Vec::new();
    for id in keys.await?.iter().filter_map(|key| key.key_id()) {
        let tags = match kms::shared_tags(reading, id).await {
            // Keys may be closed to everybody but their owners; those of nfplan are not.
            Err(error) if error.kind == ErrorKind::Denied => continue,
            tags => tags?.unwrap_or_default(),
        };
        let owner = tags::owner(&tags);
        if owner.is_some_and(|o| o.unit == *wanted.unit && o.address == *wanted.address)
            && describe(session, id).await?.is_some_and(|key| is_customers(&key))
        {
            found.extend(key(reading, id).await?);
        }
    }
    Ok(found)
}

fn is_customers(key: &KeyMetadata) -> bool {
    key.key_manager() != Some(&KeyManagerType::Aws)
}

/// Creates a key. A second request would make a second key, so that it is sent once.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let inputs = request.inputs;
    let made = session.change_once(CREATE, async || {
        let call = session.clients.kms_once.create_key();
        let call = call.set_description(owned_text(inputs, "description"));
        let call = call.set_policy(inputs.get("policy").map(Value::to_string));
        call.set_tags(Some(kms::sdk_tags(tags::of_attempt(request)))).send().await
    });
    let made = made.await?.key_metadata;
    let id = remote_id(CREATE, made.as_ref().map(KeyMetadata::key_id))?;
    let fresh =
        Attributes::from([("enabled".into(), true.into()), ("rotation".into(), false.into())]);
    bring(session, id.as_str(), (&fresh, inputs)).await.leaving(&id)?;
    Ok(id)
}

/// Switches a key and its rotation on or off. Rotation can only be switched while the key is enabled.
async fn bring(
    session: &Session<'_>,
    id: &str,
    (before, after): (&Attributes, &Attributes),
) -> Result<(), ProviderError> {
    let kms = &session.clients.kms;
    let wanted = |name: &str| flag(after, name).filter(|value| flag(before, name) != Some(*value));
    if wanted("enabled") == Some(true) {
        session.change("kms:EnableKey", kms.enable_key().key_id(id).send()).await?;
    }
    match wanted("rotation") {
        Some(true) => {
            let call = kms.enable_key_rotation().key_id(id).send();
            session.change("kms:EnableKeyRotation", call).await?;
        }
        Some(false) => {
            let call = kms.disable_key_rotation().key_id(id).send();
            session.change("kms:DisableKeyRotation", call).await?;
        }
        None => {}
    }
    if wanted("enabled") == Some(false) {
        session.change("kms:DisableKey", kms.disable_key().key_id(id).send()).await?;
    }
    Ok(())
}

/// Changes a key.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (id, kms, after) = (request.remote_id.as_str(), &session.clients.kms, request.after);
    bring(session, id, (request.before, after)).await?;
    if request.changed.contains("description") {
        let call = kms.update_key_description().key_id(id);
        let call = call.description(owned_text(after, "description").unwrap_or_default()).send();
        session.change("kms:UpdateKeyDescription", call).await?;
    }
    if request.changed.contains("policy") {
        let call = kms.put_key_policy().key_id(id).policy_name(POLICY);
        let call = call.set_policy(after.get("policy").map(Value::to_string)).send();
        session.change("kms:PutKeyPolicy", call).await?;
    }
    let Retagging { set, unset } = tags::retagging(request.before, after);
    if !unset.is_empty() {
        let call = kms.untag_resource().key_id(id).set_tag_keys(Some(unset)).send();
        session.change("kms:UntagResource", call).await?;
    }
    if !set.is_empty() {
        let call = kms.tag_resource().key_id(id).set_tags(Some(kms::sdk_tags(set))).send();
        session.change("kms:TagResource", call).await?;
    }
    Ok(())
}

/// No key is ever deleted.
#[expect(clippy::unused_async, reason = "deleting is asked for in the same way everywhere")]
pub(crate) async fn delete(
    _: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let message = format!(
        "nfplan deletes no KMS key: everything that `{}` encrypts would be lost with it",
        request.remote_id
    );
    Err(error::own(ErrorKind::Internal, "kms:ScheduleKeyDeletion", "NeverDeleted", message))
}

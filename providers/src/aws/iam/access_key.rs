//! Access keys. A key's secret goes from the answer to where it is delivered, and nowhere else.

use aws_sdk_iam::types::AccessKeyMetadata;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Owner;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use secrecy::SecretString;

use crate::aws::error;
use crate::aws::error::Leaving;
use crate::aws::file::credentials;
use crate::aws::iam;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::input;
use crate::aws::reading::inputs;
use crate::aws::secretsmanager::current_version;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;

const TYPE: &str = "iam.access_key";
const CREATE: &str = "iam:CreateAccessKey";
const ACTIVE: &str = "Active";

/// Finds keys. A bulk read does not list them, which takes a request for each user: what state knows
/// of one is passed on, with every attribute marked as not read.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    reading
        .each(wanted, async |wanted| {
            let Some(user) = input(wanted, "user") else { return Ok(None) };
            match &wanted.target {
                Target::Id(id, inputs) if !reading.is_deep() => {
                    Ok(Some(unasked(session, id, inputs)))
                }
                Target::Id(id, _) => {
                    let keys = list(session, user).await?.unwrap_or_default();
                    let found = keys.iter().find(|key| key.access_key_id() == Some(id.as_str()));
                    let live = found.and_then(|key| live(session, key, inputs(wanted)?));
                    Ok(live.map(|live| beside(live, &keys)))
                }
                Target::Siblings(_) => siblings(session, user, wanted).await,
                Target::Identity(_)
                | Target::Named(_)
                | Target::Incarnation(..)
                | Target::Others(_) => Ok(None),
            }
        })
        .await
}

/// The keys of a user; none if there is no such user.
pub(super) async fn list(
    session: &Session<'_>,
    user: &str,
) -> Result<Option<Vec<AccessKeyMetadata>>, ProviderError> {
    let keys = session.pages("iam:ListAccessKeys", async |marker| {
        let page = session.clients.iam.list_access_keys().user_name(user);
        let page = page.set_marker(marker).send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.access_key_metadata, marker))
    });
    error::optional(keys.await)
}

fn live(session: &Session<'_>, key: &AccessKeyMetadata, known: &Attributes) -> Option<Live> {
    let id = key.access_key_id()?;
    // Where its secret went is nothing that AWS knows.
    Sketch::new(session.schema(TYPE), id)
        .set("id", id)
        .set_if("user", key.user_name())
        .set_if("status", key.status().map(aws_sdk_iam::types::StatusType::as_str))
        .set_if("secret_id", owned_text(known, "secret_id"))
        .set_if("file", owned_text(known, "file"))
        .live(session.place)
}

/// The key with the ids of all others of its user.
fn beside(mut live: Live, keys: &[AccessKeyMetadata]) -> Live {
    let ids = keys.iter().filter_map(AccessKeyMetadata::access_key_id);
    let others = Value::list(ids.filter(|id| *id != live.remote_id.as_str()));
    live.attributes.insert("others".into(), others);
    live
}

fn unasked(session: &Session<'_>, id: &RemoteId, inputs: &Attributes) -> Live {
    let schema = session.schema(TYPE);
    let mut attributes = inputs.clone();
    attributes.remove("status");
    attributes.insert("id".into(), Value::text(id.as_str()));
    Live {
        remote_id: id.clone(),
        owner: None,
        attributes,
        unread: schema.managed().map(|(attribute, _)| attribute.name.into()).collect(),
        settling: None,
    }
}

/// All keys of a user, and those that were never used.
async fn siblings(
    session: &Session<'_>,
    user: &str,
    wanted: &Wanted<'_>,
) -> Result<Option<Live>, ProviderError> {
    let Some(keys) = list(session, user).await? else { return Ok(None) };
    let ids: Vec<&str> = keys.iter().filter_map(AccessKeyMetadata::access_key_id).collect();
    let mut unused = Vec::new();
    for id in &ids {
        let call = session.clients.iam.get_access_key_last_used().access_key_id(*id).send();
        let answer = session.look("iam:GetAccessKeyLastUsed", call).await?;
        let last_use = answer.access_key_last_used.and_then(|last| last.last_used_date);
        if last_use.is_none() {
            unused.push(*id);
        }
    }
    Ok(Some(Live {
        remote_id: remote_id("iam:ListAccessKeys", Some(user))?,
        owner: Some(Owner {
            unit: wanted.unit.clone(),
            address: wanted.address.clone(),
            incarnation: None,
        }),
        attributes: Attributes::from([
            ("ids".into(), Value::list(ids)),
            ("unused".into(), Value::list(unused)),
        ]),
        unread: std::collections::BTreeSet::new(),
        settling: None,
    }))
}

/// Creates a key and stages its secret. A second request would make a second key: it is sent once.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let user = owned_text(request.inputs, "user").unwrap_or_default();
    let made = session.insisting(iam::is_lag, async || {
        session
            .change_once(CREATE, async || {
                session.clients.iam_once.create_access_key().user_name(&user).send().await
            })
            .await
    });
    let key = made.await?.access_key;
    let key = key.ok_or_else(|| error::unknown(CREATE, "the answer holds no key"))?;
    let id = remote_id(CREATE, Some(key.access_key_id()))?;
    let secret = SecretString::from(key.secret_access_key);
    stage(session, request.inputs, &id, &secret)
        .await
        .map_err(|error| ProviderError { left: Left::Object(id.clone()), ..error })?;
    let fresh = Attributes::from([("status".into(), ACTIVE.into())]);
    set_status(session, &user, &id, (&fresh, request.inputs)).await.leaving(&id)?;
    Ok(id)
}

/// Puts the secret where it waits until the key is promoted.
async fn stage(
    session: &Session<'_>,
    inputs: &Attributes,
    id: &RemoteId,
    secret: &SecretString,
) -> Result<(), ProviderError> {
    if let Some(arn) = owned_text(inputs, "secret_id") {
        current_version::stage(session, &arn, id.as_str(), secret).await?;
    }
    if let Some(path) = owned_text(inputs, "file") {
        credentials::stage(session, &path, id.as_str(), secret)?;
    }
    Ok(())
}

async fn set_status(
    session: &Session<'_>,
    user: &str,
    id: &RemoteId,
    (before, after): (&Attributes, &Attributes),
) -> Result<(), ProviderError> {
    let Some(status) =
        owned_text(after, "status").filter(|_| before.get("status") != after.get("status"))
    else {
        return Ok(());
    };
    let call = session.clients.iam.update_access_key().user_name(user).access_key_id(id.as_str());
    let call = call.status(status.as_str().into()).send();
    session.change("iam:UpdateAccessKey", call).await?;
    Ok(())
}

/// Activates or deactivates a key.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let user = owned_text(request.after, "user").unwrap_or_default();
    set_status(session, &user, request.remote_id, (request.before, request.after)).await
}

/// Deletes a key, and its secret where that only waits to be delivered.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let (id, text) = (request.remote_id.as_str(), |name| owned_text(request.inputs, name));
    let call = session.clients.iam.delete_access_key().access_key_id(id);
    let call = call.set_user_name(text("user")).send();
    error::optional(session.change("iam:DeleteAccessKey", call).await)?;
    if let Some(arn) = text("secret_id") {
        current_version::discard(session, &arn, id).await?;
    }
    if let Some(path) = text("file") {
        credentials::discard(session, &path, id)?;
    }
    Ok(())
}

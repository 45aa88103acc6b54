//! Secrets.

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

use crate::aws::error;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::id_or_name;
use crate::aws::secretsmanager;
use crate::aws::secretsmanager::Described;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;
use crate::aws::tags::Retagging;

const TYPE: &str = "secretsmanager.secret";
const CREATE: &str = "secretsmanager:CreateSecret";

/// What a secret gives out before the first key is promoted. Without a first version, the first key
/// that is staged would be given out at once (Secrets Manager API reference, `PutSecretValue`).
const NOTHING: &str = "{}";

/// Finds secrets.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema(TYPE);
    reading
        .each(wanted, async |wanted| {
            if let Target::Others(_) = wanted.target {
                let all = secretsmanager::all(reading).await?.iter();
                let all: Vec<Live> = all.filter_map(|secret| live(session, secret)).collect();
                return Ok(choose(schema, wanted, &all).cloned());
            }
            let Some(id) = id_or_name(wanted) else { return Ok(None) };
            let found = secretsmanager::secret(reading, id).await?;
            let found = found.and_then(|secret| live(session, &secret));
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

fn live(session: &Session<'_>, secret: &Described) -> Option<Live> {
    Sketch::new(session.schema(TYPE), &secret.arn)
        .set("arn", secret.arn.as_str())
        .set("name", secret.name.as_str())
        .set_if("description", secret.description.as_deref())
        .tagged(&secret.tags)
        .live(session.place)
}

/// Creates a secret that gives out nothing yet.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let name = text("name").unwrap_or_default();
    let call = session.clients.secrets.create_secret().name(&name).secret_string(NOTHING);
    let call = call.set_description(text("description")).client_request_token(request.token);
    let call = call.set_tags(Some(secretsmanager::sdk_tags(tags::of_attempt(request))));
    match session.change(CREATE, call.send()).await {
        Ok(made) => remote_id(CREATE, made.arn()),
        Err(error) if error.kind == ErrorKind::Exists => {
            let found = secretsmanager::describe(session, &name).await?;
            let tags = found.as_ref().map(|secret| secret.tags.clone()).unwrap_or_default();
            error::unless_of_attempt(request, &tags, &format!("secret `{name}`"), error)?;
            remote_id(CREATE, found.as_ref().map(|secret| secret.arn.as_str()))
        }
        Err(error) => Err(error),
    }
}

/// Changes description and tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (arn, secrets) = (request.remote_id.as_str(), &session.clients.secrets);
    if request.changed.contains("description") {
        let call = secrets.update_secret().secret_id(arn);
        let call = call.set_description(owned_text(request.after, "description")).send();
        session.change("secretsmanager:UpdateSecret", call).await?;
    }
    let Retagging { set, unset } = tags::retagging(request.before, request.after);
    if !unset.is_empty() {
        let call = secrets.untag_resource().secret_id(arn).set_tag_keys(Some(unset)).send();
        session.change("secretsmanager:UntagResource", call).await?;
    }
    if !set.is_empty() {
        let set = secretsmanager::sdk_tags(set);
        let call = secrets.tag_resource().secret_id(arn).set_tags(Some(set)).send();
        session.change("secretsmanager:TagResource", call).await?;
    }
    Ok(())
}

/// Deletes a secret for good: its key is gone by then, and a name that is held back for days would
/// keep the workspace from coming back.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let call = session.clients.secrets.delete_secret().secret_id(request.remote_id.as_str());
    let call = call.force_delete_without_recovery(true).send();
    session.change("secretsmanager:DeleteSecret", call).await?;
    Ok(())
}

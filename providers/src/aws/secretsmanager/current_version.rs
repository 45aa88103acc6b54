//! Which access key a secret gives out. The value of a version is a JSON map with the names of AWS's
//! shared credentials file; the version's label is the key's id.

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use nfplan_engine::address::RemoteId;
use nfplan_engine::digest::Digest;
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
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::aws::error;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::input;
use crate::aws::secretsmanager;
use crate::aws::secretsmanager::CURRENT;
use crate::aws::secretsmanager::Described;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::delivered::AccessKey;
use crate::files;

const TYPE: &str = "secretsmanager.current_version";
const MOVE_LABEL: &str = "secretsmanager:UpdateSecretVersionStage";

/// Finds which keys are given out.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema(TYPE);
    reading
        .each(wanted, async |wanted| {
            let id = match &wanted.target {
                Target::Id(id, _) => Some(id.as_str()),
                _ => input(wanted, "secret_id"),
            };
            let Some(id) = id else { return Ok(None) };
            let found = secretsmanager::secret(reading, id).await?;
            let found = found.and_then(|secret| live(session, &secret, wanted));
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

fn live(session: &Session<'_>, secret: &Described, wanted: &Wanted<'_>) -> Option<Live> {
    let key = secret.current_key().filter(|key| files::is_meant(&wanted.target, key))?;
    Sketch::new(session.schema(TYPE), &secret.arn)
        .set("secret_id", secret.arn.as_str())
        .set("access_key_id", key)
        .part_of(&secret.tags, wanted.address)
        .live(session.place)
}

/// Gives out the key that waits in the secret.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    promote(session, request.inputs).await?;
    remote_id(MOVE_LABEL, owned_text(request.inputs, "secret_id").as_deref())
}

/// Gives out another key.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    promote(session, request.after).await
}

/// There is always one current version; the label goes with the secret.
#[expect(clippy::unused_async, reason = "deleting is asked for in the same way everywhere")]
pub(crate) async fn delete(_: &Session<'_>, _: &DeleteRequest<'_>) -> Result<(), ProviderError> {
    Ok(())
}

async fn promote(session: &Session<'_>, inputs: &Attributes) -> Result<(), ProviderError> {
    let text = |name| owned_text(inputs, name).unwrap_or_default();
    let (arn, key) = (text("secret_id"), text("access_key_id"));
    let secret = secretsmanager::describe(session, &arn).await?;
    let secret =
        secret.ok_or_else(|| error::missing(MOVE_LABEL, &format!("the secret `{arn}`")))?;
    let Some(version) = secret.version_of(&key) else {
        let message = format!("the secret has no version with the label `{key}`");
        return Err(error::own(ErrorKind::NotFound, MOVE_LABEL, "NotStaged", message));
    };
    let current = secret.version_of(CURRENT);
    if current == Some(version) {
        return Ok(());
    }
    session.change(MOVE_LABEL, move_label(session, &arn, CURRENT, (current, Some(version)))).await
}

async fn move_label(
    session: &Session<'_>,
    arn: &str,
    label: &str,
    (from, to): (Option<&str>, Option<&str>),
) -> Result<(), SdkError<UpdateSecretVersionStageError, HttpResponse>> {
    let call = session.clients.secrets.update_secret_version_stage().secret_id(arn);
    let call = call.version_stage(label).set_remove_from_version_id(from.map(str::to_owned));
    call.set_move_to_version_id(to.map(str::to_owned)).send().await.map(drop)
}

/// Puts a key's secret into a version of its own, labelled with the key's id.
pub(crate) async fn stage(
    session: &Session<'_>,
    arn: &str,
    key: &str,
    secret: &SecretString,
) -> Result<(), ProviderError> {
    let value = serde_json::json!({
        "aws_access_key_id": key,
        "aws_secret_access_key": secret.expose_secret(),
    });
    let value = SecretString::from(value.to_string());
    // The same key is the same version, however often the request is sent.
    let token = Digest::of_bytes(key.as_bytes()).hex();
    let call = session.clients.secrets.put_secret_value().secret_id(arn).version_stages(key);
    let call = call.client_request_token(token).secret_string(value.expose_secret()).send();
    session.change("secretsmanager:PutSecretValue", call).await?;
    Ok(())
}

/// The key that a secret gives out; none if there is no such secret, or nothing in it.
pub(crate) async fn given_out(
    session: &Session<'_>,
    arn: &str,
) -> Result<Option<AccessKey>, ProviderError> {
    const LOOK: &str = "secretsmanager:GetSecretValue";
    let call = session.clients.secrets.get_secret_value().secret_id(arn).version_stage(CURRENT);
    let found = error::optional(session.look(LOOK, call.send()).await)?;
    let text = found.and_then(|answer| answer.secret_string).map(SecretString::from);
    Ok(text.as_ref().and_then(AccessKey::read))
}

/// Takes the label off the version of a key that was not promoted: AWS deletes versions without one.
pub(crate) async fn discard(
    session: &Session<'_>,
    arn: &str,
    key: &str,
) -> Result<(), ProviderError> {
    let Some(secret) = secretsmanager::describe(session, arn).await? else { return Ok(()) };
    let Some(version) = secret.version_of(key).filter(|_| secret.current_key() != Some(key)) else {
        return Ok(());
    };
    session.change(MOVE_LABEL, move_label(session, arn, key, (Some(version), None))).await
}

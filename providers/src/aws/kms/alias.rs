//! The names of keys.

use aws_sdk_kms::types::AliasListEntry;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;

use crate::aws::inputs::owned_text;
use crate::aws::kms;
use crate::aws::reading::Reading;
use crate::aws::reading::id_or_name;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;

const TYPE: &str = "kms.alias";
const CREATE: &str = "kms:CreateAlias";

/// Finds aliases. KMS lists them all and has no question for one.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema(TYPE);
    let all = list(session).await;
    reading
        .each(wanted, async |wanted| {
            let all = all.as_ref().map_err(Clone::clone)?;
            let found = all.iter().find(|alias| alias.alias_name() == id_or_name(wanted));
            let Some(found) = found else { return Ok(None) };
            let found = live(reading, found, wanted).await?;
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

async fn list(session: &Session<'_>) -> Result<Vec<AliasListEntry>, ProviderError> {
    let aliases = session.pages("kms:ListAliases", async |marker| {
        let page = session.clients.kms.list_aliases().limit(100).set_marker(marker).send().await?;
        let marker = page.next_marker.filter(|_| page.truncated);
        Ok((page.aliases.unwrap_or_default(), marker))
    });
    aliases.await
}

async fn live(
    reading: &Reading<'_>,
    alias: &AliasListEntry,
    wanted: &Wanted<'_>,
) -> Result<Option<Live>, ProviderError> {
    let (Some(name), Some(key)) = (alias.alias_name(), alias.target_key_id()) else {
        return Ok(None);
    };
    // Whose it is, is told by the key that it leads to.
    let tags = kms::shared_tags(reading, key).await?.unwrap_or_default();
    let session = reading.session;
    Ok(Sketch::new(session.schema(TYPE), name)
        .set("name", name)
        .set("target_key_id", key)
        .part_of(&tags, wanted.address)
        .live(session.place))
}

/// Gives a key a name.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let (name, key) = (text("name").unwrap_or_default(), text("target_key_id"));
    let call = session.clients.kms.create_alias().alias_name(&name).set_target_key_id(key.clone());
    match session.change(CREATE, call.send()).await {
        Err(error) if error.kind == ErrorKind::Exists => {
            let all = list(session).await?;
            let found = all.iter().find(|alias| alias.alias_name() == Some(name.as_str()));
            let target = found.and_then(AliasListEntry::target_key_id);
            if target != key.as_deref() {
                let other = target.unwrap_or("no key");
                let message = format!("the alias `{name}` already exists and leads to {other}");
                return Err(ProviderError { message, ..error });
            }
        }
        result => drop(result?),
    }
    remote_id(CREATE, Some(&name))
}

/// Lets an alias lead to another key.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let call = session.clients.kms.update_alias().alias_name(request.remote_id.as_str());
    let call = call.set_target_key_id(owned_text(request.after, "target_key_id")).send();
    session.change("kms:UpdateAlias", call).await?;
    Ok(())
}

/// Takes a name away.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let call = session.clients.kms.delete_alias().alias_name(request.remote_id.as_str()).send();
    session.change("kms:DeleteAlias", call).await?;
    Ok(())
}

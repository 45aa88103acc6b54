//! Log groups.

use aws_sdk_cloudwatchlogs::types::LogGroup;
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
use crate::aws::error::Leaving;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::id_or_name;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;
use crate::aws::tags::Retagging;
use crate::aws::tags::Tags;

const TYPE: &str = "logs.log_group";
const CREATE: &str = "logs:CreateLogGroup";
const DAYS: &str = "retention_days";

/// Finds groups.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema(TYPE);
    reading
        .each(wanted, async |wanted| {
            let Some(name) = id_or_name(wanted) else { return Ok(None) };
            let found = group(session, name).await?;
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

async fn group(session: &Session<'_>, name: &str) -> Result<Option<Live>, ProviderError> {
    let Some(group) = describe(session, name).await? else { return Ok(None) };
    let Some(all) = tags_of(session, name).await? else { return Ok(None) };
    Ok(Sketch::new(session.schema(TYPE), name)
        .set("name", name)
        .number(DAYS, group.retention_in_days())
        .tagged(&all)
        .live(session.place))
}

/// The group of exactly this name: the service looks for names that begin so.
async fn describe(session: &Session<'_>, name: &str) -> Result<Option<LogGroup>, ProviderError> {
    let groups = session.pages("logs:DescribeLogGroups", async |token| {
        let page = session.clients.logs.describe_log_groups().log_group_name_prefix(name);
        let page = page.set_next_token(token).send().await?;
        Ok((page.log_groups.unwrap_or_default(), page.next_token))
    });
    Ok(groups.await?.into_iter().find(|group| group.log_group_name() == Some(name)))
}

async fn tags_of(session: &Session<'_>, name: &str) -> Result<Option<Tags>, ProviderError> {
    let call =
        session.clients.logs.list_tags_for_resource().resource_arn(arn(session, name)).send();
    let found = error::optional(session.look("logs:ListTagsForResource", call).await)?;
    Ok(found.map(|answer| answer.tags.unwrap_or_default().into_iter().collect()))
}

/// The ARN as tags are asked for under it: without the `:*` that descriptions append.
fn arn(session: &Session<'_>, name: &str) -> String {
    let inputs = Attributes::from([("name".into(), name.into())]);
    let outputs = (session.schema(TYPE).predict)(session.place, &inputs);
    owned_text(&outputs, "arn").unwrap_or_default()
}

/// Creates a group, then says how long it keeps what it is given.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let name = owned_text(request.inputs, "name").unwrap_or_default();
    let call = session.clients.logs.create_log_group().log_group_name(&name);
    let call = call.set_tags(Some(tags::of_attempt(request).into_iter().collect())).send();
    match session.change(CREATE, call).await {
        Err(error) if error.kind == ErrorKind::Exists => {
            let tags = tags_of(session, &name).await?.unwrap_or_default();
            error::unless_of_attempt(request, &tags, &format!("log group `{name}`"), error)?;
        }
        result => drop(result?),
    }
    let id = remote_id(CREATE, Some(&name))?;
    retain(session, &name, request.inputs).await.leaving(&id)?;
    Ok(id)
}

async fn retain(
    session: &Session<'_>,
    name: &str,
    wanted: &Attributes,
) -> Result<(), ProviderError> {
    let logs = &session.clients.logs;
    if let Some(days) = number(wanted, DAYS) {
        let call = logs.put_retention_policy().log_group_name(name).retention_in_days(days).send();
        session.change("logs:PutRetentionPolicy", call).await?;
    } else {
        let call = logs.delete_retention_policy().log_group_name(name).send();
        session.change("logs:DeleteRetentionPolicy", call).await?;
    }
    Ok(())
}

/// Changes retention and tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (name, logs) = (request.remote_id.as_str(), &session.clients.logs);
    if request.changed.contains(DAYS) {
        retain(session, name, request.after).await?;
    }
    let Retagging { set, unset } = tags::retagging(request.before, request.after);
    let arn = arn(session, name);
    if !unset.is_empty() {
        let call = logs.untag_resource().resource_arn(&arn).set_tag_keys(Some(unset)).send();
        session.change("logs:UntagResource", call).await?;
    }
    if !set.is_empty() {
        let set = set.into_iter().collect();
        let call = logs.tag_resource().resource_arn(&arn).set_tags(Some(set)).send();
        session.change("logs:TagResource", call).await?;
    }
    Ok(())
}

/// Deletes a group: only where its creation is undone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let call = session.clients.logs.delete_log_group();
    let call = call.log_group_name(request.remote_id.as_str()).send();
    session.change("logs:DeleteLogGroup", call).await?;
    Ok(())
}

//! Customer managed policies and their versions.

use aws_sdk_iam::types::ManagedPolicyDetail;
use aws_sdk_iam::types::Policy;
use aws_sdk_iam::types::PolicyVersion;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
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

use crate::aws::error;
use crate::aws::iam;
use crate::aws::iam::Principals;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::inputs;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;
use crate::aws::tags::Tags;

const TYPE: &str = "iam.policy";
const CREATE: &str = "iam:CreatePolicy";

/// A policy has at most this many versions (IAM user guide, "IAM and AWS STS quotas").
const MOST_VERSIONS: usize = 5;

/// Finds policies. The listing has no tags, so that one which is there by name only is looked at by
/// itself: whose it is must be proved.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let listed = Principals::of(reading).await;
    let schema = session.schema(TYPE);
    reading
        .each(wanted, async |wanted| {
            if let Target::Others(_) = wanted.target {
                return Ok(choose(schema, wanted, &of_unit(reading, wanted.unit).await?).cloned());
            }
            let Some(arn) = arn(session, wanted) else { return Ok(None) };
            let Some(listed) = &listed else {
                let found = policy(session, &arn).await?;
                return Ok(choose(schema, wanted, found.as_slice()).cloned());
            };
            let mut listed = listed.as_ref().map_err(Clone::clone)?.policies.iter();
            let Some(found) = listed.find(|policy| policy.arn() == Some(&arn)) else {
                return Ok(None);
            };
            if matches!(wanted.target, Target::Id(..)) && !reading.is_deep() {
                return Ok(listed_policy(session, found, None));
            }
            let tags = tags_of(session, &arn).await?;
            let found = tags.and_then(|tags| listed_policy(session, found, Some(&tags)));
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

/// A policy's tags; none if there is no such policy any more.
async fn tags_of(session: &Session<'_>, arn: &str) -> Result<Option<Tags>, ProviderError> {
    let tags = session.pages("iam:ListPolicyTags", async |marker| {
        let page = session.clients.iam.list_policy_tags().policy_arn(arn).set_marker(marker);
        let page = page.send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.tags, marker))
    });
    Ok(error::optional(tags.await)?.map(|tags| iam::tags_of(&tags)))
}

/// Policies that may be a unit's, with their tags.
async fn of_unit(reading: &Reading<'_>, unit: &UnitId) -> Result<Vec<Live>, ProviderError> {
    let mut found = Vec::new();
    for policy in &Principals::all(reading).await?.policies {
        let Some(arn) = policy.arn().filter(|arn| iam::may_be_of(unit, arn)) else { continue };
        if let Some(tags) = tags_of(reading.session, arn).await? {
            found.extend(listed_policy(reading.session, policy, Some(&tags)));
        }
    }
    Ok(found)
}

/// The ARN, which follows from path and name.
fn arn(session: &Session<'_>, wanted: &Wanted<'_>) -> Option<String> {
    match &wanted.target {
        Target::Id(id, _) => Some(id.to_string()),
        _ => predicted(session, inputs(wanted)?),
    }
}

fn predicted(session: &Session<'_>, inputs: &Attributes) -> Option<String> {
    owned_text(&(session.schema(TYPE).predict)(session.place, inputs), "arn")
}

fn listed_policy(
    session: &Session<'_>,
    policy: &ManagedPolicyDetail,
    tags: Option<&Tags>,
) -> Option<Live> {
    let mut versions = policy.policy_version_list().iter();
    let document = versions.find(|version| version.is_default_version())?.document()?;
    let arn = policy.arn()?;
    let sketch = Sketch::new(session.schema(TYPE), arn)
        .set_if("name", arn.rsplit('/').next())
        .set_if("path", policy.path())
        .document("document", &iam::decoded(document));
    match tags {
        Some(tags) => sketch.tagged(tags),
        None => sketch.unread("tags"),
    }
    .live(session.place)
}

async fn policy(session: &Session<'_>, arn: &str) -> Result<Option<Live>, ProviderError> {
    let Some(policy) = get(session, arn).await? else { return Ok(None) };
    let call = session.clients.iam.get_policy_version().policy_arn(arn);
    let call = call.set_version_id(policy.default_version_id().map(str::to_owned)).send();
    let version = error::optional(session.look("iam:GetPolicyVersion", call).await)?;
    let Some(version) = version.and_then(|answer| answer.policy_version) else { return Ok(None) };
    Ok(Sketch::new(session.schema(TYPE), arn)
        .set_if("name", policy.policy_name())
        .set_if("path", policy.path())
        .document("document", &iam::decoded(version.document().unwrap_or_default()))
        .tagged(&iam::tags_of(policy.tags()))
        .live(session.place))
}

async fn get(session: &Session<'_>, arn: &str) -> Result<Option<Policy>, ProviderError> {
    let call = session.clients.iam.get_policy().policy_arn(arn).send();
    let found = error::optional(session.look("iam:GetPolicy", call).await)?;
    Ok(found.and_then(|answer| answer.policy))
}

/// Creates a policy.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let call = session.clients.iam.create_policy().set_policy_name(text("name"));
    let call = call.set_path(text("path"));
    let call = call.set_policy_document(iam::document(request.inputs, "document"));
    let call = call.set_tags(Some(iam::sdk_tags(tags::of_attempt(request)))).send();
    match session.change(CREATE, call).await {
        Ok(made) => remote_id(CREATE, made.policy.as_ref().and_then(Policy::arn)),
        Err(error) if error.kind == ErrorKind::Exists => {
            let arn = predicted(session, request.inputs).unwrap_or_default();
            // Names are unique whatever the path: one under another path is not found here.
            let found = get(session, &arn).await?;
            let tags = found.map(|policy| iam::tags_of(policy.tags())).unwrap_or_default();
            let name = text("name").unwrap_or_default();
            error::unless_of_attempt(request, &tags, &format!("policy `{name}`"), error)?;
            remote_id(CREATE, Some(&arn))
        }
        Err(error) => Err(error),
    }
}

/// Makes the version with the wanted document the default one, and changes tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (arn, iam) = (request.remote_id.as_str(), &session.clients.iam);
    if request.changed.contains("document") {
        bring_document(session, arn, request.after).await?;
    }
    iam::retag!(
        session,
        request,
        "iam:TagPolicy" = iam.tag_policy().policy_arn(arn),
        "iam:UntagPolicy" = iam.untag_policy().policy_arn(arn)
    );
    Ok(())
}

/// A rollback finds the version that it goes back to; otherwise one is made, and the oldest goes if
/// there is no room for it.
async fn bring_document(
    session: &Session<'_>,
    arn: &str,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let iam = &session.clients.iam;
    let others = other_versions(session, arn).await?;
    for version in &others {
        if document_of(session, arn, version).await?.as_ref() == after.get("document") {
            let call = iam.set_default_policy_version().policy_arn(arn).version_id(version).send();
            session.change("iam:SetDefaultPolicyVersion", call).await?;
            return Ok(());
        }
    }
    if others.len() + 1 >= MOST_VERSIONS {
        delete_version(session, arn, &others[0]).await?;
    }
    let call = iam.create_policy_version().policy_arn(arn).set_as_default(true);
    let call = call.set_policy_document(iam::document(after, "document")).send();
    session.change("iam:CreatePolicyVersion", call).await?;
    Ok(())
}

/// The versions that are not the default one, the oldest first.
async fn other_versions(session: &Session<'_>, arn: &str) -> Result<Vec<String>, ProviderError> {
    let versions = session.pages("iam:ListPolicyVersions", async |marker| {
        let page = session.clients.iam.list_policy_versions().policy_arn(arn);
        let page = page.set_marker(marker).send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.versions.unwrap_or_default(), marker))
    });
    let versions = versions.await?;
    let others = versions.iter().filter(|version| !version.is_default_version());
    let mut others: Vec<&str> = others.filter_map(PolicyVersion::version_id).collect();
    others.sort_by_key(|id| version_number(id));
    Ok(others.into_iter().map(str::to_owned).collect())
}

/// Versions are called `v1`, `v2`… and numbers are never used again.
fn version_number(id: &str) -> u64 {
    id.trim_start_matches('v').parse().unwrap_or(u64::MAX)
}

async fn document_of(
    session: &Session<'_>,
    arn: &str,
    version: &str,
) -> Result<Option<nfplan_engine::value::Value>, ProviderError> {
    let call = session.clients.iam.get_policy_version().policy_arn(arn).version_id(version).send();
    let answer = session.look("iam:GetPolicyVersion", call).await?;
    let version = answer.policy_version;
    let document = version.as_ref().and_then(PolicyVersion::document).map(iam::decoded);
    let sketch = Sketch::new(session.schema(TYPE), arn);
    let live = document.and_then(|text| sketch.document("document", &text).live(session.place));
    Ok(live.and_then(|live| live.attributes.get("document").cloned()))
}

async fn delete_version(
    session: &Session<'_>,
    arn: &str,
    version: &str,
) -> Result<(), ProviderError> {
    let call =
        session.clients.iam.delete_policy_version().policy_arn(arn).version_id(version).send();
    error::optional(session.change("iam:DeletePolicyVersion", call).await)?;
    Ok(())
}

/// Deletes a policy with all its versions.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let arn = request.remote_id.as_str();
    for version in other_versions(session, arn).await? {
        delete_version(session, arn, &version).await?;
    }
    session
        .insisting(iam::is_busy, async || {
            let call = session.clients.iam.delete_policy().policy_arn(arn).send();
            session.change("iam:DeletePolicy", call).await
        })
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number_and_not_as_text() {
        let mut ids = ["v10", "v9", "v2"];
        ids.sort_by_key(|id| version_number(id));
        assert_eq!(ids, ["v2", "v9", "v10"]);
    }
}

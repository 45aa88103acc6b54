//! Instance profiles.

use aws_sdk_iam::types::InstanceProfile;
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

use crate::aws::error;
use crate::aws::error::Leaving;
use crate::aws::iam;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::id_or_name;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const TYPE: &str = "iam.instance_profile";
const CREATE: &str = "iam:CreateInstanceProfile";

/// From so many profiles on, a listing takes fewer requests.
const LIST_FROM: usize = 5;

/// Finds profiles. The listing has no tags, so that one which is there by name only is looked at by
/// itself: whose it is must be proved.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema(TYPE);
    let listed = if !reading.is_deep() && wanted.len() >= LIST_FROM {
        let profiles = list(session).await;
        Some(profiles.map(|profiles| {
            let untagged = |profile| sketch(session, profile).unread("tags").live(session.place);
            profiles.iter().filter_map(untagged).collect::<Vec<Live>>()
        }))
    } else {
        None
    };
    reading
        .each(wanted, async |wanted| {
            if let Target::Others(_) = wanted.target {
                return Ok(choose(schema, wanted, &of_unit(session, wanted.unit).await?).cloned());
            }
            let Some(name) = id_or_name(wanted) else { return Ok(None) };
            if let Some(listed) = &listed {
                let listed = listed.as_ref().map_err(Clone::clone)?;
                let found = listed.iter().find(|live| live.remote_id.as_str() == name);
                if found.is_none() || matches!(wanted.target, Target::Id(..)) {
                    return Ok(found.cloned());
                }
            }
            let found = get(session, name).await?.and_then(|profile| live(session, &profile));
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

fn live(session: &Session<'_>, profile: &InstanceProfile) -> Option<Live> {
    sketch(session, profile).tagged(&iam::tags_of(profile.tags())).live(session.place)
}

/// Profiles that may be a unit's, with their tags.
async fn of_unit(session: &Session<'_>, unit: &UnitId) -> Result<Vec<Live>, ProviderError> {
    let mut found = Vec::new();
    for profile in list(session).await? {
        let name = profile.instance_profile_name();
        if iam::may_be_of(unit, name) {
            found.extend(get(session, name).await?.and_then(|profile| live(session, &profile)));
        }
    }
    Ok(found)
}

async fn list(session: &Session<'_>) -> Result<Vec<InstanceProfile>, ProviderError> {
    let profiles = session.pages("iam:ListInstanceProfiles", async |marker| {
        let page = session.clients.iam.list_instance_profiles().max_items(1_000);
        let page = page.set_marker(marker).send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.instance_profiles, marker))
    });
    profiles.await
}

fn sketch(session: &Session<'_>, profile: &InstanceProfile) -> Sketch {
    let name = profile.instance_profile_name();
    Sketch::new(session.schema(TYPE), name)
        .set("name", name)
        .set("path", profile.path())
        .set_if("role", profile.roles().first().map(aws_sdk_iam::types::Role::role_name))
}

async fn get(session: &Session<'_>, name: &str) -> Result<Option<InstanceProfile>, ProviderError> {
    let call = session.clients.iam.get_instance_profile().instance_profile_name(name).send();
    let found = error::optional(session.look("iam:GetInstanceProfile", call).await)?;
    Ok(found.and_then(|answer| answer.instance_profile))
}

/// Creates a profile with its role, and waits until other services know of both: a compute environment
/// that is made before becomes invalid, and says so much later.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let name = text("name").unwrap_or_default();
    let call = session.clients.iam.create_instance_profile().instance_profile_name(&name);
    let call = call.set_path(text("path"));
    let call = call.set_tags(Some(iam::sdk_tags(tags::of_attempt(request)))).send();
    match session.change(CREATE, call).await {
        Ok(_) => {}
        Err(error) if error.kind == ErrorKind::Exists => {
            let found = get(session, &name).await?;
            let tags = found.map(|profile| iam::tags_of(profile.tags())).unwrap_or_default();
            error::unless_of_attempt(request, &tags, &format!("instance profile `{name}`"), error)?;
        }
        Err(error) => return Err(error),
    }
    let id = remote_id(CREATE, Some(&name))?;
    put_role(session, &name, text("role")).await.leaving(&id)?;
    tokio::time::sleep(session.inner.timing.horizon).await;
    Ok(id)
}

async fn put_role(
    session: &Session<'_>,
    profile: &str,
    role: Option<String>,
) -> Result<(), ProviderError> {
    let Some(role) = role else { return Ok(()) };
    let added = session.insisting(iam::is_lag, async || {
        let call = session.clients.iam.add_role_to_instance_profile();
        let call = call.instance_profile_name(profile).role_name(&role).send();
        session.change("iam:AddRoleToInstanceProfile", call).await
    });
    match added.await {
        // A profile holds one role; reading back tells whether it is this one.
        Err(error) if error.kind == ErrorKind::Quota => Ok(()),
        result => result.map(drop),
    }
}

async fn take_role(
    session: &Session<'_>,
    profile: &str,
    role: Option<String>,
) -> Result<(), ProviderError> {
    let Some(role) = role else { return Ok(()) };
    let call = session.clients.iam.remove_role_from_instance_profile();
    let call = call.instance_profile_name(profile).role_name(role).send();
    error::optional(session.change("iam:RemoveRoleFromInstanceProfile", call).await)?;
    Ok(())
}

/// Swaps the role, and changes tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (name, iam) = (request.remote_id.as_str(), &session.clients.iam);
    if request.changed.contains("role") {
        take_role(session, name, owned_text(request.before, "role")).await?;
        put_role(session, name, owned_text(request.after, "role")).await?;
    }
    iam::retag!(
        session,
        request,
        "iam:TagInstanceProfile" = iam.tag_instance_profile().instance_profile_name(name),
        "iam:UntagInstanceProfile" = iam.untag_instance_profile().instance_profile_name(name)
    );
    Ok(())
}

/// Takes the role out, whichever it is, and deletes the profile.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let name = request.remote_id.as_str();
    let Some(found) = get(session, name).await? else { return Ok(()) };
    for role in found.roles() {
        take_role(session, name, Some(role.role_name().to_owned())).await?;
    }
    session
        .insisting(iam::is_busy, async || {
            let call = session.clients.iam.delete_instance_profile().instance_profile_name(name);
            session.change("iam:DeleteInstanceProfile", call.send()).await
        })
        .await?;
    Ok(())
}

//! Roles.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Role;
use aws_sdk_iam::types::RoleDetail;
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

use crate::aws::error;
use crate::aws::error::Leaving;
use crate::aws::iam;
use crate::aws::iam::Boundary;
use crate::aws::iam::Principals;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::id_or_name;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const TYPE: &str = "iam.role";
const CREATE: &str = "iam:CreateRole";
const BOUNDARY: &str = "permissions_boundary";

/// Finds roles: in the listing of everything, if that is worth it, or each by itself.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let live = |all: &Principals, lengths: &Lengths| {
        let roles = all.roles.iter().filter_map(|role| listed_role(session, role, lengths));
        roles.collect::<Vec<Live>>()
    };
    let listed = match Principals::of(reading).await {
        Some(Ok(all)) if reading.is_deep() => {
            Some(session_lengths(session).await.map(|lengths| live(all, &lengths)))
        }
        listed => listed.map(|all| all.map(|all| live(all, &Lengths::new()))),
    };
    let schema = session.schema(TYPE);
    reading
        .each(wanted, async |wanted| {
            if let Some(listed) = &listed {
                let listed = listed.as_ref().map_err(Clone::clone)?;
                return Ok(choose(schema, wanted, listed).cloned());
            }
            if let Target::Others(_) = wanted.target {
                let all = live(Principals::all(reading).await?, &Lengths::new());
                return Ok(choose(schema, wanted, &all).cloned());
            }
            let Some(name) = id_or_name(wanted) else { return Ok(None) };
            let found = role(session, name).await?;
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

/// The longest session of each role, in seconds.
type Lengths = BTreeMap<String, i32>;

/// What the listing of everything lacks.
async fn session_lengths(session: &Session<'_>) -> Result<Lengths, ProviderError> {
    let roles = session.pages("iam:ListRoles", async |marker| {
        let page = session.clients.iam.list_roles().max_items(1_000).set_marker(marker);
        let page = page.send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.roles, marker))
    });
    let roles = roles.await?.into_iter();
    Ok(roles.filter_map(|role| Some((role.role_name, role.max_session_duration?))).collect())
}

fn listed_role(session: &Session<'_>, role: &RoleDetail, lengths: &Lengths) -> Option<Live> {
    const LENGTH: &str = "max_session_seconds";
    let boundary = role.permissions_boundary();
    let attached = iam::arns(role.attached_managed_policies());
    let sketch = Sketch::new(session.schema(TYPE), role.role_name()?);
    let sketch = match lengths.get(role.role_name()?) {
        Some(seconds) => sketch.number(LENGTH, Some(*seconds)),
        None => sketch.unread(LENGTH),
    };
    sketch
        .set_if("name", role.role_name())
        .set_if("path", role.path())
        .set_if("id", role.role_id())
        .document("trust", &iam::decoded(role.assume_role_policy_document()?))
        .texts("policy_arns", attached)
        .set_if(BOUNDARY, boundary.and_then(|boundary| boundary.permissions_boundary_arn()))
        .tagged(&iam::tags_of(role.tags()))
        .live(session.place)
}

async fn role(session: &Session<'_>, name: &str) -> Result<Option<Live>, ProviderError> {
    let Some(role) = get(session, name).await? else { return Ok(None) };
    let attached = session.pages("iam:ListAttachedRolePolicies", async |marker| {
        let page = session.clients.iam.list_attached_role_policies().role_name(name);
        let page = page.set_marker(marker).send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.attached_policies.unwrap_or_default(), marker))
    });
    let Some(attached) = error::optional(attached.await)? else { return Ok(None) };
    let boundary = role.permissions_boundary();
    Ok(Sketch::new(session.schema(TYPE), role.role_name())
        .set("name", role.role_name())
        .set("path", role.path())
        .set("id", role.role_id())
        .document("trust", &iam::decoded(role.assume_role_policy_document().unwrap_or_default()))
        .texts("policy_arns", iam::arns(&attached))
        .set_if(BOUNDARY, boundary.and_then(|boundary| boundary.permissions_boundary_arn()))
        .number("max_session_seconds", role.max_session_duration())
        .tagged(&iam::tags_of(role.tags()))
        .live(session.place))
}

async fn get(session: &Session<'_>, name: &str) -> Result<Option<Role>, ProviderError> {
    let call = session.clients.iam.get_role().role_name(name).send();
    let found = error::optional(session.look("iam:GetRole", call).await)?;
    Ok(found.and_then(|answer| answer.role))
}

/// Creates a role with its policies.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let name = text("name").unwrap_or_default();
    let made = session.insisting(
        |error| error.code == "MalformedPolicyDocument",
        async || {
            let call = session.clients.iam.create_role().role_name(&name).set_path(text("path"));
            let trust = iam::document(request.inputs, "trust");
            let call = call.set_assume_role_policy_document(trust);
            let call = call.set_permissions_boundary(text(BOUNDARY));
            let call = call.set_max_session_duration(number(request.inputs, "max_session_seconds"));
            let tags = iam::sdk_tags(tags::of_attempt(request));
            session.change(CREATE, call.set_tags(Some(tags)).send()).await.map(drop)
        },
    );
    match made.await {
        Err(error) if error.kind == ErrorKind::Exists => {
            let found = get(session, &name).await?;
            let tags = found.map(|role| iam::tags_of(role.tags())).unwrap_or_default();
            error::unless_of_attempt(request, &tags, &format!("role `{name}`"), error)?;
        }
        result => result?,
    }
    let id = remote_id(CREATE, Some(&name))?;
    attach(session, &name, (&Attributes::new(), request.inputs)).await.leaving(&id)?;
    Ok(id)
}

async fn attach(
    session: &Session<'_>,
    role: &str,
    (before, after): (&Attributes, &Attributes),
) -> Result<(), ProviderError> {
    let (attach, detach) = iam::attachments(before, after);
    let iam = &session.clients.iam;
    for arn in attach {
        session
            .insisting(iam::is_lag, async || {
                let call = iam.attach_role_policy().role_name(role).policy_arn(&arn).send();
                session.change("iam:AttachRolePolicy", call).await
            })
            .await?;
    }
    for arn in detach {
        let call = iam.detach_role_policy().role_name(role).policy_arn(arn).send();
        error::optional(session.change("iam:DetachRolePolicy", call).await)?;
    }
    Ok(())
}

/// Changes a role.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (name, iam) = (request.remote_id.as_str(), &session.clients.iam);
    if request.changed.contains("trust") {
        let trust = iam::document(request.after, "trust");
        session
            .insisting(
                |error| error.code == "MalformedPolicyDocument",
                async || {
                    let call = iam.update_assume_role_policy().role_name(name);
                    let call = call.set_policy_document(trust.clone()).send();
                    session.change("iam:UpdateAssumeRolePolicy", call).await
                },
            )
            .await?;
    }
    match iam::boundary(request) {
        Boundary::Put(arn) => {
            let call =
                iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
            session.change("iam:PutRolePermissionsBoundary", call.send()).await?;
        }
        Boundary::Removed => {
            let call = iam.delete_role_permissions_boundary().role_name(name).send();
            session.change("iam:DeleteRolePermissionsBoundary", call).await?;
        }
        Boundary::Kept => {}
    }
    if request.changed.contains("max_session_seconds") {
        let call = iam.update_role().role_name(name);
        let call = call.set_max_session_duration(number(request.after, "max_session_seconds"));
        session.change("iam:UpdateRole", call.send()).await?;
    }
    attach(session, name, (request.before, request.after)).await?;
    iam::retag!(
        session,
        request,
        "iam:TagRole" = iam.tag_role().role_name(name),
        "iam:UntagRole" = iam.untag_role().role_name(name)
    );
    Ok(())
}

/// Detaches the role's own policies and deletes it. What somebody else hung on it keeps it.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let name = request.remote_id.as_str();
    attach(session, name, (request.inputs, &Attributes::new())).await?;
    session
        .insisting(iam::is_busy, async || {
            let call = session.clients.iam.delete_role().role_name(name).send();
            session.change("iam:DeleteRole", call).await
        })
        .await?;
    Ok(())
}

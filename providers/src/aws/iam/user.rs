//! Users.

use aws_sdk_iam::types::User;
use aws_sdk_iam::types::UserDetail;
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
use crate::aws::iam::hanging;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::id_or_name;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const TYPE: &str = "iam.user";
const CREATE: &str = "iam:CreateUser";
const BOUNDARY: &str = "permissions_boundary";

/// Finds users: in the listing of everything, if that is worth it, or each by itself.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let live = |all: &Principals| {
        all.users.iter().filter_map(|user| listed_user(session, user)).collect::<Vec<Live>>()
    };
    let listed = Principals::of(reading).await.map(|all| all.map(live));
    let schema = session.schema(TYPE);
    let find = async |wanted: &Wanted<'_>| {
        if let Some(listed) = &listed {
            let listed = listed.as_ref().map_err(Clone::clone)?;
            return Ok(choose(schema, wanted, listed).cloned());
        }
        if let Target::Others(_) = wanted.target {
            let all = live(Principals::all(reading).await?);
            return Ok(choose(schema, wanted, &all).cloned());
        }
        let Some(name) = id_or_name(wanted) else { return Ok(None) };
        let found = user(session, name).await?;
        Ok(choose(schema, wanted, found.as_slice()).cloned())
    };
    reading
        .each(wanted, async |wanted| match find(wanted).await? {
            Some(live) => hanging::seen(reading, live).await.map(Some),
            None => Ok(None),
        })
        .await
}

fn listed_user(session: &Session<'_>, user: &UserDetail) -> Option<Live> {
    let boundary = user.permissions_boundary();
    Sketch::new(session.schema(TYPE), user.user_name()?)
        .set_if("name", user.user_name())
        .set_if("path", user.path())
        .texts("policy_arns", iam::arns(user.attached_managed_policies()))
        .set_if(BOUNDARY, boundary.and_then(|boundary| boundary.permissions_boundary_arn()))
        .tagged(&iam::tags_of(user.tags()))
        .live(session.place)
}

async fn user(session: &Session<'_>, name: &str) -> Result<Option<Live>, ProviderError> {
    let Some(user) = get(session, name).await? else { return Ok(None) };
    let attached = session.pages("iam:ListAttachedUserPolicies", async |marker| {
        let page = session.clients.iam.list_attached_user_policies().user_name(name);
        let page = page.set_marker(marker).send().await?;
        let marker = page.marker.filter(|_| page.is_truncated);
        Ok((page.attached_policies.unwrap_or_default(), marker))
    });
    let Some(attached) = error::optional(attached.await)? else { return Ok(None) };
    let boundary = user.permissions_boundary();
    Ok(Sketch::new(session.schema(TYPE), user.user_name())
        .set("name", user.user_name())
        .set("path", user.path())
        .texts("policy_arns", iam::arns(&attached))
        .set_if(BOUNDARY, boundary.and_then(|boundary| boundary.permissions_boundary_arn()))
        .tagged(&iam::tags_of(user.tags()))
        .live(session.place))
}

async fn get(session: &Session<'_>, name: &str) -> Result<Option<User>, ProviderError> {
    let call = session.clients.iam.get_user().user_name(name).send();
    let found = error::optional(session.look("iam:GetUser", call).await)?;
    Ok(found.and_then(|answer| answer.user))
}

/// Creates a user with its policies.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let name = text("name").unwrap_or_default();
    let call = session.clients.iam.create_user().user_name(&name).set_path(text("path"));
    let call = call.set_permissions_boundary(text(BOUNDARY));
    let call = call.set_tags(Some(iam::sdk_tags(tags::of_attempt(request)))).send();
    match session.change(CREATE, call).await {
        Ok(_) => {}
        Err(error) if error.kind == ErrorKind::Exists => {
            let found = get(session, &name).await?;
            let tags = found.map(|user| iam::tags_of(user.tags())).unwrap_or_default();
            error::unless_of_attempt(request, &tags, &format!("user `{name}`"), error)?;
        }
        Err(error) => return Err(error),
    }
    let id = remote_id(CREATE, Some(&name))?;
    attach(session, &name, (&Attributes::new(), request.inputs)).await.leaving(&id)?;
    Ok(id)
}

async fn attach(
    session: &Session<'_>,
    user: &str,
    (before, after): (&Attributes, &Attributes),
) -> Result<(), ProviderError> {
    let (attach, detach) = iam::attachments(before, after);
    let iam = &session.clients.iam;
    for arn in attach {
        session
            .insisting(iam::is_lag, async || {
                let call = iam.attach_user_policy().user_name(user).policy_arn(&arn).send();
                session.change("iam:AttachUserPolicy", call).await
            })
            .await?;
    }
    for arn in detach {
        let call = iam.detach_user_policy().user_name(user).policy_arn(arn).send();
        error::optional(session.change("iam:DetachUserPolicy", call).await)?;
    }
    Ok(())
}

/// Changes a user.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (name, iam) = (request.remote_id.as_str(), &session.clients.iam);
    match iam::boundary(request) {
        Boundary::Put(arn) => {
            let call =
                iam.put_user_permissions_boundary().user_name(name).permissions_boundary(arn);
            session.change("iam:PutUserPermissionsBoundary", call.send()).await?;
        }
        Boundary::Removed => {
            let call = iam.delete_user_permissions_boundary().user_name(name).send();
            session.change("iam:DeleteUserPermissionsBoundary", call).await?;
        }
        Boundary::Kept => {}
    }
    attach(session, name, (request.before, request.after)).await?;
    iam::retag!(
        session,
        request,
        "iam:TagUser" = iam.tag_user().user_name(name),
        "iam:UntagUser" = iam.untag_user().user_name(name)
    );
    Ok(())
}

/// Detaches the user's own policies and deletes it. What somebody else hung on it, such as a password
/// or another key, keeps it.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let name = request.remote_id.as_str();
    attach(session, name, (request.inputs, &Attributes::new())).await?;
    let deleted = session.insisting(iam::is_busy, async || {
        let call = session.clients.iam.delete_user().user_name(name).send();
        match session.change("iam:DeleteUser", call).await {
            Err(error) if error.code == iam::DELETE_CONFLICT => {
                hanging::refusal(session, name, &error)
                    .await?
                    .map_or(Err(error), |held| Ok(Some(held)))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(None),
        }
    });
    let refusal = match deleted.await {
        Err(error) if error.code == iam::DELETE_CONFLICT => {
            Some(hanging::refusal(session, name, &error).await?.unwrap_or(error))
        }
        deleted => deleted?,
    };
    refusal.map_or(Ok(()), Err)
}

//! How the researcher's Nextflow client gets in: a role that it assumes, or a user with an access
//! key.

use nfplan_engine::expr::Expr;
use nfplan_engine::policy::Policy;
use nfplan_engine::policy::Statement;
use nfplan_engine::value::Value;

use super::builder::Builder;
use super::builder::Draft;
use super::client_policy::client_policy;
use super::names::addresses;
use super::names::attributes;
use super::workspace::Workspace;
use crate::settings::Credentials;
use crate::settings::Delivery;

/// Twelve hours, the most that IAM allows: Nextflow's head process cannot always renew a session.
const LONGEST_SESSION: u32 = 43_200;

/// Adds the client's policy and its way in.
pub(super) fn add(workspace: &Workspace<'_>, builder: &mut Builder<'_>) {
    let names = &workspace.names;
    let draft = Draft::new(addresses::CLIENT_POLICY)
        .set(attributes::NAME, names.client())
        .set(attributes::PATH, names.iam_path())
        .set_at(
            attributes::DOCUMENT,
            client_policy(workspace).expr(),
            workspace.settings.images.origin,
        );
    builder.add_tagged(draft, names.tag());
    match &workspace.settings.credentials.value {
        Credentials::Role(principals) => add_role(workspace, principals, builder),
        Credentials::AccessKey(delivery) => {
            add_user(workspace, builder);
            match delivery {
                Delivery::SecretsManager => add_key_in_secret(workspace, builder),
                Delivery::File => add_key_in_file(workspace, builder),
            }
        }
    }
}

/// The policies of the client. None while it is locked out: sessions that were opened before live on for
/// hours, whatever becomes of the key or the trust, and only this ends what they can do.
fn policy_arns(workspace: &Workspace<'_>) -> Expr {
    if workspace.locked_out() {
        Expr::List(Vec::new())
    } else {
        Expr::list([addresses::CLIENT_POLICY.output(attributes::ARN)])
    }
}

fn add_role(workspace: &Workspace<'_>, principals: &[Box<str>], builder: &mut Builder<'_>) {
    let names = &workspace.names;
    let settings = workspace.settings;
    let trust = if workspace.locked_out() {
        Statement::deny("Suspended", &["sts:AssumeRole"])
    } else {
        Statement::allow("Client", &["sts:AssumeRole"])
    };
    let trust = Policy::new([trust.by("AWS", principals.iter().map(|principal| &**principal))]);
    let draft = Draft::new(addresses::CLIENT_ROLE)
        .set(attributes::NAME, names.client())
        .set(attributes::PATH, names.iam_path())
        .set_at(attributes::TRUST, trust.expr(), settings.credentials.origin)
        .set_at(attributes::POLICY_ARNS, policy_arns(workspace), settings.status.origin)
        .set_text_if(attributes::PERMISSIONS_BOUNDARY, settings.permissions_boundary.as_ref())
        .set(attributes::MAX_SESSION_SECONDS, LONGEST_SESSION);
    builder.add_tagged(draft, names.tag());
}

fn add_user(workspace: &Workspace<'_>, builder: &mut Builder<'_>) {
    let names = &workspace.names;
    let settings = workspace.settings;
    let draft = Draft::new(addresses::USER)
        .set(attributes::NAME, names.client())
        .set(attributes::PATH, "/")
        .set_at(attributes::POLICY_ARNS, policy_arns(workspace), settings.status.origin)
        .set_text_if(attributes::PERMISSIONS_BOUNDARY, settings.permissions_boundary.as_ref());
    builder.add_tagged(draft, names.tag());
}

fn add_key_in_secret(workspace: &Workspace<'_>, builder: &mut Builder<'_>) {
    let names = &workspace.names;
    let secret = addresses::SECRET.output(attributes::ARN);
    let draft = Draft::new(addresses::SECRET)
        .set(attributes::NAME, names.secret())
        .set(attributes::DESCRIPTION, "Access key of a Nextflow workspace's client");
    builder.add_tagged(draft, names.tag());
    builder.add(key(workspace).set(attributes::SECRET_ID, secret.clone()));
    if !workspace.locked_out() {
        let draft = Draft::new(addresses::CURRENT_VERSION).set(attributes::SECRET_ID, secret);
        promote(draft, builder);
    }
}

fn add_key_in_file(workspace: &Workspace<'_>, builder: &mut Builder<'_>) {
    let path = Value::from(workspace.names.credentials_file());
    let origin = workspace.settings.credentials.origin;
    builder.add(key(workspace).set_at(attributes::FILE, path.clone(), origin));
    if !workspace.locked_out() {
        let draft = Draft::new(addresses::CREDENTIALS_FILE).set_at(attributes::PATH, path, origin);
        promote(draft, builder);
    }
}

/// The key of a client that is locked out is made inactive, which can be taken back, and deleted once
/// everything else has come out well.
fn key(workspace: &Workspace<'_>) -> Draft {
    let draft = Draft::new(addresses::ACCESS_KEY)
        .set(attributes::USER, addresses::USER.output(attributes::NAME));
    let origin = workspace.settings.status.origin;
    if workspace.locked_out() {
        draft.set_at(attributes::STATUS, "Inactive", origin).withdraw()
    } else {
        draft.set_at(attributes::STATUS, "Active", origin)
    }
}

/// Hands the new key out as the last build step of all: before it, a rollback can still take the
/// new key back without a client having seen it.
fn promote(draft: Draft, builder: &mut Builder<'_>) {
    let id = addresses::ACCESS_KEY.output(attributes::ID);
    builder.add(draft.set(attributes::ACCESS_KEY_ID, id));
    builder.put_last();
}

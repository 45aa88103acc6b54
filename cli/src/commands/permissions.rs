//! `nfplan permissions`: what whoever runs nfplan has to be allowed, offline.

use nfplan_specs::fleet::Fleet;
use nfplan_specs::likeness::near;
use nfplan_specs::permissions::Document;
use nfplan_specs::permissions::Kind;
use nfplan_specs::permissions::TooLarge;
use nfplan_specs::permissions::of_account;
use nfplan_specs::permissions::of_runner;
use nfplan_specs::project::Access;
use nfplan_specs::project::Account;
use nfplan_specs::project::StateBucket;
use nfplan_state::location::Bucket;
use nfplan_state::location::Location;
use serde::Serialize;

use super::Context;
use crate::args::permissions::PermissionsArguments;
use crate::documents::permissions::PermissionsDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::location;
use crate::project::what_was_read;
use crate::render;

/// A policy, and who is to have it.
#[derive(Debug, Clone, Serialize)]
pub struct Permission {
    /// The account's name in the specs; none if it is for the runner's own identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The account and region that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The ARN of the role that it is attached to; none for the identity that nfplan runs with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What to call the policy in IAM.
    pub name: String,
    /// What it is for, to read on after "to".
    pub purpose: &'static str,
    /// How many of the characters that AWS allows it takes.
    pub characters: usize,
    /// The document.
    pub policy: nfplan_engine::value::Value,
}

/// Prints the policies. Needs no cloud and no states.
pub fn permissions(context: &Context, arguments: &PermissionsArguments) -> Result<Exit, CliError> {
    let fleet = Fleet::load(&context.settings.root)?;
    context.show_warnings(fleet.warnings());
    context.more(|| what_was_read(Some(&fleet), &context.settings));
    let kind = Kind::from(arguments.kind);
    let accounts = select(&fleet, &arguments.accounts)?;
    let bucket = match location(Some(&fleet), &context.settings)? {
        Location::Folder(_) => None,
        Location::Bucket(bucket) => Some(state_bucket(bucket)),
    };
    let permissions = list(&fleet, &accounts, bucket.as_ref(), kind)
        .map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
    if context.settings.general.json {
        context.print_json(&PermissionsDocument::new(kind, &permissions))?;
    } else {
        context.print(&render::permissions::policies(&permissions))?;
    }
    Ok(Exit::Fine)
}

/// The policies of the accounts, and then the runner's own.
fn list(
    fleet: &Fleet,
    accounts: &[&Account],
    bucket: Option<&StateBucket>,
    kind: Kind,
) -> Result<Vec<Permission>, TooLarge> {
    let mut permissions = Vec::new();
    for account in accounts {
        let documents = of_account(fleet, account, kind)?.into_iter();
        permissions.extend(documents.map(|document| Permission::new(document, Some(account))));
    }
    let own = of_runner(fleet.environment(), accounts, bucket, kind)?.into_iter();
    permissions.extend(own.map(|document| Permission::new(document, None)));
    Ok(permissions)
}

impl Permission {
    fn new(document: Document, account: Option<&Account>) -> Self {
        let role = match account.map(|account| &account.access) {
            Some(Access::AwsRole { role, .. }) => Some(role.to_string()),
            Some(Access::Aws | Access::Sim) | None => None,
        };
        Self {
            account: account.map(|account| account.name.to_string()),
            place: account.map(|account| account.place.to_string()),
            role,
            characters: document.characters(),
            name: document.name,
            purpose: document.purpose,
            policy: document.policy,
        }
    }
}

/// The accounts of these names or ids; all if there are none.
fn select<'f>(fleet: &'f Fleet, wanted: &[String]) -> Result<Vec<&'f Account>, CliError> {
    if let Some(unknown) = wanted.iter().find(|text| !fleet.accounts().any(|one| is(one, text))) {
        let error = CliError::refused(format!("`{unknown}` is no account of the specs"));
        let names: Vec<&str> = fleet.accounts().map(|account| &*account.name).collect();
        let error = error.did_you_mean(&near(unknown, names.iter().copied()));
        return Err(error.hint(format!("the accounts are: {}", names.join(", "))));
    }
    let is_wanted =
        |account: &&Account| wanted.is_empty() || wanted.iter().any(|text| is(account, text));
    Ok(fleet.accounts().filter(is_wanted).collect())
}

/// Whether an account is meant by its name, its id, or its id and region.
fn is(account: &Account, text: &str) -> bool {
    let place = &account.place;
    *account.name == *text || place.account.as_str() == text || place.to_string() == text
}

fn state_bucket(bucket: Bucket) -> StateBucket {
    let Bucket { name, prefix, region, owner, kms_key } = bucket;
    StateBucket { name, prefix, region, owner, kms_key }
}

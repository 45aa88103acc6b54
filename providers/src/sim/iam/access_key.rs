//! Access keys. Their secrets go straight to where they are delivered and stay out of every record.

use nfplan_engine::address::RemoteId;
use nfplan_engine::preflight::Deed;
use nfplan_engine::preflight::Seen;
use nfplan_engine::preflight::Side;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::cloud::Cloud;
use crate::sim::file;
use crate::sim::iam;
use crate::sim::ids;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Guard;
use crate::sim::kind::Identified;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::secrets;
use crate::sim::session::Session;
use crate::sim::standard;
use crate::sink;

/// A user has at most this many keys.
const MOST_KEYS: usize = 2;

/// The type.
pub(crate) static KIND: Kind = Kind {
    resource_type: "iam.access_key",
    global: true,
    create: "iam:CreateAccessKey",
    delete: "iam:DeleteAccessKey",
    codes: &iam::CODES,
    guard: Guard::Overwrite,
    identify: |mint, _, _| {
        let id = mint.unique("AKIA", 16);
        Identified { outputs: Attributes::from([("id".into(), Value::text(&id))]), id }
    },
    references: &[iam::needs("user", "iam.user")],
    changes: &[Change::Set {
        operation: "iam:UpdateAccessKey",
        attributes: &["status"],
        start: Start::Text("Active"),
        clear: None,
    }],
    tagging: None,
    name: None,
    work: None,
    rules: Rules { check, ..Rules::NONE },
    calls: Calls { create, delete, more, ..Calls::STANDARD },
    reads: Reads::single(&[]).deep(&["iam:ListAccessKeys"]),
};

/// A secret is put in where it is delivered, and taken off if it was not promoted.
fn more(deed: &Deed<'_>) -> Vec<&'static str> {
    let is_delivered = |side: &Side<'_>| side.see("secret_id") != Seen::Absent;
    match deed {
        Deed::Create { inputs } if is_delivered(inputs) => vec![secrets::STAGE],
        Deed::Delete { before } if is_delivered(before) => vec![secrets::MOVE_LABEL],
        Deed::Create { .. } | Deed::Update { .. } | Deed::Disable { .. } | Deed::Delete { .. } => {
            Vec::new()
        }
    }
}

fn check(scene: &Scene<'_>, before: Option<&Record>, key: &Record) -> Result<(), Refusal> {
    let user = scene.find("iam.user", key.text_or_empty("user"));
    let keys = user.map_or(0, |user| keys_of(scene.cloud, user).count());
    if before.is_some() || keys < MOST_KEYS {
        return Ok(());
    }
    let message = format!("the user has {MOST_KEYS} access keys already");
    Err(Refusal::new(ErrorKind::Quota, "LimitExceeded", message))
}

/// The keys of a user.
pub(crate) fn keys_of<'a>(cloud: &'a Cloud, user: &Record) -> impl Iterator<Item = &'a Record> {
    cloud.referrers(user).filter(|record| record.key.resource_type == KIND.resource_type)
}

fn create(
    session: &mut Session<'_>,
    kind: &'static Kind,
    request: &CreateRequest<'_>,
) -> Result<Key, ProviderError> {
    let key = standard::make(session, kind, request.inputs)?;
    if let Some(secret) = text(request.inputs, "secret_id") {
        secrets::stage(session, secret, &key.id)?;
    }
    if let Some(path) = text(request.inputs, "file") {
        let secret = ids::secret_access_key(&key.id);
        let path = session.core.disk.join(path);
        session.disk("file:Stage", || sink::stage(&path, &key.id, &secret))?;
    }
    standard::bring(session, &key, request.inputs)?;
    Ok(key)
}

/// Deletes the key, and its secret where that only waits to be delivered.
fn delete(
    session: &mut Session<'_>,
    record: &Record,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    standard::delete(session, record, request)?;
    discard(session, request.remote_id, request.inputs)
}

/// Forgets the secret of a key that was not promoted.
pub(crate) fn discard(
    session: &mut Session<'_>,
    key: &RemoteId,
    inputs: &Attributes,
) -> Result<(), ProviderError> {
    if let Some(secret) = text(inputs, "secret_id") {
        secrets::discard(session, secret, key.as_str())?;
    }
    let Some(path) = text(inputs, "file") else { return Ok(()) };
    let path = session.core.disk.join(path);
    let pending = sink::pending_key_id(&path);
    let pending =
        pending.map_err(|error| session.refused("file:Discard", &file::refusal(&error)))?;
    if pending.as_deref() == Some(key.as_str()) {
        session.disk("file:Discard", || sink::discard_pending(&path))?;
    }
    Ok(())
}

fn text<'a>(inputs: &'a Attributes, name: &str) -> Option<&'a str> {
    inputs.get(name)?.as_text()
}

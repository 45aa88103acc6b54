//! The credentials file on the runner's disk. The disk is the only place that knows of it.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::path::Path;

use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Owner;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::scene::Refusal;
use crate::sim::session::Session;
use crate::sink;
use crate::sink::SinkError;

/// The type.
pub(crate) const CREDENTIALS: &str = "file.credentials";

/// What a failure of the disk means for a provider call.
pub(crate) fn refusal(error: &SinkError) -> Refusal {
    let message = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    match error {
        SinkError::File { .. } => Refusal::new(ErrorKind::Unavailable, "FileError", message),
        SinkError::Foreign { .. } => Refusal::new(ErrorKind::Exists, "ForeignFile", message),
        SinkError::NotStaged { .. } => Refusal::new(ErrorKind::NotFound, "NotStaged", message),
    }
}

/// Promotes the key that waits beside the file.
pub(crate) fn promote(session: &mut Session<'_>, inputs: &Attributes) -> Result<(), ProviderError> {
    let (path, key) = (session.core.disk.join(text(inputs, "path")), text(inputs, "access_key_id"));
    session.is_about(RemoteId::new(text(inputs, "path")).ok());
    session.disk("file:Promote", || sink::promote(&path, key))
}

/// Removes the file.
pub(crate) fn remove(session: &mut Session<'_>, id: &RemoteId) -> Result<(), ProviderError> {
    let path = session.core.disk.join(id.as_str());
    session.disk("file:Remove", || sink::remove(&path))
}

/// Reads which key the file holds. Relative paths begin at `disk`.
pub(crate) fn read(disk: &Path, wanted: &Wanted<'_>) -> Sighting {
    let path = match &wanted.target {
        Target::Id(id, _) => id.as_str(),
        Target::Identity(inputs) | Target::Incarnation(_, inputs) | Target::Siblings(inputs) => {
            text(inputs, "path")
        }
        // A path is a file's identity: there is no other.
        Target::Others(_) => return Sighting::Missing,
    };
    match sink::current_key_id(&disk.join(path)) {
        Ok(Some(key)) if is_meant(&wanted.target, &key) => {
            live(path, &key, wanted).map_or(Sighting::Missing, Sighting::Present)
        }
        Ok(_) => Sighting::Missing,
        Err(error) => Sighting::Unreadable { reason: refusal(&error).message },
    }
}

/// A create attempt made the file only if it holds the attempt's key.
fn is_meant(target: &Target, key: &str) -> bool {
    match target {
        Target::Incarnation(_, inputs) => text(inputs, "access_key_id") == key,
        Target::Id(..) | Target::Identity(_) | Target::Siblings(_) | Target::Others(_) => true,
    }
}

fn live(path: &str, key: &str, wanted: &Wanted<'_>) -> Option<Live> {
    let owner = Owner {
        unit: wanted.unit.clone(),
        address: wanted.address.clone(),
        incarnation: match wanted.target {
            Target::Incarnation(incarnation, _) => Some(incarnation),
            Target::Id(..) | Target::Identity(_) | Target::Siblings(_) | Target::Others(_) => None,
        },
    };
    Some(Live {
        remote_id: RemoteId::new(path).ok()?,
        owner: Some(owner),
        attributes: Attributes::from([
            ("path".into(), Value::text(path)),
            ("access_key_id".into(), Value::text(key)),
        ]),
        unread: BTreeSet::new(),
        settling: None,
    })
}

fn text<'a>(inputs: &'a Attributes, name: &str) -> &'a str {
    inputs.get(name).and_then(Value::as_text).unwrap_or_default()
}

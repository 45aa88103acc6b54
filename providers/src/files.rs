//! The credentials file as a resource: the same for every cloud, because it is on the runner's disk.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Owner;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sink;
use crate::sink::SinkError;

/// What a failure of the disk means for a provider call: its kind, its code and its words.
pub(crate) fn meaning(error: &SinkError) -> (ErrorKind, &'static str, String) {
    let message = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    match error {
        SinkError::File { .. } => (ErrorKind::Unavailable, "FileError", message),
        SinkError::Foreign { .. } => (ErrorKind::Exists, "ForeignFile", message),
        SinkError::NotStaged { .. } => (ErrorKind::NotFound, "NotStaged", message),
    }
}

/// Removes a key that waits beside a file, if it is this one.
#[cfg(feature = "aws")]
pub(crate) fn discard(path: &Path, key_id: &str) -> Result<(), SinkError> {
    if sink::pending_key_id(path)?.as_deref() == Some(key_id) {
        sink::discard_pending(path)?;
    }
    Ok(())
}

/// Reads which key the file holds. Relative paths begin at `disk`.
pub(crate) fn read(disk: &Path, wanted: &Wanted<'_>) -> Sighting {
    let path = match &wanted.target {
        Target::Id(id, _) => id.as_str(),
        Target::Identity(inputs)
        | Target::Named(inputs)
        | Target::Incarnation(_, inputs)
        | Target::Siblings(inputs) => text(inputs, "path"),
        // A path is a file's identity: there is no other.
        Target::Others(_) => return Sighting::Missing,
    };
    match sink::current_key_id(&disk.join(path)) {
        Ok(Some(key)) if is_meant(&wanted.target, &key) => {
            live(path, &key, wanted).map_or(Sighting::Missing, Sighting::Present)
        }
        Ok(_) => Sighting::Missing,
        Err(error) => Sighting::Unreadable { reason: meaning(&error).2 },
    }
}

/// A create attempt promoted a key only if what is promoted is the attempt's key.
pub(crate) fn is_meant(target: &Target, key: &str) -> bool {
    match target {
        Target::Incarnation(_, inputs) => text(inputs, "access_key_id") == key,
        Target::Id(..)
        | Target::Identity(_)
        | Target::Named(_)
        | Target::Siblings(_)
        | Target::Others(_) => true,
    }
}

fn live(path: &str, key: &str, wanted: &Wanted<'_>) -> Option<Live> {
    let owner = Owner {
        unit: wanted.unit.clone(),
        address: wanted.address.clone(),
        incarnation: match wanted.target {
            Target::Incarnation(incarnation, _) => Some(incarnation),
            Target::Id(..)
            | Target::Identity(_)
            | Target::Named(_)
            | Target::Siblings(_)
            | Target::Others(_) => None,
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

//! The documents as they are stored: version 1 of each.
//!
//! They are types of their own, so that the model can change without them. All are canonical JSON
//! (RFC 8785), and each says its format. A document of a newer version is refused, one with unknown
//! or missing fields is malformed; neither is ever read half.

use std::fmt;
use std::str::FromStr;

use nfplan_engine::address::NameError;
use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Event;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::state::State;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::DeserializeOwned;
use serde::de::Error as _;
use uuid::Uuid;

use crate::holder::Holder;

/// Defines an id that is a UUID and is written as one.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                // Only the one spelling that is written: the text is part of keys.
                match Uuid::try_parse(text) {
                    Ok(id) if id.to_string() == text => Ok(Self(id)),
                    _ => Err(NameError { text: text.into(), expected: $expected }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

id_type!(
    /// The history that a unit's states belong to: made with its first head, and never changed.
    Lineage,
    "a lineage: a UUID"
);
id_type!(
    /// A run. Later ones sort after earlier ones.
    RunId,
    "a run id: a UUID"
);
id_type!(
    /// What makes a body unlike any other.
    Nonce,
    "a nonce: a UUID"
);

impl Lineage {
    /// Begins a history.
    pub(crate) fn begin() -> Self {
        Self(new_id())
    }
}

impl RunId {
    /// Names a new run.
    pub(crate) fn begin() -> Self {
        Self(chosen().unwrap_or_else(Uuid::now_v7))
    }
}

impl Nonce {
    pub(crate) fn fresh() -> Self {
        Self(new_id())
    }
}

fn new_id() -> Uuid {
    chosen().unwrap_or_else(Uuid::new_v4)
}

/// The id that a test wants next, so that what is repeated is the same again.
#[cfg(not(test))]
fn chosen() -> Option<Uuid> {
    None
}

#[cfg(test)]
pub(crate) use chosen_ids::choose_ids;
#[cfg(test)]
use chosen_ids::chosen;

#[cfg(test)]
mod chosen_ids {
    use std::cell::Cell;

    use uuid::Uuid;

    thread_local! {
        static NEXT: Cell<Option<u128>> = const { Cell::new(None) };
    }

    /// From now on this thread's ids are this one and those after it; or random ones again.
    pub(crate) fn choose_ids(first: Option<u128>) {
        NEXT.set(first);
    }

    pub(super) fn chosen() -> Option<Uuid> {
        let next = NEXT.get()?;
        NEXT.set(Some(next + 1));
        Some(Uuid::from_u128(next))
    }
}

/// A stored document that cannot be used. Who reads it adds where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FormatError {
    /// A newer nfplan wrote it, in this format.
    Newer(String),
    /// It is not what belongs there.
    Malformed(String),
}

/// A document that says its format.
pub(crate) trait Document: Serialize + DeserializeOwned {
    /// The format of this version, as in `nfplan.head/1`.
    const FORMAT: &str;

    /// The document's bytes.
    fn encode(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Tagged<'a, T> {
            format: &'a str,
            #[serde(flatten)]
            document: &'a T,
        }
        canonical(&Tagged { format: Self::FORMAT, document: self })
    }

    /// Reads a document.
    fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let malformed = |error: serde_json::Error| FormatError::Malformed(error.to_string());
        let mut document: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(bytes).map_err(malformed)?;
        check_format(document.remove("format").as_ref(), Self::FORMAT)?;
        serde_json::from_value(document.into()).map_err(malformed)
    }
}

/// Compares the format that a document says with the one that is known.
pub(crate) fn check_format(
    said: Option<&serde_json::Value>,
    known: &str,
) -> Result<(), FormatError> {
    let Some(said) = said.and_then(serde_json::Value::as_str) else {
        return Err(FormatError::Malformed("it does not say its format".into()));
    };
    let versions = |text: &str| {
        let (kind, version) = text.rsplit_once('/')?;
        Some((kind.to_owned(), version.parse::<u32>().ok()?))
    };
    if said == known {
        return Ok(());
    }
    match (versions(said), versions(known)) {
        (Some((kind, version)), Some((known_kind, known_version)))
            if kind == known_kind && version > known_version =>
        {
            Err(FormatError::Newer(said.to_owned()))
        }
        _ => Err(FormatError::Malformed(format!("its format is `{said}`, not `{known}`"))),
    }
}

fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value)
        .expect("documents have text keys and no floats, so that they have canonical JSON")
}

/// What a unit's state is now. The only document that decides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The unit, so that a file in the wrong folder is noticed.
    pub unit: UnitId,
    /// The history that the state belongs to.
    pub lineage: Lineage,
    /// How many runs were closed. Never falls.
    pub serial: u64,
    /// The epoch of whoever moved the head last. Never falls.
    pub epoch: u64,
    /// The last closed run's state; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotPointer>,
    /// The run that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_run: Option<RunPointer>,
    /// A digest of what a plan was made from, beside the snapshot, that left nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converged: Option<Digest>,
    /// Makes every head different from any other, even one that says the same.
    pub nonce: Nonce,
}

impl Document for Head {
    const FORMAT: &str = "nfplan.head/1";
}

/// Where a head's snapshot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotPointer {
    /// The key, within the unit's folder.
    pub key: String,
    /// The state's digest.
    pub digest: Digest,
}

/// The run that a head points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPointer {
    /// The run.
    pub id: RunId,
    /// Its plan's digest.
    pub plan: Digest,
}

/// Who may write. It saves people time; the head decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeaseDocument {
    pub(crate) unit: UnitId,
    /// Never falls.
    pub(crate) epoch: u64,
    /// Who holds it; none if it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) holder: Option<Holder>,
    /// How long the holder may be silent.
    pub(crate) ttl_ms: u64,
    /// How long calls of the holder, or of the last one, may still be under way after it is gone.
    pub(crate) quiet_ms: u64,
    pub(crate) nonce: Nonce,
}

impl Document for LeaseDocument {
    const FORMAT: &str = "nfplan.lease/1";
}

/// The plan of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunDocument {
    pub(crate) run: RunId,
    pub(crate) plan: UnitPlan,
}

impl Document for RunDocument {
    const FORMAT: &str = "nfplan.run/1";
}

/// One append to a run's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchDocument {
    pub(crate) run: RunId,
    pub(crate) number: u64,
    pub(crate) epoch: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) nonce: Nonce,
}

impl Document for BatchDocument {
    const FORMAT: &str = "nfplan.events/1";
}

/// The format of snapshots.
pub(crate) const SNAPSHOT_FORMAT: &str = "nfplan.snapshot/1";

/// A snapshot's bytes and its state's digest.
///
/// The state comes last and in the canonical form that its digest is about. A reader who knows
/// lineage and serial can therefore cut it out and check it without parsing anything twice, which
/// is most of the cost of loading a fleet.
pub(crate) fn encode_snapshot(lineage: Lineage, serial: u64, state: &State) -> (Vec<u8>, Digest) {
    let state = canonical(state);
    let mut bytes = snapshot_start(lineage, serial);
    bytes.extend_from_slice(&state);
    bytes.push(b'}');
    (bytes, Digest::of_bytes(&state))
}

fn snapshot_start(lineage: Lineage, serial: u64) -> Vec<u8> {
    let format = SNAPSHOT_FORMAT;
    format!(r#"{{"format":"{format}","lineage":"{lineage}","serial":{serial},"state":"#).into()
}

/// Reads the snapshot of this lineage and serial, and checks it against its digest.
pub(crate) fn decode_snapshot(
    bytes: &[u8],
    lineage: Lineage,
    serial: u64,
    digest: &Digest,
) -> Result<State, FormatError> {
    let state = check_snapshot(bytes, lineage, serial, digest)?;
    serde_json::from_slice(state).map_err(|error| FormatError::Malformed(error.to_string()))
}

/// Checks a snapshot against its lineage, serial and digest without reading it, and returns the
/// bytes of its state.
pub(crate) fn check_snapshot<'b>(
    bytes: &'b [u8],
    lineage: Lineage,
    serial: u64,
    digest: &Digest,
) -> Result<&'b [u8], FormatError> {
    let start = snapshot_start(lineage, serial);
    let state = bytes.strip_prefix(&*start).and_then(|rest| rest.strip_suffix(b"}"));
    let Some(state) = state else { return Err(what_is_wrong_with_snapshot(bytes)) };
    let found = Digest::of_bytes(state);
    if found != *digest {
        let why = format!("its state has the digest {found}, not {digest}");
        return Err(FormatError::Malformed(why));
    }
    Ok(state)
}

fn what_is_wrong_with_snapshot(bytes: &[u8]) -> FormatError {
    #[derive(Deserialize)]
    struct Start {
        format: Option<serde_json::Value>,
    }
    let start = match serde_json::from_slice::<Start>(bytes) {
        Ok(start) => start,
        Err(error) => return FormatError::Malformed(error.to_string()),
    };
    match check_format(start.format.as_ref(), SNAPSHOT_FORMAT) {
        Err(error) => error,
        Ok(()) => FormatError::Malformed("its lineage or serial are not those of the head".into()),
    }
}

//! A state as a document for people: out of a store and into it.
//!
//! It has the format of snapshots, so that a snapshot that was copied from a store, or brought back
//! from a backup, is one too. What differs is only that it may be laid out in any way.

use nfplan_engine::digest::Digest;
use nfplan_engine::state::State;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::format::Document;
use crate::format::FormatError;
use crate::format::Lineage;
use crate::format::SNAPSHOT_FORMAT;
use crate::unit::Loaded;

/// A state with its place in a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateDocument {
    /// The history that it belongs to.
    pub lineage: Lineage,
    /// Its number in that history.
    pub serial: u64,
    /// The state.
    pub state: State,
}

impl Document for StateDocument {
    const FORMAT: &str = SNAPSHOT_FORMAT;
}

/// Why a text is no state document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// A newer nfplan wrote it.
    #[error("a newer nfplan wrote it, in the format `{0}`; use that version or a later one")]
    Newer(String),
    /// It is something else, or damaged.
    #[error("{0}")]
    Malformed(String),
    /// It says something that this nfplan would lose.
    #[error("this nfplan does not know its `{0}`, which would be lost")]
    Unknown(String),
}

impl StateDocument {
    /// The last closed run's state of a unit; none before the first.
    pub fn of(loaded: &Loaded) -> Option<Self> {
        let head = &loaded.base.head.as_ref()?.head;
        let state = loaded.state.clone()?;
        Some(Self { lineage: head.lineage, serial: head.serial, state })
    }

    /// Reads a document.
    ///
    /// # Errors
    /// If it is none, or if reading and writing it again would lose something.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let document = Self::decode(bytes).map_err(|error| match error {
            FormatError::Newer(format) => DocumentError::Newer(format),
            FormatError::Malformed(why) => DocumentError::Malformed(why),
        })?;
        let given = serde_json::from_slice(bytes).unwrap_or_default();
        let known = serde_json::from_slice(&document.encode()).unwrap_or_default();
        match lost(&given, &known) {
            None => Ok(document),
            Some(path) => Err(DocumentError::Unknown(path)),
        }
    }

    /// The document as people read it.
    pub fn to_text(&self) -> String {
        let value: Value = serde_json::from_slice(&self.encode()).unwrap_or_default();
        format!("{value:#}\n")
    }

    /// The digest of the state.
    pub fn digest(&self) -> Digest {
        self.state.digest()
    }
}

/// The path of the first thing that one value says and the other does not.
fn lost(given: &Value, known: &Value) -> Option<String> {
    let Value::Object(fields) = given else {
        return match (given, known) {
            (Value::Array(given), Value::Array(known)) => {
                let mut pairs = given.iter().zip(known).enumerate();
                pairs.find_map(|(index, (given, known))| below(&index.to_string(), given, known))
            }
            _ => None,
        };
    };
    fields.iter().find_map(|(name, given)| match known.get(name) {
        Some(known) => below(name, given, known),
        // Left out when written, because it says nothing.
        None if says_nothing(given) => None,
        None => Some(name.clone()),
    })
}

fn below(name: &str, given: &Value, known: &Value) -> Option<String> {
    lost(given, known).map(|rest| format!("{name}.{rest}"))
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text == "ready",
        Value::Bool(_) | Value::Object(_) => false,
    }
}

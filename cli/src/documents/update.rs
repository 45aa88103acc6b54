//! What `nfplan update --json` prints.

use nfplan_engine::address::Place;
use nfplan_engine::value::Value;
use serde::Serialize;

/// `nfplan.update/1`: what was looked up again, and how it differs from what was pinned.
#[derive(Debug, Serialize)]
pub struct UpdateDocument {
    format: &'static str,
    /// All pins that were looked up or dropped, in order of place and key.
    pub pins: Vec<PinChange>,
}

/// One pin.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct PinChange {
    /// The account and region.
    pub place: Place,
    /// The question.
    pub key: String,
    /// What was pinned; nothing if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is pinned now; nothing if no spec needs it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl UpdateDocument {
    /// Puts the pins in order.
    pub fn new(mut pins: Vec<PinChange>) -> Self {
        pins.sort_by(|one, other| (&one.place, &one.key).cmp(&(&other.place, &other.key)));
        Self { format: "nfplan.update/1", pins }
    }

    /// Whether any pin is another one than before.
    pub fn changes(&self) -> bool {
        self.pins.iter().any(PinChange::differs)
    }
}

impl PinChange {
    /// Whether it is another one than before.
    pub fn differs(&self) -> bool {
        self.before != self.after
    }
}

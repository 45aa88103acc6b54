//! Conditional writes whose answer can be believed.
//!
//! A refusal may be the echo of one's own write whose answer was lost, or a store's way to say that
//! two writes met and neither took place; and an error says nothing about whether the write took
//! effect. All are cleared up by reading again: every body that is written here is unique, by a
//! nonce or because equal bodies mean the same.

use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

/// What must be under the key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// Nothing.
    Absent,
    /// This version.
    Version(&'a Tag),
}

/// What a conditional write came to.
#[derive(Debug)]
pub(crate) enum Exchanged {
    /// The body is under the key, in this version.
    Written(Tag),
    /// Something else is, or nothing.
    Lost(Option<Stored>),
}

/// How often a refusal without a cause is tried again.
const ATTEMPTS: usize = 8;

/// Writes `body` if the key holds what is expected.
pub(crate) async fn exchange(
    store: &impl Store,
    key: &str,
    expected: Expected<'_>,
    body: &[u8],
) -> Result<Exchanged, StoreError> {
    for _ in 0..ATTEMPTS {
        let answer = match expected {
            Expected::Absent => store.put_if_absent(key, body).await,
            Expected::Version(tag) => store.put_if_match(key, tag, body).await,
        };
        let found = match answer {
            Ok(Put::Written(tag)) => return Ok(Exchanged::Written(tag)),
            Ok(Put::Refused) => store.get(key).await?,
            // The first error says more than one of the second look would.
            Err(error) => match store.get(key).await {
                Ok(Some(found)) if found.body == body => Some(found),
                Ok(_) | Err(_) => return Err(error),
            },
        };
        match found {
            Some(found) if found.body == body => return Ok(Exchanged::Written(found.tag)),
            found if expected.is_met_by(found.as_ref()) => {}
            found => return Ok(Exchanged::Lost(found)),
        }
    }
    let message = format!("it refused {ATTEMPTS} times, although the condition holds");
    Err(StoreError { operation: "write", key: key.to_owned(), message, denied: false })
}

impl Expected<'_> {
    fn is_met_by(self, found: Option<&Stored>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Version(tag) => found.is_some_and(|found| found.tag == *tag),
        }
    }
}

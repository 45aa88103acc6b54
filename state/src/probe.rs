//! Finding out whether a store keeps its promise before anything is entrusted to it.
//!
//! Some stores that speak S3 accept conditional writes and ignore the condition. Two appliers could
//! then overwrite each other's head, so that such a store is refused.

use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Tag;
use uuid::Uuid;

/// Why a store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// It wrote although the condition did not hold.
    #[error(
        "the state store ignores the condition of a conditional write ({condition}): two runs \
         could overwrite each other's state; keep the state in a store that honours it"
    )]
    Unconditional {
        /// Which condition it ignored.
        condition: &'static str,
    },
    /// It did not write although the condition held.
    #[error(
        "the state store refuses a conditional write whose condition holds ({condition}): \
         nothing could ever be recorded; keep the state in a store that honours it"
    )]
    Refusing {
        /// Which condition it misjudged.
        condition: &'static str,
    },
    /// It failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tries conditional writes on an object of its own and deletes it. For the first use of a store
/// by a command that writes.
pub async fn probe(store: &impl Store) -> Result<(), ProbeError> {
    let key = format!("probe/{}.json", Uuid::new_v4());
    let result = try_conditions(store, &key).await;
    let deleted = store.delete(&key).await;
    // What the store does with conditions matters more than that an object was left over.
    result?;
    Ok(deleted?)
}

async fn try_conditions(store: &impl Store, key: &str) -> Result<(), ProbeError> {
    let absent = "write if absent";
    let matching = "write if unchanged";
    let first = written(store.put_if_absent(key, b"1").await?, absent)?;
    refused(&store.put_if_absent(key, b"2").await?, absent)?;
    written(store.put_if_match(key, &first, b"3").await?, matching)?;
    refused(&store.put_if_match(key, &first, b"4").await?, matching)
}

fn written(put: Put, condition: &'static str) -> Result<Tag, ProbeError> {
    match put {
        Put::Written(tag) => Ok(tag),
        Put::Refused => Err(ProbeError::Refusing { condition }),
    }
}

fn refused(put: &Put, condition: &'static str) -> Result<(), ProbeError> {
    match put {
        Put::Written(_) => Err(ProbeError::Unconditional { condition }),
        Put::Refused => Ok(()),
    }
}

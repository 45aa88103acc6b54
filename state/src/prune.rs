//! Deleting what nothing refers to any more: old states, and journals of runs that ended.
//!
//! Only write-once objects go, never the head, the lease, what the head or the open run needs, or a
//! state that is to be kept. What is listed can never be pointed to again, whoever else is at work and
//! whatever they take this process for:
//!
//! - A head's serial only grows, so a snapshot whose serial is not above it is in the history now or
//!   never. One above it stays: the next run may end with that very state.
//! - A plan is written before the head moves to its run. The head is moved here after the listing,
//!   with nothing changed but epoch and nonce, so whoever wrote a plan before that can open no run
//!   with it.
//!
//! Of the journals of runs that ended, the batches stay by which somebody took a run over. They are
//! few and small, and shut out whoever had it before.
//!
//! States go oldest first and after those outside the history, so that a prune that was killed
//! leaves a history without a gap.

use std::collections::BTreeSet;

use nfplan_engine::address::UnitId;
use nfplan_engine::clock::Clock;
use nfplan_engine::event::Event;
use nfplan_engine::store::Store;

use crate::format::BatchDocument;
use crate::format::Document as _;
use crate::format::Head;
use crate::format::Nonce;
use crate::history::Chain;
use crate::keys::Keys;
use crate::lease::Lease;
use crate::run::move_head;
use crate::unit::StateError;
use crate::unit::VersionedHead;
use crate::unit::load;

/// Why a unit cannot be pruned, or not to the end. What was deleted was not needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PruneError {
    /// Another process got ahead.
    #[error("{unit} was taken over by another process: nothing more was deleted")]
    Overtaken {
        /// The unit.
        unit: UnitId,
    },
    /// The lease ran out.
    #[error("the lease of {unit} ran out: nothing more was deleted; do it again")]
    LeaseRanOut {
        /// The unit.
        unit: UnitId,
    },
    /// The store failed, or what is in it cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Lists the keys that a prune would delete, in the order in which they would go. Writes nothing.
///
/// # Errors
/// If the unit is not sound: then nothing of it may be deleted.
pub async fn prunable(
    store: &impl Store,
    unit: &UnitId,
    keep: u64,
) -> Result<Vec<String>, StateError> {
    // Everything that is needed has to be there before anything goes.
    match load(store, unit).await?.base.head {
        Some(VersionedHead { head, .. }) => unneeded(store, &head, keep).await,
        None => Ok(Vec::new()),
    }
}

async fn unneeded(store: &impl Store, head: &Head, keep: u64) -> Result<Vec<String>, StateError> {
    let keys = Keys(&head.unit);
    let (mut kept, mut chain) = (BTreeSet::new(), BTreeSet::new());
    let mut walk = Chain::of(store, head).await?;
    while (kept.len() as u64) < keep.max(1) {
        let Some(version) = walk.next(store).await? else { break };
        kept.insert(keys.snapshot(version.serial, &version.digest));
    }
    while let Ok(Some(version)) = walk.next(store).await {
        chain.insert(keys.snapshot(version.serial, &version.digest));
    }
    let mut snapshots = store.list(&keys.snapshots()).await?;
    snapshots.retain(|key| {
        let serial = keys.snapshot_of(key).map(|(serial, _)| serial);
        serial.is_some_and(|serial| serial <= head.serial) && !kept.contains(key)
    });
    let (old, stray): (Vec<String>, Vec<String>) =
        snapshots.into_iter().partition(|key| chain.contains(key));
    let mut all = stray;
    all.extend(old);
    all.extend(ended_runs(store, head).await?);
    Ok(all)
}

/// Plans and events of runs that are not open.
async fn ended_runs(store: &impl Store, head: &Head) -> Result<Vec<String>, StateError> {
    let keys = Keys(&head.unit);
    let open = head.open_run.as_ref().map(|pointer| pointer.id);
    let mut found = Vec::new();
    for folder in store.list(&keys.runs()).await? {
        let Some(run) = keys.run_of(&folder).filter(|run| Some(*run) != open) else { continue };
        for key in store.list(&keys.batches(run)).await? {
            if !is_fence(store, &key).await? {
                found.push(key);
            }
        }
        let plan = keys.plan(run);
        found.extend(store.list(&folder).await?.into_iter().filter(|key| *key == plan));
    }
    Ok(found)
}

/// Whether a batch shuts a writer out that was overtaken: it would take this number next, and
/// believe that the run is still its own.
async fn is_fence(store: &impl Store, key: &str) -> Result<bool, StateError> {
    let Some(stored) = store.get(key).await? else { return Ok(false) };
    let batch = BatchDocument::decode(&stored.body);
    Ok(batch.map_or(true, |batch| batch.events.contains(&Event::Sealed)))
}

/// Deletes all that [`prunable`] lists, and returns the keys.
///
/// # Errors
/// If the unit is not sound, or if the lease is lost on the way.
pub async fn prune<S: Store, C: Clock>(
    lease: &Lease<'_, S, C>,
    keep: u64,
) -> Result<Vec<String>, PruneError> {
    let (store, unit) = (lease.store(), lease.unit());
    let overtaken = || PruneError::Overtaken { unit: unit.clone() };
    let Some(before) = load(store, unit).await?.base.head else { return Ok(Vec::new()) };
    if before.head.epoch > lease.epoch() {
        return Err(overtaken());
    }
    let listed = unneeded(store, &before.head, keep).await?;
    let head = Head { epoch: lease.epoch(), nonce: Nonce::fresh(), ..before.head.clone() };
    move_head(lease, Some(&before), head).await?.ok_or_else(overtaken)?;
    for key in &listed {
        if !lease.may_send() {
            return Err(PruneError::LeaseRanOut { unit: unit.clone() });
        }
        store.delete(key).await.map_err(StateError::from)?;
    }
    Ok(listed)
}

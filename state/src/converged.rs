//! Units of which it is known that nothing is to be done: a digest in the head, beside the snapshot.
//!
//! A plan that asks the cloud nothing is a pure function of the specs, the pins, the platform and the
//! unit's state. Whoever found it empty notes a digest of all but the state. As long as that digest
//! comes out again for the same snapshot, the plan is empty again and need not be made. Whatever moves
//! a head to another snapshot drops the note.

use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;
use nfplan_engine::store::Store;

use crate::exchange::Exchanged;
use crate::exchange::Expected;
use crate::exchange::exchange;
use crate::format::Document as _;
use crate::format::Head;
use crate::format::Nonce;
use crate::format::check_snapshot;
use crate::keys::Keys;
use crate::unit::Base;
use crate::unit::StateError;
use crate::unit::VersionedHead;
use crate::unit::load_head;

/// A note that nothing is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// What the plan was made from, beside the state.
    pub basis: Digest,
    /// The digest of the state.
    pub state: Digest,
}

/// The note on a unit, if there is one, no run is open, and the snapshot is the one it is about, byte
/// by byte. Two objects are read. Of a unit without one, whatever is the matter with it,
/// [`load`](crate::unit::load) tells.
///
/// # Errors
/// If the store fails, or if the head cannot be read.
pub async fn converged(store: &impl Store, unit: &UnitId) -> Result<Option<Noted>, StateError> {
    let Some(VersionedHead { head, .. }) = load_head(store, unit).await? else { return Ok(None) };
    let (Some(pointer), Some(basis), None) = (&head.snapshot, head.converged, &head.open_run)
    else {
        return Ok(None);
    };
    let key = Keys(unit).snapshot(head.serial, &pointer.digest);
    let Some(stored) = store.get(&key).await? else { return Ok(None) };
    let sound = check_snapshot(&stored.body, head.lineage, head.serial, &pointer.digest).is_ok();
    Ok(sound.then_some(Noted { basis, state: pointer.digest }))
}

/// Notes that a plan from this basis and from the state that `base` is of left nothing to do. Whether
/// that was noted: not if the head has moved meanwhile, or if it has no state at rest.
///
/// It takes no lease: the head decides, and whoever works on the unit has moved it.
///
/// # Errors
/// If the store fails.
pub async fn note(store: &impl Store, base: &Base, basis: Digest) -> Result<bool, StateError> {
    let Some(VersionedHead { head, tag }) = &base.head else { return Ok(false) };
    if head.open_run.is_some() || head.snapshot.is_none() {
        return Ok(false);
    }
    let after = Head { converged: Some(basis), nonce: Nonce::fresh(), ..head.clone() };
    let key = Keys(&base.unit).head();
    let expected = Expected::Version(tag);
    let exchanged = exchange(store, &key, expected, &after.encode()).await?;
    Ok(matches!(exchanged, Exchanged::Written(_)))
}

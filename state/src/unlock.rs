//! Freeing a unit by hand, on evidence.
//!
//! Nobody needs it for work to go on: whoever takes a lease takes over one whose holder is gone or
//! silent. It serves people who want to know, and to see a unit free, without applying anything. The
//! evidence asked for is the same as for a takeover.

use std::time::Duration;

use nfplan_engine::address::UnitId;
use nfplan_engine::clock::Clock;
use nfplan_engine::store::Store;

use crate::exchange::Exchanged;
use crate::exchange::Expected;
use crate::exchange::exchange;
use crate::format::Document as _;
use crate::holder::Holder;
use crate::keys::Keys;
use crate::lease::LeaseConfig;
use crate::lease::LeaseError;
use crate::lease::freed;
use crate::lease::quiet;
use crate::lease::read;
use crate::unit::StateError;

/// What is known of a lease at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The number of the last acquisition.
    pub epoch: u64,
    /// Who holds it; none if it is free.
    pub holder: Option<Holder>,
    /// Whether the holder's process is seen to be gone.
    pub gone: bool,
    /// How long it has to stand still before it may be freed.
    pub ttl: Duration,
}

/// Why a lease may be freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The holder's process does not exist any more.
    Gone,
    /// It stood still for so long, which is its whole TTL: its holder sends nothing any more.
    Silent(Duration),
}

/// What unlocking came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlocked {
    /// Nobody held it; nothing was written.
    Free,
    /// It was freed.
    Freed {
        /// Who held it.
        holder: Box<Holder>,
        /// Why that was right.
        evidence: Evidence,
    },
}

/// Looks at a unit's lease. None if it never had one. Writes nothing.
pub async fn look(
    store: &impl Store,
    unit: &UnitId,
    observer: &Holder,
) -> Result<Option<Sight>, StateError> {
    let Some((document, _)) = read(store, unit).await? else { return Ok(None) };
    Ok(Some(Sight {
        epoch: document.epoch,
        gone: document.holder.as_ref().is_some_and(|holder| holder.is_seen_gone_by(observer)),
        ttl: Duration::from_millis(document.ttl_ms),
        holder: document.holder,
    }))
}

/// Frees a unit whose holder is gone, or stays silent for a whole TTL while this watches.
///
/// The next holder waits first for as long as calls of this one may be under way, as its lease says.
///
/// # Errors
/// [`LeaseError::Held`] if the holder shows a sign of life; then nothing is written.
pub async fn unlock(
    store: &impl Store,
    unit: &UnitId,
    observer: &Holder,
    clock: &impl Clock,
    config: LeaseConfig,
) -> Result<Unlocked, LeaseError> {
    let mut watched = None;
    loop {
        let Some((document, tag)) = read(store, unit).await? else { return Ok(Unlocked::Free) };
        let Some(holder) = document.holder.clone().map(Box::new) else { return Ok(Unlocked::Free) };
        let held = || LeaseError::Held { unit: unit.clone(), holder: holder.clone() };
        // Counted from when it was seen: how long the first look took says nothing of the holder.
        let now = clock.now();
        let (first, since) = watched.get_or_insert_with(|| (tag.clone(), now));
        if *first != tag {
            return Err(held());
        }
        let passed = now.saturating_sub(*since);
        let left = Duration::from_millis(document.ttl_ms).saturating_sub(passed);
        let evidence = if holder.is_seen_gone_by(observer) {
            Evidence::Gone
        } else if left.is_zero() {
            Evidence::Silent(passed)
        } else {
            clock.sleep(left.min(config.renewal_interval())).await;
            continue;
        };
        let quiet = quiet(&document, config);
        let body = freed(document, quiet).encode();
        let (key, expected) = (Keys(unit).lease(), Expected::Version(&tag));
        return match exchange(store, &key, expected, &body).await.map_err(StateError::from)? {
            Exchanged::Written(_) => Ok(Unlocked::Freed { holder, evidence }),
            Exchanged::Lost(_) => Err(held()),
        };
    }
}

//! The states that a unit had: the chain of snapshots, from the current one back.
//!
//! Each snapshot names its predecessor's digest, so that the chain needs no index. It ends at the
//! first state, or where older ones were pruned.

use std::collections::BTreeMap;

use nfplan_engine::digest::Digest;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;

use crate::format::Head;
use crate::keys::Keys;
use crate::unit::Place;
use crate::unit::StateError;
use crate::unit::read_snapshot;

/// One state of a unit's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number: it grows with every state, but not always by one.
    pub serial: u64,
    /// The state's digest.
    pub digest: Digest,
    /// The state.
    pub state: State,
}

/// A unit's history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The states, the current one first.
    pub versions: Vec<Version>,
    /// Whether older states were pruned.
    pub pruned: bool,
}

/// Reads the whole history that leads to a head.
///
/// # Errors
/// If a snapshot of the chain is missing, although older ones are kept, or damaged.
pub async fn history(store: &impl Store, head: &Head) -> Result<History, StateError> {
    let mut chain = Chain::of(store, head).await?;
    let mut history = History::default();
    while let Some(version) = chain.next(store).await? {
        history.versions.push(version);
    }
    history.pruned = chain.is_pruned();
    Ok(history)
}

/// A walk from a head back through its snapshots, one read for each.
#[derive(Debug)]
pub(crate) struct Chain<'h> {
    head: &'h Head,
    /// The serials of the snapshots that the store has, in order.
    present: BTreeMap<Digest, Vec<u64>>,
    next: Link,
}

/// Where a walk goes on.
#[derive(Debug, Clone, Copy)]
enum Link {
    /// With this snapshot.
    To(u64, Digest),
    /// Nowhere: the last one was the first state.
    First,
    /// Nowhere: what was before is gone, and so is everything older.
    Pruned,
    /// What was before the state of this serial and digest is gone, but not everything older.
    Gap(u64, Digest),
}

impl<'h> Chain<'h> {
    /// Begins at the head's own snapshot. Lists, and reads nothing.
    pub(crate) async fn of(store: &impl Store, head: &'h Head) -> Result<Self, StateError> {
        let keys = Keys(&head.unit);
        let mut present: BTreeMap<Digest, Vec<u64>> = BTreeMap::new();
        for key in store.list(&keys.snapshots()).await? {
            if let Some((serial, digest)) = keys.snapshot_of(&key) {
                present.entry(digest).or_default().push(serial);
            }
        }
        let own = head.snapshot.as_ref();
        let next = own.map_or(Link::First, |own| Link::To(head.serial, own.digest));
        Ok(Self { head, present, next })
    }

    /// The next older state; none at the end.
    pub(crate) async fn next(&mut self, store: &impl Store) -> Result<Option<Version>, StateError> {
        let unit = &self.head.unit;
        let (serial, digest) = match self.next {
            Link::To(serial, digest) => (serial, digest),
            Link::First | Link::Pruned => return Ok(None),
            Link::Gap(serial, digest) => {
                let key = Keys(unit).snapshot(serial, &digest);
                let why = "follows a state that is missing, although older ones are kept";
                return Err(Place { unit, key: &key }.corrupt(why.into()));
            }
        };
        let key = Keys(unit).snapshot(serial, &digest);
        let place = Place { unit, key: &key };
        let state = read_snapshot(store, place, self.head.lineage, (serial, digest)).await?;
        self.next = self.before(serial, digest, state.predecessor);
        Ok(Some(Version { serial, digest, state }))
    }

    /// Whether the walk ended where older states were pruned.
    pub(crate) fn is_pruned(&self) -> bool {
        matches!(self.next, Link::Pruned)
    }

    /// What comes before a state that names this predecessor.
    fn before(&self, serial: u64, digest: Digest, predecessor: Option<Digest>) -> Link {
        let Some(predecessor) = predecessor else { return Link::First };
        let serials = self.present.get(&predecessor).into_iter().flatten().rev();
        let mut earlier = serials.filter(|other| **other < serial);
        match earlier.next() {
            Some(before) => Link::To(*before, predecessor),
            None if self.present.values().flatten().any(|other| *other < serial) => {
                Link::Gap(serial, digest)
            }
            None => Link::Pruned,
        }
    }
}

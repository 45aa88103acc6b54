//! A run: opened or taken over under a lease, journalled, closed.
//!
//! The head is the gate. It moves by compare-and-swap from exactly the version that was planned
//! from, so that of two runs one opens. The journal is the fence: a batch takes the next number or
//! none, so that a holder who was overtaken notices at its next append, before it acts.

use nfplan_engine::address::UnitId;
use nfplan_engine::clock::Clock;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Event;
use nfplan_engine::journal::Journal;
use nfplan_engine::journal::JournalError;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;

use crate::exchange::Exchanged;
use crate::exchange::Expected;
use crate::exchange::exchange;
use crate::format::BatchDocument;
use crate::format::Document as _;
use crate::format::Head;
use crate::format::Lineage;
use crate::format::Nonce;
use crate::format::RunDocument;
use crate::format::RunId;
use crate::format::RunPointer;
use crate::format::SnapshotPointer;
use crate::format::encode_snapshot;
use crate::keys;
use crate::keys::Keys;
use crate::lease::Lease;
use crate::unit::Base;
use crate::unit::OpenRun;
use crate::unit::Place;
use crate::unit::StateError;
use crate::unit::VersionedHead;
use crate::unit::read_batch;

/// Why a run cannot be opened, taken over or closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The unit's state is not the one that was planned from.
    #[error("{unit} has changed since it was planned: plan again")]
    Stale {
        /// The unit.
        unit: UnitId,
    },
    /// Another run is open and has to be ended first.
    #[error("{unit} has the open run {run}: `nfplan apply` ends it")]
    Open {
        /// The unit.
        unit: UnitId,
        /// The open run.
        run: RunId,
    },
    /// Another process has taken over.
    #[error(
        "another process has taken over {unit}, so that this one may record nothing more: \
         the next `nfplan apply` goes on from what is recorded"
    )]
    Overtaken {
        /// The unit.
        unit: UnitId,
    },
    /// The state to close with does not follow from the one that the run began with.
    #[error(
        "BUG: the new state of {unit} names the predecessor {}, but its run began with {}: \
         nothing was written, and the run stays open",
        in_words(found.as_ref()),
        in_words(expected.as_ref())
    )]
    NotSuccessor {
        /// The unit.
        unit: UnitId,
        /// The digest of the state that the run began with.
        expected: Option<Digest>,
        /// The digest that the new state names.
        found: Option<Digest>,
    },
    /// The store failed, or what is in it cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

fn in_words(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// A run that this process carries out.
#[derive(Debug)]
pub struct Run<'a, S, C> {
    lease: &'a Lease<'a, S, C>,
    versioned: VersionedHead,
    id: RunId,
    /// The number of the last batch.
    last: u64,
    /// An append failed: the journal may be somebody else's by now.
    failed: bool,
}

impl<'a, S: Store, C: Clock> Run<'a, S, C> {
    /// Opens a run of `plan`, which was made from `base`.
    pub async fn open(
        lease: &'a Lease<'a, S, C>,
        base: &Base,
        plan: &UnitPlan,
    ) -> Result<Self, RunError> {
        let unit = lease.unit();
        let id = RunId::begin();
        let pointer = RunPointer { id, plan: plan.digest };
        let head = next_head(lease, base, plan, pointer)?;
        let plan = RunDocument { run: id, plan: plan.clone() };
        let key = Keys(unit).plan(id);
        write_once(lease.store(), Place { unit, key: &key }, &plan.encode()).await?;
        let versioned = move_head(lease, base.head.as_ref(), head)
            .await?
            .ok_or_else(|| RunError::Stale { unit: unit.clone() })?;
        Ok(Self { lease, versioned, id, last: 0, failed: false })
    }

    /// Takes over an open run: first the head, so that the run's last holder can move it no more,
    /// then the journal, so that its next append fails. Returns the run with its whole journal.
    pub async fn adopt(
        lease: &'a Lease<'a, S, C>,
        base: &Base,
        mut open: OpenRun,
    ) -> Result<(Self, OpenRun), RunError> {
        let stale = || RunError::Stale { unit: lease.unit().clone() };
        let before = base.head.as_ref().ok_or_else(stale)?;
        if before.head.open_run.as_ref().is_none_or(|pointer| pointer.id != open.id) {
            return Err(stale());
        }
        check_epoch(lease, &before.head)?;
        let head = Head { epoch: lease.epoch(), nonce: Nonce::fresh(), ..before.head.clone() };
        let versioned = move_head(lease, Some(before), head).await?.ok_or_else(stale)?;
        let last = open.batches.last().map_or(0, |batch| batch.number);
        let mut run = Self { lease, versioned, id: open.id, last, failed: false };
        run.seal(&mut open).await?;
        Ok((run, open))
    }

    /// The run's id.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// The unit's head, which names this run.
    pub fn head(&self) -> &Head {
        &self.versioned.head
    }

    /// Ends the run with the unit's new state, and returns what the next plan is made from.
    ///
    /// The snapshot is written first. If it is there already, somebody died between the two steps,
    /// and the same events made the same snapshot.
    pub async fn close(self, state: &State) -> Result<Base, RunError> {
        let unit = self.lease.unit();
        let before = &self.versioned.head;
        let expected = before.snapshot.as_ref().map(|pointer| pointer.digest);
        if state.predecessor != expected {
            let (unit, found) = (unit.clone(), state.predecessor);
            return Err(RunError::NotSuccessor { unit, expected, found });
        }
        let serial = before.serial + 1;
        let (body, digest) = encode_snapshot(before.lineage, serial, state);
        let key = Keys(unit).snapshot(serial, &digest);
        write_once(self.lease.store(), Place { unit, key: &key }, &body).await?;
        let head = Head {
            serial,
            snapshot: Some(SnapshotPointer { key: keys::snapshot_name(serial, &digest), digest }),
            open_run: None,
            converged: None,
            nonce: Nonce::fresh(),
            ..before.clone()
        };
        let moved = move_head(self.lease, Some(&self.versioned), head).await?;
        let versioned = moved.ok_or_else(|| RunError::Overtaken { unit: unit.clone() })?;
        Ok(Base { unit: unit.clone(), head: Some(versioned) })
    }

    /// Takes the next number of the journal. What the last holder appended meanwhile is read first.
    async fn seal(&mut self, open: &mut OpenRun) -> Result<(), RunError> {
        loop {
            let (key, document) = self.next_batch(vec![Event::Sealed]);
            let place = Place { unit: self.lease.unit(), key: &key };
            let body = document.encode();
            let exchanged = exchange(self.lease.store(), &key, Expected::Absent, &body).await;
            let last = open.batches.last();
            let (sealed, body) = match exchanged.map_err(StateError::from)? {
                Exchanged::Written(_) => (true, body),
                Exchanged::Lost(found) => {
                    let found = found.expect("a write that expects nothing is lost to something");
                    (false, found.body)
                }
            };
            let batch = read_batch(place, self.id, last, &body)?;
            if batch.epoch > self.lease.epoch() {
                return Err(RunError::Overtaken { unit: self.lease.unit().clone() });
            }
            self.last = batch.number;
            open.batches.push(batch);
            if sealed {
                return Ok(());
            }
        }
    }

    fn next_batch(&self, events: Vec<Event>) -> (String, BatchDocument) {
        let number = self.last + 1;
        let document = BatchDocument {
            run: self.id,
            number,
            epoch: self.lease.epoch(),
            events,
            nonce: Nonce::fresh(),
        };
        (Keys(self.lease.unit()).batch(self.id, number), document)
    }
}

impl<S: Store, C: Clock> Journal for Run<'_, S, C> {
    async fn append(&mut self, events: &[Event]) -> Result<(), JournalError> {
        if events.is_empty() {
            return Ok(());
        }
        let unit = self.lease.unit().to_string();
        let (key, document) = self.next_batch(events.to_vec());
        let body = document.encode();
        // A caller that gives up waiting does not learn the outcome either.
        self.failed = true;
        match exchange(self.lease.store(), &key, Expected::Absent, &body).await {
            Ok(Exchanged::Written(_)) => {
                self.last = document.number;
                self.failed = false;
                Ok(())
            }
            Ok(Exchanged::Lost(_)) => {
                let reason = format!("`{key}` in its journal is not what this process wrote");
                Err(JournalError::Lost { unit, reason })
            }
            Err(error) => Err(JournalError::Unavailable { unit, reason: error.to_string() }),
        }
    }

    fn may_send(&self) -> bool {
        !self.failed && self.lease.may_send()
    }
}

/// The head that opens a run.
fn next_head<S: Store, C: Clock>(
    lease: &Lease<'_, S, C>,
    base: &Base,
    plan: &UnitPlan,
    pointer: RunPointer,
) -> Result<Head, RunError> {
    let unit = lease.unit();
    let planned_from = base.state_digest().unwrap_or_else(|| {
        // No snapshot stands for the empty state, so that its digest is nowhere to be read.
        State::empty(unit.clone(), plan.source.clone()).digest()
    });
    if base.unit != *unit || plan.unit != *unit || plan.state != planned_from {
        return Err(RunError::Stale { unit: unit.clone() });
    }
    let (epoch, nonce) = (lease.epoch(), Nonce::fresh());
    let Some(VersionedHead { head, .. }) = &base.head else {
        return Ok(Head {
            unit: unit.clone(),
            lineage: Lineage::begin(),
            serial: 0,
            epoch,
            snapshot: None,
            open_run: Some(pointer),
            converged: None,
            nonce,
        });
    };
    if let Some(open) = &head.open_run {
        return Err(RunError::Open { unit: unit.clone(), run: open.id });
    }
    check_epoch(lease, head)?;
    Ok(Head { epoch, open_run: Some(pointer), nonce, ..head.clone() })
}

/// Refuses to lower a head's epoch.
fn check_epoch<S: Store, C: Clock>(lease: &Lease<'_, S, C>, head: &Head) -> Result<(), RunError> {
    if head.epoch > lease.epoch() {
        return Err(RunError::Overtaken { unit: lease.unit().clone() });
    }
    Ok(())
}

/// Moves the head from `before` to `after`. None if it is not at `before` any more.
pub(crate) async fn move_head<S: Store, C: Clock>(
    lease: &Lease<'_, S, C>,
    before: Option<&VersionedHead>,
    after: Head,
) -> Result<Option<VersionedHead>, StateError> {
    let key = Keys(lease.unit()).head();
    let expected = before.map_or(Expected::Absent, |before| Expected::Version(&before.tag));
    match exchange(lease.store(), &key, expected, &after.encode()).await? {
        Exchanged::Written(tag) => Ok(Some(VersionedHead { head: after, tag })),
        Exchanged::Lost(_) => Ok(None),
    }
}

/// Writes an object that never changes. If it is there already, it has to be the same.
pub(crate) async fn write_once(
    store: &impl Store,
    place: Place<'_>,
    body: &[u8],
) -> Result<(), StateError> {
    match exchange(store, place.key, Expected::Absent, body).await? {
        Exchanged::Written(_) => Ok(()),
        Exchanged::Lost(_) => {
            Err(place.corrupt("is written once, and its content is not what belongs there".into()))
        }
    }
}

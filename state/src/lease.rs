//! The lease of a unit: who may write, for how long, and how it passes on.
//!
//! A lease saves people time: it tells the second of two appliers to wait. What makes them safe is
//! that head and journal are fenced, so a mistaken takeover costs the slower one its run and nobody
//! a state. Therefore all times are durations on the clock of whoever measures them:
//!
//! - The holder counts its deadline from the moment it sent its last successful renewal.
//! - An observer counts from its own first sight of a version. If that version stands for a whole
//!   TTL, the holder's deadline has passed, whatever the two clocks say.
//!
//! Every acquisition raises the epoch above all that lease and head have seen.

use std::cell::Cell;
use std::cell::RefCell;
use std::time::Duration;

use nfplan_engine::address::UnitId;
use nfplan_engine::clock::Clock;
use nfplan_engine::store::Store;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

use crate::exchange::Exchanged;
use crate::exchange::Expected;
use crate::exchange::exchange;
use crate::format::Document as _;
use crate::format::LeaseDocument;
use crate::format::Nonce;
use crate::holder::Holder;
use crate::keys::Keys;
use crate::unit::Place;
use crate::unit::StateError;
use crate::unit::load_head;

/// The durations of a lease. They follow from the store, and for a holder that calls the cloud from
/// the provider too ([`Self::for_calls`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseConfig {
    /// How long a holder may be silent before others take over.
    pub ttl: Duration,
    /// How long before that the holder itself sends nothing more; longer than any call takes.
    pub margin: Duration,
    /// How long a holder's last calls may go on after its process is dead. It stands in the lease,
    /// so that also those wait for it who know nothing of the holder's cloud.
    pub quiet: Duration,
}

impl LeaseConfig {
    /// For states on this machine and a provider whose calls die with the process.
    pub const fn local() -> Self {
        Self { ttl: Duration::from_secs(30), margin: Duration::from_secs(5), quiet: Duration::ZERO }
    }

    /// For states in S3 and a provider whose calls die with the process: a call to the store may take
    /// half a minute.
    pub const fn remote() -> Self {
        Self { ttl: Duration::from_mins(2), margin: Duration::from_secs(45), quiet: Duration::ZERO }
    }

    /// For a holder whose calls to the cloud take up to this long: it stops early enough before its
    /// lease ends, and after the end of its process they are waited out.
    #[must_use]
    pub fn for_calls(self, deadline: Duration) -> Self {
        Self {
            ttl: self.ttl + 2 * deadline,
            margin: self.margin + deadline,
            quiet: self.quiet + deadline,
        }
    }

    /// Between renewals: several fit in a TTL, so that one may fail.
    pub(crate) fn renewal_interval(self) -> Duration {
        self.ttl / 4
    }
}

/// Why a lease cannot be had, or is no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else has it and showed a sign of life.
    #[error(
        "{unit} is being changed by {holder}: wait until that has finished; \
         should its process die, its lease is taken over by itself at the next `nfplan apply`"
    )]
    Held {
        /// The unit.
        unit: UnitId,
        /// Who has it.
        holder: Box<Holder>,
    },
    /// Somebody else took it.
    #[error(
        "{unit} was taken over by {} while this process was silent: it sends nothing more, and the \
         next `nfplan apply` goes on from what is recorded",
        by.as_ref().map_or_else(|| "somebody".to_owned(), ToString::to_string)
    )]
    Lost {
        /// The unit.
        unit: UnitId,
        /// Who has it now.
        by: Option<Box<Holder>>,
    },
    /// The store failed, or what is in it cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The right to change a unit, until its deadline.
///
/// Dropping it leaves the unit held until its TTL has passed or the process is gone.
#[derive(Debug)]
pub struct Lease<'a, S, C> {
    store: &'a S,
    clock: &'a C,
    config: LeaseConfig,
    unit: UnitId,
    holder: Holder,
    epoch: u64,
    // The renewer and the run share the lease within one task, so that no lock is needed.
    tag: RefCell<Tag>,
    deadline: Cell<Duration>,
}

/// Takes the lease of a unit.
///
/// A free lease is taken at once. A held one is watched: if it moves, this is refused; if not for
/// its whole TTL, or if its process can be seen to be gone, it is taken over.
pub async fn acquire<'a, S: Store, C: Clock>(
    store: &'a S,
    unit: &UnitId,
    holder: Holder,
    clock: &'a C,
    config: LeaseConfig,
) -> Result<Lease<'a, S, C>, LeaseError> {
    let mut sight: Option<Sight> = None;
    loop {
        let found = read(store, unit).await?;
        let now = clock.now();
        let tag = found.as_ref().map(|(_, tag)| tag.clone());
        let document = found.as_ref().map(|(document, _)| document);
        let since = match &sight {
            Some(sight) if sight.tag == tag => sight.since,
            Some(_) => {
                if let Some(other) = document.and_then(|document| document.holder.clone()) {
                    return Err(LeaseError::Held { unit: unit.clone(), holder: Box::new(other) });
                }
                now
            }
            None => now,
        };
        sight = Some(Sight { tag: tag.clone(), since });
        let patience = document.map_or(Duration::ZERO, |found| patience(found, &holder, config));
        let left = (since + patience).saturating_sub(now);
        if left.is_zero() {
            let last = document.map_or(0, |document| document.epoch);
            let attempt = Attempt { store, unit, holder: &holder, clock, config };
            if let Some(lease) = attempt.take(last, tag.as_ref()).await? {
                return Ok(lease);
            }
        } else {
            clock.sleep(left.min(config.renewal_interval())).await;
        }
    }
}

/// The version that an observer is watching, and since when on its own clock.
struct Sight {
    tag: Option<Tag>,
    since: Duration,
}

/// How long this version has to stand before it may be replaced.
fn patience(found: &LeaseDocument, own: &Holder, config: LeaseConfig) -> Duration {
    match &found.holder {
        None => Duration::from_millis(found.quiet_ms),
        Some(holder) if holder.is_seen_gone_by(own) => quiet(found, config),
        Some(_) => Duration::from_millis(found.ttl_ms),
    }
}

/// How long the calls of a holder may go on that is gone: what its lease says, and no less than the
/// observer knows of its own.
pub(crate) fn quiet(found: &LeaseDocument, config: LeaseConfig) -> Duration {
    config.quiet.max(Duration::from_millis(found.quiet_ms))
}

pub(crate) fn freed(document: LeaseDocument, quiet: Duration) -> LeaseDocument {
    LeaseDocument { holder: None, quiet_ms: millis(quiet), nonce: Nonce::fresh(), ..document }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("configured durations are far below this")
}

pub(crate) async fn read(
    store: &impl Store,
    unit: &UnitId,
) -> Result<Option<(LeaseDocument, Tag)>, StateError> {
    match store.get(&Keys(unit).lease()).await? {
        Some(stored) => Ok(Some((decode(unit, &stored)?, stored.tag))),
        None => Ok(None),
    }
}

fn decode(unit: &UnitId, stored: &Stored) -> Result<LeaseDocument, StateError> {
    let key = Keys(unit).lease();
    let place = Place { unit, key: &key };
    let document: LeaseDocument = place.decode(&stored.body)?;
    place.check_unit(&document.unit)?;
    Ok(document)
}

/// One try to take a lease.
struct Attempt<'a, 'b, S, C> {
    store: &'a S,
    unit: &'b UnitId,
    holder: &'b Holder,
    clock: &'a C,
    config: LeaseConfig,
}

impl<'a, S: Store, C: Clock> Attempt<'a, '_, S, C> {
    /// Replaces the version `tag` of the lease, which had the epoch `last`. None if it moved.
    async fn take(
        &self,
        last: u64,
        tag: Option<&Tag>,
    ) -> Result<Option<Lease<'a, S, C>>, StateError> {
        let head = load_head(self.store, self.unit).await?;
        let epoch = last.max(head.map_or(0, |versioned| versioned.head.epoch)) + 1;
        let lease = Lease {
            store: self.store,
            clock: self.clock,
            config: self.config,
            unit: self.unit.clone(),
            holder: self.holder.clone(),
            epoch,
            tag: RefCell::new(Tag(String::new())),
            deadline: Cell::new(Duration::ZERO),
        };
        let sent = self.clock.now();
        let body = lease.document().encode();
        let expected = tag.map_or(Expected::Absent, Expected::Version);
        match exchange(self.store, &Keys(self.unit).lease(), expected, &body).await? {
            Exchanged::Written(tag) => {
                lease.renewed(tag, sent);
                Ok(Some(lease))
            }
            Exchanged::Lost(_) => Ok(None),
        }
    }
}

impl<'a, S: Store, C: Clock> Lease<'a, S, C> {
    /// The unit.
    pub fn unit(&self) -> &UnitId {
        &self.unit
    }

    /// This acquisition's number: higher than that of every one before.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The moment after which nothing may be sent, unless the lease is renewed before.
    pub fn deadline(&self) -> Duration {
        self.deadline.get()
    }

    /// Whether the lease certainly lasts for a call that is sent now.
    pub fn may_send(&self) -> bool {
        self.clock.now() < self.deadline.get()
    }

    /// Shows a sign of life and puts the deadline off.
    pub async fn renew(&self) -> Result<(), LeaseError> {
        let sent = self.clock.now();
        match self.replace(self.document()).await? {
            Ok(tag) => {
                self.renewed(tag, sent);
                Ok(())
            }
            Err(by) => {
                self.deadline.set(Duration::ZERO);
                Err(LeaseError::Lost { unit: self.unit.clone(), by })
            }
        }
    }

    /// Renews the lease again and again, for as long as it is polled. Returns only when the lease
    /// is lost or can no longer be renewed in time; then [`Self::may_send`] says no.
    pub async fn keep(&self) -> LeaseError {
        loop {
            self.clock.sleep(self.config.renewal_interval()).await;
            match self.renew().await {
                Ok(()) => {}
                Err(LeaseError::State(_)) if self.may_send() => {}
                Err(error) => return error,
            }
        }
    }

    /// Lets others in. They wait for `quiet` first: as long as calls may still be under way.
    pub async fn release(self, quiet: Duration) -> Result<(), LeaseError> {
        let document = freed(self.document(), quiet);
        // Where somebody else has taken it over, there is nothing left to free.
        let _freed_or_taken_over = self.replace(document).await?;
        Ok(())
    }

    pub(crate) fn store(&self) -> &'a S {
        self.store
    }

    fn document(&self) -> LeaseDocument {
        LeaseDocument {
            unit: self.unit.clone(),
            epoch: self.epoch,
            holder: Some(self.holder.clone()),
            ttl_ms: millis(self.config.ttl),
            quiet_ms: millis(self.config.quiet),
            nonce: Nonce::fresh(),
        }
    }

    fn renewed(&self, tag: Tag, sent: Duration) {
        self.tag.replace(tag);
        self.deadline.set(sent + self.config.ttl.saturating_sub(self.config.margin));
    }

    /// Replaces the lease by another version of it, or says who has it now.
    async fn replace(
        &self,
        document: LeaseDocument,
    ) -> Result<Result<Tag, Option<Box<Holder>>>, StateError> {
        let body = document.encode();
        let key = Keys(&self.unit).lease();
        loop {
            let tag = self.tag.borrow().clone();
            let found = match exchange(self.store, &key, Expected::Version(&tag), &body).await? {
                Exchanged::Written(tag) => return Ok(Ok(tag)),
                Exchanged::Lost(None) => return Ok(Err(None)),
                Exchanged::Lost(Some(found)) => found,
            };
            let other = decode(&self.unit, &found)?;
            // A renewal of this lease whose answer never came: go on from there.
            let own = other.epoch == self.epoch && other.holder.as_ref() == Some(&self.holder);
            if !own {
                return Ok(Err(other.holder.map(Box::new)));
            }
            self.tag.replace(found.tag);
        }
    }
}

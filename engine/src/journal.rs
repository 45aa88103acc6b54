//! The port to a run's journal: how the apply loop makes events durable.
//!
//! The state crate implements it once for all stores. It is a port because the engine drives the
//! run and may not know how states are kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::future::Future;

use crate::address::External;
use crate::event::Event;
use crate::value::Value;

/// An open run's journal, held under a lease.
pub trait Journal {
    /// Makes events durable, as one append. Returns once they are.
    ///
    /// # Errors
    /// After an error nothing may be sent to the cloud any more: the journal may belong to another
    /// process by now.
    fn append(&mut self, events: &[Event]) -> impl Future<Output = Result<(), JournalError>>;

    /// Whether the lease certainly lasts for a call that is sent now.
    fn may_send(&self) -> bool;
}

/// Why events could not be made durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another process has taken the run over.
    #[error("another process has taken over the run of {unit}: {reason}")]
    Lost {
        /// The unit.
        unit: String,
        /// How it was noticed.
        reason: String,
    },
    /// The store failed.
    #[error("cannot record what happened to {unit}: {reason}")]
    Unavailable {
        /// The unit.
        unit: String,
        /// The cause.
        reason: String,
    },
}

/// Answers what the platform's outputs are now: asked when a run opens and again when it commits.
pub trait Externals {
    /// The values in the platform's last committed state; what it lacks is left out.
    fn current(
        &self,
        wanted: &BTreeSet<External>,
    ) -> impl Future<Output = Result<BTreeMap<External, Value>, JournalError>>;
}

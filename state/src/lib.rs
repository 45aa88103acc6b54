//! How the states of units are kept: one algorithm over any [`Store`](nfplan_engine::store::Store).
//!
//! Documents are written once under names of their own; only two small ones of each unit ever move,
//! its head and its lease, and they move by compare-and-swap. In the order of an apply:
//!
//! 1. [`unit::load`] reads a unit's head, its snapshot and, if a run is open, its plan and journal.
//!    It writes nothing.
//! 2. [`lease::acquire`] keeps other people away. It saves their time; what makes two writers safe
//!    is compare-and-swap and write-once.
//! 3. [`run::Run::open`] puts a plan into the head, or [`run::Run::adopt`] takes an open run over.
//! 4. The engine appends events through the [`Journal`](nfplan_engine::journal::Journal) that a
//!    [`run::Run`] is.
//! 5. [`run::Run::close`] writes a snapshot and moves the head to it; [`lease::Lease::release`]
//!    lets others in.
//!
//! [`converged`] notes in a head what a plan was made from that left nothing to do, so that the same
//! plan need not be made again.
//!
//! Beside runs, people look after states: [`history`] follows the chain of snapshots back,
//! [`verify`](mod@verify) says whether all is sound, [`edit`] makes a new state by hand under the same
//! rules as a run, [`document`] carries states out of a store and into it, and
//! [`prune`](mod@prune) deletes what nothing refers to any more.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod converged;
pub mod document;
pub mod edit;
mod exchange;
pub mod format;
pub mod history;
pub mod holder;
mod keys;
pub mod lease;
pub mod location;
pub mod probe;
pub mod prune;
pub mod run;
pub mod stores;
pub mod unit;
pub mod unlock;
pub mod verify;

#[cfg(test)]
mod tests;

//! The engine against a toy cloud: planning, applying, rolling back, recovering.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod access;
mod busy;
mod crashes;
mod faults;
mod foresight;
mod mishaps;
mod planning;
mod remains;
mod schedule;
mod schemas;
mod settling;
mod sharing;
mod stopping;
mod toy;
mod transitions;
mod unfinished;
mod widening;
mod wish;
mod world;

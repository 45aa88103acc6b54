//! The kit that nfplan's tests are written with.
//!
//! A [`spec::FleetSpec`] is written into a [`site::Site`], which plans and applies it as the command
//! line does, on a simulated cloud. A [`picture::Picture`] says what that cloud looks like without
//! what no two histories share. [`fleets`] makes random specs and edits of them, a
//! [`passage::Passage`] is one of a fixed set of changes, and [`mortal`] and [`late`] are processes
//! and calls that something happens to. [`measure`] is for benchmarks.

#![expect(clippy::unwrap_used, reason = "a panic of the kit is a failed test")]

pub mod conformance;
pub mod fleets;
pub mod hung;
pub mod late;
pub mod measure;
pub mod mortal;
pub mod pacing;
pub mod passage;
mod passing;
pub mod picture;
pub mod site;
pub mod slow;
pub mod spec;

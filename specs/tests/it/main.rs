//! The specs crate from the outside: projects in folders, loaded as the command does.

#![allow(clippy::unwrap_used, reason = "in helpers of tests, too, a panic is how a test fails")]

mod agreement;
mod defaults;
mod explanations;
mod faults;
mod hazards;
mod kit;
mod layers;
mod lock;
mod messages;
mod oracle;
mod permissions;
mod project;
mod rendering;
mod schema;

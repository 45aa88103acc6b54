//! Everything that nfplan shows, as functions from the engine's values to styled text.
//!
//! Styles are written as ANSI sequences; whoever writes the text strips them where they are not
//! wanted. Every piece of text goes through one type of line, which makes control characters
//! visible, so that no name, tag or message from outside can steer the terminal. No signal is made
//! by colour alone.

pub mod access;
mod block;
mod change;
pub mod classes;
pub mod comment;
mod compare;
pub mod config;
mod content;
pub mod difference;
pub mod drift;
pub mod env;
pub mod error;
pub mod explain;
mod filled;
pub mod findings;
pub mod graph;
pub mod help;
pub mod history;
mod html;
mod leaves;
mod lines;
pub(crate) mod name;
pub mod nextflow;
mod origin;
pub mod output;
mod page;
mod path;
pub mod permissions;
pub mod plan;
mod policy;
mod preflight;
pub mod progress;
pub mod prose;
mod quotas;
pub mod report;
pub mod reports;
pub mod state;
mod template;
pub(crate) mod text;
mod undo;
pub mod unlock;
pub mod update;
pub mod upkeep;
mod value;
mod words;

pub(crate) use name::counted;

#[cfg(test)]
mod samples;

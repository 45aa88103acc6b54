//! Everything that nfplan shows, as functions from the engine's values to styled text.
//!
//! Styles are written as ANSI sequences; whoever writes the text strips them where they are not
//! wanted. Every piece of text goes through one type of line, which makes control characters
//! visible, so that no name, tag or message from outside can steer the terminal. No signal is made
//! by colour alone.

mod block;
mod change;
pub mod classes;
mod compare;
mod content;
pub mod error;
mod leaves;
mod lines;
mod name;
mod page;
mod path;
pub mod plan;
mod policy;
pub mod progress;
pub mod report;
pub mod state;
mod template;
mod text;
mod undo;
mod value;
mod words;

#[cfg(test)]
mod samples;

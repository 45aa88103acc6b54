//! The command line of nfplan, as a library so that tests can call it.

pub mod applying;
pub mod approval;
pub mod args;
pub mod commands;
pub mod documents;
pub mod error;
pub mod execution;
pub mod exit;
pub mod externals;
pub mod pins;
pub mod planning;
pub mod project;
pub mod render;
pub mod replacing;
pub mod run;
pub mod selection;
pub mod settings;
pub mod terminal;

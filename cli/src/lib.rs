//! The command line of nfplan, as a library so that tests can call it.
//!
//! A tour in the order in which a call goes through it:
//!
//! 1. [`run`] parses [`args`] into [`settings`] and hands them to one of the [`commands`], each of
//!    which reads resolve, check, do, report.
//! 2. [`project`] opens specs, state store, cloud and pins; [`selection`] says which units a command
//!    is about.
//! 3. [`planning`] goes place by place, platform first: [`pins`] answered, states loaded, the cloud
//!    read, each unit planned by the engine. Only units with changes are kept.
//! 4. [`approval`] refuses what nobody allowed.
//! 5. [`execution`] puts clock, signals and progress around [`applying`], which carries units out
//!    side by side, each under its own lease; [`externals`] tells workspaces what their platform
//!    offers.
//! 6. [`comparison`], [`explaining`] with [`rules`], and [`graphing`] look at plans and at what they
//!    are made from.
//! 7. [`render`] turns engine values into text, [`documents`] into JSON, [`exit`] into a code;
//!    [`reporting`] writes reports beside.
//!
//! Only [`settings`] and [`terminal`] look at the environment, and only the terminal prints.

pub mod applying;
pub mod approval;
pub mod args;
pub mod commands;
pub mod comparison;
pub mod documents;
pub mod error;
pub mod execution;
pub mod exit;
pub mod explaining;
pub mod externals;
pub mod graphing;
pub mod interrupt;
pub mod pins;
pub mod planning;
pub mod project;
pub mod render;
pub mod replacing;
pub mod reporting;
pub mod rules;
pub mod run;
pub mod selection;
pub mod settings;
pub mod terminal;
pub mod turns;

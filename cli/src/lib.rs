//! The command line of nfplan, as a library so that tests can call it.
//!
//! A tour in the order in which a call goes through it:
//!
//! 1. [`run`] parses [`args`] (with the [`help`] below them; [`usage`] says what makes no sense)
//!    into [`settings`] and hands them to one of the [`commands`], each of which reads resolve,
//!    check, do, report. [`configuration`] says where each setting comes from.
//! 2. [`project`] opens specs, state store, cloud and pins; [`selection`] says which units a command
//!    is about.
//! 3. [`planning`] goes place by place, platform first: [`pins`] answered, states loaded, the cloud
//!    read, each unit planned by the engine. Only units with changes are kept. [`access`] has it
//!    judged who then reaches what, [`quotas`] whether the account may have as much, and
//!    [`preflight`] whether whoever applies it may.
//! 4. [`approval`] refuses what nobody allowed.
//! 5. [`execution`] puts clock, signals and progress around [`applying`], which carries units out
//!    side by side, each under its own lease; [`externals`] tells workspaces what their platform
//!    offers.
//! 6. [`comparison`], [`explaining`] with [`rules`], and [`graphing`] look at plans and at what they
//!    are made from; [`drifting`] looks at the cloud, and plans nothing.
//! 7. [`render`] turns engine values into text, [`documents`] into JSON, [`exit`] into a code;
//!    [`reporting`] writes reports beside.
//!
//! [`forge`] is where plans are reviewed: it posts what the reports say, and finds what was reviewed.
//!
//! Beside all that, [`completion`] answers a shell that asks how a line could go on.
//!
//! Only [`settings`], [`terminal`] and clap on behalf of the arguments look at the environment, and
//! only the terminal prints. Completion is the exception to both: the protocol between shell and
//! program is clap's, which reads `COMPLETE` and its own variables and writes the answer.

pub mod access;
pub mod applying;
pub mod approval;
pub mod args;
#[cfg(feature = "aws")]
pub mod aws;
pub mod commands;
pub mod comparison;
pub mod completion;
pub mod configuration;
pub mod documents;
pub mod drifting;
pub mod error;
pub mod execution;
pub mod exit;
pub mod explaining;
pub mod externals;
pub mod files;
pub mod forge;
pub mod graphing;
pub mod help;
pub mod interrupt;
pub mod pins;
pub mod planning;
pub mod preflight;
pub mod project;
pub mod quotas;
pub mod render;
pub mod replacing;
pub mod reporting;
pub mod rules;
pub mod run;
pub mod running_jobs;
pub mod saved_plans;
pub mod selection;
pub mod settings;
pub mod terminal;
pub mod turns;
pub mod upkeep;
pub mod usage;

//! The built `nfplan` on the simulated cloud, from arguments to exit code, one module for each
//! behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod completion;
mod configuration;
mod console;
mod credentials;
mod diffs;
mod drift;
mod drift_report;
mod explain;
mod failure;
mod findings;
mod fleet;
mod graphs;
mod guards;
mod hatchery;
mod interruption;
mod killing;
mod kit;
mod life;
mod nextflow;
mod output;
mod outputs;
mod pages;
mod permissions;
mod preflight;
mod report_kinds;
mod reports;
mod rollback;
mod saved_plans;
mod schemas;
mod secrets;
mod sharing;
mod snapshots;
mod specs;
mod status;
mod terminal;
mod update;
mod upkeep;
mod usage;

//! What nfplan promises, judged from outside its crates.

#![expect(clippy::unwrap_used, reason = "helpers of tests only")]

mod adoption;
mod blueprints;
mod busy;
mod conformance;
mod converged;
mod convergence;
mod crashes;
mod digests;
mod drift;
mod drift_open_runs;
mod drift_report;
mod faults;
mod hatchery;
mod impatience;
mod isolation;
mod known_tool;
mod late;
mod matrix;
mod matrix_fleet;
mod matrix_moved;
mod pace;
mod partial;
mod preflight;
mod quotas;
mod rendering;
mod restored;
mod rotation;
mod round_trips;
mod scale;
mod sharing;
mod star;

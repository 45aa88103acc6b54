//! The arguments of `nfplan drift`.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use nfplan_engine::provider::Depth;

use super::Reporting;
use super::Selection;

/// `nfplan drift`.
#[derive(Debug, Clone, Args)]
pub struct DriftArguments {
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
    /// What to ask the cloud: what bulk calls return, or everything
    #[arg(
        long,
        value_name = "DEPTH",
        value_enum,
        default_value_t = DepthArgument::Deep,
        env = "NFPLAN_DRIFT_REFRESH"
    )]
    pub refresh: DepthArgument,
    /// Say what is new, and what is mended, since this report (json=FILE) of before
    #[arg(long = "since", value_name = "FILE", env = "NFPLAN_DRIFT_SINCE")]
    pub since_report: Option<PathBuf>,
    /// What to write beside.
    #[command(flatten)]
    pub reporting: Reporting,
}

/// How much to ask the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DepthArgument {
    /// What bulk calls return; the rest is named as not asked for
    Bulk,
    /// Everything, with calls for each object
    Deep,
}

impl From<DepthArgument> for Depth {
    fn from(argument: DepthArgument) -> Self {
        match argument {
            DepthArgument::Bulk => Self::Bulk,
            DepthArgument::Deep => Self::Deep,
        }
    }
}

//! The arguments of commands that only look.

use std::path::PathBuf;

use clap::Args;

/// `nfplan diff`.
#[derive(Debug, Clone, Args)]
pub struct DiffArguments {
    /// A saved plan
    #[arg(value_name = "PLAN1")]
    pub first: PathBuf,
    /// Another one
    #[arg(value_name = "PLAN2")]
    pub second: PathBuf,
    /// Show every unit by itself and every attribute in full
    #[arg(long, env = "NFPLAN_FULL")]
    pub full: bool,
    /// Exit with 2 if the plans differ
    #[arg(long, env = "NFPLAN_DETAILED_EXITCODE")]
    pub detailed_exitcode: bool,
}

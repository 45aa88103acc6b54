//! The arguments of `nfplan drift` and `nfplan accept`.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use jiff::civil::Date;
use nfplan_engine::provider::Depth;
use nfplan_specs::agreement::MOST_DAYS;

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

/// `nfplan accept`.
#[derive(Debug, Clone, Args)]
pub struct AcceptArguments {
    /// What drifted, as `nfplan drift` names it: UNIT:ADDRESS#ATTRIBUTE, or UNIT:ADDRESS
    #[arg(value_name = "DRIFT", required = true)]
    pub drift: Vec<String>,
    /// Why this is done
    #[arg(long, value_name = "TEXT", env = "NFPLAN_REASON")]
    pub reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME", env = "NFPLAN_OWNER")]
    pub owner: String,
    /// Until when: a day as 2026-12-24, or days as 14d; at most 90 days ahead
    #[arg(long, value_name = "DAY", env = "NFPLAN_EXPIRES", value_parser = expiry)]
    pub expires: Expiry,
}

/// Until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The last day.
    On(Date),
    /// So many days, today included.
    Days(u16),
}

fn expiry(text: &str) -> Result<Expiry, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    if let Some(days) = days.filter(|days| (1..=MOST_DAYS).contains(&i32::from(*days))) {
        return Ok(Expiry::Days(days));
    }
    let expected = format!("write a day as 2026-12-24, or 1d to {MOST_DAYS}d");
    text.parse().map(Expiry::On).map_err(|_| expected)
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

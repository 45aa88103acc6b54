//! The arguments of commands that look after states and runs.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;
use clap::ValueHint;
use nfplan_engine::apply::OnFailure;

use super::Selection;

/// What becomes of a unit when a build step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnFailureArgument {
    /// What was done is undone
    Rollback,
    /// Nothing more is begun, and the run stays open to be looked at
    Stop,
}

impl From<OnFailureArgument> for OnFailure {
    fn from(argument: OnFailureArgument) -> Self {
        match argument {
            OnFailureArgument::Rollback => Self::RollBack,
            OnFailureArgument::Stop => Self::Stop,
        }
    }
}

/// `nfplan state`.
#[derive(Debug, Clone, Subcommand)]
pub enum StateCommand {
    /// List the objects of each unit
    List(Selection),
    /// Show what is recorded of one resource: ADDRESS, or UNIT:ADDRESS
    Show {
        /// The resource
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// Which units.
        #[command(flatten)]
        selection: Selection,
    },
    /// Show the states that units had, the current one first
    History(Selection),
    /// Check everything that is kept of units, and name what is damaged
    ///
    /// Reads head, lease, every state of the history, and plan and journal of an open run. Writes
    /// nothing.
    Verify(Selection),
    /// Bring an earlier state back, as a new one
    ///
    /// The state before stays in the history, and counters stay at their highest. The cloud is not
    /// touched: the next plan shows how it differs.
    Restore(RestoreArguments),
    /// Print a unit's state as a document that `push` takes
    Pull(PullArguments),
    /// Put a document in the place of a unit's state, as a new one
    ///
    /// Refused if the document belongs to another history, if the state has changed since it was
    /// pulled, if a counter would fall, or while a run is open. The cloud is not touched.
    Push(PushArguments),
    /// Delete old states and the journals of runs that ended
    ///
    /// What the current state, an open run or a kept state needs always stays. A unit that is not
    /// sound is left alone.
    Prune(PruneArguments),
    /// Drop an object from a unit's state and leave it in the cloud
    ///
    /// The reason is kept with the new state. While the specs want the resource, the next apply looks
    /// for the object by its name and its tags, and adopts it again.
    Forget(ForgetArguments),
}

/// `nfplan rollback`.
#[derive(Debug, Clone, Args)]
pub struct RollbackArguments {
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
}

/// `nfplan unlock`.
#[derive(Debug, Clone, Args)]
pub struct UnlockArguments {
    /// The unit, by its id or the researcher's name
    #[arg(value_name = "UNIT", required_unless_present_any = ["select", "shard"])]
    pub unit: Option<String>,
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
    /// Why this is done
    #[arg(long, value_name = "TEXT", env = "NFPLAN_REASON")]
    pub reason: Option<String>,
}

/// `nfplan state restore`.
#[derive(Debug, Clone, Args)]
pub struct RestoreArguments {
    /// The number of the state, as `nfplan state history` shows it
    #[arg(long, value_name = "N", env = "NFPLAN_SERIAL")]
    pub serial: u64,
    /// Which units: one, since each counts its own states.
    #[command(flatten)]
    pub selection: Selection,
}

/// `nfplan state pull`.
#[derive(Debug, Clone, Args)]
pub struct PullArguments {
    /// The unit, by its id or the researcher's name
    #[arg(value_name = "UNIT")]
    pub unit: String,
}

/// `nfplan state push`.
#[derive(Debug, Clone, Args)]
pub struct PushArguments {
    /// The document; `-` is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

/// `nfplan state prune`.
#[derive(Debug, Clone, Args)]
pub struct PruneArguments {
    /// How many states to keep of each unit, the current one included
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..),
        env = "NFPLAN_KEEP"
    )]
    pub keep: u64,
    /// List what would be deleted, and delete nothing
    #[arg(long, env = "NFPLAN_DRY_RUN")]
    pub dry_run: bool,
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
}

/// `nfplan state forget`.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "nfplan state forget <ADDRESS> --reason <TEXT>")]
pub struct ForgetArguments {
    /// The resource: ADDRESS, or UNIT:ADDRESS
    #[arg(value_name = "ADDRESS")]
    pub address: String,
    /// Only the object of this id, where the address has several
    #[arg(long, value_name = "ID", env = "NFPLAN_OBJECT")]
    pub object: Option<String>,
    /// Why this is done
    #[arg(long, value_name = "TEXT", env = "NFPLAN_REASON")]
    pub reason: String,
    /// Which units.
    #[command(flatten)]
    pub selection: Selection,
}

/// `nfplan update`.
#[derive(Debug, Clone, Args)]
pub struct UpdateArguments {
    /// Whose look-ups; what no spec needs is dropped only if all are looked up again.
    #[command(flatten)]
    pub selection: Selection,
}

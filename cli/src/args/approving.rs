//! The arguments of commands that change something, as to what they may do.

use clap::Args;
use clap::ValueEnum;

/// What may be done without asking.
#[derive(Debug, Clone, Default, Args)]
pub struct Approving {
    /// Do not ask; does not cover data loss, mass destroy and in-slot replacement
    #[arg(long, env = "NFPLAN_AUTO_APPROVE")]
    pub auto_approve: bool,
    /// Allow this class of change; may be repeated
    #[arg(long, value_name = "CLASS", env = "NFPLAN_ALLOW", value_delimiter = ',')]
    pub allow: Vec<AllowArgument>,
}

/// A class of change that needs to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AllowArgument {
    /// Something that cannot be brought back goes with the change
    #[value(alias = "data_loss")]
    DataLoss,
    /// More units go than nfplan.yaml lets go at once, or all of them
    #[value(alias = "mass_destroy")]
    MassDestroy,
    /// The old object is deleted before the new one is made
    #[value(alias = "in_slot_replacement")]
    InSlotReplacement,
    /// A unit goes, where nfplan.yaml wants that approved
    Destroy,
    /// An object is replaced, where nfplan.yaml wants that approved
    Replacement,
}

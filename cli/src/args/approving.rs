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
    /// Everybody or another account gets in, where nfplan.yaml wants that approved
    #[value(alias = "public_access")]
    PublicAccess,
    /// Somebody may do more than before, where nfplan.yaml wants that approved
    Widening,
    /// Something that protects is taken away, where nfplan.yaml wants that approved
    #[value(alias = "guard_rail")]
    GuardRail,
    /// Somebody gets credentials, where nfplan.yaml wants that approved
    Credentials,
    /// More can be spent, where nfplan.yaml wants that approved
    Cost,
    /// What somebody else changed is changed back, where nfplan.yaml wants that approved
    #[value(alias = "drift_overwritten")]
    DriftOverwritten,
}

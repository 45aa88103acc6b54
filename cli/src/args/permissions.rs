//! The arguments of `nfplan permissions`.

use clap::Args;
use clap::ValueEnum;
use nfplan_specs::permissions::Kind;

/// `nfplan permissions`.
#[derive(Debug, Clone, Args)]
pub struct PermissionsArguments {
    /// Only these accounts, by name or id
    #[arg(value_name = "ACCOUNT")]
    pub accounts: Vec<String>,
    /// For which commands
    #[arg(
        long,
        value_enum,
        default_value_t = KindArgument::Apply,
        env = "NFPLAN_PERMISSIONS_KIND"
    )]
    pub kind: KindArgument,
}

/// For which commands somebody is allowed what they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArgument {
    /// plan and drift, which only look
    ReadOnly,
    /// These, and apply, rollback and destroy
    Apply,
}

impl From<KindArgument> for Kind {
    fn from(argument: KindArgument) -> Self {
        match argument {
            KindArgument::ReadOnly => Self::ReadOnly,
            KindArgument::Apply => Self::Apply,
        }
    }
}

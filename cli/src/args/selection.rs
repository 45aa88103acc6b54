//! Which units a command is about, as the command line says it.

use clap::Args;

use crate::selection::Shard;

/// Which units.
#[derive(Debug, Clone, Default, Args)]
pub struct Selection {
    /// Only these: a user, a pattern, or a group as account:NAME; may be repeated
    #[arg(long, value_name = "WHICH", env = "NFPLAN_SELECT", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Only this part of the accounts and regions, as 2/8
    #[arg(long, value_name = "I/N", env = "NFPLAN_SHARD")]
    pub shard: Option<Shard>,
}

impl Selection {
    /// Whether nothing is left out.
    pub fn is_everything(&self) -> bool {
        self.select.is_empty() && self.shard.is_none()
    }
}

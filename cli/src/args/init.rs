//! The arguments of `nfplan init`.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use clap::ValueHint;

/// `nfplan init`.
#[derive(Debug, Clone, Args)]
pub struct InitArguments {
    /// Make the project from this configuration of Hatchery's
    #[arg(
        long,
        value_name = "FILE",
        env = "NFPLAN_FROM_HATCHERY",
        requires_all = ["gen3_endpoint", "account", "users"],
        value_hint = ValueHint::FilePath
    )]
    pub from_hatchery: Option<PathBuf>,
    /// The host name of the commons, which is Hatchery's variable of that name
    #[arg(long, value_name = "HOST", env = "NFPLAN_GEN3_ENDPOINT", requires = "from_hatchery")]
    pub gen3_endpoint: Option<String>,
    /// The id of the account in which Hatchery makes workspaces
    #[arg(long, value_name = "ID", env = "NFPLAN_ACCOUNT", requires = "from_hatchery")]
    pub account: Option<String>,
    /// The researchers, by the user names that they log in with; may be repeated
    #[arg(
        long,
        value_name = "USER",
        env = "NFPLAN_USERS",
        requires = "from_hatchery",
        value_delimiter = ','
    )]
    pub users: Vec<String>,
    /// Write a pipeline, too; for a project that is there, only that
    #[arg(long, value_name = "FORGE", value_enum, env = "NFPLAN_CI")]
    pub ci: Option<CiArgument>,
}

/// Where pipelines run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CiArgument {
    /// GitHub Actions: .github/workflows/nfplan.yml
    Github,
    /// GitLab CI: .gitlab-ci.yml
    Gitlab,
}

//! The arguments of commands that are about one researcher.

use clap::Args;
use clap::ValueEnum;
use jiff::SignedDuration;
use nfplan_engine::access::isolation::Actor;

use super::Approving;
use super::Showing;

/// `nfplan suspend` and `nfplan resume`.
#[derive(Debug, Clone, Args)]
pub struct StatusArguments {
    /// The researchers
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<String>,
    /// How to show the plan.
    #[command(flatten)]
    pub showing: Showing,
}

/// `nfplan rotate`.
#[derive(Debug, Clone, Args)]
pub struct RotateArguments {
    /// The researchers
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<String>,
    /// How long the old key works beside the new one, as 36h or 90m
    ///
    /// Pipelines that run keep the key that they were started with. With 0s, the old key goes in the
    /// same run.
    #[arg(long, value_name = "DURATION", default_value = "24h", env = "NFPLAN_OVERLAP", value_parser = overlap)]
    pub overlap: SignedDuration,
    /// End the overlap of an earlier rotation now
    #[arg(long, env = "NFPLAN_FINISH", conflicts_with = "overlap")]
    pub finish: bool,
    /// How to show the plan.
    #[command(flatten)]
    pub showing: Showing,
    /// What may be done without asking.
    #[command(flatten)]
    pub approving: Approving,
}

/// The longest overlap: a key that is to stay for longer is not being rotated.
const LONGEST_OVERLAP: SignedDuration = SignedDuration::from_hours(30 * 24);

fn overlap(text: &str) -> Result<SignedDuration, String> {
    let overlap: SignedDuration =
        text.parse().map_err(|_| "write hours and minutes, as 36h or 90m".to_owned())?;
    let within = SignedDuration::ZERO..=LONGEST_OVERLAP;
    if within.contains(&overlap) { Ok(overlap) } else { Err("it must be from 0s to 720h".into()) }
}

/// `nfplan revoke`.
#[derive(Debug, Clone, Args)]
pub struct RevokeArguments {
    /// The researchers
    #[arg(value_name = "USER", required = true)]
    pub users: Vec<String>,
    /// Let them in again, with new keys
    #[arg(long, env = "NFPLAN_LIFT")]
    pub lift: bool,
    /// How to show the plan.
    #[command(flatten)]
    pub showing: Showing,
    /// What may be done without asking.
    #[command(flatten)]
    pub approving: Approving,
}

/// `nfplan env`.
#[derive(Debug, Clone, Args)]
pub struct EnvArguments {
    /// The researcher
    #[arg(value_name = "USER")]
    pub user: String,
    /// In which form
    #[arg(long, value_enum, env = "NFPLAN_ENV_FORMAT")]
    pub format: EnvFormat,
}

/// The form of a client's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EnvFormat {
    /// Lines for a POSIX shell to evaluate
    Sh,
    /// Lines of KEY=VALUE
    Dotenv,
    /// One JSON map
    Json,
    /// A Secret of Kubernetes
    K8sSecret,
}

/// `nfplan nextflow-config`.
#[derive(Debug, Clone, Args)]
pub struct NextflowConfigArguments {
    /// The researcher
    #[arg(value_name = "USER")]
    pub user: String,
}

/// `nfplan can`.
#[derive(Debug, Clone, Args)]
pub struct CanArguments {
    /// The researcher
    #[arg(value_name = "USER")]
    pub user: String,
    /// What, as service:Action
    #[arg(value_name = "ACTION")]
    pub action: String,
    /// On what: an ARN, or `s3://BUCKET/KEY`
    #[arg(value_name = "RESOURCE", default_value = "*")]
    pub resource: String,
    /// As whom: the researcher's Nextflow client, or the job containers
    #[arg(long = "as", value_name = "ACTOR", value_enum, default_value_t = ActorArgument::Client, env = "NFPLAN_AS")]
    pub actor: ActorArgument,
    /// What the request says of itself, as KEY=VALUE; may be repeated
    ///
    /// A key without a value is one that the request lacks. What a plain request says is known: S3
    /// requests come through TLS and name no encryption, and those of jobs come through the
    /// workspace's own S3 endpoint.
    #[arg(long, value_name = "KEY=VALUE", env = "NFPLAN_WITH", value_delimiter = ',')]
    pub with: Vec<String>,
    /// Exit with 2 unless the answer is yes
    #[arg(long, env = "NFPLAN_CHECK")]
    pub check: bool,
}

/// As whom something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ActorArgument {
    /// The researcher's Nextflow client
    Client,
    /// Job containers
    Jobs,
}

impl From<ActorArgument> for Actor {
    fn from(argument: ActorArgument) -> Self {
        match argument {
            ActorArgument::Client => Self::Client,
            ActorArgument::Jobs => Self::Jobs,
        }
    }
}

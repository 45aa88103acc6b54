//! What can go wrong with a forge, and what to do about it.

use thiserror::Error;

use crate::error::CliError;
use crate::exit::Exit;

/// Why a forge did not do what it was asked for.
#[derive(Debug, Error)]
pub enum ForgeError {
    /// The answer never came.
    #[error("cannot {doing}: {host} does not answer: {why}")]
    Unreachable {
        /// What was asked for, as `list the comments of …`.
        doing: String,
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// Whether it was done is not known.
    #[error("cannot {doing}: {host} failed while it did so, {why}")]
    Lost {
        /// What was asked for.
        doing: String,
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// 401.
    #[error("cannot {doing}: {host} does not know the token, or it has expired")]
    UnknownToken {
        /// What was asked for.
        doing: String,
        /// The host.
        host: String,
    },
    /// 403.
    #[error("cannot {doing}: the token may not do that{told}")]
    Denied {
        /// What was asked for.
        doing: String,
        /// What the token needs, as `pull-requests: write`.
        permission: &'static str,
        /// What the forge says, after a colon; empty if it says nothing.
        told: String,
    },
    /// 404 and 410.
    #[error("cannot {doing}: {host} has no such thing, or the token may not see it")]
    NotFound {
        /// What was asked for.
        doing: String,
        /// The host.
        host: String,
        /// What the token needs.
        permission: &'static str,
    },
    /// 422.
    #[error("cannot {doing}: {host} refuses that{told}")]
    Invalid {
        /// What was asked for.
        doing: String,
        /// The host.
        host: String,
        /// What the forge says.
        told: String,
    },
    /// 429, or 403 for the same reason.
    #[error("cannot {doing}: {host} has had too many requests of this token")]
    Limited {
        /// What was asked for.
        doing: String,
        /// The host.
        host: String,
        /// For how many seconds it says it wants no more, if it says so.
        seconds: Option<u64>,
    },
    /// 3xx.
    #[error("cannot {doing}: {host} says it is elsewhere, and the token is sent nowhere else")]
    Moved {
        /// What was asked for.
        doing: String,
        /// The host.
        host: String,
    },
    /// Anything else.
    #[error("cannot {doing}: {host} answers {status}{told}")]
    Failed {
        /// What was asked for.
        doing: String,
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// What the forge says.
        told: String,
    },
    /// An answer that is not what the interface promises.
    #[error("cannot {doing}: {host} answers what makes no sense: {why}")]
    Garbled {
        /// What was asked for.
        doing: String,
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
    /// What was posted changes whenever it is looked at.
    #[error("cannot settle on one text: what was posted changes each time it is looked at")]
    Restless,
    /// The label of the issue was left out.
    #[error(
        "cannot keep an issue: the label `{label}` was not set, so it would not be found again"
    )]
    Unlabelled {
        /// The label.
        label: String,
    },
}

impl From<ForgeError> for CliError {
    fn from(error: ForgeError) -> Self {
        let message = error.to_string();
        let new = |exit| Self::new(exit, message);
        match error {
            ForgeError::UnknownToken { host, .. } => new(Exit::Denied)
                .hint(format!("set GITHUB_TOKEN or GH_TOKEN to a token that {host} knows")),
            ForgeError::Denied { permission, .. } => new(Exit::Denied).hint(needs(permission)),
            ForgeError::NotFound { permission, .. } => new(Exit::Error)
                .hint("see that --repo and --pr say what is meant")
                .hint(needs(permission)),
            ForgeError::Limited { seconds, .. } => new(Exit::Error).hint(match seconds {
                Some(seconds) => format!("run it again in {seconds} seconds; nothing is lost"),
                None => "run it again later; nothing is lost".to_owned(),
            }),
            ForgeError::Moved { .. } => new(Exit::Error)
                .hint("give --repo the name that the repository has now")
                .hint("give --api-url the address that the forge has now"),
            ForgeError::Unlabelled { .. } => new(Exit::Denied)
                .hint(needs("issues: write"))
                .hint("the issue that was opened has been closed again"),
            ForgeError::Invalid { .. } | ForgeError::Failed { .. } | ForgeError::Garbled { .. } => {
                new(Exit::Error).hint("see that --api-url is the address of GitHub's REST API")
            }
            ForgeError::Unreachable { .. } | ForgeError::Lost { .. } | ForgeError::Restless => {
                new(Exit::Error).hint("run it again; what is there already is not posted twice")
            }
        }
    }
}

fn needs(permission: &str) -> String {
    format!("a job of GitHub Actions needs `permissions: {{ {permission} }}`")
}

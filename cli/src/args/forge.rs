//! The arguments of commands that are about pull requests.

use std::path::PathBuf;

use clap::Args;
use clap::ValueHint;

use crate::forge::client::Endpoint;
use crate::forge::marker::Key;
use crate::forge::target::Repository;

/// Which repository, and which project in it.
#[derive(Debug, Clone, Args)]
pub struct ForgeArguments {
    /// The repository, as owner/name; GitHub Actions says it by itself
    #[arg(long, value_name = "REPOSITORY", env = "NFPLAN_REPO")]
    pub repo: Option<Repository>,
    /// Tell this project from others in the repository by this key
    #[arg(long, value_name = "KEY", env = "NFPLAN_KEY")]
    pub key: Option<Key>,
    /// Where GitHub's REST API is, if not at api.github.com
    #[arg(long, value_name = "URL", env = "NFPLAN_API_URL", value_hint = ValueHint::Url)]
    pub api_url: Option<Endpoint>,
}

/// `nfplan comment`.
#[derive(Debug, Clone, Args)]
pub struct CommentArguments {
    /// The text, as `plan` or `drift` wrote it with --report md=FILE
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Where to.
    #[command(flatten)]
    pub forge: ForgeArguments,
    /// The pull request; GitHub Actions says it by itself
    #[arg(long, value_name = "NUMBER", env = "NFPLAN_PR")]
    pub pr: Option<u64>,
    /// Set a status on this commit, too, which names the plan's digest
    #[arg(long, value_name = "COMMIT", env = "NFPLAN_STATUS", value_parser = commit)]
    pub status: Option<String>,
    /// Keep an issue instead, open or closed as this report (json=FILE) of drift says
    #[arg(
        long,
        value_name = "REPORT",
        env = "NFPLAN_ISSUE",
        value_hint = ValueHint::FilePath
    )]
    pub issue: Option<PathBuf>,
    /// The label of that issue, by which it is found again
    #[arg(long, value_name = "LABEL", env = "NFPLAN_LABEL", default_value = "nfplan-drift")]
    pub label: String,
    /// Look, say what would be posted, and post nothing
    #[arg(long, env = "NFPLAN_COMMENT_DRY_RUN")]
    pub dry_run: bool,
}

/// `nfplan reviewed`.
#[derive(Debug, Clone, Args)]
pub struct ReviewedArguments {
    /// The commit that merged the pull request; GitHub Actions says it by itself
    #[arg(value_name = "COMMIT", value_parser = commit)]
    pub commit: Option<String>,
    /// Where.
    #[command(flatten)]
    pub forge: ForgeArguments,
}

/// A commit by its whole name.
pub fn commit(text: &str) -> Result<String, &'static str> {
    let is_whole = [40, 64].contains(&text.len());
    if is_whole && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a commit is named by all its 40 or 64 hexadecimal digits")
    }
}

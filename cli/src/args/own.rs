//! The arguments of commands about nfplan itself.

use clap::Args;
use clap::ValueEnum;
use clap::ValueHint;
use std::path::PathBuf;

/// `nfplan completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: ShellArgument,
}

/// A shell that lines can be completed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "names of shells")]
pub enum ShellArgument {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

/// `nfplan man`.
#[derive(Debug, Clone, Args)]
pub struct ManArguments {
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR", env = "NFPLAN_MAN_OUT", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
}

//! What the command line and the environment come to: the only place, beside the terminal, that
//! reads the environment.

use std::path::PathBuf;

use crate::args::General;
use crate::args::RefreshArgument;
use nfplan_engine::plan::Refresh;

/// Settings of one call of nfplan.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project's folder.
    pub root: PathBuf,
    /// What holds for every command.
    pub general: General,
    /// Who runs it, for whoever finds a unit leased: a person or a pipeline.
    pub who: String,
    /// The folder that a pipeline checked the repository out into.
    repository: Option<PathBuf>,
}

impl Settings {
    /// Takes the command line and asks the environment for the rest.
    pub fn new(root: PathBuf, general: General) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        let pipeline = || {
            let (server, repository, run) = (
                variable("GITHUB_SERVER_URL")?,
                variable("GITHUB_REPOSITORY")?,
                variable("GITHUB_RUN_ID")?,
            );
            Some(format!("{server}/{repository}/actions/runs/{run}"))
        };
        let who = pipeline()
            .or_else(|| variable("CI_JOB_URL"))
            .or_else(|| variable("USER"))
            .or_else(|| variable("LOGNAME"))
            .unwrap_or_else(|| "somebody".to_owned());
        let repository = variable("GITHUB_WORKSPACE").map(PathBuf::from);
        Self { root, general, who, repository }
    }

    /// The project's folder as paths in the repository begin with it, as far as that is known.
    pub fn root_in_repository(&self) -> PathBuf {
        let inside = || {
            let root = std::path::absolute(&self.root).ok()?;
            Some(root.strip_prefix(self.repository.as_ref()?).ok()?.to_owned())
        };
        inside().unwrap_or_else(|| self.root.clone())
    }
}

impl From<RefreshArgument> for Refresh {
    fn from(argument: RefreshArgument) -> Self {
        match argument {
            RefreshArgument::None => Self::None,
            RefreshArgument::Bulk => Self::Bulk,
            RefreshArgument::Deep => Self::Deep,
        }
    }
}

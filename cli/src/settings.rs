//! What the command line and the environment come to: the only place, beside the terminal, that
//! reads the environment.

pub mod pipeline;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::args::AllowArgument;
use crate::args::General;
use crate::args::RefreshArgument;
use nfplan_engine::digest::Digest;
use nfplan_engine::plan::Refresh;
use nfplan_specs::project::ApprovalClass;

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
    /// Where the commit that a pipeline checked out can be looked at, without the path of a file.
    blob: Option<String>,
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
        let repository = variable("GITHUB_WORKSPACE").or_else(|| variable("CI_PROJECT_DIR"));
        let github = || {
            let (server, repository) =
                (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
            Some(format!("{server}/{repository}/blob/{}", variable("GITHUB_SHA")?))
        };
        let gitlab = || {
            Some(format!("{}/-/blob/{}", variable("CI_PROJECT_URL")?, variable("CI_COMMIT_SHA")?))
        };
        let blob = github().or_else(gitlab);
        Self { root, general, who, repository: repository.map(PathBuf::from), blob }
    }

    /// The project's folder within the repository, if a pipeline checked one out around it.
    pub fn folder_in_repository(&self) -> Option<PathBuf> {
        let root = std::path::absolute(&self.root).ok()?;
        Some(root.strip_prefix(self.repository.as_ref()?).ok()?.to_owned())
    }

    /// The project's folder as paths in the repository begin with it, as far as that is known.
    pub fn root_in_repository(&self) -> PathBuf {
        self.folder_in_repository().unwrap_or_else(|| self.root.clone())
    }

    /// Tells the project from the others of its repository: a key of letters and digits that is the
    /// same on every machine.
    pub fn project_key(&self, environment: &str) -> String {
        // The folder of another machine is called otherwise.
        let folder = self.folder_in_repository().unwrap_or_default();
        Digest::of_bytes(format!("{environment}\n{}", folder.display()).as_bytes()).short()
    }

    /// Where a line of a spec file can be looked at, with `{file}` and `{line}`, if a pipeline runs
    /// this and says so.
    pub fn source_link(&self) -> Option<String> {
        let (blob, folder) = (self.blob.as_ref()?, self.folder_in_repository()?);
        let folder = folder.to_str()?;
        let joint = if folder.is_empty() { "" } else { "/" };
        Some(format!("{blob}/{folder}{joint}{{file}}#L{{line}}"))
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

impl From<AllowArgument> for ApprovalClass {
    fn from(argument: AllowArgument) -> Self {
        match argument {
            AllowArgument::DataLoss => Self::DataLoss,
            AllowArgument::MassDestroy => Self::MassDestroy,
            AllowArgument::InSlotReplacement => Self::InSlotReplacement,
            AllowArgument::Destroy => Self::Destroy,
            AllowArgument::Replacement => Self::Replacement,
            AllowArgument::PublicAccess => Self::PublicAccess,
            AllowArgument::Widening => Self::Widening,
            AllowArgument::GuardRail => Self::GuardRail,
            AllowArgument::Credentials => Self::Credentials,
            AllowArgument::Cost => Self::Cost,
            AllowArgument::DriftOverwritten => Self::DriftOverwritten,
        }
    }
}

/// How the names of nfplan's own variables begin.
const OWN: &str = "NFPLAN_";

/// Variables of others that change what nfplan does, and how.
pub const HEEDED: [(&str, &str); 21] = [
    ("NO_COLOR", "no colours"),
    ("CLICOLOR", "0: no colours"),
    ("CLICOLOR_FORCE", "colours even where nobody may see them"),
    ("COLUMNS", "the width of a line"),
    ("TERM", "the kind of terminal; dumb has no colours and no progress bar"),
    ("CI", "colours on every kind of terminal"),
    ("GITHUB_SERVER_URL", "who holds a lease: the pipeline's run"),
    ("GITHUB_REPOSITORY", "who holds a lease: the pipeline's run; where comments go"),
    ("GITHUB_RUN_ID", "who holds a lease: the pipeline's run"),
    ("GITHUB_TOKEN", "opens the repository that comments go to"),
    ("GH_TOKEN", "the same, where GITHUB_TOKEN is not set"),
    ("GITHUB_API_URL", "where GitHub is"),
    ("GITHUB_REF", "the pull request"),
    ("GITHUB_SHA", "the commit that specs are shown of, and was reviewed"),
    ("GITHUB_EVENT_PATH", "the pull request, and whether it comes from a fork"),
    ("GITHUB_STEP_SUMMARY", "where a comment goes that may not be posted"),
    ("GITHUB_ACTIONS", "whose comments are ours, if nobody can be asked"),
    ("CI_JOB_URL", "who holds a lease: the pipeline's job"),
    ("USER", "who holds a lease, outside a pipeline"),
    ("LOGNAME", "who holds a lease, where USER is not set"),
    ("COMPLETE", "a shell asks how to complete a line"),
];

/// Those of them that are set.
pub fn heeded() -> impl Iterator<Item = (&'static str, &'static str)> {
    HEEDED.into_iter().filter(|(name, _)| std::env::var_os(name).is_some())
}

/// nfplan's own variables that are set, known or not, sorted.
pub fn own_variables() -> Vec<(String, OsString)> {
    let all =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let mut own: Vec<_> = all.filter(|(name, _)| name.starts_with(OWN)).collect();
    own.sort();
    own
}

/// The folder that a shell means by a word, which it hands over as it was typed.
pub fn expand_home(folder: PathBuf) -> PathBuf {
    match (folder.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => folder,
    }
}

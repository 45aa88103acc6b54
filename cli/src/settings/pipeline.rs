//! What GitHub Actions, or whoever stands in for it, says by variables about the run, the pull
//! request and the token.

use std::path::PathBuf;

use secrecy::SecretString;

/// What the variables of a pipeline say, as far as they are set.
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// Opens the forge. It is sent to the forge's own address and shown nowhere.
    pub token: Option<SecretString>,
    /// The repository, as `owner/name`.
    pub repository: Option<String>,
    /// What was checked out: `refs/pull/7/merge` for a pull request.
    pub reference: Option<String>,
    /// The commit that was checked out.
    pub commit: Option<String>,
    /// The file with the event that the run was started by.
    pub event: Option<PathBuf>,
    /// Where the forge's interface is.
    pub api_url: Option<String>,
    /// Where the summary of the job is written.
    pub summary: Option<PathBuf>,
    /// Whether GitHub Actions runs this.
    pub is_actions: bool,
}

impl Pipeline {
    /// Asks the environment.
    pub fn detect() -> Self {
        let variable = |name| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        let token = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN"));
        Self {
            token: token.map(|text| text.trim().to_owned().into()),
            repository: variable("GITHUB_REPOSITORY"),
            reference: variable("GITHUB_REF"),
            commit: variable("GITHUB_SHA"),
            event: variable("GITHUB_EVENT_PATH").map(PathBuf::from),
            api_url: variable("GITHUB_API_URL"),
            summary: variable("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            is_actions: variable("GITHUB_ACTIONS").is_some_and(|text| text == "true"),
        }
    }
}

//! Which repository and which pull request: what the command line says, or else the pipeline.

use std::fmt;
use std::fs;
use std::str::FromStr;

use serde_json::Value as Json;

use super::client::Endpoint;
use crate::error::CliError;
use crate::exit::Exit;
use crate::settings::pipeline::Pipeline;

/// Where GitHub's interface is for everybody.
const GITHUB: &str = "https://api.github.com";

/// A repository, as `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository(String);

impl FromStr for Repository {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |part: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !part.is_empty() && part.bytes().all(known) && !part.bytes().all(|byte| byte == b'.')
        };
        match text.split_once('/') {
            Some((owner, name)) if fits(owner) && fits(name) => Ok(Self(text.to_owned())),
            _ => Err("write a repository as owner/name"),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The repository.
pub fn repository(given: Option<&Repository>, pipeline: &Pipeline) -> Result<Repository, CliError> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    let Some(text) = &pipeline.repository else {
        return Err(CliError::new(Exit::Usage, "nothing says which repository is meant")
            .hint("give it with --repo owner/name; GitHub Actions says it in GITHUB_REPOSITORY"));
    };
    text.parse()
        .map_err(|why| CliError::new(Exit::Usage, format!("GITHUB_REPOSITORY is `{text}`: {why}")))
}

/// Where the forge's interface is.
pub fn endpoint(given: Option<&Endpoint>, pipeline: &Pipeline) -> Result<Endpoint, CliError> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    let text = pipeline.api_url.as_deref().unwrap_or(GITHUB);
    text.parse()
        .map_err(|why| CliError::new(Exit::Usage, format!("GITHUB_API_URL is `{text}`: {why}")))
}

/// What is known of the event that a pipeline's run was started by.
#[derive(Debug, Default)]
pub struct Event(Json);

impl Event {
    /// Reads the event; of none, nothing is known.
    pub fn load(pipeline: &Pipeline) -> Result<Self, CliError> {
        let Some(path) = &pipeline.event else { return Ok(Self::default()) };
        let text = fs::read(path).map_err(|error| CliError::file("read", path, &error))?;
        serde_json::from_slice(&text).map(Self).map_err(|error| {
            let message = format!("{}, which GITHUB_EVENT_PATH names: {error}", path.display());
            CliError::new(Exit::Error, message)
        })
    }

    /// The pull request.
    pub fn pull_request(&self, given: Option<u64>, pipeline: &Pipeline) -> Result<u64, CliError> {
        let reference = || {
            let reference = pipeline.reference.as_deref()?;
            reference.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok()
        };
        let number = given.or_else(reference).or_else(|| self.0["pull_request"]["number"].as_u64());
        number.ok_or_else(|| {
            CliError::new(Exit::Usage, "nothing says which pull request is meant").hint(
                "give it with --pr NUMBER; in GitHub Actions it is known to runs on: pull_request",
            )
        })
    }

    /// Whether GitHub gives such a run a token that may only read: pull requests from forks, and those
    /// of Dependabot.
    pub fn has_readers_token(&self, repository: &Repository) -> bool {
        let pull = &self.0["pull_request"];
        if !pull.is_object() {
            return false;
        }
        let from = pull["head"]["repo"]["full_name"].as_str();
        let is_fork = from.is_none_or(|name| !name.eq_ignore_ascii_case(&repository.0));
        is_fork || self.0["sender"]["login"] == "dependabot[bot]"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_repository_is_an_owner_and_a_name() {
        for text in ["commons/specs", "a-b/c.d_e"] {
            assert_eq!(text.parse::<Repository>().map(|it| it.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "specs", "a/", "/b", "a/b/c", "a/..", "a/b?c", "a/b c", "a/b%2e"] {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_pull_request_is_the_one_given_or_else_the_one_that_is_checked_out() {
        let event = Event(json!({ "pull_request": { "number": 9 } }));
        let at = |reference: &str| Pipeline {
            reference: Some(reference.to_owned()),
            ..Pipeline::default()
        };
        let number = |given, reference: &str| event.pull_request(given, &at(reference)).ok();
        assert_eq!(number(Some(7), "refs/pull/8/merge"), Some(7));
        assert_eq!(number(None, "refs/pull/8/merge"), Some(8));
        assert_eq!(number(None, "refs/heads/main"), Some(9));
        assert!(Event::default().pull_request(None, &at("refs/heads/main")).is_err());
    }

    #[test]
    fn forks_and_dependabot_have_tokens_that_only_read() {
        let here: Repository = "commons/specs".parse().unwrap();
        let from = |name: Json, sender: &str| {
            let pull = json!({ "head": { "repo": name } });
            let event = Event(json!({ "pull_request": pull, "sender": { "login": sender } }));
            event.has_readers_token(&here)
        };
        let full = |name: &str| json!({ "full_name": name });
        assert!(!from(full("Commons/specs"), "alice"));
        assert!(from(full("mallory/specs"), "mallory"));
        // The fork was deleted.
        assert!(from(Json::Null, "mallory"));
        assert!(from(full("commons/specs"), "dependabot[bot]"));
        assert!(!Event(json!({ "schedule": "0 6 * * *" })).has_readers_token(&here));
    }
}

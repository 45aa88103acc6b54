//! GitHub's REST interface, as far as it is needed.

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::json;
use ureq::http::Method;

use super::board::Board;
use super::client::Client;
use super::client::Request;
use super::error::ForgeError;
use super::sticky::Posted;
use super::target::Repository;

const READ_PULLS: &str = "pull-requests: read";
const WRITE_PULLS: &str = "pull-requests: write";
const WRITE_ISSUES: &str = "issues: write";
const WRITE_STATUSES: &str = "statuses: write";
const READ_STATUSES: &str = "statuses: read";

/// A repository on GitHub.
#[derive(Debug)]
pub struct Github {
    client: Client,
    repository: Repository,
}

/// The comments of a pull request.
#[derive(Debug)]
pub struct Comments<'a> {
    /// Where.
    pub github: &'a Github,
    /// The pull request.
    pub number: u64,
}

/// The issues with a label.
#[derive(Debug)]
pub struct Issues<'a> {
    /// Where.
    pub github: &'a Github,
    /// The label.
    pub label: &'a str,
    /// The title of a new one.
    pub title: String,
}

/// What a commit was found to be.
#[derive(Debug, Deserialize)]
pub struct Status {
    /// Who set it.
    pub creator: Option<Account>,
    /// What it is about.
    pub context: String,
    /// What it says.
    pub description: Option<String>,
}

/// A pull request that a commit belongs to.
#[derive(Debug, Deserialize)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// When it was merged; none if it was not.
    pub merged_at: Option<String>,
    /// The commit that merged it.
    pub merge_commit_sha: Option<String>,
    /// Its branch.
    pub head: Head,
}

/// The end of a pull request's branch.
#[derive(Debug, Deserialize)]
pub struct Head {
    /// The commit.
    pub sha: String,
}

/// Somebody.
#[derive(Debug, Deserialize)]
pub struct Account {
    /// The name.
    pub login: String,
}

#[derive(Debug, Deserialize)]
struct Viewer {
    data: ViewerData,
}

#[derive(Debug, Deserialize)]
struct ViewerData {
    viewer: Account,
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: u64,
    user: Option<Account>,
    body: Option<String>,
    html_url: String,
}

#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    user: Option<Account>,
    body: Option<String>,
    html_url: String,
    state: String,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    pull_request: Option<Json>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: String,
}

impl Github {
    /// A repository there.
    pub fn new(client: Client, repository: Repository) -> Self {
        Self { client, repository }
    }

    /// Who the token belongs to. Those of GitHub Actions and other apps may not ask that at the place
    /// for people, but in GraphQL; `otherwise` is the answer where neither is to be had.
    pub fn viewer(&self, otherwise: Option<&str>) -> Result<String, ForgeError> {
        let endpoint = self.client.endpoint();
        let (person, any) = (endpoint.at("/user"), endpoint.graphql());
        let ask = |method, url| Request {
            doing: "ask who the token belongs to".to_owned(),
            method,
            url,
            body: None,
            permission: READ_PULLS,
        };
        match self.client.ask::<Account>(&ask(Method::GET, person)) {
            Ok(account) => return Ok(account.login),
            Err(ForgeError::Denied { .. } | ForgeError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let question = json!({ "query": "query { viewer { login } }" });
        let answer = self.client.ask::<Viewer>(&ask(Method::POST, any).with(question));
        match (answer, otherwise) {
            (Ok(viewer), _) => Ok(viewer.data.viewer.login),
            (Err(_), Some(name)) => Ok(name.to_owned()),
            (Err(error), None) => Err(error),
        }
    }

    /// The pull requests that brought a commit into the repository, or have it.
    pub fn pulls_of(&self, commit: &str) -> Result<Vec<Pull>, ForgeError> {
        let path = format!("/commits/{commit}/pulls?per_page=100");
        let doing = format!("find the pull request of {commit}");
        self.client.list(&self.request(doing, Method::GET, &path, READ_PULLS))
    }

    /// What a commit was found to be, the latest first.
    pub fn statuses(&self, commit: &str) -> Result<Vec<Status>, ForgeError> {
        let path = format!("/commits/{commit}/statuses?per_page=100");
        let doing = format!("list the statuses of {commit}");
        self.client.list(&self.request(doing, Method::GET, &path, READ_STATUSES))
    }

    /// Says what a commit was found to be.
    pub fn set_status(&self, commit: &str, status: &Json) -> Result<(), ForgeError> {
        let path = format!("/statuses/{commit}");
        let doing = format!("set a status on {commit}");
        let request = self.request(doing, Method::POST, &path, WRITE_STATUSES);
        self.client.tell(&request.with(status.clone()))
    }

    /// A request about the repository.
    fn request(
        &self,
        doing: String,
        method: Method,
        path: &str,
        permission: &'static str,
    ) -> Request {
        let url = self.client.endpoint().at(&format!("/repos/{}{path}", self.repository));
        Request { doing, method, url, body: None, permission }
    }
}

impl Comments<'_> {
    fn request(&self, verb: &str, method: Method, path: &str) -> Request {
        let doing = format!("{verb} of {}#{}", self.github.repository, self.number);
        let permission = if method == Method::GET { READ_PULLS } else { WRITE_PULLS };
        self.github.request(doing, method, path, permission)
    }
}

impl Board for Comments<'_> {
    fn posted(&self) -> Result<Vec<Posted>, ForgeError> {
        let path = format!("/issues/{}/comments?per_page=100", self.number);
        let request = self.request("list the comments", Method::GET, &path);
        let all: Vec<Comment> = self.github.client.list(&request)?;
        Ok(all.into_iter().map(Posted::from).collect())
    }

    fn create(&self, text: &str) -> Result<Posted, ForgeError> {
        let path = format!("/issues/{}/comments", self.number);
        let request = self.request("add a comment to those", Method::POST, &path);
        let request = request.with(json!({ "body": text }));
        self.github.client.ask::<Comment>(&request).map(Posted::from)
    }

    fn change(&self, id: u64, text: &str, _: Option<bool>) -> Result<Posted, ForgeError> {
        let path = format!("/issues/comments/{id}");
        let request = self.request("update a comment", Method::PATCH, &path);
        let request = request.with(json!({ "body": text }));
        self.github.client.ask::<Comment>(&request).map(Posted::from)
    }

    fn remove(&self, id: u64) -> Result<(), ForgeError> {
        let path = format!("/issues/comments/{id}");
        let request = self.request("delete a duplicate comment", Method::DELETE, &path);
        self.github.client.tell(&request)
    }
}

impl Issues<'_> {
    fn request(&self, verb: &str, method: Method, path: &str) -> Request {
        let doing = format!("{verb} of {}", self.github.repository);
        self.github.request(doing, method, path, WRITE_ISSUES)
    }

    fn close(&self, number: u64, text: Option<&str>, reason: &str) -> Result<Issue, ForgeError> {
        let mut body = json!({ "state": "closed", "state_reason": reason });
        if let Some(text) = text {
            body["body"] = text.into();
        }
        let path = format!("/issues/{number}");
        let request = self.request("close an issue", Method::PATCH, &path);
        self.github.client.ask(&request.with(body))
    }
}

impl Board for Issues<'_> {
    fn posted(&self) -> Result<Vec<Posted>, ForgeError> {
        let label = utf8_percent_encode(self.label, NON_ALPHANUMERIC);
        let path = format!("/issues?state=all&labels={label}&per_page=100");
        let all: Vec<Issue> =
            self.github.client.list(&self.request("list the issues", Method::GET, &path))?;
        let issues = all.into_iter().filter(|issue| issue.pull_request.is_none());
        Ok(issues.map(Posted::from).collect())
    }

    fn create(&self, text: &str) -> Result<Posted, ForgeError> {
        let body = json!({ "title": self.title, "body": text, "labels": [self.label] });
        let request = self.request("open an issue", Method::POST, "/issues").with(body);
        let issue: Issue = self.github.client.ask(&request)?;
        // A token that may not set labels is not told so.
        if issue.labels.iter().any(|label| label.name.eq_ignore_ascii_case(self.label)) {
            return Ok(issue.into());
        }
        self.close(issue.number, None, "not_planned")?;
        Err(ForgeError::Unlabelled { label: self.label.to_owned() })
    }

    fn change(&self, id: u64, text: &str, open: Option<bool>) -> Result<Posted, ForgeError> {
        if open == Some(false) {
            return self.close(id, Some(text), "completed").map(Posted::from);
        }
        let mut body = json!({ "body": text });
        if open == Some(true) {
            body["state"] = "open".into();
        }
        let path = format!("/issues/{id}");
        let request = self.request("update an issue", Method::PATCH, &path).with(body);
        self.github.client.ask::<Issue>(&request).map(Posted::from)
    }

    fn remove(&self, id: u64) -> Result<(), ForgeError> {
        self.close(id, None, "not_planned").map(|_| ())
    }
}

impl From<Comment> for Posted {
    fn from(comment: Comment) -> Self {
        let Comment { id, user, body, html_url } = comment;
        Self {
            id,
            author: user.map(|user| user.login).unwrap_or_default(),
            body: body.unwrap_or_default(),
            url: html_url,
            open: true,
        }
    }
}

impl From<Issue> for Posted {
    fn from(issue: Issue) -> Self {
        let Issue { number, user, body, html_url, state, .. } = issue;
        Self {
            id: number,
            author: user.map(|user| user.login).unwrap_or_default(),
            body: body.unwrap_or_default(),
            url: html_url,
            open: state == "open",
        }
    }
}

//! `nfplan comment`: a plan in its pull request, or drift in its issue, as one text.

use std::fs;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use super::Context;
use crate::args::forge::CommentArguments;
use crate::args::forge::ForgeArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::forge::board::Done;
use crate::forge::board::Wish;
use crate::forge::board::foresee;
use crate::forge::board::settle;
use crate::forge::client::Client;
use crate::forge::error::ForgeError;
use crate::forge::github::Comments;
use crate::forge::github::Github;
use crate::forge::github::Issues;
use crate::forge::marker::Marker;
use crate::forge::marker::marked;
use crate::forge::report::DriftReport;
use crate::forge::review;
use crate::forge::sticky::Want;
use crate::forge::target;
use crate::forge::target::Event;
use crate::forge::target::Repository;
use crate::settings::pipeline::Pipeline;

/// Who a token of GitHub Actions belongs to.
const ACTIONS: &str = "github-actions[bot]";

/// A summary takes no more, and drops what is longer.
const MOST_SUMMARY_BYTES: u64 = 1_024 << 10;

/// `nfplan.comment/1`.
#[derive(Serialize)]
struct CommentDocument {
    format: &'static str,
    result: &'static str,
    url: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
}

/// Posts the text, or updates what was posted.
pub fn comment(context: &Context, arguments: &CommentArguments) -> Result<Exit, CliError> {
    if arguments.issue.is_some() && (arguments.pr.is_some() || arguments.status.is_some()) {
        return Err(CliError::new(Exit::Usage, "an issue belongs to no pull request")
            .hint("leave out --issue, or --pr and --status"));
    }
    let pipeline = Pipeline::detect();
    let (repository, github) = open(&arguments.forge, &pipeline)?;
    let text = Text::load(context, arguments)?;
    let done = if let Some(file) = &arguments.issue {
        let report = DriftReport::load(&context.settings.root.join(file))?;
        let author = author(&github, &pipeline)?;
        in_issue(&github, text.wish(&author, report.want()), &report, arguments)?
    } else {
        let event = Event::load(&pipeline)?;
        let number = event.pull_request(arguments.pr, &pipeline)?;
        let comments = Comments { github: &github, number };
        match in_pull_request(&comments, &text, arguments, &pipeline) {
            Err(ForgeError::Denied { .. }) if event.has_readers_token(&repository) => {
                instead(context, &text.body, &pipeline)?
            }
            done => done?,
        }
    };
    report(context, done, arguments.dry_run)
}

/// The forge that is meant.
pub fn open(
    arguments: &ForgeArguments,
    pipeline: &Pipeline,
) -> Result<(Repository, Github), CliError> {
    let repository = target::repository(arguments.repo.as_ref(), pipeline)?;
    let endpoint = target::endpoint(arguments.api_url.as_ref(), pipeline)?;
    let Some(token) = pipeline.token.clone() else {
        return Err(CliError::new(Exit::Denied, "there is no token to open the repository with")
            .hint("set GITHUB_TOKEN or GH_TOKEN; in GitHub Actions, to ${{ github.token }}"));
    };
    Ok((repository.clone(), Github::new(Client::new(endpoint, token), repository)))
}

/// Who the token belongs to.
pub fn author(github: &Github, pipeline: &Pipeline) -> Result<String, ForgeError> {
    github.viewer(pipeline.is_actions.then_some(ACTIONS))
}

/// A text that is found again.
struct Text {
    marker: Marker,
    body: String,
}

impl Text {
    fn load(context: &Context, arguments: &CommentArguments) -> Result<Self, CliError> {
        let path = context.settings.root.join(&arguments.file);
        let text =
            fs::read_to_string(&path).map_err(|error| CliError::file("read", &path, &error))?;
        let (marker, body) = marked(&text, arguments.forge.key.as_ref()).ok_or_else(|| {
            let message = format!("{} does not say which project it is of", path.display());
            CliError::new(Exit::Usage, message)
                .hint("`nfplan plan --report md=FILE` writes a text that does")
                .hint("give a key with --key")
        })?;
        Ok(Self { marker, body })
    }

    fn wish<'a>(&'a self, author: &'a str, want: Want) -> Wish<'a> {
        Wish { author, marker: &self.marker, text: &self.body, want }
    }
}

/// Opens, updates or closes the issue.
fn in_issue(
    github: &Github,
    wish: Wish<'_>,
    report: &DriftReport,
    arguments: &CommentArguments,
) -> Result<Done, ForgeError> {
    let title = format!("nfplan drift: {}", report.environment);
    let issues = Issues { github, label: &arguments.label, title };
    if arguments.dry_run { foresee(&issues, wish) } else { settle(&issues, wish) }
}

/// Comments on the pull request, and sets the status that names the plan.
fn in_pull_request(
    comments: &Comments<'_>,
    text: &Text,
    arguments: &CommentArguments,
    pipeline: &Pipeline,
) -> Result<Done, ForgeError> {
    let author = author(comments.github, pipeline)?;
    let wish = text.wish(&author, Want::Open);
    if arguments.dry_run {
        return foresee(comments, wish);
    }
    let done = settle(comments, wish)?;
    let digest = review::digest_of_comment(&text.body);
    if let Some((commit, digest)) = arguments.status.as_ref().zip(digest) {
        let status = review::status(text.marker.key(), digest, done.url.as_deref());
        comments.github.set_status(commit, &status)?;
    }
    Ok(done)
}

/// Puts the text where the pipeline shows it, because the token may not post it.
fn instead(context: &Context, text: &str, pipeline: &Pipeline) -> Result<Done, CliError> {
    let why = "the token of a pull request from a fork, or of Dependabot, may not comment";
    let fits = |path: &&std::path::PathBuf| {
        let present = fs::metadata(path).map_or(0, |file| file.len());
        present.saturating_add(text.len() as u64) < MOST_SUMMARY_BYTES
    };
    let Some(path) = pipeline.summary.as_ref().filter(fits) else {
        context.note(&format!("note: {why}, and the job has no summary with room for the text\n"));
        return Ok(Done { result: "skipped", url: None });
    };
    append(path, text).map_err(|error| CliError::file("write", path, &error))?;
    context.note(&format!("note: {why}; the text is in the summary of the job\n"));
    Ok(Done { result: "summary", url: None })
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")
}

fn report(context: &Context, done: Done, dry_run: bool) -> Result<Exit, CliError> {
    let Done { result, url } = done;
    if context.settings.general.json {
        let format = "nfplan.comment/1";
        context.print_json(&CommentDocument { format, result, url, dry_run })?;
    } else {
        let would = if dry_run { "would be " } else { "" };
        let place = url.map(|url| format!(" {url}")).unwrap_or_default();
        context.print(&format!("{would}{result}{place}\n"))?;
    }
    Ok(Exit::Fine)
}

//! `nfplan reviewed`: the digest of the plan that a merged pull request showed.

use nfplan_specs::fleet::Fleet;
use serde::Serialize;

use super::Context;
use super::comment::author;
use super::comment::open;
use crate::args::forge::ReviewedArguments;
use crate::args::forge::commit;
use crate::error::CliError;
use crate::exit::Exit;
use crate::forge::marker::Key;
use crate::forge::review;
use crate::settings::pipeline::Pipeline;

/// `nfplan.reviewed/1`.
#[derive(Serialize)]
struct ReviewedDocument<'a> {
    format: &'static str,
    digest: &'a str,
    pull_request: u64,
    commit: &'a str,
}

/// Looks, and prints the digest.
pub fn reviewed(context: &Context, arguments: &ReviewedArguments) -> Result<Exit, CliError> {
    let pipeline = Pipeline::detect();
    let (repository, github) = open(&arguments.forge, &pipeline)?;
    let merge = merge_commit(arguments, &pipeline)?;
    let key = key(context, arguments)?;
    let pulls = github.pulls_of(&merge)?;
    let Some(pull) = review::merged_by(&pulls, &merge) else {
        let message = format!("{merge} of {repository} is not what a pull request was merged as");
        return Err(CliError::refused(message)
            .hint("what was pushed past review is applied by hand: `nfplan plan --save` first"));
    };
    let statuses = github.statuses(&pull.head.sha)?;
    let author = author(&github, &pipeline)?;
    let Some(digest) = review::digest_of_statuses(&statuses, &author, &key) else {
        let message = format!(
            "{repository}#{}: no plan was reviewed: {author} set no status nfplan/{key} on {}",
            pull.number, pull.head.sha
        );
        return Err(CliError::refused(message)
            .hint("`nfplan comment FILE --status COMMIT` sets it when the plan is shown"));
    };
    if context.settings.general.json {
        let (format, commit) = ("nfplan.reviewed/1", pull.head.sha.as_str());
        let pull_request = pull.number;
        context.print_json(&ReviewedDocument { format, digest, pull_request, commit })?;
    } else {
        context.print(&format!("{digest}\n"))?;
    }
    Ok(Exit::Fine)
}

fn merge_commit(arguments: &ReviewedArguments, pipeline: &Pipeline) -> Result<String, CliError> {
    if let Some(given) = &arguments.commit {
        return Ok(given.clone());
    }
    let Some(text) = &pipeline.commit else {
        return Err(CliError::new(Exit::Usage, "nothing says which commit is meant")
            .hint("name it; GitHub Actions says it in GITHUB_SHA"));
    };
    commit(text).map_err(|why| CliError::new(Exit::Usage, format!("GITHUB_SHA is `{text}`: {why}")))
}

/// The project's key, by which `comment` set the status.
fn key(context: &Context, arguments: &ReviewedArguments) -> Result<Key, CliError> {
    if let Some(key) = &arguments.forge.key {
        return Ok(key.clone());
    }
    let fleet = Fleet::load(&context.settings.root)?;
    let key = context.settings.project_key(&fleet.environment().name);
    Ok(key.parse().expect("a key of hexadecimal digits is one"))
}

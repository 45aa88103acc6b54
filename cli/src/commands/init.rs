//! `nfplan init`: a project that plans at once on the simulated cloud.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use nfplan_specs::fleet::Fleet;
use nfplan_specs::hatchery::Commons;
use nfplan_specs::hatchery::Translation;
use nfplan_specs::hatchery::translate;
use nfplan_state::location::Bucket;
use nfplan_state::location::Location;
#[cfg(feature = "aws")]
use nfplan_state::probe::probe;
#[cfg(feature = "aws")]
use nfplan_state::stores::S3Store;
#[cfg(feature = "aws")]
use nfplan_state::stores::s3_bucket::Readiness;
#[cfg(feature = "aws")]
use nfplan_state::stores::s3_bucket::prepare;

use super::Context;
use crate::args::init::CiArgument;
use crate::args::init::InitArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::PROJECT_FILE;
use crate::project::location;

/// The files of a new project.
const FILES: [(&str, &str); 5] = [
    ("nfplan.yaml", include_str!("../template/nfplan.yaml")),
    ("workspaces/alice.yaml", include_str!("../template/workspaces/alice.yaml")),
    ("workspaces/bob.yaml", include_str!("../template/workspaces/bob.yaml")),
    ("workspaces/carol.yaml", include_str!("../template/workspaces/carol.yaml")),
    (".gitignore", include_str!("../template/gitignore")),
];

/// Where the project's file says where states are: after its head.
const BEFORE_STATE: &str = "\naccounts:";

/// Writes the files, if none of them exists yet. With `--state s3://…`, the bucket is made first.
pub async fn init(context: &Context, arguments: &InitArguments) -> Result<Exit, CliError> {
    let root = &context.settings.root;
    let state = context.settings.general.state.as_deref();
    // Before anything is made, so that what is wrong with the arguments leaves nothing behind.
    let Translation { mut files, notes } = match &arguments.from_hatchery {
        Some(file) => from_hatchery(context, arguments, file)?,
        None => template(state),
    };
    let is_there = root.join(PROJECT_FILE).exists();
    if let (Some(text), Location::Bucket(bucket)) = (state, location(None, &context.settings)?) {
        prepare_bucket(context, &bucket).await?;
        if is_there {
            context.note(&format!("next: write `state: {text}` into {PROJECT_FILE}\n"));
        }
        if is_there && arguments.ci.is_none() {
            return Ok(Exit::Fine);
        }
    }
    if let Some(forge) = arguments.ci {
        if is_there && arguments.from_hatchery.is_none() {
            files.clear();
        }
        let (name, text) = pipeline(forge);
        files.insert(name.into(), text.into());
    }
    write_all(context, &files)?;
    for note in notes {
        context.note(&format!("note: {note}\n"));
    }
    if arguments.ci.is_some() {
        context.note(
            "next: move the pipeline to the root of the repository, if that is elsewhere, and set \
             the variables that its first lines name\n",
        );
    }
    if arguments.from_hatchery.is_some() {
        // What Hatchery takes, AWS need not.
        Fleet::load(root)?;
        context.note("next: read nfplan.yaml, then `nfplan adopt`, then `nfplan plan`\n");
    } else if !is_there {
        context.note("next: `nfplan plan`, then `nfplan apply`\n");
    }
    Ok(Exit::Fine)
}

/// Writes the files, if none of them exists yet.
fn write_all(context: &Context, files: &BTreeMap<String, String>) -> Result<(), CliError> {
    let root = &context.settings.root;
    let present = files.keys().map(String::as_str).filter(|name| root.join(name).exists());
    let present: Vec<&str> = present.collect();
    if !present.is_empty() {
        let message =
            format!("{} has {} already; nothing was written", root.display(), present.join(", "));
        return Err(CliError::refused(message).hint("`nfplan -C DIR init` uses another folder"));
    }
    // Specs before what goes along with them.
    let (hidden, specs): (Vec<_>, Vec<_>) =
        files.iter().partition(|(name, _)| name.starts_with('.'));
    for (name, text) in specs.into_iter().chain(hidden) {
        write_new(&root.join(name), text)?;
        context.note(&format!("wrote {}\n", root.join(name).display()));
    }
    Ok(())
}

/// A pipeline's file and where it belongs.
fn pipeline(forge: CiArgument) -> (&'static str, &'static str) {
    match forge {
        CiArgument::Github => {
            (".github/workflows/nfplan.yml", include_str!("../../pipelines/github/nfplan.yml"))
        }
        CiArgument::Gitlab => {
            (".gitlab-ci.yml", include_str!("../../pipelines/gitlab/.gitlab-ci.yml"))
        }
    }
}

/// The project to try nfplan with.
fn template(state: Option<&str>) -> Translation {
    let files = FILES.map(|(name, text)| {
        let state = state.filter(|_| name == PROJECT_FILE);
        let text = match state {
            Some(state) => {
                text.replacen(BEFORE_STATE, &format!("state: {state}\n{BEFORE_STATE}"), 1)
            }
            None => text.to_owned(),
        };
        (name.to_owned(), text)
    });
    Translation { files: files.into(), notes: Vec::new() }
}

/// The project that Hatchery's configuration comes to.
fn from_hatchery(
    context: &Context,
    arguments: &InitArguments,
    file: &Path,
) -> Result<Translation, CliError> {
    let path = context.settings.root.join(file);
    // Given from where the command was called, or from the new project's folder.
    let path = if path.exists() { path } else { file.to_owned() };
    let json = fs::read(&path).map_err(|error| CliError::file("read", &path, &error))?;
    let commons = Commons {
        environment: arguments.gen3_endpoint.as_deref().unwrap_or_default(),
        account: arguments.account.as_deref().unwrap_or_default(),
        users: &arguments.users,
        state: context.settings.general.state.as_deref(),
    };
    let translated = translate(&json, commons);
    let mut translated = translated.map_err(|error| {
        CliError::new(Exit::InvalidSpecs, format!("{}: {error}", path.display()))
    })?;
    let (name, text) = FILES[FILES.len() - 1];
    translated.files.insert(name.into(), text.into());
    Ok(translated)
}

/// Makes the bucket for states, or says what one that is there lacks; then tries whether it keeps its
/// promises.
#[cfg(feature = "aws")]
async fn prepare_bucket(context: &Context, bucket: &Bucket) -> Result<(), CliError> {
    let config = crate::aws::config(&context.settings.general).await?;
    match prepare(bucket, &config).await? {
        Readiness::Made => context.note(&format!(
            "made the bucket {}: private, versioned, encrypted, only through TLS\n",
            bucket.name
        )),
        Readiness::Found(lacking) => {
            context.note(&format!("the bucket {} is there; it is not changed\n", bucket.name));
            for what in lacking {
                context.note(&format!("warning: {what}\n"));
            }
        }
    }
    Ok(probe(&S3Store::new(bucket.clone(), &config)).await?)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "it is asked for in the same way with S3")]
async fn prepare_bucket(_: &Context, bucket: &Bucket) -> Result<(), CliError> {
    let message = format!("s3://{} needs a build of nfplan with AWS", bucket.name);
    Err(CliError::new(Exit::InvalidSpecs, message))
}

/// Writes a file that must not exist yet.
fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let fail = |error: std::io::Error| CliError::file("write", path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    file.sync_all().map_err(fail)
}

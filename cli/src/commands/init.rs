//! `nfplan init`: a project that plans at once on the simulated cloud.

use std::fs;
use std::io::Write as _;
use std::path::Path;

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
pub async fn init(context: &Context) -> Result<Exit, CliError> {
    let root = &context.settings.root;
    if let (Some(text), Location::Bucket(bucket)) =
        (&context.settings.general.state, location(None, &context.settings)?)
    {
        prepare_bucket(context, &bucket).await?;
        if root.join(PROJECT_FILE).exists() {
            context.note(&format!("next: write `state: {text}` into {PROJECT_FILE}\n"));
            return Ok(Exit::Fine);
        }
    }
    let present = FILES.iter().map(|(name, _)| *name).filter(|name| root.join(name).exists());
    let present: Vec<&str> = present.collect();
    if !present.is_empty() {
        let message =
            format!("{} has {} already; nothing was written", root.display(), present.join(", "));
        return Err(CliError::refused(message).hint("`nfplan -C DIR init` uses another folder"));
    }
    for (name, text) in FILES {
        let state = context.settings.general.state.as_ref().filter(|_| name == PROJECT_FILE);
        let text = match state {
            Some(state) => {
                text.replacen(BEFORE_STATE, &format!("state: {state}\n{BEFORE_STATE}"), 1)
            }
            None => text.to_owned(),
        };
        write_new(&root.join(name), &text)?;
        context.note(&format!("wrote {}\n", root.join(name).display()));
    }
    context.note("next: `nfplan plan`, then `nfplan apply`\n");
    Ok(Exit::Fine)
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

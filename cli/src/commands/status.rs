//! `nfplan suspend` and `nfplan resume`: the spec files edited, and what would follow.

use std::collections::BTreeMap;
use std::fs;

use nfplan_specs::edit::set_status;
use nfplan_specs::edit::word;
use nfplan_specs::settings::Status;

use super::Context;
use super::plan::plan;
use crate::args::PlanArguments;
use crate::args::Planning;
use crate::args::RefreshArgument;
use crate::args::Reporting;
use crate::args::Selection;
use crate::args::researchers::StatusArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::files;
use crate::project::Project;
use crate::selection::Universe;

/// Suspends.
pub async fn suspend(context: &Context, arguments: &StatusArguments) -> Result<Exit, CliError> {
    set(context, arguments, Status::Suspended).await
}

/// Resumes.
pub async fn resume(context: &Context, arguments: &StatusArguments) -> Result<Exit, CliError> {
    set(context, arguments, Status::Active).await
}

/// Edits all files or none, and plans for the researchers.
async fn set(
    context: &Context,
    arguments: &StatusArguments,
    status: Status,
) -> Result<Exit, CliError> {
    let project = Project::open(&context.settings).await?;
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let edits = edits(context, &project, &universe, &arguments.users, status)?;
    drop(project);
    for (file, Edit { text, users }) in &edits {
        let path = context.settings.root.join(file);
        files::replace(&path, text.as_bytes())
            .map_err(|error| CliError::file("write", &path, &error))?;
        // Said only once it is so: a later file may not be writable.
        for user in users {
            context.note(&format!("{file}: {user} is set to `status: {}`\n", word(status)));
        }
    }
    let selection = Selection { select: arguments.users.clone(), shard: None };
    let planning = Planning { selection, refresh: RefreshArgument::Bulk, locked: false };
    let (showing, reporting) = (arguments.showing.clone(), Reporting::default());
    let arguments = PlanArguments {
        planning,
        showing,
        reporting,
        out: None,
        save: false,
        since: None,
        verify: false,
        detailed_exitcode: false,
    };
    plan(context, &arguments).await
}

/// A file to be written.
#[derive(Default)]
struct Edit {
    text: String,
    /// The researchers whose status changes.
    users: Vec<String>,
}

/// The new texts of the files that change.
fn edits(
    context: &Context,
    project: &Project,
    universe: &Universe,
    users: &[String],
    status: Status,
) -> Result<BTreeMap<String, Edit>, CliError> {
    // All who are not known, at once.
    universe.named(users)?;
    let mut edits: BTreeMap<String, Edit> = BTreeMap::new();
    for user in users {
        let unit = universe.researcher(user)?;
        let Some(spec) = project.spec(&unit) else {
            let error = CliError::refused(format!("no spec file has `{user}`"));
            return Err(error.hint("without a spec, `nfplan apply` takes the workspace away"));
        };
        let file = project.fleet.source_of(spec).to_owned();
        let path = context.settings.root.join(&file);
        let text = match edits.get(&file) {
            Some(edit) => edit.text.clone(),
            None => {
                fs::read_to_string(&path).map_err(|error| CliError::file("read", &path, &error))?
            }
        };
        let edited = set_status(&file, &text, spec.user(), status)
            .map_err(|error| CliError::refused(error.to_string()))?;
        if let Some(text) = edited {
            let edit = edits.entry(file).or_default();
            edit.text = text;
            edit.users.push(spec.user().to_owned());
        } else {
            context.note(&format!("{file}: {} is {} already\n", spec.user(), word(status)));
        }
    }
    Ok(edits)
}

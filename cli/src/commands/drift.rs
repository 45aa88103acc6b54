//! `nfplan drift`: what somebody changed behind nfplan's back. Writes nothing.

use super::Context;
use crate::args::drift::DriftArguments;
use crate::drifting::document::DriftDocument;
use crate::drifting::drift_of;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;
use crate::render;
use crate::selection::Universe;

/// Looks, and shows what differs.
pub async fn drift(context: &Context, arguments: &DriftArguments) -> Result<Exit, CliError> {
    let mut project = Project::open(&context.settings).await?;
    project.warn(context);
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selected = universe.select(&arguments.selection.select)?;
    let found = drift_of(&mut project, &universe, &selected, arguments.refresh.into()).await?;
    if context.settings.general.json {
        context.print_json(&DriftDocument::new(&found))?;
    } else {
        context.print(&render::drift::drift(&found, context.terminal.width))?;
    }
    context.show_calls(&project.cloud);
    Ok(found.exit())
}

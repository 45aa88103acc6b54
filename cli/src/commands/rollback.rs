//! `nfplan rollback`: ends open runs by undoing them.

use nfplan_state::unit::Loaded;
use nfplan_state::unit::load;

use super::Context;
use crate::applying::Outcomes;
use crate::args::states::RollbackArguments;
use crate::documents::ApplyDocument;
use crate::documents::Calls;
use crate::error::CliError;
use crate::execution::Execution;
use crate::exit::Exit;
use crate::project::Project;
use crate::render::counted;
use crate::selection::Universe;

/// Finds open runs and ends them.
pub async fn rollback(context: &Context, arguments: &RollbackArguments) -> Result<Exit, CliError> {
    let project = Project::open(&context.settings).await?;
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selected = universe.select(&arguments.selection)?;
    let (mut open, mut looked_at) = (Vec::new(), 0);
    for unit in universe.existing.iter().filter(|unit| selected.names(unit)) {
        looked_at += 1;
        // One that cannot be read is reported with the others, and does not keep them.
        if !matches!(load(&project.store, unit).await, Ok(Loaded { open_run: None, .. })) {
            open.push(unit.clone());
        }
    }
    if open.is_empty() {
        if context.settings.general.json {
            let calls = Calls { read: 0, write: 0 };
            let nothing = ApplyDocument::new(&Outcomes::new(), calls, Exit::Fine);
            context.print_json(&nothing)?;
        } else {
            let units = counted(looked_at, "unit");
            context.print(&format!("No run is open. {units} looked at.\n"))?;
        }
        return Ok(Exit::Fine);
    }
    Execution::new(context, &project).roll_back(open).await
}

//! `nfplan plan`: what would change. Writes nothing but pins and the file it is asked for.

use std::path::Path;

use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;

use super::Context;
use crate::args::PlanArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::planning::FleetPlan;
use crate::planning::Request;
use crate::planning::plan_fleet;
use crate::project::Project;
use crate::render;
use crate::selection::Universe;

/// Plans and shows the plan.
pub async fn plan(context: &Context, arguments: &PlanArguments) -> Result<Exit, CliError> {
    let mut project = Project::open(&context.settings)?;
    project.warn(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let refresh = Refresh::from(arguments.planning.refresh);
    let request = Request {
        selected: universe.select(&arguments.planning.selection.select)?,
        destroy: false,
        refresh,
        locked: arguments.planning.locked,
        replace: Vec::new(),
    };
    let planned = plan_fleet(&mut project, &universe, &request).await?;
    let document = planned.document(refresh);
    show(context, &document, &planned, arguments.showing.full)?;
    refuse(&planned)?;
    if let Some(file) = &arguments.out {
        save(&context.settings.root.join(file), &document)?;
    }
    Ok(exit(arguments, &planned))
}

fn exit(arguments: &PlanArguments, planned: &FleetPlan) -> Exit {
    let changes = arguments.detailed_exitcode && !planned.units.is_empty();
    let read = if planned.unreadable.is_empty() { Exit::Fine } else { Exit::Unreadable };
    read.worse(if changes { Exit::Changes } else { Exit::Fine })
}

/// Shows a plan as data on stdout, and what has to be known about it beside.
pub fn show(
    context: &Context,
    document: &Plan,
    planned: &FleetPlan,
    full: bool,
) -> Result<(), CliError> {
    for unit in &planned.open {
        context.terminal.note(&format!(
            "note: {unit} has a run that was interrupted; the plan is made against what `nfplan \
             apply` will leave of it\n"
        ));
    }
    if context.settings.general.json {
        return context.print_json(document);
    }
    let view = render::plan::View { width: context.terminal.width, full, looked_at: planned.looked_at };
    context.print(&render::plan::plan(document, &view))?;
    Ok(())
}

/// Reports units that cannot be planned, all together.
pub fn refuse(planned: &FleetPlan) -> Result<(), CliError> {
    if planned.refused.is_empty() {
        return Ok(());
    }
    let mut lines = Vec::new();
    for (unit, refusals) in &planned.refused {
        lines.extend(refusals.iter().map(|refusal| format!("  {unit}: {refusal}")));
    }
    let noun = if lines.len() == 1 { "obstacle" } else { "obstacles" };
    let message = format!("{} {noun} to the plan:\n{}", lines.len(), lines.join("\n"));
    Err(CliError::refused(message))
}

fn save(path: &Path, document: &Plan) -> Result<(), CliError> {
    let fail = |error: std::io::Error| CliError::file("write", path, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(fail)?;
    serde_json::to_writer_pretty(&mut file, document)
        .map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

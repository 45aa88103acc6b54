//! `nfplan destroy`: takes units away. Bucket contents, keys and logs stay.

use nfplan_engine::plan::Refresh;
use nfplan_engine::schedule::Recovery;
use nfplan_state::unit::load;

use super::Context;
use super::apply::check_readable;
use super::plan::refuse;
use super::plan::show_unless_told;
use crate::approval::Approval;
use crate::approval::classes;
use crate::args::DestroyArguments;
use crate::error::CliError;
use crate::execution::Execution;
use crate::exit::Exit;
use crate::planning::Request;
use crate::planning::plan_fleet;
use crate::project::Project;
use crate::selection::Selected;
use crate::selection::Universe;
use crate::selection::exists;

/// Plans the removal, asks, and carries it out.
pub async fn destroy(context: &Context, arguments: &DestroyArguments) -> Result<Exit, CliError> {
    let approval = Approval::new(&arguments.approving, context)?;
    let mut project = Project::open(&context.settings).await?;
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selected = universe.select(&arguments.selection.select)?;
    let execution = Execution::new(context, &project);
    let recovered = execution.recover(&universe, &selected, Recovery::RollBack).await?;
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    check_platforms(&project, &universe, &selected).await?;
    let refresh = Refresh::Bulk;
    let request = Request { selected, destroy: true, refresh, locked: false, replace: Vec::new() };
    let planned = plan_fleet(&mut project, &universe, &request).await?;
    let document = planned.document(refresh);
    show_unless_told(context, &document, &planned, &arguments.showing, &approval)?;
    refuse(context, &planned)?;
    check_readable(&planned)?;
    let needed = classes(&document, &project, &universe);
    approval.check_classes(&needed)?;
    if !planned.units.is_empty() {
        approval.ask("Destroy these units?", context)?;
    }
    Execution::new(context, &project).carry_out(planned, recovered).await
}

/// A platform may go only with the last workspace of its place.
async fn check_platforms(
    project: &Project,
    universe: &Universe,
    selected: &Selected,
) -> Result<(), CliError> {
    let platforms = universe.existing.iter().filter(|unit| unit.user().is_none());
    for platform in platforms.filter(|unit| selected.names(unit)) {
        let mut left = Vec::new();
        for unit in universe.existing.iter().filter(|unit| unit.user().is_some()) {
            let stays = unit.place() == platform.place() && !selected.names(unit);
            if stays && exists(&load(&project.store, unit).await?) {
                left.push(unit.to_string());
            }
        }
        if !left.is_empty() {
            let message = format!("{platform} still carries {}", left.join(", "));
            return Err(CliError::refused(message).hint("destroy the workspaces first or with it"));
        }
    }
    Ok(())
}

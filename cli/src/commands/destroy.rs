//! `nfplan destroy`: takes units away. Bucket contents, keys and logs stay.

use nfplan_engine::apply::OnFailure;
use nfplan_engine::schedule::Recovery;
use nfplan_state::unit::load;

use super::Context;
use super::apply::Round;
use crate::approval::Approval;
use crate::args::DestroyArguments;
use crate::error::CliError;
use crate::execution::Execution;
use crate::exit::Exit;
use crate::planning::Purpose;
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
    let selected = universe.select(&arguments.selection)?;
    let execution = Execution::new(context, &project);
    let recovered = execution.recover(&universe, &selected, Recovery::RollBack).await?;
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    check_platforms(&project, &universe, &selected).await?;
    let request = Request::new(selected, Purpose::Destroy);
    let planned = plan_fleet(&mut project, &universe, &request).await?;
    let (showing, question) = (&arguments.showing, "Destroy these units?");
    let (refresh, on_failure) = (request.refresh, OnFailure::RollBack);
    let round = Round { refresh, showing, approval: &approval, question, on_failure, recovered };
    round.carry_out(context, &project, &universe, planned).await
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

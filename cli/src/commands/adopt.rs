//! `nfplan adopt`: takes over what something else made under the names that the specs come to.

use nfplan_engine::apply::OnFailure;
use nfplan_engine::schedule::Recovery;

use super::Context;
use super::apply::Round;
use crate::approval::Approval;
use crate::args::AdoptArguments;
use crate::error::CliError;
use crate::execution::Execution;
use crate::exit::Exit;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::planning::plan_fleet;
use crate::project::Project;
use crate::selection::Universe;

/// Looks for the objects, asks, and takes them over.
pub async fn adopt(context: &Context, arguments: &AdoptArguments) -> Result<Exit, CliError> {
    let approval = Approval::new(&arguments.approving, context)?;
    let mut project = Project::open(&context.settings).await?;
    project.warn(context);
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selected = universe.select(&arguments.selection)?;
    let execution = Execution::new(context, &project);
    let recovered = execution.recover(&universe, &selected, Recovery::RollBack).await?;
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let locked = arguments.locked;
    let request = Request { locked, ..Request::new(selected, Purpose::Adopt) };
    let planned = plan_fleet(&mut project, &universe, &request).await?;
    if planned.units.is_empty() && planned.refused.is_empty() {
        context.note("nothing was found that is not in a state already\n");
        // That there is nothing to take over does not mean that nothing is to be made.
        if recovered.is_empty() && !context.settings.general.json {
            return Ok(Exit::Fine);
        }
    } else {
        context.note("what is not found is made by the next `nfplan apply`; plan before\n");
    }
    let (showing, question) = (&arguments.showing, "Take these over?");
    let (refresh, on_failure) = (request.refresh, OnFailure::RollBack);
    let round = Round { refresh, showing, approval: &approval, question, on_failure, recovered };
    round.carry_out(context, &project, &universe, planned).await
}

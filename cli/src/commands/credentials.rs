//! `nfplan rotate` and `nfplan revoke`: who gets in, changed at once and without the specs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use nfplan_engine::address::UnitId;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::state::State;
use nfplan_specs::blueprint::credentials;
use nfplan_specs::settings::Status;
use nfplan_state::unit::load;

use super::Context;
use super::apply::Round;
use crate::approval::Approval;
use crate::args::Approving;
use crate::args::Showing;
use crate::args::researchers::RevokeArguments;
use crate::args::researchers::RotateArguments;
use crate::error::CliError;
use crate::execution::Execution;
use crate::exit::Exit;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::planning::plan_fleet;
use crate::project::Project;
use crate::render::prose::prose;
use crate::selection::Selected;
use crate::selection::Universe;

/// Gives researchers new keys, or takes away what an earlier rotation left to them.
pub async fn rotate(context: &Context, arguments: &RotateArguments) -> Result<Exit, CliError> {
    let purpose = if arguments.finish {
        Purpose::EndRotation
    } else {
        Purpose::Rotate { hold_until: end_of(arguments)? }
    };
    let (showing, approving) = (&arguments.showing, &arguments.approving);
    let question = if arguments.finish { "Delete the old keys?" } else { "Make these keys?" };
    let ask = Ask { users: &arguments.users, purpose, showing, approving, question };
    ask.carry_out(context).await
}

/// When the old key goes, in whole seconds; none if it goes at once.
fn end_of(arguments: &RotateArguments) -> Result<Option<Timestamp>, CliError> {
    if arguments.overlap.is_zero() {
        return Ok(None);
    }
    let end = Timestamp::now().checked_add(arguments.overlap).and_then(|end| {
        // Past the end of the overlap, not before it.
        Timestamp::from_second(end.as_second() + 1)
    });
    end.map(Some).map_err(|error| CliError::new(Exit::Usage, format!("--overlap: {error}")))
}

/// Shuts researchers out, or lets them in again.
pub async fn revoke(context: &Context, arguments: &RevokeArguments) -> Result<Exit, CliError> {
    let (purpose, question) = if arguments.lift {
        (Purpose::Reinstate, "Let them in again?")
    } else {
        (Purpose::Revoke, "Shut them out?")
    };
    let (showing, approving) = (&arguments.showing, &arguments.approving);
    let ask = Ask { users: &arguments.users, purpose, showing, approving, question };
    ask.carry_out(context).await
}

/// Something about who gets in that is to be done now.
struct Ask<'a> {
    users: &'a [String],
    purpose: Purpose,
    showing: &'a Showing,
    approving: &'a Approving,
    question: &'a str,
}

impl Ask<'_> {
    async fn carry_out(&self, context: &Context) -> Result<Exit, CliError> {
        let approval = Approval::new(self.approving, context)?;
        let mut project = Project::open(&context.settings).await?;
        project.tell_more(context);
        let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
        universe.named(self.users)?;
        let units = self.users.iter().map(|user| universe.researcher(user));
        let units: BTreeSet<UnitId> = units.collect::<Result<_, _>>()?;
        let selected = Selected::Units(units.clone());
        let execution = Execution::new(context, &project);
        let recovered = execution.recover(&universe, &selected, Recovery::RollBack).await?;
        self.check(&project, &units).await?;
        let request = Request::new(selected, self.purpose);
        let planned = plan_fleet(&mut project, &universe, &request).await?;
        let round = Round {
            refresh: request.refresh,
            showing: self.showing,
            approval: &approval,
            question: self.question,
            on_failure: OnFailure::RollBack,
            recovered,
        };
        let exit = round.carry_out(context, &project, &universe, planned).await?;
        if self.purpose == Purpose::Revoke && exit != Exit::Fine {
            let text =
                "who is not shut out everywhere may still get in: run `nfplan revoke` again\n";
            context.terminal.note(&prose(text, context.terminal.width));
        }
        Ok(exit)
    }

    /// Refuses what cannot be done for these researchers, all of it at once.
    async fn check(&self, project: &Project, units: &BTreeSet<UnitId>) -> Result<(), CliError> {
        let mut obstacles = Vec::new();
        for unit in units {
            let state = load(&project.store, unit).await?.state;
            obstacles.extend(self.obstacle(project, unit, state.as_ref()));
        }
        let Some((first, _)) = obstacles.split_first() else { return Ok(()) };
        let message = if obstacles.len() == 1 {
            format!("{}: {}", first.unit, first.message)
        } else {
            let lines = obstacles.iter().map(|one| format!("\n  {}: {}", one.unit, one.message));
            let lines: String = lines.collect();
            format!("{} of the researchers are in no state for it:{lines}", obstacles.len())
        };
        let error = CliError::refused(message);
        let hints: BTreeSet<&str> = obstacles.iter().map(|one| one.hint).collect();
        Err(hints.into_iter().fold(error, CliError::hint))
    }

    fn obstacle<'u>(
        &self,
        project: &Project,
        unit: &'u UnitId,
        state: Option<&State>,
    ) -> Option<Obstacle<'u>> {
        let obstacle = |message: &str, hint| {
            let message = message.to_owned();
            Some(Obstacle { unit, message, hint })
        };
        let Some(spec) = project.spec(unit) else {
            return obstacle(
                "no spec file has this researcher any more",
                "`nfplan destroy --select USER` takes the workspace away, and all access with it",
            );
        };
        let Some(state) = state else {
            return obstacle("the workspace was never applied", "`nfplan apply` makes it");
        };
        let key = state.entries.get(&credentials::access_key());
        let held = key.and_then(|entry| entry.deposed.iter().find(|key| key.held_until.is_some()));
        match self.purpose {
            Purpose::Rotate { .. } if state.source.revoked => obstacle(
                "access is revoked",
                "`nfplan revoke --lift USER` lets a researcher in again, with a new key",
            ),
            Purpose::Rotate { .. } if spec.status().value == Status::Suspended => obstacle(
                "the spec suspends the workspace",
                "`nfplan resume USER` edits the spec; the next apply makes a new key",
            ),
            Purpose::Rotate { .. } if key.is_none_or(|entry| entry.current.is_none()) => obstacle(
                "the client has no access key",
                "only credentials of the kind `access_key` are rotated: a role has none, nor has a \
                 workspace that is suspended or not applied",
            ),
            Purpose::Rotate { .. } => {
                let id = &held?.remote_id;
                let message = format!(
                    "`{id}` is still held from the rotation before, and a user has at most two keys"
                );
                let hint = "`nfplan rotate --finish USER` takes the old key away now";
                Some(Obstacle { unit, message, hint })
            }
            Purpose::Reinstate if spec.status().value == Status::Suspended => obstacle(
                "the workspace is suspended",
                "`nfplan resume USER` edits the spec; the next apply lets the researcher in again",
            ),
            _ => None,
        }
    }
}

/// Why something cannot be done for a researcher, and what to do instead.
struct Obstacle<'u> {
    unit: &'u UnitId,
    message: String,
    hint: &'static str,
}

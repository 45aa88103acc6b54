//! `nfplan apply`: makes the cloud as the specs want it.

use nfplan_engine::apply::OnFailure;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::schedule::Recovery;

use super::Context;
use super::plan::refuse;
use super::plan::show_unless_told;
use crate::applying::Outcomes;
use crate::approval::Approval;
use crate::approval::needed;
use crate::args::ApplyArguments;
use crate::args::Showing;
use crate::comparison::compare;
use crate::error::CliError;
use crate::execution::Execution;
use crate::exit::Exit;
use crate::planning::FleetPlan;
use crate::planning::Notes;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::planning::plan_fleet;
use crate::planning::renew;
use crate::preflight;
use crate::project::Project;
use crate::render::difference::View;
use crate::render::difference::differences;
use crate::replacing;
use crate::running_jobs::check_grown;
use crate::saved_plans;
use crate::selection::Selected;
use crate::selection::Universe;

/// Plans, asks, and applies.
pub async fn apply(context: &Context, arguments: &ApplyArguments) -> Result<Exit, CliError> {
    let refresh = Refresh::from(arguments.planning.refresh);
    if refresh == Refresh::None {
        return Err(CliError::refused("a plan that did not ask the cloud cannot be applied")
            .hint("leave out --refresh none"));
    }
    let approval = Approval::new(&arguments.approving, context)?;
    let expected = expected(context, arguments)?;
    let replace = replacing::parse(&arguments.replace)?;
    let selection = &arguments.planning.selection;
    let mut project = Project::open_for(selection, &context.settings).await?;
    project.warn(context);
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let expected = expected.look_up(&project, selection.is_everything()).await?;
    let selected = match &expected.units {
        Some(units) => units.clone(),
        None => universe.select(selection)?,
    };
    let recovery = if arguments.resume { Recovery::Resume } else { Recovery::RollBack };
    let on_failure = arguments.on_failure.into();
    let execution = Execution::new(context, &project).on_failure(on_failure);
    let recovered = execution.recover(&universe, &selected, recovery).await?;
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    replacing::check(&replace, &project, &universe, &selected).await?;
    let locked = arguments.planning.locked;
    let request = Request::new(selected, Purpose::Apply);
    let request = Request { refresh, locked, replace, notes: Notes::Renew, ..request };
    let planned = plan_fleet(&mut project, &universe, &request).await?;
    expected.check(&planned.document(refresh), context)?;
    let (showing, question) = (&arguments.showing, "Apply this plan?");
    let round = Round { refresh, showing, approval: &approval, question, on_failure, recovered };
    let to_renew = planned.to_renew(&universe);
    let exit = round.carry_out(context, &project, &universe, planned).await?;
    if exit == Exit::Fine
        && let Err(error) = renew(&mut project, &universe, to_renew).await
    {
        // Nothing hangs on it: the next plan is made, where it need not have been.
        context.more(|| format!("it is not noted that nothing is left to do: {}\n", error.message));
    }
    Ok(exit)
}

/// The way of every plan from being shown to being carried out.
#[derive(Debug)]
pub struct Round<'a> {
    /// What the cloud was asked.
    pub refresh: Refresh,
    /// How to show the plan.
    pub showing: &'a Showing,
    /// What may be done without asking.
    pub approval: &'a Approval,
    /// What to ask.
    pub question: &'a str,
    /// What becomes of a unit when a step fails.
    pub on_failure: OnFailure,
    /// What became of runs that were open.
    pub recovered: Outcomes,
}

impl Round<'_> {
    /// Shows the plan, has it approved, and carries it out.
    pub async fn carry_out(
        self,
        context: &Context,
        project: &Project,
        universe: &Universe,
        mut planned: FleetPlan,
    ) -> Result<Exit, CliError> {
        preflight::refuse(&mut planned);
        let mut document = planned.document(self.refresh);
        document.approvals = needed(&document, project, universe);
        show_unless_told(context, &document, &planned, self.showing, self.approval)?;
        refuse(context, &planned)?;
        check_readable(&planned)?;
        self.approval.check(&document)?;
        let execution = Execution::new(context, project).on_failure(self.on_failure);
        if !planned.units.is_empty() {
            self.approval.ask(self.question, context)?;
            execution.check_store(universe).await?;
        }
        execution.carry_out(planned, self.recovered).await
    }
}

/// What a saved plan or a digest commits this apply to.
#[derive(Debug, Default)]
struct Expected {
    units: Option<Selected>,
    digest: Option<String>,
    saved: Option<Plan>,
}

fn expected(context: &Context, arguments: &ApplyArguments) -> Result<Expected, CliError> {
    let mut expected = Expected { digest: arguments.expect_digest.clone(), ..Expected::default() };
    if let Some(file) = &arguments.file {
        if !arguments.planning.selection.is_everything() {
            let message = format!(
                "{} says which units are applied: --select and --shard go with a fresh plan",
                file.display()
            );
            return Err(CliError::new(Exit::Usage, message)
                .hint("plan what is to be applied, and save that plan"));
        }
        let saved = saved_plans::load(&context.settings.root.join(file))?;
        let units = saved.units.iter().map(|unit| unit.unit.clone()).collect();
        expected.units = Some(Selected::Units(units));
        expected.digest.get_or_insert(saved.digest.to_string());
        expected.saved = Some(saved);
    }
    Ok(expected)
}

impl Expected {
    /// Finds the plan that was kept under the expected digest, if one was: it says which units it is
    /// of, if nothing else does, and how another one differs.
    async fn look_up(mut self, project: &Project, for_units: bool) -> Result<Self, CliError> {
        let (None, Some(digest)) = (&self.saved, &self.digest) else { return Ok(self) };
        let Some(kept) = saved_plans::kept(&project.store, digest).await? else { return Ok(self) };
        if for_units {
            let units = kept.units.iter().map(|unit| unit.unit.clone()).collect();
            self.units = Some(Selected::Units(units));
        }
        self.digest = Some(kept.digest.to_string());
        self.saved = Some(kept);
        Ok(self)
    }

    /// Refuses a plan that is not the expected one, and says how it differs.
    fn check(&self, fresh: &Plan, context: &Context) -> Result<(), CliError> {
        let Some(digest) = &self.digest else { return Ok(()) };
        let fresh_digest = fresh.digest.to_string();
        if *digest == fresh_digest {
            return self.saved.as_ref().map_or(Ok(()), |saved| check_grown(saved, fresh));
        }
        let mut details = Vec::new();
        if let Some(saved) = &self.saved {
            let view = View {
                width: context.terminal.width,
                full: false,
                first: "in the saved plan",
                second: "now",
            };
            let text = differences(&compare(saved, fresh), view);
            context.terminal.note(&text);
            let plain = anstream::adapter::strip_str(&text).to_string();
            details.extend(plain.lines().map(str::to_owned));
        }
        let message = format!(
            "the plan is not the expected one: it has the digest {fresh_digest}, not {digest}"
        );
        let refused = CliError::refused(message).hint("plan again, review, and apply that plan");
        Err(CliError { details, ..refused })
    }
}

/// Refuses to change units of which something could not be read.
fn check_readable(planned: &FleetPlan) -> Result<(), CliError> {
    if planned.unreadable.is_empty() {
        return Ok(());
    }
    let lines = planned.unreadable.iter();
    let lines: Vec<String> =
        lines.map(|(unit, address, why)| format!("  {unit}:{address}: {why}")).collect();
    let message = format!("what could not be read is not changed:\n{}", lines.join("\n"));
    Err(CliError::new(Exit::Unreadable, message))
}

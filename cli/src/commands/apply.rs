//! `nfplan apply`: makes the cloud as the specs want it.

use std::path::Path;

use nfplan_engine::plan::FORMAT;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::schedule::Recovery;

use super::Context;
use super::plan::refuse;
use super::plan::show_unless_told;
use crate::approval::Approval;
use crate::approval::classes;
use crate::args::ApplyArguments;
use crate::comparison::compare;
use crate::error::CliError;
use crate::execution::Execution;
use crate::exit::Exit;
use crate::planning::FleetPlan;
use crate::planning::Request;
use crate::planning::plan_fleet;
use crate::project::Project;
use crate::render::difference::View;
use crate::render::difference::differences;
use crate::replacing;
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
    let mut project = Project::open(&context.settings).await?;
    project.warn(context);
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selected = match &expected.units {
        Some(units) => units.clone(),
        None => universe.select(&arguments.planning.selection.select)?,
    };
    let recovery = if arguments.resume { Recovery::Resume } else { Recovery::RollBack };
    let on_failure = arguments.on_failure.into();
    let execution = Execution::new(context, &project).on_failure(on_failure);
    let recovered = execution.recover(&universe, &selected, recovery).await?;
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    replacing::check(&replace, &project, &universe, &selected).await?;
    let locked = arguments.planning.locked;
    let request = Request { selected, destroy: false, refresh, locked, replace };
    let planned = plan_fleet(&mut project, &universe, &request).await?;
    let document = planned.document(refresh);
    expected.check(&document, context)?;
    show_unless_told(context, &document, &planned, &arguments.showing, &approval)?;
    refuse(context, &planned)?;
    check_readable(&planned)?;
    let needed = classes(&document, &project, &universe);
    approval.check_classes(&needed)?;
    let execution = Execution::new(context, &project).on_failure(on_failure);
    if !planned.units.is_empty() {
        approval.ask("Apply this plan?", context)?;
        execution.check_store(&universe).await?;
    }
    execution.carry_out(planned, recovered).await
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
        let saved = load(&context.settings.root.join(file))?;
        let units = saved.units.iter().map(|unit| unit.unit.clone()).collect();
        expected.units = Some(Selected::Units(units));
        expected.digest.get_or_insert(saved.digest.to_string());
        expected.saved = Some(saved);
    }
    Ok(expected)
}

/// Reads a saved plan.
pub fn load(path: &Path) -> Result<Plan, CliError> {
    let text = std::fs::read(path).map_err(|error| CliError::file("read", path, &error))?;
    let invalid = |why: String| {
        CliError::new(Exit::InvalidSpecs, format!("{} is no saved plan: {why}", path.display()))
            .hint("`nfplan plan --out FILE` makes one")
    };
    let plan: Plan = serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
    if &*plan.format != FORMAT {
        return Err(invalid(format!(
            "its format is {}, and this nfplan reads {FORMAT}",
            plan.format
        )));
    }
    let fits = |unit: &UnitPlan| unit.digest == unit.decision_digest();
    let digest = Plan::new(plan.units.clone(), plan.refresh).digest;
    if digest != plan.digest || !plan.units.iter().all(fits) {
        return Err(invalid("it was changed after it was saved".into()));
    }
    Ok(plan)
}

impl Expected {
    /// Refuses a plan that is not the expected one, and says how it differs.
    fn check(&self, fresh: &Plan, context: &Context) -> Result<(), CliError> {
        let Some(digest) = &self.digest else { return Ok(()) };
        let fresh_digest = fresh.digest.to_string();
        if *digest == fresh_digest {
            return Ok(());
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
pub fn check_readable(planned: &FleetPlan) -> Result<(), CliError> {
    if planned.unreadable.is_empty() {
        return Ok(());
    }
    let lines = planned.unreadable.iter();
    let lines: Vec<String> =
        lines.map(|(unit, address, why)| format!("  {unit}:{address}: {why}")).collect();
    let message = format!("what could not be read is not changed:\n{}", lines.join("\n"));
    Err(CliError::new(Exit::Unreadable, message))
}

//! `nfplan plan`: what would change. Writes nothing but pins and the file it is asked for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::refusal::RefusalKind;
use nfplan_specs::likeness::near;

use super::Context;
use crate::approval::Approval;
use crate::approval::lacking;
use crate::approval::needed;
use crate::args::PlanArguments;
use crate::args::Showing;
use crate::comparison::compare;
use crate::error::CliError;
use crate::exit::Exit;
use crate::planning::FleetPlan;
use crate::planning::Notes;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::planning::plan_fleet;
use crate::project::Project;
use crate::render;
use crate::render::comment::Frame;
use crate::render::comment::Since;
use crate::render::difference::View as Differing;
use crate::render::difference::differences;
use crate::render::plan::View;
use crate::render::prose::prose;
use crate::render::reports::OfPlan;
use crate::reporting::About;
use crate::reporting::Reports;
use crate::saved_plans;
use crate::selection::Universe;

/// Plans and shows the plan.
pub async fn plan(context: &Context, arguments: &PlanArguments) -> Result<Exit, CliError> {
    let reports = Reports::new(context, &arguments.reporting, About::Plan)?;
    let refresh = Refresh::from(arguments.planning.refresh);
    if arguments.save && refresh == Refresh::None {
        return Err(CliError::refused("a plan that did not ask the cloud is not kept for review")
            .hint("leave out --refresh none"));
    }
    let mut project = reports
        .problems(Project::open_for(&arguments.planning.selection, &context.settings).await)?;
    project.warn(context);
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selected = universe.select(&arguments.planning.selection)?;
    let locked = arguments.planning.locked;
    let notes = notes(refresh, arguments.verify)?;
    let request = Request { refresh, locked, notes, ..Request::new(selected, Purpose::Apply) };
    let planned = reports.problems(plan_fleet(&mut project, &universe, &request).await)?;
    if planned.taken > 0 {
        context.more(|| {
            let taken = render::counted(planned.taken, "unit");
            format!("nothing to do, as the last apply has noted: {taken}\n")
        });
    }
    reports.diagnostics(project.fleet.warnings())?;
    let mut document = planned.document(refresh);
    document.approvals = needed(&document, &project, &universe);
    let since = since(context, &project, arguments, &document).await?;
    let shown = planned.refused.is_empty() || !context.settings.general.json;
    if shown && !reports.take_stdout() {
        show(context, &document, &planned, &arguments.showing)?;
        if let Some(since) = since.as_ref().filter(|_| !context.settings.general.json) {
            context.print(&format!("\n{}:\n\n{}", since.title(), since.text))?;
        }
    }
    context.show_calls(&project.cloud);
    refuse(context, &planned)?;
    let frame = frame(context, &project, &document, &planned, since);
    reports.plan(&OfPlan { plan: &document, frame: &frame, root: reports.root() })?;
    if let Some(file) = &arguments.out {
        saved_plans::save(&context.settings.root.join(file), &document)?;
    }
    if arguments.save && !document.is_empty() {
        saved_plans::keep(&project.store, &document).await?;
        context.note(&format!(
            "kept for review: `nfplan apply --expect-digest {}` applies exactly this plan\n",
            document.digest
        ));
    }
    let to_allow = lacking(&document).next().is_some();
    Ok(exit(arguments, &planned, to_allow))
}

/// What to make of notes that nothing is to be done.
fn notes(refresh: Refresh, verify: bool) -> Result<Notes, CliError> {
    match (refresh, verify) {
        (Refresh::None, true) => Ok(Notes::Verify),
        (Refresh::None, false) => Ok(Notes::Trust),
        (Refresh::Bulk | Refresh::Deep, false) => Ok(Notes::Ignore),
        (Refresh::Bulk | Refresh::Deep, true) => {
            Err(CliError::new(Exit::Usage, "--verify goes with --refresh none only")
                .hint("a plan that asks the cloud plans everything, whatever is noted"))
        }
    }
}

/// How the plan differs from one that was kept, if that is asked for.
async fn since(
    context: &Context,
    project: &Project,
    arguments: &PlanArguments,
    plan: &Plan,
) -> Result<Option<Since>, CliError> {
    let Some(digest) = &arguments.since else { return Ok(None) };
    let Some(kept) = saved_plans::kept(&project.store, digest).await? else {
        return Err(CliError::refused(format!("no plan is kept under the digest {digest}"))
            .hint("`nfplan plan --save` keeps one"));
    };
    let view =
        Differing { width: context.terminal.width, full: false, first: "then", second: "now" };
    let units = compare(&kept, plan);
    let text = if units.is_empty() { String::new() } else { differences(&units, view) };
    Ok(Some(Since { digest: kept.digest, text }))
}

/// What the comment of a pull request says beside the plan.
fn frame(
    context: &Context,
    project: &Project,
    plan: &Plan,
    planned: &FleetPlan,
    since: Option<Since>,
) -> Frame {
    let environment = project.fleet.environment().name.to_string();
    let key = context.settings.project_key(&environment);
    let source = context.settings.source_link();
    let (units, unread) = (planned.looked_at, unread(plan, planned));
    Frame { environment, key, source, units, unread, since }
}

/// How many objects of units without changes could not be read.
fn unread(plan: &Plan, planned: &FleetPlan) -> u64 {
    let within = |unit: &UnitId| plan.units.iter().any(|plan| plan.unit == *unit);
    planned.unreadable.iter().filter(|(unit, ..)| !within(unit)).count() as u64
}

fn exit(arguments: &PlanArguments, planned: &FleetPlan, to_allow: bool) -> Exit {
    let read = if planned.unreadable.is_empty() { Exit::Fine } else { Exit::Unreadable };
    let planned = match (planned.units.is_empty(), to_allow) {
        _ if !arguments.detailed_exitcode => Exit::Fine,
        (_, true) => Exit::Findings,
        (true, false) => Exit::Fine,
        (false, false) => Exit::Changes,
    };
    read.worse(planned)
}

/// Shows the plan that is about to be applied, unless only results are wanted and nobody is asked.
pub fn show_unless_told(
    context: &Context,
    document: &Plan,
    planned: &FleetPlan,
    showing: &Showing,
    approval: &Approval,
) -> Result<(), CliError> {
    let general = &context.settings.general;
    let results_only = general.quiet && !planned.units.is_empty() && !approval.asks();
    if !general.json && !results_only { show(context, document, planned, showing) } else { Ok(()) }
}

/// Shows a plan as data on stdout, and what has to be known about it beside.
pub fn show(
    context: &Context,
    document: &Plan,
    planned: &FleetPlan,
    showing: &Showing,
) -> Result<(), CliError> {
    note_open_runs(context, document);
    left_alone(context, planned);
    context.more(|| render::access::shared(&document.isolation));
    if context.settings.general.json {
        return context.print_json(document);
    }
    let view = View {
        width: context.terminal.width,
        full: showing.full,
        expand: showing.expand.clone(),
        units: planned.looked_at,
        unread: unread(document, planned),
    };
    if let [unknown, ..] = render::plan::unknown_expansions(document, &view).as_slice() {
        return Err(unknown_expansion(document, unknown));
    }
    context.print(&render::plan::plan(document, &view))
}

/// Says which units have a run that somebody left open. Told to the quiet, too: without it, they
/// would take the plan for another.
pub fn note_open_runs(context: &Context, document: &Plan) {
    for unit in &document.open_runs {
        let text = format!(
            "note: {unit} has a run that was interrupted; the plan is made against what `nfplan \
             apply` will leave of it\n"
        );
        context.terminal.note(&prose(&text, context.terminal.width));
    }
}

/// What `--expand` asks for is not in the plan.
pub fn unknown_expansion(document: &Plan, unknown: &str) -> CliError {
    let message = format!("--expand {unknown} is no class and no unit of this plan");
    let users = document.units.iter().filter_map(|plan| plan.source.user.as_deref());
    CliError::new(Exit::Usage, message)
        .did_you_mean(&near(unknown, users))
        .hint("classes are named in the plan, as in `(class 691beb: --expand shows each)`")
}

/// Reports units that cannot be planned, all together.
pub fn refuse(context: &Context, planned: &FleetPlan) -> Result<(), CliError> {
    if planned.refused.is_empty() {
        return Ok(());
    }
    let is_leak = |refusal: &Refusal| refusal.kind == RefusalKind::Leak;
    let leaking = planned.refused.iter().filter(|(_, refusals)| refusals.iter().any(is_leak));
    let leaking: BTreeSet<&UnitId> = leaking.map(|(unit, _)| unit).collect();
    let mut details = render::access::leaks(&planned.access.verdicts, &leaking);
    for leak in &details {
        let error = CliError::refused(leak.clone());
        context.terminal.note(&render::error::error(&error, &[], context.terminal.width));
    }
    let mut alike: BTreeMap<Vec<Refusal>, Vec<&UnitId>> = BTreeMap::new();
    for (unit, refusals) in &planned.refused {
        let others = refusals.iter().filter(|refusal| !is_leak(refusal)).cloned();
        let others: Vec<Refusal> = others.collect();
        details.extend(others.iter().map(|refusal| format!("{unit}: {refusal}")));
        if !others.is_empty() {
            alike.entry(others).or_default().push(unit);
        }
    }
    for (refusals, units) in &alike {
        let text = render::error::refusals(units, refusals, &[], context.terminal.width);
        context.terminal.note(&text);
    }
    let message = match planned.refused.len() {
        1 => "a unit cannot be planned; nothing was changed".to_owned(),
        count => format!("{count} units cannot be planned; nothing was changed"),
    };
    let mut all = planned.refused.values().flatten();
    let denied = all.all(|refusal| refusal.kind == RefusalKind::Permission);
    let exit = if denied { Exit::Denied } else { Exit::Refused };
    let error = CliError { details, ..CliError::new(exit, message) };
    Err(if leaking.is_empty() {
        error
    } else {
        error.hint(
            "change the spec line that is named, or give the researchers accounts of their own",
        )
    })
}

/// Says what stays as it is although the specs want it otherwise: each note once, however many
/// objects it is about.
fn left_alone(context: &Context, planned: &FleetPlan) {
    let mut by_note: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (unit, address, note) in &planned.notes {
        by_note.entry(note).or_default().push(format!("{unit}:{address}"));
    }
    for (note, objects) in by_note {
        let more = if objects.len() > 1 {
            format!(" and {} more", objects.len() - 1)
        } else {
            String::new()
        };
        context.note(&format!("note: {}{more}: {note}\n", objects[0]));
    }
}

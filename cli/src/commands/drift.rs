//! `nfplan drift`: what somebody changed behind nfplan's back. Writes nothing.

use std::time::Instant;

use jiff::Timestamp;

use super::Context;
use crate::args::drift::DriftArguments;
use crate::drifting::document::DriftDocument;
use crate::drifting::document::Scope;
use crate::drifting::drift_of;
use crate::drifting::since::Earlier;
use crate::drifting::since::News;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;
use crate::render;
use crate::render::reports::OfDrift;
use crate::reporting::About;
use crate::reporting::Reports;
use crate::selection::Universe;

/// Looks, and shows what differs.
pub async fn drift(context: &Context, arguments: &DriftArguments) -> Result<Exit, CliError> {
    let started = Instant::now();
    let reports = Reports::new(context, &arguments.reporting, About::Drift)?;
    let since = arguments.since_report.as_ref().map(|file| context.settings.root.join(file));
    // Before the report of this time takes its place.
    let earlier = since.as_ref().map(|path| Earlier::load(path)).transpose()?;
    let mut project = Project::open(&context.settings).await?;
    project.warn(context);
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selected = universe.select(&arguments.selection)?;
    let found = drift_of(&mut project, &universe, &selected, arguments.refresh.into()).await?;
    if let Some((None, path)) = earlier.as_ref().zip(arguments.since_report.as_ref()) {
        context.note(&format!("note: there is no {} yet: everything is new\n", path.display()));
    }
    let now = Timestamp::now();
    let news = earlier.map(|earlier| News::of(&found, earlier.unwrap_or_default(), now));
    let environment = &project.fleet.environment().name;
    let scope = Scope { environment, selected: !arguments.selection.is_everything() };
    let document = DriftDocument::new(&found, scope, news.as_ref());
    if context.settings.general.json {
        context.print_json(&document)?;
    } else if !reports.take_stdout() {
        context.print(&render::drift::drift(&found, news.as_ref(), context.terminal.width))?;
    }
    reports.drift(&OfDrift {
        fleet: &found,
        news: news.as_ref(),
        document: &document,
        environment,
        key: &context.settings.project_key(environment),
        source: context.settings.source_link().as_deref(),
        root: reports.root(),
        whole: arguments.selection.is_everything(),
        now,
        took: started.elapsed(),
    })?;
    context.show_calls(&project.cloud);
    Ok(found.exit())
}

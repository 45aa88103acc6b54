//! `nfplan graph`: a plan's steps, or all resources of units, for Graphviz or Mermaid.

use nfplan_engine::plan::Refresh;

use super::Context;
use super::plan::refuse;
use crate::args::views::GraphArguments;
use crate::args::views::GraphFormat;
use crate::error::CliError;
use crate::exit::Exit;
use crate::graphing::Graph;
use crate::graphing::of_plan;
use crate::graphing::of_units;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::planning::preview_fleet;
use crate::project::Project;
use crate::render::graph::dot;
use crate::render::graph::mermaid;
use crate::saved_plans::load;
use crate::selection::Universe;

/// Beyond these, GitHub shows an error in place of a drawing (Mermaid's `maxTextSize` and
/// `maxEdges`).
const MOST_CHARACTERS: usize = 50_000;
const MOST_EDGES: usize = 500;

/// Draws.
pub async fn graph(context: &Context, arguments: &GraphArguments) -> Result<Exit, CliError> {
    let graph = match &arguments.file {
        Some(file) => of_plan(&load(&context.settings.root.join(file))?, arguments.expand),
        None => fresh(context, arguments).await?,
    };
    if context.settings.general.json {
        context.print_json(&graph)?;
        return Ok(Exit::Fine);
    }
    if graph.clusters.is_empty() {
        context.terminal.note("note: there is nothing to draw; --all draws what does not change\n");
    }
    match arguments.format {
        GraphFormat::Dot => context.print(&dot(&graph))?,
        GraphFormat::Mermaid => {
            let text = mermaid(&graph);
            note_size(context, &graph, &text);
            context.print(&text)?;
        }
    }
    Ok(Exit::Fine)
}

async fn fresh(context: &Context, arguments: &GraphArguments) -> Result<Graph, CliError> {
    let mut project = Project::open(&context.settings).await?;
    project.warn(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let refresh = Refresh::from(arguments.refresh);
    let selected = universe.select(&arguments.selection)?;
    let request = Request { refresh, ..Request::new(selected, Purpose::Apply) };
    let planned = preview_fleet(&mut project, &universe, &request).await?;
    refuse(context, &planned)?;
    if !arguments.all {
        return Ok(of_plan(&planned.document(refresh), arguments.expand));
    }
    let mut looked = planned.looked.unwrap_or_default();
    looked.retain(|unit| request.selected.names(unit.desired.unit()));
    Ok(of_units(&looked, arguments.expand))
}

fn note_size(context: &Context, graph: &Graph, text: &str) {
    let (characters, edges) = (text.chars().count(), graph.edges.len());
    if characters > MOST_CHARACTERS || edges > MOST_EDGES {
        context.terminal.note(&format!(
            "note: {characters} characters and {edges} edges are more than the \
             {MOST_CHARACTERS} and {MOST_EDGES} that GitHub draws: --select fewer units\n"
        ));
    }
}

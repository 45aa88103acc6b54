//! `nfplan show`: a saved plan, or the units and what they consist of.

use std::collections::BTreeMap;

use nfplan_engine::address::UnitId;
use nfplan_engine::state::State;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::load;

use super::Context;
use super::plan::note_open_runs;
use super::plan::unknown_expansion;
use crate::args::Selection;
use crate::args::ShowArguments;
use crate::documents::StateDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::open_kept;
use crate::render;
use crate::saved_plans::load as load_plan;
use crate::selection::Universe;
use crate::selection::exists;

/// Shows a saved plan without any credentials, or what states record.
pub async fn show(context: &Context, arguments: &ShowArguments) -> Result<Exit, CliError> {
    let Some(file) = &arguments.file else {
        return list(context, &arguments.selection).await;
    };
    let plan = load_plan(&context.settings.root.join(file))?;
    note_open_runs(context, &plan);
    if context.settings.general.json {
        context.print_json(&plan)?;
    } else {
        let view = render::plan::View {
            width: context.terminal.width,
            full: arguments.showing.full,
            expand: arguments.showing.expand.clone(),
            units: plan.units.len() as u64,
            unread: 0,
        };
        if let [unknown, ..] = render::plan::unknown_expansions(&plan, &view).as_slice() {
            return Err(unknown_expansion(&plan, unknown));
        }
        context.print(&render::plan::plan(&plan, &view))?;
    }
    Ok(Exit::Fine)
}

/// Lists what states record of the selected units.
pub async fn list(context: &Context, selection: &Selection) -> Result<Exit, CliError> {
    let states = states(context, selection).await?;
    if context.settings.general.json {
        context.print_json(&StateDocument::new(&states))?;
    } else {
        let states: Vec<State> = states.into_values().collect();
        context.print(&render::state::list(&states, context.terminal.data_width))?;
    }
    Ok(Exit::Fine)
}

/// The store of states and what is in it. Works without valid specs where possible: the state's
/// place is then what --state says.
pub async fn survey(context: &Context) -> Result<(AnyStore, Universe), CliError> {
    let (fleet, store) = open_kept(context).await?;
    let universe = Universe::survey(fleet.as_ref(), &store).await?;
    Ok((store, universe))
}

/// The states of the selected units that exist.
pub async fn states(
    context: &Context,
    selection: &Selection,
) -> Result<BTreeMap<UnitId, State>, CliError> {
    let (store, universe) = survey(context).await?;
    let selected = universe.select(selection)?;
    let mut states = BTreeMap::new();
    for unit in universe.existing.iter().filter(|unit| selected.names(unit)) {
        let loaded = load(&store, unit).await?;
        if let (true, Some(state)) = (exists(&loaded), loaded.state) {
            states.insert(unit.clone(), state);
        }
    }
    Ok(states)
}

//! `nfplan state`: what is recorded of units, and looking after it.

mod edits;
mod history;
mod prune;
mod verify;

use std::collections::BTreeMap;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::state::Entry;
use nfplan_engine::state::State;

use super::Context;
use super::show::list;
use super::show::states;
use crate::args::Selection;
use crate::args::states::StateCommand;
use crate::documents::StateDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render;
use crate::replacing::nothing_at;
use crate::replacing::parse_one;

/// Lists, shows, checks or changes.
pub async fn state(context: &Context, command: &StateCommand) -> Result<Exit, CliError> {
    match command {
        StateCommand::List(selection) => list(context, selection).await,
        StateCommand::Show { address, selection } => show(context, address, selection).await,
        StateCommand::History(selection) => history::history(context, selection).await,
        StateCommand::Verify(selection) => verify::verify(context, selection).await,
        StateCommand::Restore(arguments) => edits::restore(context, arguments).await,
        StateCommand::Pull(arguments) => edits::pull(context, arguments).await,
        StateCommand::Push(arguments) => edits::push(context, arguments).await,
        StateCommand::Prune(arguments) => prune::prune(context, arguments).await,
        StateCommand::Forget(arguments) => edits::forget(context, arguments).await,
    }
}

/// Shows what is recorded at one address.
async fn show(context: &Context, address: &str, selection: &Selection) -> Result<Exit, CliError> {
    let (unit, address) = parse_one(address)?;
    let mut states = states(context, selection).await?;
    states.retain(|id, _| unit.as_ref().is_none_or(|unit| unit == id));
    let present = addresses(&states);
    for state in states.values_mut() {
        state.entries.retain(|other, _| *other == address);
    }
    states.retain(|_, state| !state.entries.values().all(Entry::is_vacant));
    if states.is_empty() {
        return Err(nothing_at("", &address, present.iter()));
    }
    if context.settings.general.json {
        context.print_json(&StateDocument::new(&states))?;
    } else {
        for state in states.values() {
            let text = render::state::show(state, &address, context.terminal.data_width);
            context.print(&text.unwrap_or_default())?;
        }
    }
    Ok(Exit::Fine)
}

/// Where these states have anything.
fn addresses(states: &BTreeMap<UnitId, State>) -> Vec<Address> {
    let entries = states.values().flat_map(|state| &state.entries);
    entries.filter(|(_, entry)| !entry.is_vacant()).map(|(address, _)| address.clone()).collect()
}

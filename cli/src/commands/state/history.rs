//! `nfplan state history`: the states that units had.

use nfplan_state::history::history as read_history;
use nfplan_state::unit::load;

use crate::args::Selection;
use crate::commands::Context;
use crate::documents::upkeep::HistoryDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render;
use crate::upkeep::Kept;
use crate::upkeep::survey;
use crate::upkeep::units;

/// Reads and shows them.
pub(super) async fn history(context: &Context, selection: &Selection) -> Result<Exit, CliError> {
    let (store, universe) = survey(context).await?;
    let mut kept = Vec::new();
    for unit in units(&universe, selection)? {
        // One that was leased and never applied has no states.
        if let Some(versioned) = load(&store, &unit).await?.base.head {
            let history = read_history(&store, &versioned.head).await?;
            kept.push(Kept { head: versioned.head, history });
        }
    }
    if context.settings.general.json {
        context.print_json(&HistoryDocument::new(&kept))?;
    } else {
        context.print(&render::history::history(&kept, context.terminal.data_width))?;
    }
    Ok(Exit::Fine)
}

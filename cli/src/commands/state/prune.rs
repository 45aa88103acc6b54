//! `nfplan state prune`: deletes what nothing refers to any more.

use nfplan_engine::address::UnitId;
use nfplan_state::prune::prunable;
use nfplan_state::prune::prune as delete;
use nfplan_state::stores::AnyStore;

use crate::args::states::PruneArguments;
use crate::commands::Context;
use crate::documents::upkeep::PruneDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render;
use crate::upkeep::Pruned;
use crate::upkeep::survey;
use crate::upkeep::under_lease;
use crate::upkeep::units;

/// Goes from unit to unit; one that cannot be pruned does not keep the others.
pub(super) async fn prune(context: &Context, arguments: &PruneArguments) -> Result<Exit, CliError> {
    let (store, universe) = survey(context).await?;
    let mut pruned = Vec::new();
    for unit in units(&universe, &arguments.selection)? {
        let result = prune_one(context, &store, &unit, arguments).await;
        pruned.push(Pruned { unit, result });
    }
    if context.settings.general.json {
        context.print_json(&PruneDocument::new(arguments.dry_run, &pruned))?;
    } else {
        let width = context.terminal.width;
        context.print(&render::upkeep::pruned(&pruned, arguments.dry_run, width))?;
    }
    let failed = pruned.iter().filter_map(|one| one.result.as_ref().err());
    Ok(failed.map(|error| error.exit).fold(Exit::Fine, Exit::worse))
}

async fn prune_one(
    context: &Context,
    store: &AnyStore,
    unit: &UnitId,
    arguments: &PruneArguments,
) -> Result<Vec<String>, CliError> {
    let listed = prunable(store, unit, arguments.keep).await?;
    if arguments.dry_run || listed.is_empty() {
        return Ok(listed);
    }
    under_lease(context, store, unit, async |lease| Ok(delete(lease, arguments.keep).await?)).await
}

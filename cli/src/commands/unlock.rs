//! `nfplan unlock`: frees a unit on evidence.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use nfplan_engine::address::UnitId;
use nfplan_state::holder::Holder;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::load;
use nfplan_state::unlock::look;
use nfplan_state::unlock::unlock as free;

use super::Context;
use crate::args::states::UnlockArguments;
use crate::documents::upkeep::UnlockDocument;
use crate::error::CliError;
use crate::execution::MachineClock;
use crate::exit::Exit;
use crate::render;
use crate::turns::TakingTurns;
use crate::upkeep::Freeing;
use crate::upkeep::RunSummary;
use crate::upkeep::named;
use crate::upkeep::survey;
use crate::upkeep::units;

/// Looks, watches, frees, reports.
pub async fn unlock(context: &Context, arguments: &UnlockArguments) -> Result<Exit, CliError> {
    let (store, universe) = survey(context).await?;
    let mut freed = BTreeSet::new();
    if let Some(unit) = &arguments.unit {
        freed.extend(named(&universe, unit)?);
    }
    if arguments.unit.is_none() || !arguments.selection.select.is_empty() {
        freed.extend(units(&universe, &arguments.selection)?);
    }
    let freeing = freed.into_iter().map(|unit| free_one(context, &store, unit));
    let freed = join_all(freeing).await;
    let results =
        freed.iter().map(|one| one.result.as_ref().map_or_else(|e| e.exit, |_| Exit::Fine));
    let exit = results.fold(Exit::Fine, Exit::worse);
    let reason = arguments.reason.as_deref();
    if context.settings.general.json {
        context.print_json(&UnlockDocument::new(reason, &freed))?;
    } else {
        context.print(&render::unlock::unlock(&freed, reason, context.terminal.width))?;
    }
    Ok(exit)
}

async fn free_one(context: &Context, store: &AnyStore, unit: UnitId) -> Freeing {
    let store = TakingTurns(store);
    let observer = Holder::this_process(context.settings.who.clone());
    let sight = match look(&store, &unit, &observer).await {
        Ok(sight) => sight,
        Err(error) => return Freeing { unit, sight: None, run: None, result: Err(error.into()) },
    };
    // What cannot be read is no reason to keep it locked.
    let open = load(&store, &unit).await.ok().and_then(|loaded| loaded.open_run);
    let run = open.as_ref().map(RunSummary::of);
    if let Some(sight) = sight.as_ref().filter(|sight| sight.holder.is_some() && !sight.gone) {
        let seconds = sight.ttl.max(Duration::from_secs(1)).as_secs();
        context.note(&format!("{unit}: watching its lease for {seconds} s\n"));
    }
    let clock = MachineClock::start();
    let result = free(&store, &unit, &observer, &clock, store.0.lease_config()).await;
    Freeing { unit, sight, run, result: result.map_err(CliError::from) }
}

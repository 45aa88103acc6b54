//! `nfplan state restore|pull|push|forget`: states by hand. Whatever is refused is refused before
//! anything is written, the lease included.

use std::fs;
use std::io;
use std::io::Read as _;
use std::path::Path;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::state::Entry;
use nfplan_state::document::StateDocument;
use nfplan_state::edit::Change;
use nfplan_state::edit::Edited;
use nfplan_state::edit::edit;
use nfplan_state::history::history;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::load;

use crate::args::states::ForgetArguments;
use crate::args::states::PullArguments;
use crate::args::states::PushArguments;
use crate::args::states::RestoreArguments;
use crate::commands::Context;
use crate::documents::upkeep::EditDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render;
use crate::render::name::short;
use crate::replacing::nothing_at;
use crate::replacing::parse_one;
use crate::selection::Universe;
use crate::upkeep::one_named;
use crate::upkeep::one_unit;
use crate::upkeep::survey;
use crate::upkeep::under_lease;
use crate::upkeep::units;

/// Brings an earlier state back.
pub(super) async fn restore(
    context: &Context,
    arguments: &RestoreArguments,
) -> Result<Exit, CliError> {
    let (store, universe) = survey(context).await?;
    let unit = one_unit(&universe, &arguments.selection)?;
    let head = load(&store, &unit).await?.base.head;
    let head = head.ok_or_else(|| CliError::refused(format!("{unit} has no state")))?.head;
    let mut versions = history(&store, &head).await?.versions;
    let serial = arguments.serial;
    let Some(index) = versions.iter().position(|version| version.serial == serial) else {
        let kept: Vec<String> = versions.iter().map(|one| one.serial.to_string()).collect();
        let message =
            format!("{unit} has no state {serial}; those that are kept: {}", kept.join(", "));
        let hint = format!("`nfplan state history --select {}` shows them", short(&unit));
        return Err(CliError::refused(message).hint(hint));
    };
    let change = Change::Restore(Box::new(versions.swap_remove(index)));
    carry_out(context, &store, &unit, &change).await
}

/// Prints a unit's state.
pub(super) async fn pull(context: &Context, arguments: &PullArguments) -> Result<Exit, CliError> {
    let (store, universe) = survey(context).await?;
    let unit = one_named(&universe, &arguments.unit)?;
    let loaded = load(&store, &unit).await?;
    if let Some(run) = &loaded.open_run {
        let run = run.id;
        context.note(&format!("{unit}: what the open run {run} did is not in this state\n"));
    }
    let document = StateDocument::of(&loaded);
    let document = document.ok_or_else(|| CliError::refused(format!("{unit} has no state")))?;
    context.print(&document.to_text())?;
    Ok(Exit::Fine)
}

/// Puts a document in the place of a unit's state.
pub(super) async fn push(context: &Context, arguments: &PushArguments) -> Result<Exit, CliError> {
    let (store, _) = survey(context).await?;
    let path = context.settings.root.join(&arguments.file);
    let bytes = read(&arguments.file, &path).map_err(|e| CliError::file("read", &path, &e))?;
    let document = StateDocument::parse(&bytes).map_err(|error| {
        let message = format!("{} is no state document: {error}", arguments.file.display());
        CliError::new(Exit::InvalidSpecs, message).hint("`nfplan state pull UNIT` prints one")
    })?;
    let unit = document.state.unit.clone();
    carry_out(context, &store, &unit, &Change::Push(Box::new(document))).await
}

fn read(file: &Path, path: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Drops what is at an address.
pub(super) async fn forget(
    context: &Context,
    arguments: &ForgetArguments,
) -> Result<Exit, CliError> {
    let (of, address) = parse_one(&arguments.address)?;
    let object = arguments.object.as_ref().map(|id| id.parse()).transpose();
    let object = object.map_err(|error: nfplan_engine::address::NameError| {
        CliError::new(Exit::Usage, error.to_string())
    })?;
    if arguments.reason.trim().is_empty() {
        return Err(CliError::new(Exit::Usage, "--reason is empty: say why, it is kept"));
    }
    let (store, universe) = survey(context).await?;
    let mut units = units(&universe, &arguments.selection)?;
    units.retain(|unit| of.as_ref().is_none_or(|of| of == unit));
    let unit = holding(&store, &universe, units, &address).await?;
    let reason = arguments.reason.as_str().into();
    let change = Change::Forget { address, object, reason };
    carry_out(context, &store, &unit, &change).await
}

/// The one unit among these that has something at an address.
async fn holding(
    store: &AnyStore,
    universe: &Universe,
    units: Vec<UnitId>,
    address: &Address,
) -> Result<UnitId, CliError> {
    let (mut holding, mut present) = (Vec::new(), Vec::new());
    for unit in units {
        let state = load(store, &unit).await?.state;
        let entries = state.into_iter().flat_map(|state| state.entries);
        let entries: Vec<(Address, Entry)> =
            entries.filter(|(_, entry)| !entry.is_vacant()).collect();
        if entries.iter().any(|(other, _)| other == address) {
            holding.push(unit);
        }
        present.extend(entries.into_iter().map(|(address, _)| address));
    }
    match holding.as_slice() {
        [unit] => Ok(unit.clone()),
        [] => Err(nothing_at("", address, present.iter())),
        several => {
            let names = universe.familiar_names();
            let count = several.len();
            let example = names.first().map_or("USER", String::as_str);
            let message = format!("{count} units have something at `{address}`: name one");
            Err(CliError::refused(message).hint(format!("--select {example} does")))
        }
    }
}

/// Refuses before anything is written, changes under the lease, reports.
async fn carry_out(
    context: &Context,
    store: &AnyStore,
    unit: &UnitId,
    change: &Change,
) -> Result<Exit, CliError> {
    let loaded = load(store, unit).await?;
    let edited: Option<Edited> = match change.next(&loaded)? {
        None => None,
        Some(_) => {
            under_lease(context, store, unit, async |lease| Ok(edit(lease, change).await?)).await?
        }
    };
    if context.settings.general.json {
        context.print_json(&EditDocument::new(unit, edited.as_ref()))?;
    } else {
        let text = render::upkeep::edited(unit, edited.as_ref(), context.terminal.width);
        context.print(&text)?;
    }
    Ok(Exit::Fine)
}

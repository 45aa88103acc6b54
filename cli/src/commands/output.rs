//! `nfplan output`: what others need to know of applied units, from their states alone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::UnitId;
use nfplan_engine::state::State;
use nfplan_specs::blueprint::outputs::OUTPUTS;
use nfplan_specs::blueprint::outputs::Output;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::load;
use serde::Serialize;

use super::Context;
use super::show::survey;
use crate::args::views::OutputArguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render;
use crate::selection::Selected;

/// `nfplan.output/1`.
#[derive(Serialize)]
struct OutputDocument<'a> {
    format: &'static str,
    units: BTreeMap<&'a UnitId, &'a UnitOutputs>,
}

/// The outputs of one unit, and why others are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitOutputs {
    /// The unit.
    #[serde(skip)]
    pub unit: UnitId,
    /// The user name as the spec writes it; none for a platform, and before the first apply.
    pub user: Option<Box<str>>,
    /// Whether the unit was applied and not destroyed since.
    pub applied: bool,
    /// The values by name.
    pub outputs: BTreeMap<&'static str, String>,
    /// Why a value is absent, by name.
    pub absent: BTreeMap<&'static str, String>,
}

/// Prints outputs of the selected units. Needs no cloud.
pub async fn output(context: &Context, arguments: &OutputArguments) -> Result<Exit, CliError> {
    let (store, universe) = survey(context).await?;
    let selected = universe.select(&arguments.selection)?;
    let asked = |unit: &&UnitId| match &selected {
        // What a platform has to offer, its workspaces put out.
        Selected::Everything => unit.user().is_some(),
        Selected::Units(units) => units.contains(*unit),
    };
    let units: BTreeSet<&UnitId> =
        universe.wanted.iter().chain(&universe.existing).filter(asked).collect();
    let wanted: Vec<&Output> = OUTPUTS
        .iter()
        .filter(|output| arguments.name.as_deref().is_none_or(|name| name == output.name))
        .collect();
    let mut list = Vec::new();
    for unit in units {
        list.push(of_unit(context, &store, unit, &wanted).await?);
    }
    if context.settings.general.json {
        let units = list.iter().map(|outputs| (&outputs.unit, outputs)).collect();
        context.print_json(&OutputDocument { format: "nfplan.output/1", units })?;
        return Ok(Exit::Fine);
    }
    match (&arguments.name, list.as_slice()) {
        (Some(name), [unit]) => print_bare(context, name, unit)?,
        _ => context.print(&render::output::outputs(&list, context.terminal.data_width))?,
    }
    if list.is_empty() {
        context.terminal.note("note: there is no workspace\n");
    }
    Ok(Exit::Fine)
}

async fn of_unit(
    context: &Context,
    store: &AnyStore,
    unit: &UnitId,
    wanted: &[&Output],
) -> Result<UnitOutputs, CliError> {
    let loaded = load(store, unit).await?;
    if loaded.open_run.is_some() {
        context.terminal.note(&format!(
            "note: {unit} has a run that was interrupted; this is what the last finished run left\n"
        ));
    }
    let platform = load(store, &unit.platform()).await?.state;
    // What a rollback parked is nothing that anybody could use.
    let exists = |state: &State| state.entries.values().any(|entry| entry.current.is_some());
    let state = loaded.state.filter(exists);
    let mut outputs = UnitOutputs {
        unit: unit.clone(),
        user: state.as_ref().and_then(|state| state.source.user.clone()),
        applied: state.is_some(),
        outputs: BTreeMap::new(),
        absent: BTreeMap::new(),
    };
    for output in wanted.iter().filter(|output| output.belongs_to(unit)) {
        if let Some(state) = &state {
            add(&mut outputs, output, state, platform.as_ref());
        } else {
            let why = "it is not applied yet: `nfplan apply` makes it";
            outputs.absent.insert(output.name, why.into());
        }
    }
    if let ([output], true) = (wanted, outputs.outputs.is_empty() && outputs.absent.is_empty()) {
        outputs.absent.insert(output.name, "platforms do not have it: select a workspace".into());
    }
    Ok(outputs)
}

fn add(outputs: &mut UnitOutputs, output: &Output, state: &State, platform: Option<&State>) {
    if let Some(value) = output.value(state, platform) {
        outputs.outputs.insert(output.name, value);
        return;
    }
    let why = if output.absent.is_empty() {
        "the state does not have it: `nfplan plan` shows what is missing"
    } else {
        output.absent
    };
    outputs.absent.insert(output.name, why.into());
}

/// Prints one value by itself, for scripts. An absent one is an error: a script must not go on with
/// an empty text.
fn print_bare(context: &Context, name: &str, unit: &UnitOutputs) -> Result<(), CliError> {
    if let Some(value) = unit.outputs.get(name) {
        return context.print(&format!("{value}\n"));
    }
    let why = unit.absent.get(name).map_or("", String::as_str);
    Err(CliError::new(Exit::Error, format!("{} has no `{name}`: {why}", unit.unit)))
}

//! `nfplan update`: looks everything up again, so that new images become a diff of `nfplan.lock`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Place;
use nfplan_engine::provider::LookUp;
use nfplan_engine::provider::Reader;

use super::Context;
use crate::args::UpdateArguments;
use crate::documents::update::PinChange;
use crate::documents::update::UpdateDocument;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;
use crate::render;
use crate::selection::Selected;
use crate::selection::Universe;

/// Looks up, compares, writes, reports.
pub async fn update(context: &Context, arguments: &UpdateArguments) -> Result<Exit, CliError> {
    let mut project = Project::open(&context.settings).await?;
    project.warn(context);
    project.tell_more(context);
    let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
    let selected = universe.select(&arguments.selection)?;
    let mut changes = look_up_again(&mut project, &universe, &selected).await?;
    if matches!(selected, Selected::Everything) {
        changes.extend(forget_unused(&mut project, &universe));
    }
    let document = UpdateDocument::new(changes);
    if document.changes() {
        let saved = project.lock.save(&project.root);
        saved.map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
    }
    context.show_calls(&project.cloud);
    if context.settings.general.json {
        context.print_json(&document)?;
    } else {
        context.print(&render::update::update(&document, context.terminal.width))?;
    }
    Ok(Exit::Fine)
}

/// Everything that workspaces need to know, by place.
fn needed(
    project: &Project,
    universe: &Universe,
    includes: impl Fn(&nfplan_engine::address::UnitId) -> bool,
) -> BTreeMap<Place, BTreeSet<LookUp>> {
    let mut needed: BTreeMap<Place, BTreeSet<LookUp>> = BTreeMap::new();
    for unit in universe.wanted.iter().filter(|unit| includes(unit)) {
        let look_ups = project.spec(unit).map(|spec| project.look_ups(spec));
        let of_place = needed.entry(unit.place().clone()).or_default();
        of_place.extend(look_ups.into_iter().flatten());
    }
    needed
}

/// Nothing is changed in the lock before every question has its answer.
async fn look_up_again(
    project: &mut Project,
    universe: &Universe,
    selected: &Selected,
) -> Result<Vec<PinChange>, CliError> {
    let mut answers = Vec::new();
    for (place, look_ups) in needed(project, universe, |unit| selected.includes(unit)) {
        for look_up in look_ups {
            let answer = project.cloud.look_up(&place, &look_up).await?;
            answers.push((place.clone(), look_up, answer));
        }
    }
    let changes = answers.into_iter().map(|(place, look_up, after)| {
        let before = project.lock.get(&place, &look_up).cloned();
        project.lock.insert(place.clone(), &look_up, after.clone());
        PinChange { place, key: look_up.key(), before, after: Some(after) }
    });
    Ok(changes.collect())
}

/// Drops what no spec needs any more.
fn forget_unused(project: &mut Project, universe: &Universe) -> Vec<PinChange> {
    let used = needed(project, universe, |_| true);
    let places: BTreeSet<Place> = project.lock.places().cloned().collect();
    let all = places.into_iter().flat_map(|place| {
        let pins = project.lock.pins(&place).into_iter();
        pins.map(move |(key, value)| (place.clone(), key, value)).collect::<Vec<_>>()
    });
    let all: Vec<_> = all.collect();
    project.lock.retain(&used);
    let gone = all.into_iter().filter_map(|(place, key, before)| {
        let kept = project.lock.pins(&place).contains_key(&key);
        let (key, before) = (key.into(), Some(before));
        (!kept).then_some(PinChange { place, key, before, after: None })
    });
    gone.collect()
}

//! What units and actions are called.

use anstyle::Style;
use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::plan::Summary;
use nfplan_engine::plan::UnitPlan;

use super::page::FAINT;
use super::page::GREEN;
use super::page::RED;
use super::page::YELLOW;

/// The sign of an action, readable without colour.
pub(crate) fn symbol(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Adopt => "<",
        Action::Update => "~",
        Action::Replace | Action::ReplaceInSlot => "±",
        Action::Delete => "-",
        Action::Retain => "=",
        Action::Forget => "?",
    }
}

/// What the sign means.
pub(crate) fn meaning(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Adopt => "adopt: take what exists into the state",
        Action::Update => "update in place",
        Action::Replace => "replace: make the new one, then delete the old one",
        Action::ReplaceInSlot => "replace in slot: delete the old one, then make the new one",
        Action::Delete => "delete",
        Action::Retain => "retain: leave it in the cloud, drop it from the state",
        Action::Forget => "forget: it is gone from the cloud, drop it from the state",
    }
}

/// The action in one word or two.
pub(crate) fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Adopt => "adopt",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::ReplaceInSlot => "replace in slot",
        Action::Delete => "delete",
        Action::Retain => "retain",
        Action::Forget => "forget",
    }
}

/// The style of its sign.
pub(crate) fn style(action: Action) -> Style {
    match action {
        Action::Create | Action::Adopt => GREEN,
        Action::Update => YELLOW,
        Action::Replace | Action::ReplaceInSlot | Action::Delete => RED,
        Action::Retain | Action::Forget => FAINT,
    }
}

/// How many resources each action befalls: `3 to create, 1 to delete`.
pub(crate) fn counts(summary: &Summary) -> String {
    let parts = [
        (summary.create, "create"),
        (summary.update, "update"),
        (summary.replace, "replace"),
        (summary.delete, "delete"),
        (summary.adopt, "adopt"),
        (summary.retain, "retain"),
        (summary.forget, "forget"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{count} to {verb}"))
        .collect();
    if parts.is_empty() { "no resource changes".into() } else { parts.join(", ") }
}

/// The researcher as the spec writes the name, or the platform.
pub(crate) fn who(plan: &UnitPlan) -> String {
    match (&plan.unit, &plan.source.user) {
        (UnitId::Workspace(..), Some(user)) => user.to_string(),
        _ => short(&plan.unit),
    }
}

/// The shortest name of a unit that tells who it is; `--select` takes it.
pub(crate) fn short(unit: &UnitId) -> String {
    match unit {
        UnitId::Platform(place) => format!("platform:{}", place.account),
        UnitId::Workspace(_, user) => user.to_string(),
    }
}

/// A unit in a sentence, with its kind and place: `workspace alice in 111122223333.us-east-1`.
pub(crate) fn title(plan: &UnitPlan) -> (String, String) {
    let kind = match &plan.unit {
        UnitId::Platform(_) => "platform".into(),
        UnitId::Workspace(..) => format!("workspace {}", who(plan)),
    };
    (kind, format!(" in {}", plan.unit.place()))
}

/// `1 unit`, `2 units`.
pub(crate) fn counted(count: u64, singular: &str) -> String {
    if count == 1 { format!("1 {singular}") } else { format!("{count} {singular}s") }
}

/// How many names of people a list has at most, and how many of a longer list are told.
const PEOPLE: (usize, usize) = (20, 8);
/// The same of accounts and regions.
const PLACES: (usize, usize) = (6, 2);

/// Names with commas; of many, the first and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    some_of(names, PEOPLE)
}

/// Accounts and regions with commas; of many, the first and how many more there are.
pub(crate) fn listed_places(places: &[String]) -> String {
    some_of(places, PLACES)
}

fn some_of(names: &[String], (most, first): (usize, usize)) -> String {
    if names.len() <= most {
        return names.join(", ");
    }
    format!("{} and {} more", names[..first].join(", "), names.len() - first)
}

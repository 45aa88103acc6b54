//! A plan as people review it: danger first, equal changes once, every elision with its way out.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::change::Change;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;

use super::change::ChangePage;
use super::change::joint_origin;
use super::change::with_origin;
use super::classes::ClassChange;
use super::classes::changes_of;
use super::classes::classes;
use super::name::counted;
use super::name::counts;
use super::name::meaning;
use super::name::short;
use super::name::symbol;
use super::name::title;
use super::name::who;
use super::page::FAINT;
use super::page::Line;
use super::page::Page;
use super::page::STRONG;
use super::page::YELLOW;

/// How many members of a class, or units of a list, are named.
const MOST_MEMBERS: usize = 20;

/// How a plan is to be shown, and what the plan itself does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The columns of a line.
    pub width: usize,
    /// Every unit by itself, every attribute, nothing cut.
    pub full: bool,
    /// Classes (by id) and units (by user name, escaped user name or unit id) to show in full.
    pub expand: Vec<String>,
    /// How many units were planned, those without changes included.
    pub units: u64,
    /// How many objects of units without changes could not be read.
    pub unread: u64,
}

/// What is asked to be expanded and is neither a class nor a unit with changes.
pub fn unknown_expansions<'a>(plan: &Plan, view: &'a View) -> Vec<&'a str> {
    let classes = classes(plan);
    let known = |name: &str| {
        let named = |unit: &UnitPlan| names(unit).iter().any(|one| one == name);
        plan.units.iter().any(named) || classes.iter().any(|class| class.id == name)
    };
    view.expand.iter().map(String::as_str).filter(|name| !known(name)).collect()
}

/// Shows a plan.
pub fn plan(plan: &Plan, view: &View) -> String {
    let mut page = Page::new(view.width);
    if plan.is_empty() {
        no_changes(&mut page, plan.refresh, view);
        return page.finish();
    }
    header(&mut page, plan, view);
    for class in classes(plan) {
        let wanted = |unit: &&&UnitPlan| view.full || expands(view, unit, &class.id);
        let (apart, together): (Vec<&UnitPlan>, Vec<&UnitPlan>) =
            class.members.iter().copied().partition(|unit| wanted(&unit));
        for unit in apart {
            let changes = changes_of(unit);
            block(
                &mut page,
                view,
                &Block { members: &[unit], changes: &changes, id: None, full: true },
            );
        }
        match together.as_slice() {
            [] => {}
            [unit] => {
                let changes = class.changes_of(unit);
                let members = &[*unit];
                block(
                    &mut page,
                    view,
                    &Block { members, changes: &changes, id: None, full: false },
                );
            }
            members => {
                let (changes, id) = (&class.changes, Some(class.id.as_str()));
                block(&mut page, view, &Block { members, changes, id, full: false });
            }
        }
    }
    page.cut_words(!view.full);
    unreadable(&mut page, plan, view);
    footer(&mut page, plan);
    page.finish()
}

fn no_changes(page: &mut Page, refresh: Refresh, view: &View) {
    let units = counted(view.units, "unit");
    let verb = if view.units == 1 { "is" } else { "are" };
    let line = match (refresh, view.unread) {
        (Refresh::None, _) => {
            let known = "as far as the state knows (the cloud was not asked)";
            format!("No changes. {units} {verb} as the specs want, {known}.")
        }
        (Refresh::Bulk | Refresh::Deep, 0) => {
            format!("No changes. {units} {verb} as the specs want.")
        }
        (Refresh::Bulk | Refresh::Deep, unread) => {
            let objects = counted(unread, "object");
            format!("No changes were found in {units}, but {objects} could not be read.")
        }
    };
    page.put(&Line::at(0).text(line));
}

fn header(page: &mut Page, plan: &Plan, view: &View) {
    let changing = plan.units.len() as u64;
    let of = if view.units > changing { format!("{changing} of ") } else { String::new() };
    let units = counted(view.units.max(changing), "unit");
    let verb = if changing == 1 { "changes" } else { "change" };
    let depth = match plan.refresh {
        Refresh::None => "the cloud was not asked, so apply refuses this plan",
        Refresh::Bulk => "the cloud was read in bulk, and what changes in depth",
        Refresh::Deep => "the cloud was read in depth",
    };
    page.put(&Line::at(0).styled(STRONG, format!("{of}{units} {verb}")).text(format!("; {depth}")));
}

/// Units that are shown together.
struct Block<'a> {
    members: &'a [&'a UnitPlan],
    changes: &'a [ClassChange],
    /// The class, if there are several units.
    id: Option<&'a str>,
    full: bool,
}

fn block(page: &mut Page, view: &View, block: &Block<'_>) {
    page.gap();
    page.cut_words(!block.full);
    let first = block.members[0];
    let whole = |unit: &UnitPlan| unit.changes.iter().find_map(|change| change.origin.clone());
    let origin = joint_origin(block.members, whole);
    let summary = counts(&block.changes.iter().map(|change| change.action).collect());
    if let Some(id) = block.id {
        let kind = if first.unit.user().is_some() { "workspace" } else { "platform" };
        let count = counted(block.members.len() as u64, kind);
        let members = members(block.members);
        page.put(&Line::at(0).styled(STRONG, count).text(format!(": {members}")));
        let places: BTreeSet<String> =
            block.members.iter().map(|unit| unit.unit.place().to_string()).collect();
        let line = Line::at(2).text(format!("in {}, each: {summary}", listed(&places)));
        let line = line.styled(FAINT, format!("  (class {id}: --expand shows each)"));
        page.put(&with_origin(line, origin.clone()));
    } else {
        let (name, place) = title(first);
        let line = Line::at(0).styled(STRONG, name).text(format!("{place}: {summary}"));
        page.put(&with_origin(line, origin.clone()));
    }
    let created = block.changes.iter().all(|change| change.action == Action::Create);
    let (brief, width) = (created && !block.full, view.width);
    let (members, full) = (block.members, block.full);
    let common = common_reason(members);
    if let Some(reason) = &common {
        page.put(&Line::at(2).text(format!("because {reason}")));
    }
    let mut changes = ChangePage { page, width, full, members, origin, common, brief, hidden: 0 };
    block.changes.iter().for_each(|change| changes.change(change));
    if changes.hidden > 0 {
        let hidden = counted(changes.hidden, "attribute");
        let note = format!("({hidden} not shown: --full shows them)");
        page.put(&Line::at(2).styled(FAINT, note));
    }
}

/// The one reason of all changes, if they have just that: said once instead of at each.
fn common_reason(members: &[&UnitPlan]) -> Option<String> {
    let mut changes = members.iter().flat_map(|unit| &unit.changes);
    let (first, second) = (changes.next()?, changes.next()?);
    let [reason] = first.reasons.as_slice() else { return None };
    let same = |change: &Change| change.reasons == first.reasons;
    (same(second) && changes.all(same)).then(|| reason.clone())
}

fn expands(view: &View, unit: &UnitPlan, class: &str) -> bool {
    view.expand.iter().any(|name| name == class || names(unit).contains(name))
}

/// All that a unit may be called on the command line.
fn names(unit: &UnitPlan) -> [String; 3] {
    [unit.unit.to_string(), short(&unit.unit), who(unit)]
}

fn members(units: &[&UnitPlan]) -> String {
    let names: Vec<String> = units
        .iter()
        .map(|unit| match unit.unit {
            UnitId::Platform(ref place) => place.to_string(),
            UnitId::Workspace(..) => who(unit),
        })
        .collect();
    listed(&names)
}

fn listed<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    match names.get(MOST_MEMBERS..) {
        Some(more @ [_, ..]) => {
            format!("{} and {} more", names[..MOST_MEMBERS].join(", "), more.len())
        }
        _ => names.join(", "),
    }
}

/// Objects that could not be read, by the reason.
fn unreadable(page: &mut Page, plan: &Plan, view: &View) {
    let mut by_reason: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for unit in &plan.units {
        for (address, reason) in &unit.unreadable {
            by_reason.entry((reason, address.to_string())).or_default().push(who(unit));
        }
    }
    let count = by_reason.values().map(Vec::len).sum::<usize>() as u64 + view.unread;
    if count == 0 {
        return;
    }
    page.gap();
    let count = counted(count, "object");
    page.put(&Line::at(0).styled(
        YELLOW,
        format!("{count} could not be read; what is said of them is from the state"),
    ));
    for ((reason, address), units) in &by_reason {
        let line = format!("! {address} of {}: {reason}", listed(units));
        page.put(&Line::at(2).text(line));
    }
}

fn footer(page: &mut Page, plan: &Plan) {
    page.gap();
    let mut used: Vec<Action> = Vec::new();
    for action in plan.units.iter().flat_map(|unit| &unit.changes).map(|change| change.action) {
        if !used.contains(&action) {
            used.push(action);
        }
    }
    used.sort_unstable();
    for action in used {
        page.put(&Line::at(0).styled(FAINT, format!("{} {}", symbol(action), meaning(action))));
    }
    page.put(&Line::at(0).styled(STRONG, format!("Plan: {}.", counts(&plan.summary))));
    page.put(&Line::at(0).text(format!("digest sha256:{}", plan.digest.short())));
}

#[cfg(test)]
mod tests;

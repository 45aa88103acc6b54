//! A plan as people review it: danger first, equal changes once, every elision with its way out.

use std::collections::BTreeMap;

use nfplan_engine::approval::Given;
use nfplan_engine::approval::Needed;
use nfplan_engine::change::Action;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;

use super::access;
use super::block::blocks;
use super::block::names;
use super::classes::classes;
use super::findings;
use super::name::counted;
use super::name::counts;
use super::name::listed;
use super::name::meaning;
use super::name::symbol;
use super::name::who;
use super::page::FAINT;
use super::page::Line;
use super::page::Page;
use super::page::STRONG;
use super::page::YELLOW;
use super::preflight;
use super::quotas;
use super::undo;
use crate::approval::flag_word;

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
    if view.expand.is_empty() {
        return Vec::new();
    }
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
    findings::show(&mut page, plan, view.full);
    for block in blocks(plan, view) {
        block.show(&mut page, view);
    }
    page.cut_words(!view.full);
    unreadable(&mut page, plan, view);
    footer(&mut page, plan, view);
    page.finish()
}

pub(super) fn no_changes(page: &mut Page, refresh: Refresh, view: &View) {
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

pub(super) fn header(page: &mut Page, plan: &Plan, view: &View) {
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

/// Objects that could not be read, by the reason.
pub(super) fn unreadable(page: &mut Page, plan: &Plan, view: &View) {
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

fn footer(page: &mut Page, plan: &Plan, view: &View) {
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
    if let Some(undo) = undo::summary(plan) {
        page.put(&Line::at(0).text(undo));
    }
    checks(page, plan, view);
    page.put(&Line::at(0).text(format!("digest sha256:{}", plan.digest.short())));
}

/// What was checked beside: isolation, quotas, permissions, and what has to be approved.
pub(super) fn checks(page: &mut Page, plan: &Plan, view: &View) {
    for line in access::isolation(&plan.isolation) {
        page.put(&Line::at(0).text(line));
    }
    for line in quotas::lines(plan, view.full) {
        page.put(&line);
    }
    for line in preflight::lines(plan) {
        page.put(&line);
    }
    for Needed { class, given } in &plan.approvals {
        let class = flag_word(class);
        let line = Line::at(0);
        page.put(&match given {
            None => line.styled(YELLOW, "needs approval: ").text(format!("--allow {class}")),
            Some(Given { owner, reason, entry }) => line
                .text(format!("approved: {class} by {owner}: {reason}"))
                .styled(FAINT, format!("  [{entry}]")),
        });
    }
}

#[cfg(test)]
mod differences;
#[cfg(test)]
mod tests;

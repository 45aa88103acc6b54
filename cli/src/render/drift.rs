//! Drift as people read it: by cause, the worst first, equal drift of many units once.
//!
//! The units of each cause are laid out as those of a plan are, so that the same classes come about.

use std::collections::BTreeMap;

use anstyle::Style;
use nfplan_engine::drift::Cause;
use nfplan_engine::drift::Coverage;
use nfplan_engine::drift::Finding;
use nfplan_engine::drift::Unasked;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::provider::Depth;

use super::classes::classes;
use super::compare::compare;
use super::name::counted;
use super::name::listed;
use super::name::who;
use super::page::FAINT;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;
use super::value::Node;
use crate::drifting::FleetDrift;
use crate::drifting::UnitDrift;
use crate::drifting::remedy::commands;
use crate::drifting::since::News;
use crate::drifting::since::Subject;

mod accepted;
pub(super) mod class_page;
pub(super) mod layout;
mod lookalikes;

pub(super) use accepted::accepted;
use class_page::ClassPage;
use layout::changes;
use layout::layout;
pub(super) use lookalikes::lookalikes;

/// Where objects begin.
const OBJECT: usize = 2;

/// Shows drift.
pub fn drift(fleet: &FleetDrift, news: Option<&News>, width: usize) -> String {
    let mut page = Page::new(width);
    let coverage = fleet.coverage();
    head(&mut page, fleet, &coverage);
    if let Some(news) = news {
        since(&mut page, news);
    }
    open_runs(&mut page, fleet);
    for (cause, less_safe) in sections() {
        section(&mut page, fleet, (cause, less_safe), width);
    }
    page.cut_words(false);
    refusals(&mut page, fleet);
    accepted(&mut page, fleet);
    lookalikes(&mut page, fleet);
    unseen(&mut page, &coverage, fleet.depth);
    page.gap();
    page.put(&Line::at(0).styled(STRONG, verdict(fleet, &coverage)));
    next(&mut page, fleet);
    page.finish()
}

/// What is shown together, in this order.
pub(super) fn sections() -> impl Iterator<Item = (Cause, bool)> {
    Cause::ALL.into_iter().flat_map(|cause| [(cause, true), (cause, false)])
}

pub(super) fn head(page: &mut Page, fleet: &FleetDrift, coverage: &Coverage) {
    let units = counted(fleet.units.len() as u64, "unit");
    let depth = match fleet.depth {
        Depth::Bulk => "in bulk",
        Depth::Deep => "in depth",
    };
    let Coverage { objects, read, .. } = coverage;
    let line = Line::at(0).styled(STRONG, format!("Drift of {units}"));
    let line = line.text(format!(": {read} of {} were read {depth}", counted(*objects, "object")));
    let note = if coverage.is_complete() { "" } else { ": incomplete" };
    page.put(&line.styled(YELLOW, note));
}

/// How many subjects are named.
const MOST_NAMED: usize = 20;

/// What is new and what is mended since an earlier report.
pub(super) fn since(page: &mut Page, news: &News) {
    let (new, ongoing, resolved) = (news.new.len(), news.ongoing(), news.resolved.len());
    let sums = format!("{new} new, {ongoing} ongoing, {resolved} resolved");
    page.put(&Line::at(0).text("Since the earlier report: ").styled(STRONG, sums));
    let lists = [
        ("new", RED, news.new.iter().collect()),
        ("resolved", GREEN, news.resolved.iter().collect()),
    ];
    for (word, style, list) in lists {
        let list: Vec<&Subject> = list;
        for subject in list.iter().take(MOST_NAMED) {
            page.put(&Line::at(OBJECT).styled(style, word).text(format!("  {subject}")));
        }
        if list.len() > MOST_NAMED {
            let more = format!("  and {} more", list.len() - MOST_NAMED);
            page.put(&Line::at(OBJECT).styled(style, word).styled(FAINT, more));
        }
    }
}

pub(super) fn open_runs(page: &mut Page, fleet: &FleetDrift) {
    let open: Vec<&UnitDrift> = fleet.units.iter().filter(|unit| unit.open.is_some()).collect();
    if open.is_empty() {
        return;
    }
    page.gap();
    let runs = counted(open.len() as u64, "open run");
    let text =
        ": interrupted; these units are compared with what `nfplan apply` will leave of them";
    page.put(&Line::at(0).styled(YELLOW, runs).text(text));
    let names: Vec<String> = open.iter().map(|unit| called(unit)).collect();
    page.put(&Line::at(OBJECT).text(listed(&names)));
}

pub(super) fn called(unit: &UnitDrift) -> String {
    who(&layout(unit, Vec::new()))
}

/// The word for a cause, and what it means.
pub(super) fn words(cause: Cause, less_safe: bool) -> (&'static str, &'static str, Style) {
    match cause {
        Cause::OpenRun => {
            ("open run", "an interrupted run began this, and `nfplan apply` ends it", YELLOW)
        }
        Cause::DeletedOutside => ("deleted outside", "somebody deleted these objects", RED),
        Cause::RemadeOutside => (
            "made again outside",
            "somebody deleted these objects and made others in their place",
            RED,
        ),
        Cause::KnownTool => (
            "done by Hatchery",
            "it is still running against this account; see the cut-over guide (- applied, + live)",
            RED,
        ),
        Cause::ChangedOutside if less_safe => {
            ("changed outside, less safe", "somebody took away what protects the unit", RED)
        }
        Cause::ChangedOutside => (
            "changed outside",
            "somebody changed these after the last apply (- applied, + live)",
            RED,
        ),
        Cause::Unmanaged => (
            "not made by nfplan",
            "these have the names of what the specs want, or are other ways in",
            RED,
        ),
        Cause::Unreadable => ("unreadable", "whether these differ is not known", YELLOW),
        Cause::ChangedAsWanted => (
            "changed outside as wanted",
            "the specs have come to want it so: nothing to mend",
            FAINT,
        ),
        Cause::UnappliedSpec => {
            ("not applied yet", "the specs moved on; the cloud is as the last apply left it", FAINT)
        }
    }
}

/// The findings of a cause in the form of a plan.
pub(super) fn laid_out(fleet: &FleetDrift, (cause, less_safe): (Cause, bool)) -> Plan {
    let belongs = |finding: &&Finding| finding.cause == cause && finding.less_safe == less_safe;
    let units = fleet.units.iter().filter_map(|unit| {
        let findings: Vec<&Finding> = unit.drift.findings.iter().filter(belongs).collect();
        (!findings.is_empty()).then(|| layout(unit, changes(unit, &findings)))
    });
    Plan::new(units.collect(), Refresh::Deep)
}

fn section(page: &mut Page, fleet: &FleetDrift, (cause, less_safe): (Cause, bool), width: usize) {
    let plan = laid_out(fleet, (cause, less_safe));
    if plan.is_empty() {
        return;
    }
    page.gap();
    let (word, meaning, style) = words(cause, less_safe);
    page.put(&Line::at(0).styled(style, word).text(format!(": {meaning}")));
    for class in classes(&plan) {
        let mut shown = ClassPage { page, class: &class, cause, width };
        shown.heading();
        shown.objects();
    }
}

/// The places within an attribute at which what is differs from what was applied; where it does not,
/// those at which the specs differ.
pub fn paths(finding: &Finding) -> Vec<String> {
    let Some(name) = finding.attribute else { return Vec::new() };
    let applied = finding.applied.as_ref().map(Node::from);
    let other = match finding.cause {
        Cause::UnappliedSpec => finding.wanted.as_ref().map(Node::from),
        _ => finding.live.as_ref().map(Node::from),
    };
    let leaves = compare(applied.as_ref(), other.as_ref());
    let mut paths: Vec<String> = leaves.iter().map(|leaf| format!("{name}{}", leaf.path)).collect();
    paths.dedup();
    paths
}

/// Why applies would be refused.
pub(super) fn refusals(page: &mut Page, fleet: &FleetDrift) {
    let refused = fleet.units.iter().filter(|unit| is_drifted(unit));
    let refused: Vec<&UnitDrift> =
        refused.filter(|unit| !unit.outlook.refusals.is_empty()).collect();
    if refused.is_empty() {
        return;
    }
    page.gap();
    let count = counted(refused.len() as u64, "unit");
    page.put(&Line::at(0).styled(YELLOW, format!("An apply refuses {count}:")));
    for unit in refused {
        for refusal in &unit.outlook.refusals {
            page.put(&Line::at(OBJECT).styled(STRONG, called(unit)).text(format!(": {refusal}")));
        }
    }
}

/// What was not asked for, by name.
pub(super) fn unseen(page: &mut Page, coverage: &Coverage, depth: Depth) {
    if coverage.not_requested.is_empty() {
        return;
    }
    page.gap();
    let how = match depth {
        Depth::Bulk => "Not asked for (`--refresh deep` asks for attributes):",
        Depth::Deep => "Not asked for (kept for later, or awaiting deletion):",
    };
    page.put(&Line::at(0).styled(YELLOW, how));
    for (Unasked { resource_type, attribute }, count) in &coverage.not_requested {
        let name = attribute.map_or_else(String::new, |name| format!("#{name}"));
        let count = counted(*count, "object");
        page.put(&Line::at(OBJECT).text(format!("{resource_type}{name} of {count}")));
    }
}

/// What it all comes to. Never says that there is none where not everything was read.
pub(super) fn verdict(fleet: &FleetDrift, coverage: &Coverage) -> String {
    let mut counts: BTreeMap<Cause, u64> = BTreeMap::new();
    for finding in fleet.findings().filter(|finding| finding.cause.is_drift()) {
        *counts.entry(finding.cause).or_default() += 1;
    }
    let unread = match coverage.unreadable {
        0 => String::new(),
        count => format!(" {} could not be read.", counted(count, "object")),
    };
    let orphans = fleet.lookalikes.orphans().count();
    if !counts.is_empty() || orphans > 0 {
        let counts =
            counts.iter().map(|(cause, count)| format!("{count} {}", words(*cause, false).0));
        let orphans = (orphans > 0).then(|| format!("{orphans} left behind"));
        let counts: Vec<String> = counts.chain(orphans).collect();
        return format!("Drift: {}.{unread}", counts.join(", "));
    }
    let listed = fleet.lookalikes.unreadable.is_empty();
    match (fleet.accepted().count(), coverage.is_complete() && listed) {
        (0, true) => return "No drift: every object is as the last apply left it.".into(),
        (_, true) => return "Nothing differs from the last apply but what is accepted.".into(),
        (_, false) => {}
    }
    format!(
        "Nothing that was read differs from the last apply, but not everything was read.{unread}"
    )
}

pub(super) fn is_drifted(unit: &UnitDrift) -> bool {
    unit.drift.findings.iter().any(|finding| finding.cause.is_drift())
}

/// What to do next.
pub(super) fn next(page: &mut Page, fleet: &FleetDrift) {
    let units: Vec<&UnitDrift> = fleet.units.iter().collect();
    if fleet.findings().any(|finding| finding.cause == Cause::KnownTool) {
        let text = "switch `nextflow.enabled` off in Hatchery's configuration, or each launch does it \
            again";
        page.put(&Line::at(0).styled(GREEN, "next: ").text(text));
    }
    for command in commands(&units, fleet.depth) {
        page.put(&Line::at(0).styled(GREEN, "next: ").text(command));
    }
    if units.iter().any(|unit| unit.drift.coverage.unreadable > 0) {
        let text = "let it read what it could not, then run `nfplan drift` again";
        page.put(&Line::at(0).styled(GREEN, "next: ").text(text));
    }
}

//! Workspaces that nothing is known of but their queues.

use super::super::name::counted;
use super::super::page::FAINT;
use super::super::page::Line;
use super::super::page::Page;
use super::super::page::RED;
use super::super::page::STRONG;
use super::super::page::YELLOW;
use super::MOST_NAMED;
use super::OBJECT;
use crate::drifting::FleetDrift;
use crate::drifting::lookalikes::Lookalike;

/// Those that nfplan made first: they cost, and nobody sees to them.
pub(in crate::render) fn lookalikes(page: &mut Page, fleet: &FleetDrift) {
    let all = &fleet.lookalikes;
    let (orphans, others): (Vec<&Lookalike>, Vec<&Lookalike>) =
        all.found.iter().partition(|one| one.unit.is_some());
    if !orphans.is_empty() {
        page.gap();
        let line = Line::at(0).styled(RED, format!("{} left behind", workspaces(&orphans)));
        let text = ": nfplan made these queues, and neither specs nor states have their units";
        page.put(&line.text(text));
        list(page, &orphans);
    }
    if !others.is_empty() {
        page.gap();
        let line = Line::at(0).styled(YELLOW, format!("{} not of nfplan", workspaces(&others)));
        let text = ": these queues are called like its own; Hatchery may have made them, and \
                    `nfplan adopt` takes over those of researchers that have a spec";
        page.put(&line.text(text));
        list(page, &others);
    }
    for (place, why) in &all.unreadable {
        let line = Line::at(0).styled(YELLOW, format!("queues of {place}"));
        page.put(&line.text(format!(": could not be listed: {why}")));
    }
}

fn workspaces(list: &[&Lookalike]) -> String {
    counted(list.len() as u64, "workspace")
}

fn list(page: &mut Page, list: &[&Lookalike]) {
    for Lookalike { place, queue, unit } in list.iter().take(MOST_NAMED) {
        let line = Line::at(OBJECT).styled(STRONG, queue.as_str());
        let unit = unit.as_ref().map(|unit| format!("  {unit}")).unwrap_or_default();
        page.put(&line.styled(FAINT, format!("  {place}{unit}")).uncut());
    }
    if list.len() > MOST_NAMED {
        let more = format!("and {} more (--json lists them)", list.len() - MOST_NAMED);
        page.put(&Line::at(OBJECT).styled(FAINT, more));
    }
}

//! What freeing units came to, with the evidence.

use nfplan_state::holder::Holder;
use nfplan_state::unlock::Evidence;

use super::name::short;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;
use crate::upkeep::Freeing;
use crate::upkeep::RunSummary;

/// Shows each unit with who held it and why it is free now, or not.
pub fn unlock(units: &[Freeing], reason: Option<&str>, width: usize) -> String {
    let mut page = Page::new(width);
    for unit in units {
        one(&mut page, unit);
    }
    if let Some(reason) = reason {
        page.put(&Line::at(0).text(format!("reason: {reason}")));
    }
    page.put(&Line::at(0).text(
        "Nobody has to unlock for work to go on: nfplan apply takes over by itself what is held by \
         a process that is gone or silent.",
    ));
    page.finish()
}

fn one(page: &mut Page, freeing: &Freeing) {
    let (word, style) = match freeing.word() {
        "free" => ("not leased", GREEN),
        "freed" => ("freed", GREEN),
        "held" => ("leased by another", YELLOW),
        _ => ("not to be read", RED),
    };
    let line = Line::at(0).styled(STRONG, short(&freeing.unit)).text("  ").styled(style, word);
    page.put(&line);
    let holder = freeing.sight.as_ref().and_then(|sight| sight.holder.as_ref());
    if let (Some(holder), Some(sight)) = (holder, &freeing.sight) {
        let Holder { who, host, pid, .. } = holder;
        let held = format!("held by {who} (process {pid} on {host}), epoch {}", sight.epoch);
        page.put(&Line::at(2).text(held));
    }
    let evidence = freeing.evidence().map(|evidence| match evidence {
        Evidence::Gone => "its process is gone: it ran on this machine, and no process of its id and start is left".to_owned(),
        Evidence::Silent(watched) => {
            format!("it did not move for {} s, which is all its time", watched.as_secs())
        }
    });
    if let Some(evidence) = evidence {
        page.put(&Line::at(2).text(evidence));
    }
    if let Err(error) = &freeing.result {
        page.put(&Line::at(2).text(&error.message));
    }
    if let Some(RunSummary { id, phase, done, steps }) = &freeing.run {
        let run = format!("open run {id}: {phase}, {done} of {steps} steps done");
        page.put(&Line::at(2).text(run));
        let unit = short(&freeing.unit);
        let next =
            format!("nfplan rollback --select {unit} or nfplan apply --select {unit} ends it");
        page.put(&Line::at(2).styled(GREEN, "next: ").text(next));
    }
}

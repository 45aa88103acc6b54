//! What looking after states came to.

use nfplan_engine::address::UnitId;
use nfplan_engine::state::Edit;
use nfplan_state::edit::Edited;
use nfplan_state::verify::Verdict;

use super::history::how;
use super::name::counted;
use super::name::short;
use super::page::FAINT;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;
use crate::upkeep::Pruned;
use crate::upkeep::Verified;

/// Shows of each unit whether it is sound, and every problem.
pub fn verdicts(units: &[Verified], width: usize) -> String {
    let mut page = Page::new(width);
    for Verified { unit, verdict } in units {
        let (word, style) = match (verdict.is_corrupt(), verdict.problems.is_empty()) {
            (true, _) => ("corrupt", RED),
            (false, true) => ("sound", GREEN),
            (false, false) => ("written by a newer nfplan", YELLOW),
        };
        let line = Line::at(0).styled(STRONG, short(unit)).text("  ").styled(style, word);
        page.put(&line.styled(FAINT, format!("  {}", what_was_read(verdict))));
        for problem in &verdict.problems {
            let line = Line::at(2).styled(RED, "x ").text(format!("`{}` ", problem.key));
            page.put(&line.text(&problem.why));
        }
    }
    let corrupt = units.iter().filter(|one| one.verdict.is_corrupt()).count();
    if corrupt > 0 {
        let next = "bring these objects back from a backup; a head.json that is lost comes back with \
                    nfplan state push and the youngest state that is kept";
        page.put(&Line::at(0).styled(GREEN, "next: ").text(next));
    }
    page.finish()
}

fn what_was_read(verdict: &Verdict) -> String {
    let Some(serial) = verdict.serial else { return "no state".into() };
    let run = verdict.open_run.map(|run| format!(", run {run} is open"));
    let states = counted(verdict.states, "state");
    format!("serial {serial}, {states} read{}", run.unwrap_or_default())
}

/// Shows how a state was changed, and how to undo that.
pub fn edited(unit: &UnitId, edited: Option<&Edited>, width: usize) -> String {
    let mut page = Page::new(width);
    let name = short(unit);
    let line = Line::at(0).styled(STRONG, &name).text("  ");
    let Some(edited) = edited else {
        page.put(&line.text("nothing to change: the state is so already"));
        return page.finish();
    };
    let edit = edited.state.edit.as_ref();
    page.put(&line.styled(GREEN, how(edit)).text(format!("  now serial {}", edited.serial)));
    for (address, id) in &edited.dropped {
        let text = format!("not recorded any more: {address} ({id})");
        page.put(&Line::at(2).text(text));
    }
    for (address, id) in &edited.deposed {
        let text = format!("made since, and deleted by the next apply: {address} ({id})");
        page.put(&Line::at(2).text(text));
    }
    if let Some(Edit::Forgotten { address, .. }) = edit {
        let text = format!(
            "it stays in the cloud: while the specs want {address}, the next apply looks for it by \
             its name and its tags and adopts it again; else it is nobody's, and yours to delete"
        );
        page.put(&Line::at(2).text(text));
    }
    let next =
        format!("nfplan plan --select {name} shows how the cloud differs, which was not touched");
    page.put(&Line::at(2).styled(GREEN, "next: ").text(next));
    if let Some(before) = edited.before {
        let undo = format!("nfplan state restore --serial {before} --select {name}");
        page.put(&Line::at(2).styled(GREEN, "undo: ").text(undo));
    }
    page.finish()
}

/// Shows what was deleted of each unit, or would be.
pub fn pruned(units: &[Pruned], dry_run: bool, width: usize) -> String {
    let mut page = Page::new(width);
    page.cut_words(false);
    let verb = if dry_run { "would go" } else { "deleted" };
    let (mut total, mut touched) = (0, 0);
    for Pruned { unit, result } in units {
        let line = Line::at(0).styled(STRONG, short(unit)).text("  ");
        match result {
            Err(error) => {
                page.put(&line.styled(RED, "left alone"));
                page.put(&Line::at(2).text(&error.message));
            }
            Ok(objects) if objects.is_empty() => {}
            Ok(objects) => {
                (total, touched) = (total + objects.len() as u64, touched + 1);
                page.put(&line.text(format!("{} {verb}", counted(objects.len() as u64, "object"))));
                for key in objects.iter().filter(|_| dry_run) {
                    page.put(&Line::at(2).text(key));
                }
            }
        }
    }
    let (units, objects) = (counted(touched, "unit"), counted(total, "object"));
    page.put(&Line::at(0).styled(STRONG, format!("{objects} of {units} {verb}")));
    page.finish()
}

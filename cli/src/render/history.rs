//! The states that units had.

use nfplan_engine::state::Edit;

use super::name::counted;
use super::name::short;
use super::page::FAINT;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::STRONG;
use super::page::YELLOW;
use crate::upkeep::Kept;

/// Lists the states of every unit, the current one first.
pub fn history(units: &[Kept], width: usize) -> String {
    let mut page = Page::new(width);
    // Whoever cuts the list up with other programs needs the ids whole.
    page.cut_words(false);
    for Kept { head, history } in units {
        let line = Line::at(0).styled(STRONG, short(&head.unit));
        page.put(&line.styled(FAINT, format!("  {}", head.unit)));
        if let Some(run) = &head.open_run {
            let open = format!("run {} is open: what it did is in none of these", run.id);
            page.put(&Line::at(2).styled(YELLOW, open));
        }
        for version in &history.versions {
            let objects = version.state.objects().count();
            let line = Line::at(2).text(format!("serial {}", version.serial));
            let line = line.styled(FAINT, format!("  {}", version.digest.short()));
            let line = line.text(format!("  {}", counted(objects as u64, "object")));
            let line = line.text(format!("  {}", how(version.state.edit.as_ref())));
            let current = version.serial == head.serial;
            page.put(&if current { line.styled(GREEN, "  current") } else { line });
        }
        if history.pruned {
            page.put(&Line::at(2).styled(FAINT, "older states were pruned"));
        }
        if history.versions.is_empty() {
            page.put(&Line::at(2).styled(FAINT, "no states"));
        }
    }
    page.finish()
}

/// How a state came about.
pub(super) fn how(edit: Option<&Edit>) -> String {
    match edit {
        None => "by a run".into(),
        Some(Edit::Restored { serial }) => format!("restored from serial {serial}"),
        Some(Edit::Pushed { serial }) => format!("pushed, from serial {serial}"),
        Some(Edit::Forgotten { address, reason }) => format!("forgot {address}: {reason}"),
    }
}

//! Drift that somebody accepted, and what became of the entries that say so.

use super::super::name::counted;
use super::super::page::FAINT;
use super::super::page::Line;
use super::super::page::Page;
use super::super::page::STRONG;
use super::super::page::YELLOW;
use super::super::value::Node;
use super::MOST_NAMED;
use super::OBJECT;
use crate::drifting::FleetDrift;
use crate::drifting::accepted::Accepted;
use crate::drifting::accepted::Entry;
use crate::drifting::accepted::Standing;
use crate::drifting::since::Subject;

/// What is accepted, and which entries are to be looked at.
pub(in crate::render) fn accepted(page: &mut Page, fleet: &FleetDrift) {
    let count = fleet.accepted().count();
    if count > 0 {
        page.gap();
        let line = Line::at(0).styled(STRONG, format!("{count} accepted"));
        page.put(&line.text(": somebody answers for it, and nobody is called"));
        for (unit, found) in fleet.accepted().take(MOST_NAMED) {
            let Accepted { finding, by, days_left } = found;
            let subject = Subject::of(unit, finding).to_string();
            page.put(&Line::at(OBJECT).text(subject).uncut());
            let value = finding.live.as_ref().map(|value| Node::from(value).shown(MOST_COLUMNS));
            let value = value.unwrap_or_else(|| "nothing there".into());
            let left = counted(u64::try_from(*days_left).unwrap_or_default(), "day");
            let line =
                Line::at(OBJECT + 2).text(format!("live {value}, {left} left: {}", by.reason));
            page.put(&line.styled(FAINT, format!("  {}  [{}]", by.owner, by.place)));
        }
        if count > MOST_NAMED {
            let more = format!("and {} more (--json lists them)", count - MOST_NAMED);
            page.put(&Line::at(OBJECT).styled(FAINT, more));
        }
    }
    entries(page, fleet);
}

/// So much of a value is shown.
const MOST_COLUMNS: usize = 40;

/// Entries that do not do what whoever wrote them may think.
fn entries(page: &mut Page, fleet: &FleetDrift) {
    let told: Vec<(&Entry, String)> =
        fleet.entries.iter().filter_map(|entry| Some((entry, words(entry)?))).collect();
    if told.is_empty() {
        return;
    }
    page.gap();
    let count = match told.len() {
        1 => "1 entry".into(),
        count => format!("{count} entries"),
    };
    page.put(&Line::at(0).styled(YELLOW, count).text(" of accepted drift to look at:"));
    for (Entry { entry, .. }, words) in told {
        page.put(
            &Line::at(OBJECT).styled(STRONG, entry.place.to_string()).text(format!("  {words}")),
        );
        page.put(&Line::at(OBJECT + 2).text(&*entry.drift).uncut());
    }
}

/// What is to be known of an entry; none if all is well.
fn words(Entry { entry, standing }: &Entry) -> Option<String> {
    Some(match standing {
        Standing::InForce | Standing::Unseen => return None,
        Standing::Expired => format!("expired on {}, and it is still so", entry.expires),
        Standing::NotYet => format!("holds from {} on", entry.since),
        Standing::OtherValue => {
            "what it speaks of is not any more what was accepted: accept it anew, or mend it".into()
        }
        Standing::Refused => {
            "a wildcard does not cover what makes a unit less safe or is no change of an \
             attribute, and nothing covers an open run: name what is accepted"
                .into()
        }
        Standing::Dead => "nothing is so any more: delete it".into(),
    })
}

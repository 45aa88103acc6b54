//! Who may do what, and whether researchers are kept apart.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use nfplan_engine::access::decision::Decision;
use nfplan_engine::access::decision::Request;
use nfplan_engine::access::isolation::Actor;
use nfplan_engine::access::isolation::Isolation;
use nfplan_engine::access::isolation::Leak;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;

use super::name::counted;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::YELLOW;

/// How many open questions are listed.
const MOST_DOUBTS: usize = 5;

/// One decision with what it rests on.
pub fn decision(
    decision: &Decision,
    (user, actor): (&str, Actor),
    request: &Request,
    width: usize,
) -> String {
    let mut page = Page::new(width);
    // Requests are there to be copied.
    page.cut_words(false);
    let (style, word) = match decision {
        Decision::Allowed(_) => (GREEN, "yes"),
        Decision::Denied(_) | Decision::NotAllowed => (RED, "no"),
        Decision::Unknown { .. } => (YELLOW, "it depends"),
    };
    let who = format!(": {user}, as {actor}, {} on ", request.action);
    let resource = nfplan_engine::access::text::shown(&request.resource);
    page.put(&Line::at(0).styled(style, word).text(format!("{who}{resource}")));
    let mut say = |text: String| page.put(&Line::at(2).text(text));
    match decision {
        Decision::Allowed(by) => say(format!("allowed by {by}")),
        Decision::Denied(by) => say(format!("denied by {by}")),
        Decision::NotAllowed => say("no statement allows it".into()),
        Decision::Unknown { by, because } => {
            if let Some(by) = by {
                say(format!("allowed by {by}, if nothing of this stands against it:"));
            }
            for reason in because {
                say(format!("- {reason}"));
            }
        }
    }
    page.finish()
}

/// A line for each place, and one for each question that is open.
pub(super) fn isolation(verdicts: &BTreeMap<Place, Isolation>) -> Vec<String> {
    verdicts.iter().flat_map(|(place, verdict)| of_place(place, verdict)).collect()
}

fn of_place(place: &Place, verdict: &Isolation) -> Vec<String> {
    let researchers = counted(verdict.researchers, "researcher");
    let verdict_in_words = match (verdict.leaks.len(), verdict.unknown.len()) {
        (0, 0) => "proved".to_owned(),
        (0, unknown) => format!("{} open", counted(unknown as u64, "question")),
        (leaks, _) => format!("{} found", counted(leaks as u64, "leak")),
    };
    let mut line = format!("isolation of {researchers} in {place}: {verdict_in_words}");
    let shared: Vec<&str> = verdict.exposed.iter().map(|exposure| exposure.shared.name()).collect();
    if !shared.is_empty() {
        let _ = write!(line, "; shared: {} (-v says why)", shared.join(", "));
    }
    let doubts = verdict.unknown.iter().take(MOST_DOUBTS).map(|doubt| {
        let (from, to) = (&doubt.from, &doubt.to);
        format!("  ? {from} as {}, {} of {to}: {}", doubt.actor, doubt.kind, doubt.because)
    });
    [line].into_iter().chain(doubts).collect()
}

/// The ways into others' things of these units, told once for all who have the same.
pub fn leaks(verdicts: &BTreeMap<Place, Isolation>, of: &BTreeSet<&UnitId>) -> Vec<String> {
    let leaks = verdicts.values().flat_map(|verdict| &verdict.leaks);
    let mut alike: BTreeMap<_, Vec<&Leak>> = BTreeMap::new();
    for leak in leaks.filter(|leak| of.contains(&leak.from)) {
        let by = (&leak.by.statement, &leak.by.origin);
        alike.entry((leak.from.place(), leak.kind, leak.actor, by)).or_default().push(leak);
    }
    alike.into_values().map(|leaks| alike_leaks(&leaks)).collect()
}

fn alike_leaks(leaks: &[&Leak]) -> String {
    let Leak { from, actor, kind, to, others, request, by } = leaks[0];
    let owners = match others {
        0 => to.to_string(),
        others => format!("{to} and {}", counted(*others, "other")),
    };
    let so_would = match leaks.len() - 1 {
        0 => String::new(),
        more => format!("; so would {}", counted(more as u64, "other")),
    };
    format!(
        "{from} would reach what belongs to {owners} ({kind}, as {actor}): {request} is allowed by \
         {by}{so_would}"
    )
}

/// Why researchers share what they share.
pub fn shared(verdicts: &BTreeMap<Place, Isolation>) -> String {
    let mut text = String::new();
    for (place, verdict) in verdicts {
        for exposure in &verdict.exposed {
            let (name, reason) = (exposure.shared.name(), exposure.shared.reason());
            let _ = write!(text, "shared in {place}: {name}: {reason}");
            if exposure.researchers.len() < verdict.researchers.try_into().unwrap_or(usize::MAX) {
                let units: Vec<String> =
                    exposure.researchers.iter().map(ToString::to_string).collect();
                let _ = write!(text, " ({})", units.join(", "));
            }
            text.push('\n');
        }
    }
    text
}

//! Who may do what, and whether researchers are kept apart.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use nfplan_engine::access::decision::Decision;
use nfplan_engine::access::decision::Request;
use nfplan_engine::access::isolation::Actor;
use nfplan_engine::access::isolation::Isolation;
use nfplan_engine::access::isolation::Leak;
use nfplan_engine::access::isolation::Shared;
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

/// How many units or places are named.
const MOST_NAMES: usize = 5;

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

/// A line for all places with the same verdict, and one for each question that is open.
pub(super) fn isolation(verdicts: &BTreeMap<Place, Isolation>) -> Vec<String> {
    let mut alike: BTreeMap<String, Vec<(&Place, u64)>> = BTreeMap::new();
    for (place, verdict) in verdicts {
        alike.entry(in_words(verdict)).or_default().push((place, verdict.researchers));
    }
    let line = |(words, places): (String, Vec<(&Place, u64)>)| {
        let researchers = counted(places.iter().map(|(_, count)| count).sum(), "researcher");
        let place = match places.as_slice() {
            [(place, _)] => place.to_string(),
            several => counted(several.len() as u64, "account"),
        };
        format!("isolation of {researchers} in {place}: {words}")
    };
    let doubts = verdicts.values().flat_map(|verdict| &verdict.unknown).take(MOST_DOUBTS);
    let doubts = doubts.map(|doubt| {
        let (from, to) = (&doubt.from, &doubt.to);
        format!("  ? {from} as {}, {} of {to}: {}", doubt.actor, doubt.kind, doubt.because)
    });
    alike.into_iter().map(line).chain(doubts).collect()
}

fn in_words(verdict: &Isolation) -> String {
    let mut words = match (verdict.leaks.len(), verdict.unknown.len()) {
        (0, 0) => "proved".to_owned(),
        (0, unknown) => format!("{} open", counted(unknown as u64, "question")),
        (leaks, _) => format!("{} found", counted(leaks as u64, "leak")),
    };
    let shared: Vec<&str> = verdict.exposed.iter().map(|exposure| exposure.shared.name()).collect();
    if !shared.is_empty() {
        let _ = write!(words, "; shared: {} (-v says why)", shared.join(", "));
    }
    words
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
    let so_would = match leaks.len() - 1 {
        0 => String::new(),
        more => format!("; so would {}", counted(more as u64, "other")),
    };
    format!("{} {}{so_would}", leaks[0].from, leaks[0])
}

/// Why researchers share what they share.
pub fn shared(verdicts: &BTreeMap<Place, Isolation>) -> String {
    let mut alike: BTreeMap<Shared, Vec<String>> = BTreeMap::new();
    for (place, verdict) in verdicts {
        for exposure in &verdict.exposed {
            let among = alike.entry(exposure.shared).or_default();
            if exposure.researchers.len() as u64 == verdict.researchers {
                among.push(format!("all in {place}"));
            } else {
                among.extend(exposure.researchers.iter().map(ToString::to_string));
            }
        }
    }
    let mut text = String::new();
    for (shared, among) in alike {
        let shown = among.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>();
        let more = match among.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(text, "{shared}: {} ({}{more})", shared.reason(), shown.join(", "));
    }
    text
}

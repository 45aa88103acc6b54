//! What a plan shows is what it does: text, JSON and step graph never disagree.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_cli::render::classes::classes;
use nfplan_cli::render::plan::View;
use nfplan_cli::render::plan::plan as render;
use nfplan_engine::address::Address;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::DeleteCause;
use nfplan_engine::step::DropCause;
use nfplan_engine::step::Operation;
use nfplan_tests::fleets::cases;
use nfplan_tests::fleets::edits;
use nfplan_tests::fleets::fleets;
use nfplan_tests::site::Site;
use proptest::prelude::*;
use serde_json::Value as Json;

/// How many resources each action befalls, by the action's word.
type Counts = BTreeMap<String, u64>;

fn count(counts: &mut Counts, word: &str, by: u64) {
    *counts.entry(word.to_owned()).or_default() += by;
}

/// The text without its styles, which are sequences of digits between an escape and an `m`.
fn shown(plan: &Plan, view: &View) -> String {
    let text = render(plan, view);
    let mut pieces = text.split('\x1b');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or("", |(_, rest)| rest))
}

fn view(width: usize, full: bool) -> View {
    View { width, full, expand: Vec::new(), units: 9, unread: 0 }
}

/// What the steps come to for one resource.
fn word<'a>(operations: impl Iterator<Item = &'a Operation>) -> &'static str {
    let mut found = BTreeSet::new();
    for operation in operations {
        found.insert(match operation {
            Operation::Create { .. } => "create",
            Operation::Adopt { .. } => "adopt",
            Operation::Update { .. } => "update",
            Operation::Delete { cause: DeleteCause::Unwanted, .. } => "delete",
            Operation::Delete { cause: DeleteCause::Withdrawn, .. } => "withdraw",
            Operation::Delete { cause: DeleteCause::Deposed, .. } => "depose",
            Operation::Delete { .. } | Operation::Hold { .. } => "supersede",
            Operation::Drop { cause: DropCause::Retained, .. } => "retain",
            Operation::Drop { cause: DropCause::Gone, .. } => "forget",
        });
    }
    let has = |word| found.contains(word);
    match () {
        () if has("create") && has("supersede") => "replace",
        () if has("create") => "create",
        () if has("withdraw") || has("delete") => "delete",
        () if has("update") => "update",
        () if has("adopt") => "adopt",
        () if has("retain") => "retain",
        () if has("forget") => "forget",
        () => "delete",
    }
}

/// The counts as the step graph has them.
fn of_steps(plan: &Plan) -> Counts {
    let mut counts = Counts::new();
    for unit in &plan.units {
        let mut by_address: BTreeMap<&Address, Vec<&Operation>> = BTreeMap::new();
        for step in &unit.steps {
            by_address.entry(&step.address).or_default().push(&step.operation);
        }
        for operations in by_address.into_values() {
            count(&mut counts, word(operations.into_iter()), 1);
        }
    }
    counts
}

/// The counts as the JSON document sums them up.
fn of_summary(document: &Json) -> Counts {
    let summary = document["summary"].as_object().unwrap();
    let counts = summary.iter().map(|(word, count)| (word.clone(), count.as_u64().unwrap()));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// Counts in words: `3 to create, 1 to delete`.
fn of_words(text: &str, by: u64, counts: &mut Counts) {
    for part in text.split(", ") {
        if let Some((number, word)) = part.split_once(" to ") {
            count(counts, word, by * number.parse::<u64>().unwrap());
        }
    }
}

/// The counts of the last lines.
fn of_total(text: &str) -> Counts {
    let mut counts = Counts::new();
    let total = text.lines().find_map(|line| line.strip_prefix("Plan: ")).unwrap();
    of_words(total.trim_end_matches('.'), 1, &mut counts);
    counts
}

/// The counts of the headings, each for all that it is about.
fn of_headings(text: &str) -> Counts {
    let mut counts = Counts::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.split(' ').collect();
        let (each, by) = match words.as_slice() {
            ["platform", "in", ..] | ["workspace", _, "in", ..] => (line, 1),
            [number, "workspaces:" | "platforms:", ..] => {
                (lines.next().unwrap(), number.parse().unwrap())
            }
            _ => continue,
        };
        let (_, each) = each.split_once(": ").unwrap();
        let each = each.split("  ").next().unwrap_or_default();
        of_words(each.split(", besides").next().unwrap_or_default(), by, &mut counts);
    }
    counts
}

/// Unit, address and action of every operation of the JSON document, in order.
fn of_document(document: &Json) -> Vec<(String, String, String)> {
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let mut found = Vec::new();
    for unit in document["units"].as_array().unwrap() {
        for change in unit["changes"].as_array().unwrap() {
            found.push((text(&unit["unit"]), text(&change["address"]), text(&change["action"])));
        }
    }
    found.sort();
    found
}

/// The same of all classes and their members.
fn of_classes(plan: &Plan) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for class in classes(plan) {
        for (place, member) in class.members.iter().enumerate() {
            for change in class.changes.iter().map(|common| common.of[place]) {
                let action = serde_json::to_value(change.action).unwrap();
                let unit = member.plan.unit.to_string();
                let action = action.as_str().unwrap().to_owned();
                found.push((unit, change.address.to_string(), action));
            }
        }
    }
    found.sort();
    found
}

/// Every changed attribute of every resource of every unit is below its resource and unit.
fn assert_everything_is_there(plan: &Plan, text: &str) {
    for unit in &plan.units {
        let block = block_of(unit, text);
        for change in &unit.changes {
            let address = change.address.to_string();
            let of_change: Vec<&str> = block
                .iter()
                .skip_while(|line| line.split(' ').nth(3) != Some(&address))
                .skip(1)
                .take_while(|line| line.is_empty() || line.starts_with("      "))
                .copied()
                .collect();
            for attribute in &change.attributes {
                let told = of_change.iter().any(|line| {
                    let rest =
                        line.strip_prefix("      ").and_then(|l| l.strip_prefix(&*attribute.name));
                    rest.is_some_and(|rest| rest.starts_with([':', '.', '[', ' ']))
                });
                assert!(told, "{} {address} {}:\n{text}", unit.unit, attribute.name);
            }
        }
    }
}

/// The lines of a unit that is shown by itself.
fn block_of<'a>(unit: &UnitPlan, text: &'a str) -> Vec<&'a str> {
    let title = match &unit.source.user {
        Some(user) => format!("workspace {user} in {}: ", unit.unit.place()),
        None => format!("platform in {}: ", unit.unit.place()),
    };
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&title));
    // Scripts have empty lines; the next heading begins at the margin.
    let first = lines.next().into_iter();
    first.chain(lines.take_while(|line| line.is_empty() || line.starts_with(' '))).collect()
}

/// Every line fits, unless one word does not.
fn assert_fits(text: &str, width: usize) {
    for line in text.lines() {
        let columns = |text: &str| text.chars().count();
        let longest = line.split(' ').map(columns).max().unwrap_or(0);
        // A line that is continued begins within the first columns.
        let fits = columns(line) <= width || columns(line) - longest <= 14;
        assert!(fits, "{width}: {line}\n{text}");
    }
}

fn assert_agrees(site: &Site) {
    let planned = site.plan(Refresh::Bulk);
    if planned.units.is_empty() {
        return;
    }
    let plan = planned.document(Refresh::Bulk);
    let document = serde_json::to_value(&plan).unwrap();
    assert_eq!(of_classes(&plan), of_document(&document));
    let counts = of_steps(&plan);
    assert_eq!(counts, of_summary(&document));
    let full = shown(&plan, &view(1_000, true));
    for text in [shown(&plan, &view(1_000, false)), full.clone()] {
        assert_eq!(counts, of_total(&text), "{text}");
        assert_eq!(counts, of_headings(&text), "{text}");
    }
    assert_everything_is_there(&plan, &full);
    for width in [60, 80, 100, 200] {
        assert_fits(&shown(&plan, &view(width, false)), width);
        assert_fits(&shown(&plan, &view(width, true)), width);
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn text_json_and_steps_agree_for_new_changed_and_removed_fleets(
        first in fleets(),
        edits in edits(6),
    ) {
        let site = Site::new(&first);
        assert_agrees(&site);
        site.apply_fully();
        let mut specs = first;
        for edit in &edits {
            specs = edit.apply(specs);
            site.write(&specs);
            assert_agrees(&site);
        }
        site.apply_fully();
        let plan = site.plan_destroy().document(Refresh::Bulk);
        assert_eq!(of_steps(&plan), of_total(&shown(&plan, &view(100, false))));
    }
}

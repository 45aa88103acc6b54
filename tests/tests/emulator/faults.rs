//! Every request of the first apply of a workspace fails once; one more apply ends what it began.

use std::collections::BTreeMap;

use nfplan_cli::applying::Outcomes;
use nfplan_cli::applying::UnitOutcome;
use nfplan_engine::plan::Refresh;
use nfplan_engine::report::UnitResult;
use nfplan_tests::spec::FleetSpec;
use serde_json::Value as Json;
use serde_json::json;

use crate::kit::block_on;
use crate::kit::calls;
use crate::kit::set_faults;
use crate::site::Site;

/// How a request fails; the kinds take turns.
const KINDS: [&str; 4] = ["error", "throttle", "lose", "cut"];

fn rule(service: &str, operation: &str, nth: usize, kind: &str) -> Json {
    let (code, status) = match (kind, service) {
        ("throttle", "ec2") => ("RequestLimitExceeded", 503),
        ("throttle", "batch") => ("TooManyRequestsException", 429),
        ("throttle", "s3") => ("SlowDown", 503),
        ("throttle", "kms" | "logs" | "secretsmanager") => ("ThrottlingException", 400),
        ("throttle", _) => ("Throttling", 400),
        _ => ("InternalError", 500),
    };
    let what = if kind == "throttle" { "error" } else { kind };
    json!({
        "service": service, "op": operation, "nth": nth, "do": what, "code": code, "status": status
    })
}

pub(crate) fn changes(operation: &str) -> bool {
    let name = operation.to_ascii_lowercase();
    !["describe", "get", "list", "head", "simulate"].iter().any(|prefix| name.starts_with(prefix))
}

/// The requests of a first apply, each with how many of its kind came before it: all that change
/// something, and of those that look the first of each kind.
fn points(seen: &[[String; 3]]) -> Vec<(String, String, usize)> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut points = Vec::new();
    for [service, operation, _] in seen {
        let count = counts.entry((service, operation)).or_default();
        *count += 1;
        if *count == 1 || changes(operation) {
            points.push((service.clone(), operation.clone(), *count));
        }
    }
    points
}

/// How many tests share the requests, so that none of them takes long.
const PARTS: usize = 4;

/// How many workspaces are made at once.
const WORKSPACES: usize = 6;

#[test]
fn whatever_request_fails_one_more_apply_ends_it_and_leaves_nothing_1() {
    fail_each("700000000001", 0);
}

#[test]
fn whatever_request_fails_one_more_apply_ends_it_and_leaves_nothing_2() {
    fail_each("700000000002", 1);
}

#[test]
fn whatever_request_fails_one_more_apply_ends_it_and_leaves_nothing_3() {
    fail_each("700000000003", 2);
}

#[test]
fn whatever_request_fails_one_more_apply_ends_it_and_leaves_nothing_4() {
    fail_each("700000000004", 3);
}

/// Fails every fourth request of a first apply, from the one with this number on, while several
/// workspaces are made at once: what one of them does not reach any more, another one does.
fn fail_each(account: &str, part: usize) {
    let site = Site::in_account(account);
    // The platform comes with the first one, so that the requests of the next one are a workspace's.
    let mut specs = FleetSpec::of("first@example.org", &[]);
    site.write(&specs);
    assert_good(&block_on(site.apply()), "the first");
    specs = specs.with("model@example.org", "main", &[]);
    site.write(&specs);
    set_faults(&json!([]));
    assert_good(&block_on(site.apply()), "the model");
    let seen = calls();
    let points = points(&seen);
    assert!(points.len() > 50, "{points:#?}");
    let mine = points.iter().enumerate().filter(|(number, _)| number % PARTS == part);
    let rules: Vec<Json> = mine
        .map(|(number, (service, operation, nth))| {
            rule(service, operation, *nth, KINDS[number / PARTS % KINDS.len()])
        })
        .collect();
    for number in 0..WORKSPACES {
        specs = specs.with(&format!("u{number}@example.org"), "main", &[]);
    }
    site.write(&specs);
    set_faults(&Json::Array(rules.clone()));
    let first = block_on(site.apply());
    let struck = calls().iter().filter(|[_, _, fault]| !fault.is_empty()).count();
    assert!(struck * 10 >= rules.len() * 8, "{struck} of {} faults struck", rules.len());
    let restless: Vec<_> = first.values().filter(|outcome| !is_at_rest(outcome)).collect();
    assert!(restless.is_empty(), "{restless:#?}");
    set_faults(&json!([]));
    assert_good(&block_on(site.apply()), "one more apply");

    let (_, planned) = block_on(site.plan(Refresh::Deep));
    assert_eq!(planned.units.len(), 0, "{:#?}", planned.units);
    assert_nothing_left(&site);
}

/// Every workspace has the same addresses, each of them once.
fn assert_nothing_left(site: &Site) {
    let mut objects: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for [unit, address, id] in site.inventory() {
        objects.entry((unit, address)).or_default().push(id);
    }
    let several: Vec<_> = objects.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(several.is_empty(), "{several:#?}");
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for (unit, _) in objects.keys().filter(|(unit, _)| unit.starts_with("workspace/")) {
        *sizes.entry(unit).or_default() += 1;
    }
    let of_first = sizes.values().next().unwrap();
    assert!(sizes.values().all(|size| size == of_first), "{sizes:#?}");
}

pub(crate) fn assert_good(outcomes: &Outcomes, case: &str) {
    let bad: BTreeMap<_, _> = outcomes.iter().filter(|(_, outcome)| !outcome.is_good()).collect();
    assert!(bad.is_empty(), "{case}: {bad:#?}");
}

/// Applied or rolled back, whole; or left open by an outcome that is not known yet.
fn is_at_rest(outcome: &UnitOutcome) -> bool {
    match outcome {
        UnitOutcome::Ran(report) => matches!(
            report.result,
            UnitResult::Applied | UnitResult::AppliedWithLeftovers(_) | UnitResult::RolledBack(_)
        ),
        UnitOutcome::Refused(_) | UnitOutcome::Failed(_) => false,
    }
}

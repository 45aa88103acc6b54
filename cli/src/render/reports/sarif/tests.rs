use nfplan_engine::findings::Finding;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::risk::Risk;

use super::*;
use crate::render::comment::Frame;
use crate::render::samples::finding;
use crate::render::samples::workspace;

/// The log of a researcher's plan with these findings; the name is as specs write it.
fn log(user: &str, findings: Vec<Finding>) -> Json {
    let mut unit = UnitPlan { findings, ..workspace("somebody", Vec::new()) };
    unit.source.user = Some(user.into());
    let (plan, frame) = (Plan::new(vec![unit], Refresh::Bulk), Frame::default());
    super::plan(&OfPlan { plan: &plan, frame: &frame, root: Path::new("infra") })
}

fn results(log: &Json) -> &[Json] {
    log["runs"][0]["results"].as_array().unwrap()
}

fn fingerprints(log: &Json) -> Vec<String> {
    let all = results(log).iter();
    all.map(|one| one["partialFingerprints"]["nfplan/v1"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_fingerprint_outlives_a_move_of_the_line_and_not_a_change_of_what_it_comes_to() {
    let at =
        |message, origin| fingerprints(&log("alice", vec![finding(Risk::Cost, message, origin)]));
    let first = at("64 → 128", Some("nfplan.yaml:3:5"));
    assert_eq!(first, at("64 → 128", Some("nfplan.yaml:90:1")));
    assert_ne!(first, at("64 → 256", Some("nfplan.yaml:3:5")));
    assert_ne!(first, fingerprints(&log("alice", vec![finding(Risk::Widening, "64 → 128", None)])));
}

#[test]
fn what_nothing_tells_apart_is_numbered() {
    let twice = vec![finding(Risk::Cost, "x", None), finding(Risk::Cost, "x", None)];
    let found = fingerprints(&log("alice", twice));
    assert_eq!((found[0].rsplit_once(':'), found[1].rsplit_once(':')), {
        let identity = found[0].split(':').next().unwrap();
        (Some((identity, "1")), Some((identity, "2")))
    });
}

#[test]
fn of_too_many_the_worst_are_kept_and_the_rest_is_counted() {
    let many =
        |risk, count: usize| (0..count).map(move |n| finding(risk, &format!("is {n}"), None));
    let list = many(Risk::Cost, MOST).chain(many(Risk::DataLoss, 10)).collect();
    let log = log("alice", list);
    let run = &log["runs"][0];
    assert_eq!(results(&log).len(), MOST);
    assert!(results(&log)[..10].iter().all(|one| one["ruleId"] == "plan/data-loss"));
    assert_eq!(run["properties"]["findings"], MOST + 10);
    let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let told: Vec<&str> = told.iter().map(|one| one["message"]["text"].as_str().unwrap()).collect();
    assert_eq!(
        told,
        [
            "10 results of 25010 are left out, the least severe.",
            "GitHub shows the first 5000 results of 25010: the most severe.",
        ]
    );
}

#[test]
fn a_place_is_a_file_of_the_repository_and_no_name_becomes_a_link() {
    let hostile = "[click](https://evil.example)\u{202e}\n";
    let at = Some("workspaces/a b#c.yaml:7:2");
    let log = log(hostile, vec![finding(Risk::Widening, "allows it", at)]);
    let one = &results(&log)[0];
    let place = &one["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "infra/workspaces/a%20b%23c.yaml");
    assert_eq!(place["region"], json!({ "startLine": 7, "startColumn": 2 }));
    let text = one["message"]["text"].as_str().unwrap();
    assert!(text.contains("[click] (https://evil.example)\\u{202e}\\n: allows it"), "{text}");
}

#[test]
fn what_no_line_asks_for_is_at_the_head_of_the_project_and_paths_outside_are_whole() {
    let log = log("alice", vec![finding(Risk::Widening, "allows it", None)]);
    let place = &results(&log)[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "infra/nfplan.yaml");
    assert_eq!(place["region"]["startLine"], 1);
    assert_eq!(artifact("/srv/x y.yaml"), json!({ "uri": "file:///srv/x%20y.yaml" }));
}

#[test]
fn every_rule_is_declared_whatever_is_found_and_no_id_is_used_twice() {
    let rules = [rules::of_plans(), rules::of_all_drift(), rules::of_specs()];
    let ids: Vec<&str> = rules.iter().flatten().map(|rule| rule.id).collect();
    let distinct: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), ids.len());
    let log = log("alice", Vec::new());
    let declared = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(declared.len(), Risk::ALL.len());
}

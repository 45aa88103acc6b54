//! `nfplan accept`: what is accepted is silent until its day, for what was found and nothing else.

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use crate::kit::Project;
use crate::kit::place;
use crate::kit::unit;

const FILE: &str = "accepted.yaml";
const VCPUS: &str = "alice:batch.compute_environment/main#max_vcpus";
const BECAUSE: [&str; 4] = ["--reason", "patch week", "--owner", "ops@example.org"];

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

fn set_vcpus(project: &Project, count: u32) {
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", count.into());
}

fn drifted() -> Project {
    let project = Project::applied(&["alice", "bob"]);
    set_vcpus(&project, 99);
    project
}

fn accept(project: &Project, drift: &str) {
    let words = [&["accept", drift, "--expires", "14d"], BECAUSE.as_slice()].concat();
    project.changed_by(&[FILE], |project| project.run(&words)).exits(0).shows("commit it");
}

/// What a look says, which writes nothing.
fn look(project: &Project, exit: i32) -> Json {
    project.unchanged_by(|project| project.run(&["drift", "--json"])).exits(exit).json()
}

fn standings(document: &Json) -> Vec<&str> {
    let entries = document["acceptances"].as_array().unwrap().iter();
    entries.map(|entry| entry["standing"].as_str().unwrap()).collect()
}

/// An entry as somebody may have written it.
fn entry(drift: &str, live: &str, since: Date, expires: Date) -> String {
    let live = if live.is_empty() { String::new() } else { format!("    live: {live}\n") };
    format!(
        "accepted:\n  - drift: {drift}\n{live}    reason: patch week\n    owner: ops\n    \
         since: {since}\n    expires: {expires}\n"
    )
}

#[test]
fn accepted_drift_is_silent_and_told() {
    let project = drifted();
    accept(&project, VCPUS);
    let found = look(&project, 0);
    assert_eq!((&found["result"], &found["summary"]), (&json!("none"), &json!({})));
    assert_eq!(
        found["accepted"],
        json!([{
            "unit": unit("alice"),
            "cause": "changed_outside",
            "address": "batch.compute_environment/main",
            "attribute": "max_vcpus",
            "live": 99,
            "reason": "patch week",
            "owner": "ops@example.org",
            "expires": today().checked_add(13.days()).unwrap().to_string(),
            "days_left": 14,
            "entry": "accepted.yaml:2:5",
        }])
    );
    let answer =
        project.run(&["drift"]).exits(0).shows("1 accepted").shows("live 99, 14 days left");
    answer.shows("Nothing differs from the last apply but what is accepted.");
    let reports = ["drift", "--report", "html=d.html", "--report", "prom=d.prom"];
    project.run(&reports).exits(0);
    let text = |file: &str| std::fs::read_to_string(project.path(file)).unwrap();
    assert!(text("d.html").contains("somebody answers for it"), "{}", text("d.html"));
    let metrics = text("d.prom");
    let counted = "nfplan_drift_accepted{env=\"data.example.org\"} 1\n";
    assert!(metrics.contains(counted) && metrics.contains("accept_expiry"), "{metrics}");
    // Accepted twice is accepted once, until the new day.
    let drift = format!("{}:batch.compute_environment/main#max_vcpus", unit("alice"));
    let words = [&["accept", &drift, "--expires", "2d"], BECAUSE.as_slice()].concat();
    project.changed_by(&[FILE], |project| project.run(&words)).exits(0);
    assert_eq!(look(&project, 0)["accepted"][0]["days_left"], 2);
    assert_eq!(standings(&look(&project, 0)), ["in_force"]);
}

#[test]
fn another_value_another_day_and_a_mended_object_are_told() {
    let project = drifted();
    accept(&project, VCPUS);
    set_vcpus(&project, 100);
    assert_eq!(standings(&look(&project, 2)), ["other_value"]);
    accept(&project, VCPUS);
    let (drift, yesterday) =
        (VCPUS.replace("alice:", &format!("{}:", unit("alice"))), today().yesterday().unwrap());
    let month = yesterday.checked_sub(30.days()).unwrap();
    project.write(FILE, &entry(&drift, "100", month, yesterday));
    assert_eq!(standings(&look(&project, 2)), ["expired"]);
    project.run(&["drift"]).exits(2).shows("expired on").shows("max_vcpus");
    project.write(
        FILE,
        &entry(&drift, "100", today().tomorrow().unwrap(), today().tomorrow().unwrap()),
    );
    assert_eq!(standings(&look(&project, 2)), ["not_yet"]);
    project.write(FILE, &entry(&drift, "100", month, today()));
    assert_eq!(standings(&look(&project, 0)), ["in_force"]);
    project.apply(&["--refresh", "deep"]).exits(0);
    assert_eq!(standings(&look(&project, 0)), ["dead"]);
    project.run(&["drift"]).exits(0).shows("nothing is so any more: delete it");
    // Who looks at others only does not know.
    let elsewhere = project.run(&["drift", "--json", "--select", "bob"]).exits(0).json();
    assert_eq!(standings(&elsewhere), ["unseen"]);
}

#[test]
fn a_wildcard_covers_changes_that_make_nothing_less_safe_and_no_more() {
    let project = drifted();
    let every = "workspace/*:batch.compute_environment/main#max_vcpus";
    project.write(FILE, &entry(every, "99", today(), today()));
    assert_eq!(standings(&look(&project, 0)), ["in_force"]);
    let queue = project.object("batch.job_queue", "alice");
    project
        .somebody()
        .delete_object(&place(), "batch.job_queue", queue.remote_id.as_str())
        .unwrap();
    project.write(FILE, &entry("workspace/*:batch.job_queue/*", "", today(), today()));
    assert_eq!(standings(&look(&project, 2)), ["refused"]);
    let named = format!("{}:batch.job_queue/main", unit("alice"));
    project.write(FILE, &entry(&named, "", today(), today()));
    let found = look(&project, 2);
    assert_eq!(standings(&found), ["in_force"]);
    assert_eq!(found["summary"], json!({ "changed_outside": 1 }));
}

#[test]
fn a_key_that_somebody_made_is_accepted_but_not_the_next_one() {
    let project = Project::applied(&["alice"]);
    let user = project.object("iam.user", "alice").remote_id;
    let key = project.somebody().create_access_key(&place(), user.as_str()).unwrap();
    let found = look(&project, 2);
    let findings = found["units"].as_array().unwrap().iter();
    let finding = findings.flat_map(|unit| unit["findings"].as_array().unwrap()).next().unwrap();
    let address = finding["address"].as_str().unwrap();
    accept(&project, &format!("alice:{address}"));
    look(&project, 0);
    project.somebody().delete_object(&place(), "iam.access_key", key.as_str()).unwrap();
    project.somebody().create_access_key(&place(), user.as_str()).unwrap();
    assert_eq!(standings(&look(&project, 2)), ["other_value"]);
}

#[test]
fn what_cannot_be_accepted_is_refused_and_nothing_is_written() {
    let project = drifted();
    let refused = |words: &[&str], exit: i32| {
        let words = [&["accept"], words, BECAUSE.as_slice()].concat();
        project.unchanged_by(|project| project.run(&words)).exits(exit)
    };
    refused(&["bob:batch.compute_environment/main#max_vcpus", "--expires", "1d"], 7)
        .says("has not drifted");
    refused(&["alice:batch.compute_environment/main#max_vcpu", "--expires", "1d"], 7)
        .says("did you mean");
    refused(&["carol:batch.job_queue/main", "--expires", "1d"], 7).says("matches no unit");
    refused(&["batch.job_queue/main", "--expires", "1d"], 64).says("names no drift");
    for expires in ["91d", "0d", "soon", "2020-01-01", "9999-01-01"] {
        refused(&[VCPUS, "--expires", expires], 64).says("--expires");
    }
    let far = entry("u:a/b", "1", today(), today().checked_add(91.days()).unwrap());
    project.write(FILE, &far);
    project.run(&["validate"]).exits(65).says("E0316").says("at most 90 days");
    project.write(FILE, "accepted: [{ drift: everything, reson: none, since: today }]\n");
    let answer = project.run(&["validate"]).exits(65).says("UNIT:ADDRESS").says("reson");
    answer.says("`expires` is missing").says("`owner` is missing");
}

//! `nfplan drift`: says what somebody did, why it differs and how to mend it, and changes nothing.

use std::collections::BTreeMap;
use std::fs;

use nfplan_engine::value::Value;
use nfplan_providers::sim::SimObject;
use serde_json::Value as Json;
use serde_json::json;

use crate::interruption::begin;
use crate::kit::Answer;
use crate::kit::Project;
use crate::kit::place;
use crate::kit::unit;

const ENVIRONMENT: &str = "batch.compute_environment";

fn drift(project: &Project, arguments: &[&str]) -> Answer {
    project.unchanged_by(|project| project.run(&[&["drift"], arguments].concat()))
}

fn document(project: &Project, exit: i32) -> Json {
    drift(project, &["--json"]).exits(exit).json()
}

/// What the document says of one unit.
fn of(document: &Json, user: &str) -> Json {
    let units = document["units"].as_array().unwrap();
    units.iter().find(|found| found["unit"] == unit(user)).unwrap().clone()
}

/// How many findings there are of each cause.
fn summary(document: &Json) -> BTreeMap<String, u64> {
    serde_json::from_value(document["summary"].clone()).unwrap()
}

/// Somebody gives the researcher's compute environment so many vCPUs.
fn set_vcpus(project: &Project, user: &str, count: u32) {
    let environment = project.object(ENVIRONMENT, user);
    project.tamper(&environment, "max_vcpus", count.into());
}

fn delete_queue(project: &Project, user: &str) {
    let queue = project.object("batch.job_queue", user);
    let id = queue.remote_id.as_str();
    project.somebody().delete_object(&place(), "batch.job_queue", id).unwrap();
}

/// Somebody deletes an object and makes one that is the same in all that can be set.
fn make_again(project: &Project, object: &SimObject) {
    let mut attributes = object.attributes.clone();
    attributes.remove("id");
    let (kind, id) = (object.resource_type, object.remote_id.as_str());
    project.somebody().delete_object(&place(), kind, id).unwrap();
    project.somebody().put_object(&place(), kind, attributes).unwrap();
}

/// Runs the commands that the report gives, as a shell would.
fn follow(project: &Project, document: &Json) {
    let units = document["units"].as_array().unwrap().iter();
    for command in units.flat_map(|unit| unit["commands"].as_array().into_iter().flatten()) {
        let words: Vec<&str> = command.as_str().unwrap().split(' ').skip(1).collect();
        project.run(&[words.as_slice(), &["--auto-approve"]].concat()).exits(0);
    }
}

#[test]
fn all_three_values_are_told_with_the_spec_line_and_the_way_to_mend_it() {
    let project = Project::applied(&["alice", "bob"]);
    set_vcpus(&project, "alice", 99);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    let found = document(&project, 2);
    assert_eq!((&found["format"], &found["result"]), (&json!("nfplan.drift/1"), &json!("drift")));
    assert_eq!(found["coverage"]["complete"], true);
    assert_eq!(
        of(&found, "alice")["findings"],
        json!([{
            "cause": "changed_outside",
            "address": "batch.compute_environment/main",
            "attribute": "max_vcpus",
            "paths": ["max_vcpus"],
            "wanted": { "value": 128 },
            "applied": 64,
            "live": 99,
            "origin": "workspaces/alice.yaml:1:66",
            "apply": "update",
        }])
    );
    assert_eq!(of(&found, "bob")["findings"], json!([]));
    let answer = drift(&project, &[]).exits(2);
    let answer = answer.shows("max_vcpus: wanted 128, applied 64, live 99");
    answer.shows("[workspaces/alice.yaml:1:66]").shows("Drift: 1 changed outside.");
    drift(&project, &["--select", "bob"]).exits(0).shows("No drift:");
    follow(&project, &found);
    assert_eq!(document(&project, 0)["result"], "none");
}

#[test]
fn what_is_deleted_changed_or_made_again_is_mended_by_the_commands_that_are_given() {
    let project = Project::applied(&["alice", "bob", "carol"]);
    delete_queue(&project, "alice");
    make_again(&project, &project.object(ENVIRONMENT, "bob"));
    let vpc = project.objects_of("ec2.vpc", "").remove(0);
    project.tamper(&vpc, "dns_support", false.into());
    let found = document(&project, 2);
    let expected = [("changed_outside", 1), ("deleted_outside", 1), ("remade_outside", 1)];
    assert_eq!(summary(&found), expected.map(|(cause, count)| (cause.to_owned(), count)).into());
    follow(&project, &found);
    let left = document(&project, 0);
    assert_eq!(left["result"], "none", "{left:#}");
}

#[test]
fn no_command_is_given_that_deletes_what_others_use() {
    let project = Project::applied(&["alice"]);
    make_again(&project, &project.object("iam.role", "ecsInstanceRole-alice"));
    let found = of(&document(&project, 2), "alice");
    assert_eq!(found["findings"][0]["cause"], "remade_outside");
    assert_eq!(found["commands"], Json::Null);
}

#[test]
fn equal_drift_of_many_researchers_is_told_once() {
    let users = ["alice", "bob", "carol", "dan"];
    let project = Project::applied(&users);
    users.iter().for_each(|user| set_vcpus(&project, user, 99));
    delete_queue(&project, "bob");
    let answer = drift(&project, &[]).exits(2);
    let told = answer.stdout.matches("max_vcpus: wanted 64, applied 64, live 99").count();
    assert_eq!(told, 1, "{answer}");
    let answer = answer.shows("4 workspaces: alice, bob, carol, dan");
    answer.shows("next: nfplan apply --refresh deep --select alice,bob,carol,dan");
}

#[test]
fn the_worst_comes_first() {
    let project = Project::applied(&["alice"]);
    set_vcpus(&project, "alice", 99);
    project.tamper(
        &project.object("s3.public_access_block", ""),
        "block_public_policy",
        false.into(),
    );
    delete_queue(&project, "alice");
    project.researcher("alice", "tags: { cost-center: \"42\" }");
    let answer = drift(&project, &[]).exits(2);
    let order =
        ["deleted outside:", "less safe:", "changed outside:", "not applied yet:", "Drift:"];
    let places: Vec<usize> = order.map(|word| answer.stdout.find(word).unwrap()).into();
    assert!(places.is_sorted(), "{answer}");
}

#[test]
fn policies_are_compared_by_what_they_mean() {
    let project = Project::applied(&["alice"]);
    let policy = project.object("iam.policy", "/data-example-org-nf-alice");
    let text = serde_json::to_string(&policy.attributes["document"]).unwrap();
    let other: Value =
        serde_json::from_str(&text.replace("batch:SubmitJob", "batch:CancelJob")).unwrap();
    project.tamper(&policy, "document", other);
    let found = document(&project, 2);
    let paths = &of(&found, "alice")["findings"][0]["paths"];
    assert_eq!(*paths, json!(["document.Statement[SubmitJobs].Action"]));
    let answer = drift(&project, &[]).exits(2);
    answer.shows("- \"batch:SubmitJob\" + \"batch:CancelJob\"");
}

#[test]
fn what_an_apply_would_refuse_is_said_and_not_proposed() {
    let project = Project::applied(&["alice"]);
    let subnet = project.objects_of("ec2.subnet", "").remove(0);
    project.tamper(&subnet, "zone_id", "use1-az6".into());
    let found = document(&project, 2);
    assert_eq!(of(&found, "alice")["commands"], Json::Null);
    assert!(of(&found, "alice")["refusals"][0].as_str().unwrap().contains("zone_id"));
    let answer = drift(&project, &[]).exits(2).shows("An apply refuses 1 unit:");
    assert!(!answer.stdout.contains("next:"), "{answer}");
}

#[test]
fn a_part_that_cannot_be_read_is_worse_than_drift_and_nothing_is_called_clean() {
    let project = Project::of(&[]);
    project.researcher("alice", "credentials: { deliver: file }");
    project.apply(&[]).exits(0);
    assert_eq!(document(&project, 0)["result"], "none");
    let file = project.path(".nfplan/credentials/alice");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let found = document(&project, 4);
    assert_eq!(
        (&found["result"], &found["coverage"]["unreadable"]),
        (&json!("incomplete"), &json!(1))
    );
    let answer = drift(&project, &[]).exits(4).shows("1 object could not be read.");
    assert!(!answer.stdout.contains("No drift"), "{answer}");
    set_vcpus(&project, "alice", 99);
    drift(&project, &[]).exits(4).shows("Drift: 1 changed outside. 1 object could not be read.");
}

#[test]
fn a_bulk_read_names_what_it_did_not_ask_for() {
    let project = Project::applied(&["alice"]);
    let answer = drift(&project, &["--refresh", "bulk"]).exits(0);
    let answer =
        answer.shows("ec2.instance#user_data of 1 object").shows("not everything was read");
    assert!(!answer.stdout.contains("No drift"), "{answer}");
}

#[test]
fn a_unit_that_was_never_applied_or_is_wanted_no_more_has_not_drifted() {
    let project = Project::applied(&["alice", "bob"]);
    project.remove("workspaces/bob.yaml");
    project.researcher("carol", "");
    let found = document(&project, 0);
    assert_eq!(summary(&found).into_keys().collect::<Vec<_>>(), ["unapplied_spec"]);
    drift(&project, &[]).exits(0).shows("nothing wants it any more").shows("not made yet");
    set_vcpus(&project, "bob", 99);
    document(&project, 2);
    for user in ["alice", "carol"] {
        project.remove(&format!("workspaces/{user}.yaml"));
    }
    project.apply(&["--allow", "mass-destroy"]).exits(0);
    let bucket = project.object("s3.public_access_block", "");
    project.tamper(&bucket, "block_public_policy", false.into());
    let found = document(&project, 2);
    assert_eq!(summary(&found), BTreeMap::from([("changed_outside".to_owned(), 1)]), "{found:#}");
}

#[test]
fn an_open_run_is_reported_first_by_drift_and_by_plan() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "tags: { cost-center: \"42\" }");
    let mut child = begin(&project, &["apply", "--auto-approve"], 3);
    child.kill().unwrap();
    child.wait().unwrap();

    let found = document(&project, 2);
    assert!(of(&found, "alice")["open_run"].is_string(), "{found:#}");
    assert!(summary(&found)["open_run"] > 0, "{found:#}");
    let answer = drift(&project, &[]).exits(2);
    assert!(answer.stdout.lines().nth(2).unwrap().starts_with("1 open run: "), "{answer}");

    let plan = project.unchanged_by(|project| project.plan(&[]));
    assert_eq!(plan["open_runs"], json!([unit("alice")]));
    let note = "has a run that was interrupted";
    project.run(&["plan", "--out", "open.plan"]).exits(0).says(note);
    project.run(&["show", "open.plan"]).exits(0).says(note);

    follow(&project, &found);
    assert_eq!(document(&project, 0)["result"], "none");
    assert_eq!(project.plan(&[])["open_runs"], Json::Null);
}

#[test]
fn what_the_specs_have_come_to_want_is_not_told_as_what_is_there() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    let drift = project.run(&["drift"]).exits(0).shows("not applied yet");
    drift.shows("max_vcpus: wanted 128, applied 64, live 64");
}

#[test]
fn a_later_report_says_what_is_new_what_goes_on_and_what_is_mended() {
    let project = Project::applied(&["alice", "bob"]);
    let look = |project: &Project| {
        project.run(&["drift", "--since", "drift.json", "--report", "json=drift.json"])
    };
    let report = || -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(project.path("drift.json")).unwrap()).unwrap()
    };
    let sums = |new: u64, ongoing: u64, resolved: usize| {
        let since = report()["since"].clone();
        assert_eq!((since["new"].as_u64(), since["ongoing"].as_u64()), (Some(new), Some(ongoing)));
        assert_eq!(since["resolved"].as_array().unwrap().len(), resolved);
    };
    look(&project).exits(0).says("everything is new");
    sums(0, 0, 0);
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", Value::Integer(99));
    let told = look(&project).exits(2).shows("1 new, 0 ongoing, 0 resolved");
    told.shows(&format!("new {}:batch.compute_environment/main#max_vcpus", unit("alice")));
    let seen = report()["units"][1]["findings"][0]["first_seen"].clone();
    let queue = project.object("batch.job_queue", "bob");
    project.tamper(&queue, "priority", Value::Integer(7));
    look(&project).exits(2).shows("1 new, 1 ongoing, 0 resolved");
    let first = report()["units"][1]["findings"][0].clone();
    assert_eq!((&first["new"], &first["first_seen"]), (&false.into(), &seen));
    // Another value is news, and what is mended is told once.
    project.tamper(&environment, "max_vcpus", Value::Integer(98));
    project.tamper(&queue, "priority", queue.attributes["priority"].clone());
    let told = look(&project).exits(2).shows("1 new, 0 ongoing, 1 resolved");
    told.shows(&format!("resolved {}:batch.job_queue/main#priority", unit("bob")));
    project.tamper(&environment, "max_vcpus", environment.attributes["max_vcpus"].clone());
    look(&project).exits(0).shows("0 new, 0 ongoing, 1 resolved");
    look(&project).exits(0).shows("0 new, 0 ongoing, 0 resolved");
}

#[test]
fn what_is_not_looked_at_is_not_called_mended_and_no_other_file_is_taken_for_a_report() {
    let project = Project::applied(&["alice", "bob"]);
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", Value::Integer(99));
    project.run(&["drift", "--report", "json=a.json", "--report", "md=a.md"]).exits(2);
    let text = std::fs::read_to_string(project.path("a.md")).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with("<!-- nfplan drift v=1 key="), "{text}");
    let start = "### nfplan drift · <code>data.example.org</code>\n\n```\nDrift of";
    assert!(rest.starts_with(start), "{text}");
    let line = ["drift", "--since", "a.json", "--select", "bob"];
    project.run(&line).exits(0).shows("0 new, 0 ongoing, 0 resolved");
    let wrong = ["drift", "--since", "nfplan.yaml"];
    project.run(&wrong).exits(65).says("is no report of drift");
}

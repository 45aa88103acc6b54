//! What others are told of applied workspaces.

use std::collections::BTreeMap;
use std::fs;

use nfplan_engine::value::Value;
use nfplan_specs::blueprint::outputs::OUTPUTS;
use serde_json::Value as Json;

use crate::failure::fill_queues;
use nfplan_providers::sim::SimObject;

use crate::kit::Answer;
use crate::kit::BUCKET;
use crate::kit::PLATFORM;
use crate::kit::Project;
use crate::kit::unit;

fn output(project: &Project, arguments: &[&str]) -> Answer {
    project.unchanged_by(|project| project.run(&[&["output"], arguments].concat()))
}

/// The values of a unit in the document.
fn values(project: &Project, unit: &str) -> BTreeMap<String, String> {
    let document = output(project, &["--select", unit, "--json"]).exits(0).json();
    let units: Vec<&Json> = document["units"].as_object().unwrap().values().collect();
    assert_eq!(units.len(), 1, "{document}");
    serde_json::from_value(units[0]["outputs"].clone()).unwrap()
}

/// An attribute of the one object of a type whose id contains `id`.
fn attribute(project: &Project, resource_type: &str, id: &str, name: &str) -> String {
    let object = project.object(resource_type, id);
    object.attributes.get(name).and_then(Value::as_text).unwrap().to_owned()
}

/// The id of the access key of a researcher's client.
fn key_of(project: &Project, user: &str) -> String {
    let keys = project.objects_of("iam.access_key", "").into_iter();
    let is_hers = |key: &SimObject| key.attributes["user"].to_string().contains(user);
    let mut keys = keys.filter(is_hers).map(|key| key.remote_id.to_string());
    keys.next().unwrap()
}

#[test]
fn every_value_is_that_of_the_object_in_the_cloud() {
    let project = Project::applied(&["alice", "bob"]);
    let (queue, role) = ("batch.job_queue", "iam.role");
    let found = values(&project, "alice");
    let expected = BTreeMap::from([
        ("account", "111122223333".to_owned()),
        ("region", "us-east-1".to_owned()),
        ("queue", attribute(&project, queue, "alice", "name")),
        ("queue_arn", attribute(&project, queue, "alice", "arn")),
        ("jobs_role_arn", attribute(&project, role, "nf-jobs-alice", "arn")),
        ("work_dir", format!("s3://{BUCKET}/alice")),
        ("bucket", attribute(&project, "s3.bucket", "", "name")),
        ("kms_key_arn", attribute(&project, "kms.key", "", "arn")),
        ("log_group", attribute(&project, "logs.log_group", "", "name")),
        ("client_user", attribute(&project, "iam.user", "alice", "name")),
        ("access_key_id", key_of(&project, "alice")),
        ("secret_arn", attribute(&project, "secretsmanager.secret", "alice", "arn")),
    ]);
    let found: BTreeMap<&str, String> =
        found.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    assert_eq!(found, expected);
}

#[test]
fn one_value_of_one_unit_is_printed_bare_and_of_several_with_their_units() {
    let project = Project::applied(&["alice", "bob"]);
    for (name, value) in values(&project, "alice") {
        let answer = output(&project, &[&name, "--select", "alice"]).exits(0);
        assert_eq!(answer.stdout, format!("{value}\n"));
    }
    let both = output(&project, &["work_dir"]).exits(0);
    let line = |user: &str| format!("{}\n  work_dir  s3://{BUCKET}/{user}\n", unit(user));
    assert_eq!(both.stdout, format!("{}{}", line("alice"), line("bob")));
}

#[test]
fn states_suffice_without_cloud_and_specs() {
    let project = Project::applied(&["alice"]);
    let before = output(&project, &["--json"]).exits(0).json();
    fs::remove_dir_all(project.path(".nfplan/sim")).unwrap();
    project.write("nfplan.yaml", "broken: [");
    let after = output(&project, &["--json", "--state", ".nfplan/state"]).exits(0).json();
    assert_eq!(after, before);
}

#[test]
fn what_is_absent_says_why_and_fails_a_script() {
    let project = Project::applied(&["alice"]);
    project.researcher("bob", "");
    output(&project, &[]).exits(0).shows("/bob not applied yet: `nfplan apply` makes it");
    let answer = output(&project, &["queue", "--select", "bob"]).exits(1).says("not applied yet");
    assert_eq!(answer.stdout, "");
    project.researcher("alice", "status: suspended, suspend: { release: true }");
    project.apply(&["--select", "alice"]).exits(0);
    output(&project, &["--select", "alice"]).exits(0).shows("queue absent: the workspace is susp");
    let answer = output(&project, &["queue", "--select", "alice"]).exits(1);
    let answer = answer.says("suspended with `release: true`");
    assert_eq!(answer.stdout, "");
    output(&project, &["work_dir", "--select", "alice"]).exits(0);
}

#[test]
fn what_a_rollback_kept_is_no_applied_workspace() {
    let project = Project::applied(&["alice"]);
    fill_queues(&project, 0);
    project.researcher("bob", "");
    project.apply(&[]).exits(5);
    output(&project, &["--select", "bob"]).exits(0).shows("/bob not applied yet");
}

#[test]
fn the_way_in_is_told_whichever_it_is() {
    let project = Project::of(&[]);
    project.researcher("alice", "credentials: { deliver: file }");
    let trusted = "\"arn:aws:iam::111122223333:root\"";
    let role = format!("credentials: {{ kind: role, assumable_by: [{trusted}] }}");
    project.researcher("bob", &role);
    project.apply(&[]).exits(0);
    let alice = values(&project, "alice");
    let file = &alice["credentials_file"];
    assert!(project.path(file).is_file() && !alice.contains_key("secret_arn"), "{alice:?}");
    let secret = fs::read_to_string(project.path(file)).unwrap();
    let told = output(&project, &["--select", "alice"]).exits(0).stdout;
    assert!(secret.split_whitespace().filter(|word| word.len() > 20).all(|w| !told.contains(w)));
    let bob = values(&project, "bob");
    assert_eq!(bob["client_role_arn"], attribute(&project, "iam.role", "nf-bob", "arn"));
    assert!(!bob.contains_key("client_user") && !bob.contains_key("secret_arn"), "{bob:?}");
}

#[test]
fn a_platform_puts_out_what_it_has_if_it_is_named() {
    let project = Project::applied(&["alice"]);
    let platform = values(&project, "platform:main");
    let names: Vec<&str> = platform.keys().map(String::as_str).collect();
    assert_eq!(names, ["account", "bucket", "kms_key_arn", "log_group", "region"]);
    let answer = output(&project, &["queue", "--select", "platform:main"]).exits(1);
    answer.says(PLATFORM).says("select a workspace");
}

#[test]
fn a_name_that_does_not_exist_is_a_usage_error_with_the_nearest_one() {
    let project = Project::applied(&["alice"]);
    output(&project, &["queue-arn"]).exits(64).says("queue_arn");
    output(&project, &["--select", "alcie"]).exits(7).says("did you mean `alice`?");
    let help = output(&project, &["--help"]).exits(0);
    for name in OUTPUTS.iter().map(|output| output.name) {
        assert!(help.stdout.contains(name), "{name} is not documented: {help}");
    }
}

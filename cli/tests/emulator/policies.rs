//! The policies that nfplan makes, judged by a linter that has AWS's tables of actions, resources and
//! condition keys.

use std::collections::BTreeMap;
use std::env;
use std::io::Write as _;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value as Json;
use serde_json::json;

use crate::kit::Project;
use crate::kit::place;

/// What the linter finds of medium severity or higher.
fn findings(policies: &BTreeMap<String, Json>) -> Vec<String> {
    let tools = env::var("NFPLAN_TEST_TOOLS").expect("`tests/emulator/with` says where they are");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/emulator/policies.py");
    let mut child = Command::new(format!("{tools}/bin/python"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(json!(policies).to_string().as_bytes()).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

/// The identity policies of everybody in a project, on the simulated cloud.
fn policies(project: &Project) -> BTreeMap<String, Json> {
    let objects = project.objects_of("iam.policy", "").into_iter();
    let documents = objects.filter_map(|object| {
        let document = object.attributes.get("document")?;
        Some((object.remote_id.to_string(), serde_json::to_value(document).unwrap()))
    });
    documents.collect()
}

#[test]
fn every_action_exists_and_takes_the_resources_and_conditions_that_it_is_given() {
    let project = Project::of(&["alice"]);
    let attributes = [("name".into(), "hub".into()), ("path".into(), "/".into())];
    project.somebody().put_object(&place(), "iam.role", attributes.into()).unwrap();
    project.researcher(
        "bob",
        "credentials: { kind: role, assumable_by: [\"arn:aws:iam::111122223333:role/hub\"] }",
    );
    project.researcher("carol", "images: [], read_buckets: []");
    project
        .researcher("dan", "images: [\"quay.io/a/*\", \"quay.io/b/*\"], read_buckets: [one, two]");
    project.apply(&[]).exits(0);
    let policies = policies(&project);
    assert_eq!(policies.len(), 8);
    assert_eq!(findings(&policies), Vec::<String>::new());
}

#[test]
fn the_linter_finds_what_is_wrong() {
    let policy = |action: &str, resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": [action], "Resource": [resource]});
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let wrong = BTreeMap::from([
        ("action".to_owned(), policy("s3:GetObjects", "*")),
        ("resource".to_owned(), policy("s3:ListBucket", "arn:aws:s3:::bucket/*")),
    ]);
    let found = findings(&wrong);
    assert_eq!(found.len(), 2, "{found:?}");
}

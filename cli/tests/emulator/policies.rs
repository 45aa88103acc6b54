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

/// What the linter says of policies that are as they should be.
const MEANT: [&str; 2] = [
    // Whoever may write the bucket's policy may open the bucket: nfplan has to, and the guide says so.
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
    // The linter knows no parameters without an account; those that AWS publishes have none.
    "RESOURCE_MISMATCH: [{'action': 'ssm:GetParameter', 'required_format': \
     'arn:*:ssm:*:*:parameter/*'}]",
];

/// Every action on everything that any statement allows it on: several are checked for one request,
/// some by tags of the request and some by those of objects, and the linter wants them all in each.
fn merged(policies: &BTreeMap<String, Json>) -> Json {
    let mut resources: BTreeMap<&str, Vec<&Json>> = BTreeMap::new();
    for policy in policies.values() {
        for statement in policy["Statement"].as_array().unwrap() {
            for action in statement["Action"].as_array().unwrap() {
                let all = resources.entry(action.as_str().unwrap()).or_default();
                all.extend(statement["Resource"].as_array().unwrap());
            }
        }
    }
    let statements = resources.into_iter().map(|(action, resources)| {
        json!({ "Effect": "Allow", "Action": [action], "Resource": resources })
    });
    json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<Json>>() })
}

#[test]
fn so_it_is_with_what_whoever_runs_nfplan_is_allowed() {
    let project = Project::of(&["alice"]);
    project.edit("nfplan.yaml", "environment:", "state: s3://example-state/prod\nenvironment:");
    for kind in ["read-only", "apply"] {
        let document = project.run(&["permissions", "--kind", kind, "--json"]).exits(0).json();
        let policies = document["policies"].as_array().unwrap().iter();
        let named =
            policies.map(|one| (one["name"].as_str().unwrap().to_owned(), one["policy"].clone()));
        let policies: BTreeMap<String, Json> = named.collect();
        assert_ne!(policies.len(), 0);
        let meant = |finding: &String| MEANT.iter().any(|meant| finding.contains(meant));
        let mut found = findings(&policies);
        found.retain(|finding| !meant(finding) && !finding.contains("RESOURCE_MISMATCH"));
        assert_eq!(found, Vec::<String>::new());
        let mut found = findings(&BTreeMap::from([("all".to_owned(), merged(&policies))]));
        found.retain(|finding| !meant(finding));
        assert_eq!(found, Vec::<String>::new());
    }
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

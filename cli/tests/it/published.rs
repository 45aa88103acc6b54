//! The published schemas, and documents of every kind held against them.

use nfplan_engine::value::Value;
use serde_json::Value as Json;
use serde_json::json;

use crate::kit::Project;
use crate::schemas::PUBLISHED;
use crate::schemas::check;
use crate::schemas::complaints;

#[test]
fn every_published_schema_can_be_printed_and_is_one() {
    let project = Project::empty();
    for (name, text) in PUBLISHED {
        let printed = project.run(&["schema", name]).exits(0);
        assert_eq!(printed.stdout, text);
        let schema = printed.json();
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        assert_eq!(schema["title"], format!("nfplan.{name}/1"));
        assert_eq!(schema["properties"]["format"]["const"], schema["title"]);
    }
    let answer = project.run(&["schema", "plan", "--format", "markdown"]).exits(64);
    answer.says("no reference of documents");
}

#[test]
fn a_key_that_a_schema_does_not_name_is_found() {
    let project = Project::of(&["alice"]);
    let plan = project.plan(&[]);
    check(&plan);
    let mut deep = plan.clone();
    deep["units"][0]["steps"][0]["operation"]["create"]["fresh"] = json!(1);
    let mut shallow = plan.clone();
    shallow["fresh"] = json!(1);
    let mut wrong = plan;
    wrong["units"][0]["changes"][0]["action"] = json!("destroy");
    for (name, document) in [("deep", deep), ("shallow", shallow), ("wrong", wrong)] {
        assert!(!complaints(&document).is_empty(), "{name}");
    }
}

/// Runs a command of which the document has to be of this kind, with or without success.
fn told(project: &Project, format: &str, code: i32, words: &[&str]) -> Json {
    let document = project.run(&[words, &["--json"]].concat()).exits(code).json();
    assert_eq!(document["format"], format, "{words:?}");
    document
}

#[test]
fn documents_of_success_and_of_failure_keep_to_their_schemas() {
    let project = Project::of(&["alice", "bob"]);
    let tell = |format: &str, code, words: &[&str]| told(&project, format, code, words);
    tell("nfplan.validate/1", 0, &["validate"]);
    tell("nfplan.plan/1", 0, &["plan"]);
    tell("nfplan.error/1", 7, &["plan", "--select", "nobody"]);
    tell("nfplan.error/1", 64, &["plan", "--refresh", "wide"]);
    tell("nfplan.apply/1", 0, &["apply", "--auto-approve"]);
    tell("nfplan.update/1", 0, &["update"]);
    project.researcher("alice", "compute: { max_vcpus: 128 }, tags: { cost-center: \"42\" }");
    let environment = project.object("batch.compute_environment", "bob");
    project.tamper(&environment, "max_vcpus", Value::Integer(99));
    let queue = project.object("batch.job_queue", "alice");
    let somebody = project.somebody();
    let id = queue.remote_id.as_str();
    somebody.delete_object(&crate::kit::place(), "batch.job_queue", id).unwrap();
    let plan = tell("nfplan.plan/1", 0, &["plan", "--refresh", "deep"]);
    assert!(plan["units"][0]["findings"].is_array(), "{plan:#}");
    let report = ["drift", "--report", "json=drift.json"];
    tell("nfplan.drift/1", 2, &report);
    project.tamper(&environment, "max_vcpus", Value::Integer(98));
    let later = tell("nfplan.drift/1", 2, &["drift", "--since", "drift.json"]);
    assert_eq!(later["since"]["new"], 1);
    project.remove("workspaces/bob.yaml");
    tell("nfplan.plan/1", 0, &["plan"]);
    tell("nfplan.apply/1", 0, &["apply", "--auto-approve"]);
    project.write("workspaces/eve.yaml", "eve: { account: mian, max_vcpu: 1 }\n");
    tell("nfplan.validate/1", 65, &["validate"]);
    tell("nfplan.error/1", 65, &["plan"]);
}

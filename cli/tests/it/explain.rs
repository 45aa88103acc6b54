//! Why a resource is as it is, and what codes mean.

use std::collections::BTreeSet;

use nfplan_specs::code;
use nfplan_specs::explanation::Example;
use nfplan_specs::explanation::find;
use serde_json::Value as Json;
use serde_json::json;

use crate::failure::fill_queues;
use crate::kit::Answer;
use crate::kit::PLATFORM;
use crate::kit::Project;
use crate::kit::unit;

const ENVIRONMENT: &str = "batch.compute_environment/main";

fn explain(project: &Project, arguments: &[&str]) -> Answer {
    project.unchanged_by(|project| project.run(&[&["explain"], arguments].concat()))
}

/// What is said of a resource.
#[track_caller]
fn resource(project: &Project, what: &str) -> Json {
    let document = explain(project, &[what, "--json"]).exits(0).json();
    assert_eq!(
        (&document["format"], &document["kind"]),
        (&"nfplan.explain/1".into(), &"resource".into())
    );
    document["resource"].clone()
}

/// What is said of one attribute: `alice:batch.job_queue/main#state`.
#[track_caller]
fn attribute(project: &Project, what: &str) -> Json {
    let resource = resource(project, what);
    assert_eq!(resource["attributes"].as_array().unwrap().len(), 1);
    resource["attributes"][0].clone()
}

#[track_caller]
fn assert_has(list: &Json, text: &str) {
    let texts: Vec<&str> =
        list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect();
    assert!(texts.iter().any(|item| item.contains(text)), "`{text}` is not in {texts:?}");
}

#[test]
fn every_code_is_explained_in_words_and_as_a_document() {
    let project = Project::empty();
    for (code, title) in code::ALL {
        let answer = explain(&project, &[code]).exits(0).shows(&format!("{code}: {title}"));
        for line in answer.stdout.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        answer.shows("wrong").shows("right").shows("why");
    }
    let document = explain(&project, &["e0305", "--json"]).exits(0).json();
    assert_eq!(document["code"]["code"], "E0305");
    assert_eq!(document["code"]["right"][0]["file"], "workspaces/alice.yaml");
}

#[test]
fn a_code_that_does_not_exist_is_a_usage_error_with_the_nearest_one() {
    let project = Project::empty();
    explain(&project, &["E0399"])
        .exits(64)
        .says("there is no code E0399")
        .says("did you mean `E03");
}

/// Specs themselves are judged where they are read; this one fails only with the schemas.
#[test]
fn the_examples_of_what_aws_would_refuse_are_what_they_are_said_to_be() {
    let project = Project::of(&[]);
    let explanation = find(code::EXPANSION).unwrap();
    let write = |examples: &[Example]| {
        for example in examples {
            let last = example.text.lines().next_back().unwrap();
            let lines = (1..=example.last_line_times).map(|n| last.replace("<n>", &n.to_string()));
            let text = example.text.replace(last, &lines.collect::<Vec<_>>().join("\n"));
            project.write(example.file, &text);
        }
    };
    write(&explanation.wrong);
    let document = project.run(&["plan", "--json"]).exits(65).json();
    let codes: BTreeSet<&str> = document["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diagnostic| diagnostic["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, BTreeSet::from([code::EXPANSION]));
    write(&explanation.right);
    let answer = project.run(&["plan"]).exits(0);
    assert_eq!(answer.stderr, "");
}

#[test]
fn a_value_of_a_spec_is_followed_from_its_line_to_the_rule_of_its_change() {
    let project = Project::applied(&["alice", "bob"]);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", 99_u32.into());
    let what = format!("alice:{ENVIRONMENT}#max_vcpus");
    let found = attribute(&project, &what);
    let line = "alice: { account: main, profile: standard, compute: { max_vcpus: 128 } }";
    let spec = json!([{ "kind": "spec", "place": "workspaces/alice.yaml:1:66", "text": line }]);
    assert_eq!(found["from"], spec);
    assert_eq!(found["wanted"], json!({ "value": 128 }));
    assert_eq!((&found["applied"], &found["live"]), (&json!(64), &json!(99)));
    assert_eq!((&found["changes"], &found["read"]), (&json!(true), &json!(true)));
    assert_has(&found["rules"], "changes in place");
    let answer = explain(&project, &[&what]).exits(0);
    let answer = answer.shows("from workspaces/alice.yaml:1:66").shows(line);
    answer.shows("wanted 128 applied 64 live 99 rule changes in place").shows("~ update in place");
    let unread = explain(&project, &[&what, "--refresh", "none"]).exits(0);
    unread.shows("wanted 128 applied 64 live not read");
}

#[test]
fn what_somebody_changed_to_what_the_specs_have_come_to_want_is_no_change_but_told() {
    let project = Project::applied(&["alice"]);
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", 99_u32.into());
    project.researcher("alice", "compute: { max_vcpus: 99 }");
    let answer = explain(&project, &[ENVIRONMENT]).exits(0);
    answer.shows("the plan leaves it as it is").shows("wanted 99 applied 64 live the same");
}

#[test]
fn what_no_spec_line_decides_says_who_does() {
    let project = Project::applied(&["alice"]);
    let kinds = |name: &str| -> Vec<String> {
        let found = attribute(&project, &format!("{ENVIRONMENT}#{name}"));
        let links = found["from"].as_array().unwrap().iter();
        links.map(|link| link["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds("image_type"), ["blueprint"]);
    assert_eq!(kinds("image_id"), ["default", "pin"]);
    assert_eq!(kinds("type"), ["default"]);
    assert_eq!(kinds("state"), ["default"]);
    assert_eq!(kinds("instance_types"), ["spec"]);
    assert_eq!(kinds("launch_template_id"), ["output"]);
    assert_eq!(kinds("arn"), ["cloud"]);
    let image = explain(&project, &[&format!("{ENVIRONMENT}#image_id")]).exits(0);
    image.shows("nfplan.lock, pinned as image:ecs-al2023-x86_64");
    let zone = attribute(&project, "ec2.subnet/compute-1#zone_id");
    assert_has(&zone["rules"], "does not change on its own");
    let encryption = resource(&project, "platform:main:s3.bucket_encryption/work");
    assert_eq!(encryption["unit"], PLATFORM);
}

#[test]
fn what_waits_for_the_commit_point_and_what_a_rollback_keeps_is_said() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "status: suspended");
    let proxy = attribute(&project, "ec2.instance/proxy#state");
    assert_has(&proxy["effects"], "waits for the commit point");
    assert_has(&proxy["rules"], "waits for the commit point: stop");
    let key = attribute(&project, "iam.access_key/client#status");
    assert_has(&key["effects"], "a rollback keeps it");
    assert_has(&key["rules"], "makes the unit safer");
}

#[test]
fn an_escalated_change_says_why_it_replaces() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "compute: { strategy: best_fit }");
    let found = resource(&project, &format!("{ENVIRONMENT}#allocation_strategy"));
    assert_eq!(found["plan"]["action"], "replace");
    assert_has(&found["plan"]["reasons"], "BEST_FIT");
    assert_has(&found["attributes"][0]["rules"], "while `allocation_strategy` is BEST_FIT");
}

#[test]
fn what_equal_units_have_is_explained_once_and_what_differs_asks_for_one() {
    let project = Project::applied(&["alice", "bob", "carol"]);
    let document = explain(&project, &[ENVIRONMENT, "--json"]).exits(0).json();
    assert_eq!(document["resource"]["unit"], unit("alice"));
    assert_eq!(document["holds_for"], json!([unit("bob"), unit("carol")]));
    explain(&project, &[ENVIRONMENT]).exits(0).shows("the same holds for 2 more units: bob, carol");
    project.researcher("bob", "compute: { max_vcpus: 128 }");
    let answer = explain(&project, &[ENVIRONMENT]).exits(64).says("differs between them");
    answer.says("choose one with --select: alice (2 alike), bob");
    explain(&project, &[ENVIRONMENT, "--select", "bob"]).exits(0).shows("~ update in place");
    let full_id = format!("{}:{ENVIRONMENT}", unit("bob"));
    assert_eq!(resource(&project, &full_id)["unit"], unit("bob"));
}

#[test]
fn an_object_that_somebody_changed_in_one_unit_alone_makes_it_differ() {
    let project = Project::applied(&["alice", "bob"]);
    let queue = project.object("batch.job_queue", "bob");
    project.tamper(&queue, "priority", 7_u32.into());
    explain(&project, &["batch.job_queue/main"]).exits(64).says("choose one with --select");
}

#[test]
fn what_is_no_resource_is_a_usage_error_with_the_nearest_one() {
    let project = Project::applied(&["alice"]);
    let cases = [
        ("batch.job_queu/main", "did you mean `batch.job_queue/main`?"),
        ("batch.job_queue/main#stat", "did you mean `state`?"),
        ("alcie:batch.job_queue/main", "did you mean `alice`?"),
        ("E305", "did you mean `E0305`?"),
        ("nonsense", "is neither a code nor the address of a resource"),
        ("batch.job_queue/main#drained", "neither wanted nor applied"),
    ];
    for (what, said) in cases {
        explain(&project, &[what]).exits(64).says(said);
    }
    let twice = ["alice:batch.job_queue/main", "--select", "alice"];
    explain(&project, &twice).exits(64).says("the unit is given twice");
}

#[test]
fn a_resource_that_nothing_wants_any_more_is_explained_from_the_state() {
    let project = Project::applied(&["alice", "bob"]);
    project.remove("workspaces/bob.yaml");
    let found = resource(&project, "bob:batch.job_queue/main");
    assert_eq!((&found["spec"], &found["plan"]["action"]), (&Json::Null, &json!("delete")));
    let users = ["iam.policy/client", "secretsmanager.current_version/client"];
    assert_eq!(found["needed_by"], json!(users));
    let answer = explain(&project, &["bob:batch.job_queue/main"]).exits(0);
    answer.shows("nothing asks for it any more").shows("an earlier apply");
}

#[test]
fn an_object_that_a_rollback_kept_is_said_to_be_kept() {
    let project = Project::applied(&["alice"]);
    fill_queues(&project, 0);
    project.researcher("bob", "");
    project.apply(&[]).exits(5);
    let found = resource(&project, "bob:secretsmanager.secret/client");
    assert_eq!((&found["held"], &found["plan"]["action"]), (&json!("parked"), &json!("adopt")));
    let answer = explain(&project, &["bob:secretsmanager.secret/client"]).exits(0);
    answer.shows("parked: to be used again");
}

#[test]
fn a_unit_that_cannot_be_planned_says_why() {
    let project = Project::applied(&["alice"]);
    project.edit("nfplan.yaml", "environment: data.example.org", "environment: other.example.org");
    let answer = explain(&project, &["alice:batch.job_queue/main"]).exits(0);
    answer.shows("the unit cannot be planned:").shows("was built for the environment");
}

/// The plan's changes of a resource, by attribute.
fn changed(plan: &Json, unit: &str, address: &str) -> (Json, BTreeSet<String>) {
    let units = plan["units"].as_array().unwrap().iter();
    let changes =
        units.filter(|one| one["unit"] == unit).flat_map(|one| one["changes"].as_array().unwrap());
    let Some(change) = changes.clone().find(|change| change["address"] == address) else {
        return (Json::Null, BTreeSet::new());
    };
    let attributes = change["attributes"].as_array().into_iter().flatten();
    let names = attributes.map(|attribute| attribute["name"].as_str().unwrap().to_owned());
    (change["action"].clone(), names.collect())
}

#[test]
fn explanations_of_all_resources_agree_with_the_plan_and_with_each_other() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "compute: { strategy: best_fit }, tags: { team: blue }");
    let plan = project.plan(&[]);
    let states = project.run(&["state", "list", "--json"]).exits(0).json();
    let entries = states["units"][unit("alice")]["entries"].as_object().unwrap();
    let mut needs = BTreeSet::new();
    let mut needed_by = BTreeSet::new();
    for address in entries.keys() {
        let found = resource(&project, &format!("alice:{address}"));
        let attributes = found["attributes"].as_array().unwrap().iter();
        let names = attributes.filter(|attribute| attribute["changes"] == true);
        let names = names.map(|attribute| attribute["name"].as_str().unwrap().to_owned());
        let told = (found["plan"]["action"].clone(), names.collect());
        assert_eq!(told, changed(&plan, &unit("alice"), address), "{address}");
        let texts = |list: &Json| -> Vec<String> { serde_json::from_value(list.clone()).unwrap() };
        let own = texts(&found["needs"]).into_iter().filter(|need| !need.contains(':'));
        needs.extend(own.map(|need| (address.clone(), need)));
        let users = texts(&found["needed_by"]).into_iter();
        needed_by.extend(users.map(|user| (user, address.clone())));
    }
    assert_eq!(needs, needed_by);
    assert!(entries.len() > 25 && needs.len() > 40);
}

#[test]
fn lines_fit_the_width_unless_all_is_asked_for() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "compute: { strategy: best_fit }, tags: { team: blue }");
    for columns in ["60", "100", "200"] {
        for what in [ENVIRONMENT, "iam.policy/jobs", "platform:main:kms.key/work", "E0105"] {
            let mut command = project.command(&["explain", what]);
            let answer = Answer::of(command.env("COLUMNS", columns).output().unwrap()).exits(0);
            let width: usize = columns.parse().unwrap();
            for line in answer.stdout.lines() {
                assert!(line.chars().count() <= width, "{what} at {columns}: {line}");
            }
        }
    }
}

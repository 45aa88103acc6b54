//! How two saved plans differ.

use std::fs;

use nfplan_cli::comparison::compare;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;
use serde_json::Value as Json;

use crate::kit::Answer;
use crate::kit::Project;
use crate::kit::unit;

/// Saves the plan as it would be now.
fn save(project: &Project, file: &str) {
    project.run(&["plan", "--out", file]).exits(0);
}

/// Compares two saved plans, which changes nothing and needs no specs.
fn diff(project: &Project, more: &[&str]) -> Answer {
    project.unchanged_by(|project| project.run(&[&["diff", "a.json", "b.json"], more].concat()))
}

/// Two plans for alice, of whom the second one wants more.
fn differing() -> Project {
    let project = Project::applied(&["alice", "bob"]);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    save(&project, "a.json");
    project.researcher("alice", "compute: { max_vcpus: 129 }");
    save(&project, "b.json");
    project
}

#[test]
fn equal_plans_are_said_to_be_equal() {
    let project = differing();
    fs::copy(project.path("a.json"), project.path("b.json")).unwrap();
    project.remove("nfplan.yaml");
    diff(&project, &["--detailed-exitcode"]).exits(0).shows("The plans are equal");
    let document = diff(&project, &["--json"]).exits(0).json();
    assert_eq!((&document["equal"], &document["units"]), (&true.into(), &Json::Array(Vec::new())));
}

#[test]
fn what_each_plan_would_set_is_told_by_attribute() {
    let project = differing();
    let answer = diff(&project, &[]).exits(0);
    let expected = "\
workspace alice in 111122223333.us-east-1
  ~ batch.compute_environment/main
      max_vcpus: 128 in the first, 129 in the second
";
    assert_eq!(answer.stdout, expected);
    diff(&project, &["--detailed-exitcode"]).exits(2);
    let document = diff(&project, &["--json"]).exits(0).json();
    let attribute = &document["units"][0]["resources"][0]["attributes"][0];
    assert_eq!(attribute["first"]["after"], serde_json::json!({ "value": 128 }));
    assert_eq!(attribute["second"]["after"], serde_json::json!({ "value": 129 }));
    assert_eq!(document["equal"], false);
}

#[test]
fn units_and_resources_of_one_plan_alone_are_told_apart() {
    let project = differing();
    project.researcher("alice", "compute: { max_vcpus: 129 }, tags: { team: blue }");
    project.researcher("carol", "");
    save(&project, "b.json");
    let answer = diff(&project, &[]).exits(0);
    let answer =
        answer.shows("workspace carol in 111122223333.us-east-1 only in the second: 30 to create");
    let answer = answer.shows("~ batch.job_queue/main update only in the second");
    answer.shows("tags.team + \"blue\", only in the second");
}

#[test]
fn equal_differences_of_many_researchers_are_told_once_unless_all_are_asked_for() {
    let users = ["alice", "bob", "carol", "dave"];
    let project = Project::applied(&users);
    project.edit("nfplan.yaml", "max_vcpus: 64", "max_vcpus: 65");
    save(&project, "a.json");
    project.edit("nfplan.yaml", "max_vcpus: 65", "max_vcpus: 66");
    project.edit("nfplan.yaml", "[ngi-igenomes]", "[ngi-igenomes, other]");
    save(&project, "b.json");
    let answer = diff(&project, &[]).exits(0).shows("4 workspaces differ in the same way");
    assert_eq!(answer.stdout.matches("max_vcpus: 65 in the first").count(), 1, "{answer}");
    let answer = answer.shows("alice, bob, carol, dave");
    assert!(answer.stdout.lines().count() < 12, "{answer}");
    let full = diff(&project, &["--full"]).exits(0);
    assert_eq!(full.stdout.matches("max_vcpus: 65 in the first").count(), 4, "{full}");
}

#[test]
fn lines_fit_the_width_and_control_characters_are_written_out() {
    let project = differing();
    project.researcher("alice", "compute: { max_vcpus: 129 }, tags: { team: blue }");
    project.edit("nfplan.yaml", "[\"quay.io/biocontainers/*\"]", "[\"quay.io/*\"]");
    save(&project, "b.json");
    for columns in ["60", "100", "200"] {
        let mut command = project.command(&["diff", "a.json", "b.json"]);
        let answer = Answer::of(command.env("COLUMNS", columns).output().unwrap()).exits(0);
        let width: usize = columns.parse().unwrap();
        assert!(answer.stdout.lines().count() > 20, "{answer}");
        for line in answer.stdout.lines() {
            assert!(line.chars().count() <= width, "{columns}: {line}");
        }
    }
    // A plan comes from outside: its digests are right, whatever its texts are.
    let mut plan: Plan =
        serde_json::from_slice(&fs::read(project.path("b.json")).unwrap()).unwrap();
    let environment = "data\u{1b}[31m.example.org".into();
    plan.units[0].source.environment = environment;
    plan.units[0].digest = plan.units[0].decision_digest();
    let plan = Plan::new(plan.units, plan.refresh);
    project.write("b.json", &serde_json::to_string(&plan).unwrap());
    let answer = diff(&project, &[]).exits(0).shows("data\\u{1b}[31m.example.org in the second");
    assert!(!answer.stdout.contains('\x1b'), "{answer}");
}

#[test]
fn plans_that_look_alike_say_what_decides() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    save(&project, "a.json");
    let queue = project.object("batch.job_queue", "alice");
    project.tamper(&queue, "priority", 7_u32.into());
    project.researcher("alice", "");
    project.apply(&[]).exits(0);
    project.researcher("alice", "tags: { team: blue }");
    project.apply(&[]).exits(0);
    project.researcher("alice", "");
    project.apply(&[]).exits(0);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    save(&project, "b.json");
    let answer = diff(&project, &[]).exits(0);
    answer.shows("workspace alice").shows("the state that it was planned from moved");
    let document = diff(&project, &["--json"]).exits(0).json();
    let unit_document = &document["units"][0];
    assert_eq!(unit_document["unit"], unit("alice"));
    assert_eq!(unit_document["resources"], Json::Array(Vec::new()));
    assert_eq!(unit_document["grounds"], serde_json::json!([{ "kind": "state" }]));
}

#[test]
fn a_file_that_is_no_plan_is_refused() {
    let project = differing();
    project.write("b.json", "{}");
    diff(&project, &[]).exits(65).says("b.json is no saved plan");
    project.remove("a.json");
    diff(&project, &[]).exits(1).says("a.json");
}

/// The pointers of all scalars.
fn scalars(json: &Json, pointer: &str, found: &mut Vec<String>) {
    match json {
        Json::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| scalars(item, &format!("{pointer}/{index}"), found));
        }
        Json::Object(entries) => entries.iter().for_each(|(key, item)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            scalars(item, &format!("{pointer}/{key}"), found);
        }),
        _ => found.push(pointer.to_owned()),
    }
}

/// The plan with one scalar changed and its digests made anew; none if that makes no plan.
fn mutated(unit: &Json, pointer: &str) -> Option<UnitPlan> {
    let mut unit = unit.clone();
    let scalar = unit.pointer_mut(pointer)?;
    *scalar = match &*scalar {
        Json::Null => 1.into(),
        Json::Bool(truth) => (!truth).into(),
        Json::Number(number) => (number.as_i64()? + 1).into(),
        Json::String(text) => match text.strip_prefix("sha256:") {
            Some(hex) => format!("sha256:{}", hex.chars().rev().collect::<String>()).into(),
            None => format!("{text}x").into(),
        },
        Json::Array(_) | Json::Object(_) => return None,
    };
    let mut unit: UnitPlan = serde_json::from_value(unit).ok()?;
    unit.digest = unit.decision_digest();
    Some(unit)
}

#[test]
fn whatever_changes_a_digest_is_told_and_nothing_else_is() {
    let project = Project::applied(&["alice", "bob"]);
    project.researcher("alice", "status: suspended");
    project.edit("nfplan.yaml", "[ngi-igenomes]", "[ngi-igenomes, other]");
    project.researcher("carol", "");
    let document = project.plan(&[]);
    let plan: Plan = serde_json::from_value(document.clone()).unwrap();
    let mut told = 0;
    for (index, unit) in document["units"].as_array().unwrap().iter().enumerate() {
        let mut pointers = Vec::new();
        scalars(unit, "", &mut pointers);
        // Every third is enough to meet every kind of value.
        for pointer in pointers.into_iter().step_by(3) {
            let Some(mutated) = mutated(unit, &pointer) else { continue };
            let decides = mutated.digest != plan.units[index].digest;
            let mut units = plan.units.clone();
            units[index] = mutated;
            let other = Plan::new(units, plan.refresh);
            for (first, second) in [(&plan, &other), (&other, &plan)] {
                let found = compare(first, second);
                assert_eq!(!found.is_empty(), decides, "{pointer}");
                for unit in &found {
                    let empty = unit.resources.is_empty() && unit.grounds.is_empty();
                    assert!(!empty, "{pointer} is not told: {unit:?}");
                }
            }
            told += usize::from(decides);
        }
    }
    assert!(told > 200, "only {told} changes of what decides");
}

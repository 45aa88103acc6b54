//! What an apply notes to have nothing to do, a plan from the state alone takes as it is.

use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;
use serde_json::json;

use super::kit::Project;
use super::kit::changes;
use super::kit::unit;

const QUICKLY: [&str; 3] = ["plan", "--refresh", "none"];
const THE_LONG_WAY: [&str; 4] = ["plan", "--refresh", "none", "--verify"];

fn head(project: &Project, user: &str) -> PathBuf {
    project.path(&format!(".nfplan/state/{}/head.json", unit(user)))
}

fn read(project: &Project, user: &str) -> Json {
    serde_json::from_slice(&fs::read(head(project, user)).unwrap()).unwrap()
}

#[test]
fn after_an_apply_workspaces_are_taken_as_they_are_and_verify_plans_them() {
    let project = Project::applied(&["alice", "bob"]);
    let taken = "nothing to do, as the last apply has noted: 3 units";
    let quickly = project.run(&[&QUICKLY[..], &["-v"]].concat()).exits(0).says(taken);
    let whole = project.run(&[&THE_LONG_WAY[..], &["-v"]].concat()).exits(0);
    assert!(!whole.stderr.contains("as the last apply has noted"), "{whole}");
    assert_eq!(quickly.stdout, whole.stdout);
}

#[test]
fn a_plan_writes_no_note() {
    let project = Project::applied(&["alice"]);
    project.edit("workspaces/alice.yaml", "standard", "standard, labels: { team: x }");
    let before = read(&project, "alice");
    for line in [&QUICKLY[..], &THE_LONG_WAY[..], &["plan"]] {
        project.run(line).exits(0);
        assert_eq!(read(&project, "alice"), before, "{line:?}");
    }
    project.apply(&[]).exits(0);
    assert_ne!(read(&project, "alice")["converged"], before["converged"]);
}

#[test]
fn a_state_that_people_changed_is_planned() {
    let project = Project::applied(&["alice"]);
    let address = "batch.job_queue/main";
    let forget = ["state", "forget", address, "--select", "alice", "--reason", "a test"];
    project.run(&forget).exits(0);
    assert_eq!(read(&project, "alice").get("converged"), None);
    assert_ne!(changes(&project.plan(&QUICKLY[1..])), Vec::<String>::new());
}

#[test]
fn a_note_that_is_wrong_is_found_by_verify_and_mended_by_apply() {
    let project = Project::applied(&["alice"]);
    let right = read(&project, "alice")["converged"].clone();
    project.edit("workspaces/alice.yaml", "standard", "standard, compute: { max_vcpus: 7 }");
    project.apply(&[]).exits(0);
    project.researcher("alice", "");
    // As if a plan of the first spec had left nothing to do for the second state.
    let mut wrong = read(&project, "alice");
    wrong["converged"] = right;
    fs::write(head(&project, "alice"), serde_json::to_vec(&wrong).unwrap()).unwrap();

    let said = format!("BUG: it is noted of {} that nothing is to be done", unit("alice"));
    project.run(&THE_LONG_WAY).exits(1).says(&said).says("nfplan apply");
    project.apply(&[]).exits(0);
    project.run(&THE_LONG_WAY).exits(0);
    project.is_as_wanted();
}

#[test]
fn verify_goes_with_plans_that_ask_the_cloud_nothing() {
    let project = Project::applied(&["alice"]);
    for refresh in ["bulk", "deep"] {
        let line = ["plan", "--refresh", refresh, "--verify"];
        project.run(&line).exits(64).says("--verify goes with --refresh none only");
    }
    assert_eq!(project.plan(&THE_LONG_WAY[1..])["units"], json!([]));
}

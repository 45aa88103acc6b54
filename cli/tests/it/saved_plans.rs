//! Plans in files: applied exactly as reviewed, or not at all.

use std::fs;

use crate::kit::Answer;
use crate::kit::Project;
use crate::kit::unit;

/// A project with a change that is planned, saved and not applied.
fn saved() -> Project {
    let project = Project::applied(&["alice", "bob"]);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    let plan = |project: &Project| project.run(&["plan", "--out", "change.json"]);
    project.changed_by(&["change.json"], plan).exits(0);
    project
}

/// Applies the saved plan, which must be refused and leave every file as it was.
#[track_caller]
fn refused(project: &Project) -> Answer {
    project.unchanged_by(|project| project.apply(&["change.json"])).exits(7)
}

#[test]
fn a_saved_plan_is_shown_and_applied() {
    let project = saved();
    let shown = project.unchanged_by(|project| project.run(&["show", "change.json"])).exits(0);
    let shown = shown.shows("batch.compute_environment/main");
    assert_eq!(shown.stdout, project.run(&["plan"]).stdout.replace("1 of 3 units", "1 unit"));
    let saved = fs::read_to_string(project.path("change.json")).unwrap();
    let document = project.run(&["show", "change.json", "--json"]).exits(0).json();
    assert_eq!(document, serde_json::from_str::<serde_json::Value>(&saved).unwrap());
    assert_eq!(document, project.plan(&[]));

    let results = project.apply(&["change.json", "--json"]).exits(0).results();
    assert_eq!(results.into_keys().collect::<Vec<_>>(), [unit("alice")]);
    project.is_as_wanted();
    refused(&project).says("only in the saved plan: 1 to update");
}

#[test]
fn a_saved_plan_covers_only_its_own_units() {
    let project = saved();
    project.researcher("bob", "compute: { max_vcpus: 256 }");
    let results = project.apply(&["change.json", "--json"]).exits(0).results();
    assert_eq!(results.into_keys().collect::<Vec<_>>(), [unit("alice")]);
}

#[test]
fn a_saved_plan_is_refused_once_its_spec_has_moved() {
    let project = saved();
    project.researcher("alice", "compute: { max_vcpus: 129 }");
    refused(&project).says("max_vcpus: 128 in the saved plan, 129 now");
}

#[test]
fn a_saved_plan_is_refused_once_the_cloud_has_moved() {
    let project = saved();
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", 99_u32.into());
    refused(&project).says("max_vcpus as it is: 64 in the saved plan, 99 now");
}

#[test]
fn a_saved_plan_is_refused_once_the_state_has_moved() {
    let project = saved();
    let queue = project.object("batch.job_queue", "alice");
    project.tamper(&queue, "priority", 7_u32.into());
    let mine = fs::read_to_string(project.path("workspaces/alice.yaml")).unwrap();
    project.researcher("alice", "tags: { team: blue }");
    project.apply(&[]).exits(0);
    project.researcher("alice", "");
    project.apply(&[]).exits(0);
    project.write("workspaces/alice.yaml", &mine);
    refused(&project).says("workspace alice").says("the state that it was planned from moved");
}

#[test]
fn a_plan_that_was_edited_by_hand_is_refused() {
    let project = saved();
    project.edit("change.json", "\"max_vcpus\": 64", "\"max_vcpus\": 65");
    project.edit("change.json", "\"value\": 128", "\"value\": 12800");
    for command in [&["show", "change.json"][..], &["apply", "--auto-approve", "change.json"]] {
        let answer = project.unchanged_by(|project| project.run(command)).exits(65);
        answer.says("it was changed after it was saved");
    }
}

#[test]
fn a_file_that_is_no_plan_is_said_to_be_none() {
    let project = Project::applied(&["alice"]);
    project.write("notes.json", "{}");
    for command in [&["show", "notes.json"][..], &["apply", "--auto-approve", "notes.json"]] {
        project.unchanged_by(|project| project.run(command)).exits(65).says("no saved plan");
    }
    project.run(&["show", "missing.json"]).exits(1).says("missing.json");
}

#[test]
fn an_expected_digest_holds_or_the_apply_is_refused() {
    let project = saved();
    let plan = project.plan(&[]);
    let digest = plan["digest"].as_str().unwrap();
    project.researcher("alice", "compute: { max_vcpus: 129 }");
    let arguments = ["--expect-digest", digest];
    project.unchanged_by(|project| project.apply(&arguments)).exits(7).says(digest);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    project.apply(&arguments).exits(0);
}

#[test]
fn the_digest_is_the_same_wherever_whenever_and_in_whatever_order_it_is_planned() {
    let (here, there) = (Project::of(&["alice", "bob"]), Project::of(&[]));
    there.write(
        "workspaces/all.yaml",
        "bob: { profile: standard, account: main }\nalice: { account: main, profile: standard }\n",
    );
    let digest = |project: &Project, variables: &[(&str, &str)]| {
        let mut command = project.command(&["plan", "--json"]);
        command.envs(variables.iter().copied());
        Answer::of(command.output().unwrap()).exits(0).json()["digest"].clone()
    };
    let first = digest(&here, &[]);
    let elsewhere = [("TZ", "Asia/Kathmandu"), ("LANG", "tr_TR.UTF-8"), ("USER", "somebody")];
    assert_eq!(digest(&here, &elsewhere), first);
    assert_eq!(digest(&there, &elsewhere), first);
    let mut outside = here.command(&["-C", here.path("").to_str().unwrap(), "plan", "--json"]);
    let outside = Answer::of(outside.current_dir("/").output().unwrap()).exits(0).json();
    assert_eq!(outside["digest"], first);
    there.edit("workspaces/all.yaml", "bob: {", "bob: { compute: { max_vcpus: 65 },");
    assert_ne!(digest(&there, &[]), first);
}

/// A project with a change whose plan is kept in the state store, and the plan's digest.
fn kept() -> (Project, String) {
    let project = Project::applied(&["alice", "bob"]);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    let answer = project.run(&["plan", "--save"]).exits(0);
    let digest = project.plan(&[])["digest"].as_str().unwrap().to_owned();
    let hint = format!("nfplan apply --expect-digest {digest}");
    let answer = answer.says("kept for review:");
    assert!(answer.stderr.replace("\n    ", " ").contains(&hint), "{answer}");
    (project, digest)
}

#[test]
fn a_plan_that_was_kept_is_applied_by_its_digest_and_nothing_else_is() {
    let (project, digest) = kept();
    project.researcher("bob", "compute: { max_vcpus: 256 }");
    let line = ["--expect-digest", &digest, "--json"];
    let results = project.apply(&line).exits(0).results();
    assert_eq!(results.into_keys().collect::<Vec<_>>(), [unit("alice")]);
    project.run(&["state", "verify"]).exits(0);
    project.run(&["state", "prune", "--keep", "1"]).exits(0);
}

#[test]
fn a_digest_whose_plan_was_kept_is_refused_with_the_difference() {
    let (project, digest) = kept();
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", 99_u32.into());
    // The digits that people are shown suffice.
    for digest in [&*digest, &digest[..19], &digest[7..19]] {
        let line = ["--expect-digest", digest];
        let answer = project.unchanged_by(|project| project.apply(&line)).exits(7);
        answer.says("max_vcpus as it is: 64 in the saved plan, 99 now");
    }
    let unknown = ["--expect-digest", "sha256:0123456789abcdef"];
    project.unchanged_by(|project| project.apply(&unknown)).exits(7);
    let senseless = ["--expect-digest", "yesterday"];
    project.unchanged_by(|project| project.apply(&senseless)).exits(64).says("no digest of a plan");
}

#[test]
fn a_plan_tells_what_is_new_since_the_one_that_was_reviewed() {
    let (project, digest) = kept();
    let since = ["plan", "--since", &digest, "--report", "md=plan.md"];
    project.run(&since).exits(0).shows("Nothing is new since the plan sha256:");
    project.researcher("bob", "compute: { max_vcpus: 256 }");
    let answer = project.run(&since).exits(0).shows("New since the plan sha256:");
    answer.shows("workspace bob").shows("only now: 1 to update");
    let comment = fs::read_to_string(project.path("plan.md")).unwrap();
    assert!(comment.contains("**New since the plan sha256:"), "{comment}");
    let unknown = ["plan", "--since", "0123456789ab"];
    project.unchanged_by(|project| project.run(&unknown)).exits(7).says("nfplan plan --save");
    let blind = ["plan", "--save", "--refresh", "none"];
    project.unchanged_by(|project| project.run(&blind)).exits(7).says("--refresh none");
}

#[test]
fn another_plan_in_the_place_of_the_reviewed_one_is_not_applied() {
    let (project, digest) = kept();
    project.researcher("alice", "compute: { max_vcpus: 999 }");
    project.run(&["plan", "--save"]).exits(0);
    let key = |digest: &str| format!(".nfplan/state/plans/{}.json", &digest["sha256:".len()..]);
    let other = project.plan(&[])["digest"].as_str().unwrap().to_owned();
    fs::copy(project.path(&key(&other)), project.path(&key(&digest))).unwrap();
    let line = ["--expect-digest", &digest];
    let answer = project.unchanged_by(|project| project.apply(&line)).exits(1);
    answer.says("another plan than its name says");
}

//! Looking after states: history, verify, restore, pull and push, prune, forget.

use serde_json::Value as Json;

use crate::kit::Answer;
use crate::kit::PLATFORM;
use crate::kit::Project;
use crate::kit::changes;
use crate::kit::unit;

/// alice in three states; the current one has the serial 3.
fn project_with_history() -> Project {
    let project = Project::applied(&["alice"]);
    for vcpus in [128, 256] {
        project.researcher("alice", &format!("compute: {{ max_vcpus: {vcpus} }}"));
        project.apply(&[]).exits(0);
    }
    project
}

fn serials(project: &Project) -> Vec<u64> {
    let history = project.run(&["state", "history", "--select", "alice", "--json"]).exits(0).json();
    let states = history["units"][0]["states"].as_array().unwrap();
    let current: Vec<&Json> = states.iter().filter(|state| state["current"] == true).collect();
    assert_eq!((current.len(), &states[0]["current"]), (1, &Json::Bool(true)));
    states.iter().map(|state| state["serial"].as_u64().unwrap()).collect()
}

/// A file of alice's unit in the state store.
fn stored(name: &str) -> String {
    format!(".nfplan/state/{}/{name}", unit("alice"))
}

#[track_caller]
fn refused(project: &Project, arguments: &[&str]) -> Answer {
    project.unchanged_by(|project| project.run(arguments)).exits(7)
}

const RESTORE: [&str; 6] = ["state", "restore", "--serial", "1", "--select", "alice"];

#[test]
fn an_earlier_state_comes_back_as_a_new_one_and_the_plan_shows_how_the_cloud_differs() {
    let project = project_with_history();
    assert_eq!(serials(&project), [3, 2, 1]);
    let before = project.existing();
    let answer = project.run(&RESTORE).exits(0);
    answer
        .shows("alice restored from serial 1 now serial 4")
        .shows("undo: nfplan state restore --serial 3 --select alice");
    assert_eq!(project.existing(), before, "the cloud is not touched");
    assert_eq!(serials(&project), [4, 3, 2, 1]);
    project.run(&["state", "verify"]).exits(0).shows("alice sound serial 4, 4 states read");
    // The specs want what the cloud has: there is nothing to do but to take note of it.
    project.apply(&[]).exits(0);
    project.is_as_wanted();

    project.run(&["state", "restore", "--serial", "3", "--select", "alice"]).exits(0);
    let again = ["state", "restore", "--serial", "3", "--select", "alice", "--json"];
    let same = project.unchanged_by(|project| project.run(&again)).exits(0).json();
    assert_eq!((&same["format"], &same["changed"]), (&"nfplan.edit/1".into(), &false.into()));
}

#[test]
fn what_cannot_be_restored_is_refused() {
    let project = project_with_history();
    let nine = ["state", "restore", "--serial", "9", "--select", "alice"];
    refused(&project, &nine).says("those that are kept: 3, 2, 1");
    let unnamed = ["state", "restore", "--serial", "1"];
    refused(&project, &unnamed).says("2 are selected").says("name it with --select");
}

#[test]
fn a_state_goes_out_and_in_again() {
    let project = project_with_history();
    let pulled = project.unchanged_by(|project| project.run(&["state", "pull", "alice"])).exits(0);
    let mut document = pulled.json();
    assert_eq!(document["format"], "nfplan.snapshot/1");
    assert_eq!(
        (&document["serial"], &document["state"]["unit"]),
        (&3.into(), &unit("alice").into())
    );
    project.write("alice.state", &pulled.stdout);
    let push = ["state", "push", "alice.state"];
    project.unchanged_by(|project| project.run(&push)).exits(0).shows("nothing to change");

    let queue = &mut document["state"]["entries"]["batch.job_queue/main"];
    queue["current"]["inputs"]["priority"] = 7.into();
    project.write("alice.state", &document.to_string());
    project.run(&push).exits(0).shows("alice pushed, from serial 3 now serial 4");
    let shown = project.run(&["state", "show", "batch.job_queue/main"]).exits(0);
    shown.shows("priority: 7");
    // Drift: what was last applied is no more what is there, and what is there is as wanted.
    assert_eq!(project.run(&["state", "verify"]).exits(0).code, Some(0));

    document["serial"] = 2.into();
    document["state"]["entries"]["batch.job_queue/main"]["current"]["inputs"]["priority"] =
        8.into();
    project.write("alice.state", &document.to_string());
    refused(&project, &push).says("has moved on").says("pull the state again");
    document["serial"] = 4.into();
    document["state"]["entries"]["batch.job_queue/main"]["incarnation"] = 0.into();
    project.write("alice.state", &document.to_string());
    refused(&project, &push).says("the incarnation of").says("would fall");
    document["lineage"] = "00000000-0000-4000-8000-000000000000".into();
    project.write("alice.state", &document.to_string());
    refused(&project, &push).says("another history");
    project.write("alice.state", "{}");
    project.unchanged_by(|project| project.run(&push)).exits(65).says("is no state document");
}

#[test]
fn a_state_that_was_lost_is_brought_back() {
    let project = project_with_history();
    let pulled = project.run(&["state", "pull", "alice"]).exits(0).stdout;
    project.write("alice.state", &pulled);
    std::fs::remove_dir_all(project.path(&stored(""))).unwrap();
    project.run(&["state", "push", "alice.state"]).exits(0);
    project.is_as_wanted();
    project.run(&["state", "verify"]).exits(0);

    // Only the head is lost: the youngest state that is kept is a document too.
    project.remove(&stored("head.json"));
    let answer = project.run(&["state", "verify"]).exits(6);
    answer.shows("alice corrupt").shows("head.json").shows("is missing");
    let snapshots = std::fs::read_dir(project.path(&stored("snapshots"))).unwrap();
    let youngest = snapshots.map(|entry| entry.unwrap().path()).max().unwrap();
    project.run(&["state", "push", youngest.to_str().unwrap()]).exits(0);
    project.is_as_wanted();
}

#[test]
fn damage_is_named_and_the_others_are_checked_all_the_same() {
    let project = project_with_history();
    let snapshots = std::fs::read_dir(project.path(&stored("snapshots"))).unwrap();
    let first = snapshots.map(|entry| entry.unwrap().path()).min().unwrap();
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, text.replace("max_vcpus", "max_vcpux")).unwrap();
    let verify = ["state", "verify", "--json"];
    let answer = project.unchanged_by(|project| project.run(&verify)).exits(6).json();
    assert_eq!((&answer["format"], &answer["sound"]), (&"nfplan.verify/1".into(), &false.into()));
    let of = |id: &str| {
        let units = answer["units"].as_array().unwrap();
        units.iter().find(|unit| unit["unit"] == id).unwrap().clone()
    };
    assert_eq!(of(PLATFORM)["sound"], true);
    let name = first.file_name().unwrap().to_str().unwrap();
    let problem = &of(&unit("alice"))["problems"][0];
    assert!(problem["key"].as_str().unwrap().ends_with(name), "{problem}");
    let prune = |keep| ["state", "prune", "--select", "alice", "--keep", keep];
    project.unchanged_by(|project| project.run(&prune("9"))).exits(6).shows("alice left alone");
    // Without the state that is damaged, all is sound.
    project.run(&prune("2")).exits(0);
    project.run(&["state", "verify"]).exits(0);
}

#[test]
fn what_is_not_needed_is_pruned_and_everything_else_stays() {
    let project = project_with_history();
    let dry = ["state", "prune", "--keep", "2", "--select", "alice", "--dry-run", "--json"];
    let listed = project.unchanged_by(|project| project.run(&dry)).exits(0).json();
    let keys = listed["units"][0]["objects"].as_array().unwrap();
    let of = |part: &str| keys.iter().filter(|key| key.as_str().unwrap().contains(part)).count();
    assert_eq!((of("/snapshots/"), of("plan.json")), (1, 3));
    assert!(of("/events/") >= 3 && of("head.json") + of("lease.json") == 0);

    let (states, objects) = (project.recorded(), project.existing());
    project.run(&["state", "prune", "--keep", "2", "--select", "alice"]).exits(0);
    assert_eq!((project.recorded(), project.existing()), (states, objects));
    assert_eq!(serials(&project), [3, 2]);
    let history = ["state", "history", "--select", "alice"];
    project.run(&history).exits(0).shows("older states were pruned");
    assert!(!project.path(&stored("runs")).exists());
    let again = ["state", "prune", "--keep", "2", "--select", "alice"];
    project.unchanged_by(|project| project.run(&again)).exits(0).shows("0 objects of 0 units");
    project.run(&["state", "verify"]).exits(0);
    project.is_as_wanted();
}

#[test]
fn what_is_forgotten_stays_in_the_cloud_and_is_adopted_again() {
    let project = project_with_history();
    let before = project.existing();
    let forget =
        ["state", "forget", "batch.job_queue/main", "--select", "alice", "--reason", "moved"];
    let answer = project.run(&forget).exits(0);
    answer
        .shows("forgot batch.job_queue/main: moved")
        .shows("it stays in the cloud")
        .shows("undo: nfplan state restore --serial 3");
    assert_eq!(project.existing(), before);
    let history = project.run(&["state", "history", "--select", "alice"]).exits(0);
    history.shows("forgot batch.job_queue/main: moved current");
    let plan = changes(&project.plan(&[]));
    assert_eq!(plan, [format!("{} batch.job_queue/main adopt", unit("alice"))]);
    project.apply(&[]).exits(0);
    assert_eq!(project.existing(), before);
    project.is_as_wanted();
    let last = project.run(&["state", "history", "--select", "alice", "--json"]).exits(0).json();
    assert_eq!(last["units"][0]["states"][0]["edit"], Json::Null, "that was a run");
}

#[test]
fn what_cannot_be_forgotten_is_refused() {
    let project = Project::applied(&["alice", "bob"]);
    let forget = |address: &'static str| ["state", "forget", address, "--reason", "moved"];
    refused(&project, &forget("batch.job_queue/mian")).says("did you mean `batch.job_queue/main`?");
    refused(&project, &forget("batch.job_queue/main")).says("2 units have something at");
    let other =
        [&forget("batch.job_queue/main")[..], &["--object", "x", "--select", "bob"]].concat();
    refused(&project, &other).says("has no such object");
    let silent = ["state", "forget", "ec2.vpc/main", "--reason", " ", "--select", "bob"];
    project.unchanged_by(|project| project.run(&silent)).exits(64);
}

#[test]
fn nothing_is_changed_by_hand_under_an_open_run() {
    let project = project_with_history();
    let pulled = project.run(&["state", "pull", "alice"]).exits(0).stdout;
    project.write("alice.state", &pulled.replace("\"SPOT\"", "\"EC2\""));
    let replace = ["--replace", "batch.compute_environment/main", "--on-failure", "stop"];
    let stop = [&["apply", "--auto-approve"], &replace[..]].concat();
    // An account takes fifty compute environments. These come so late that the plan does not count them.
    for number in 1..50 {
        let inputs = [("name".into(), format!("others-{number}").as_str().into())];
        let (somebody, place) = (project.somebody(), crate::kit::place());
        somebody.put_unseen(&place, "batch.compute_environment", inputs.into()).unwrap();
    }
    project.run(&stop).exits(6).shows("alice stopped");
    let forget = ["state", "forget", "ec2.vpc/main", "--select", "alice", "--reason", "not now"];
    for arguments in [&RESTORE[..], &["state", "push", "alice.state"], &forget] {
        refused(&project, arguments).says("has the open run").says("nfplan rollback");
    }
    project.run(&["state", "pull", "alice"]).exits(0).says("is not in this state");
    project.run(&["state", "verify"]).exits(0).shows("is open");
    project.run(&["state", "prune", "--keep", "1"]).exits(0);
    project.run(&["state", "verify"]).exits(0).shows("is open");
    project.run(&["rollback"]).exits(0).shows("alice rolled back");
    assert_eq!(project.changes(), [""; 0]);
}

#[test]
fn what_was_forgotten_is_never_taken_for_a_leftover() {
    let project = Project::applied(&["alice", "bob"]);
    let templates = || project.objects_of("ec2.launch_template", "").len();
    let before = templates();
    let address = "ec2.launch_template/compute";
    let forget = ["state", "forget", address, "--select", "alice", "--reason", "handed over"];
    project.run(&forget).exits(0);
    project.remove("workspaces/alice.yaml");
    let deleted = project.changes();
    assert!(deleted.iter().any(|change| change.contains("/alice ")), "{deleted:#?}");
    assert!(!deleted.iter().any(|change| change.contains(address)), "{deleted:#?}");
    project.apply(&[]).exits(0);
    assert_eq!(templates(), before);
}

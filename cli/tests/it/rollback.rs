//! Runs that are open: stopped where a step failed, rolled back, freed from whoever held them.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value as Json;

use crate::failure::fill_queues;
use crate::failure::free;
use crate::interruption::begin;
use crate::interruption::try_signal;
use crate::interruption::wait;
use crate::kit::Project;
use crate::kit::unit;
use crate::terminal::Session;

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const STOP: [&str; 4] = ["apply", "--auto-approve", "--on-failure", "stop"];

/// alice is applied, and bob's apply stopped because there is no room for his queue.
fn stopped() -> (Project, Vec<String>) {
    let project = Project::applied(&["alice"]);
    let others = fill_queues(&project, 0);
    project.researcher("bob", "");
    let answer = project.run(&STOP).exits(6).shows("bob stopped");
    answer
        .shows("batch.job_queue/main failed")
        .shows("nfplan apply --resume --select bob goes on with it")
        .shows("nfplan rollback --select bob undoes what was begun");
    (project, others)
}

#[test]
fn an_apply_that_stops_leaves_what_was_made_and_can_be_resumed() {
    let (project, others) = stopped();
    let made = project.existing();
    assert!(project.objects_of("ec2.vpc", "").len() == 2, "bob's network stays");
    project.run(&["plan"]).exits(0).says("has a run that was interrupted");
    // The cause is still there: it stops again, and nothing is lost.
    let again = project.run(&[&STOP[..], &["--resume", "--json"]].concat()).exits(6);
    assert_eq!(again.results()[&unit("bob")], "stopped");
    assert_eq!(again.json()["result"], "stopped");
    assert_eq!(project.existing(), made);
    free(&project, &others);
    project.apply(&["--resume"]).exits(0);
    assert!(project.objects_of("ec2.vpc", "").len() == 2);
    project.is_as_wanted();
}

#[test]
fn an_apply_that_stopped_can_be_rolled_back() {
    let (project, others) = stopped();
    let answer = project.run(&["rollback", "--json"]).exits(0);
    let results = answer.results();
    assert_eq!(results.len(), 1, "units without an open run are left alone: {answer}");
    assert_eq!(results[&unit("bob")], "rolled_back");
    assert_eq!(answer.json()["format"], "nfplan.apply/1");
    assert_eq!(answer.json()["result"], "rolled_back");
    assert_eq!(project.objects_of("ec2.vpc", "").len(), 1);
    project.unchanged_by(|project| project.run(&["rollback"])).exits(0).shows("No run is open");
    free(&project, &others);
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn the_next_apply_rolls_a_stopped_run_back_by_itself() {
    let (project, others) = stopped();
    free(&project, &others);
    project.apply(&[]).exits(0).says("rolled back");
    project.is_as_wanted();
}

#[test]
fn a_signal_while_it_asks_ends_an_apply_that_ended_a_run_before() {
    let (project, others) = stopped();
    free(&project, &others);
    let mut session = Session::start(project.command(&["apply"]), 100);
    session.wait_for("Apply this plan?");
    session.type_in("\u{3}");
    assert_eq!(session.finish().0, Some(130));
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

/// Four researchers, so that all are under way for a while.
const MANY: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// A project with its platform, and an apply of four workspaces that was killed after so many
/// lines of the cloud's log.
fn killed(lines: usize) -> (Project, u32) {
    let project = Project::of(&MANY);
    project.apply(&["--select", "platform:main"]).exits(0);
    let mut child = begin(&project, &APPLY, lines);
    child.kill().unwrap();
    let pid = child.id();
    wait(child);
    (project, pid)
}

#[test]
fn a_killed_apply_is_rolled_back_and_one_past_its_commit_point_is_finished() {
    let (project, _) = killed(40);
    project.run(&["rollback"]).exits(0).shows("alice rolled back").shows("4 units = 4 rolled back");
    assert_eq!(project.objects_of("ec2.vpc", ""), []);
    project.apply(&[]).exits(0);
    project.is_as_wanted();

    // A removal has no build steps: it is past its commit point as soon as it begins.
    MANY.iter().for_each(|user| project.remove(&format!("workspaces/{user}.yaml")));
    let mut child = begin(&project, &["apply", "--auto-approve", "--allow", "mass-destroy"], 30);
    child.kill().unwrap();
    wait(child);
    let answer = project.run(&["rollback", "--select", "alice", "--json"]).exits(0);
    assert_eq!(answer.results()[&unit("alice")], "applied");
    assert_eq!(answer.json()["result"], "applied");
    assert_eq!(project.objects_of("batch.job_queue", "alice"), []);
}

#[test]
fn a_rollback_that_is_interrupted_goes_on_with_the_next_one() {
    // On a busy machine a rollback may be over before the signal comes.
    let interrupted = (0..8).find_map(|_| {
        let (project, _) = killed(100);
        let child = begin(&project, &["rollback"], 2);
        try_signal(&child, "-TERM");
        let answer = wait(child);
        (answer.code != Some(0)).then_some((project, answer))
    });
    let (project, answer) = interrupted.expect("one of eight is interrupted");
    answer.exits(143).shows("interrupted");
    project.run(&["rollback"]).exits(0).shows("rolled back");
    assert_eq!(project.objects_of("ec2.vpc", ""), []);
}

#[test]
fn a_unit_that_is_damaged_does_not_keep_the_others_from_being_rolled_back() {
    let (project, _) = killed(40);
    project.write(&format!(".nfplan/state/{}/head.json", unit("alice")), "{}");
    let answer = project.run(&["rollback", "--json"]).exits(6);
    let results = answer.results();
    assert_eq!(results[&unit("alice")], "failed");
    assert_eq!(results[&unit("bob")], "rolled_back");
    project.run(&["state", "verify"]).exits(6).shows("bob sound").shows("alice corrupt");
}

#[test]
fn a_rollback_names_what_it_does_not_know() {
    let project = Project::applied(&["alice"]);
    let answer = project.unchanged_by(|project| project.run(&["rollback", "--select", "alise"]));
    answer.exits(7).says("did you mean `alice`?");
}

#[test]
fn a_unit_of_a_killed_process_is_freed_on_evidence() {
    let (project, pid) = killed(40);
    let lease = format!(".nfplan/state/{}/lease.json", unit("alice"));
    let answer =
        project.changed_by(&[&lease], |project| project.run(&["unlock", "alice"])).exits(0);
    answer
        .shows("alice freed")
        .shows(&format!("(process {pid} on "))
        .shows("its process is gone")
        .shows("building, ")
        .shows("nfplan rollback --select alice")
        .shows("takes over by itself");
    let json = project.run(&["unlock", "--select", "alice", "--json", "--reason", "why"]).exits(0);
    let json = json.json();
    assert_eq!((&json["format"], &json["reason"]), (&"nfplan.unlock/1".into(), &"why".into()));
    assert_eq!(json["units"][0]["result"], "free");
    assert_eq!(json["units"][0]["open_run"]["phase"], "building");
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

/// Puts a holder of another machine into alice's lease, who has so long to show a sign of life.
fn hold(project: &Project, ttl_ms: u64, nonce: u64) {
    let path = project.path(&format!(".nfplan/state/{}/lease.json", unit("alice")));
    let mut lease: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let (who, host) = ("somebody else", "another machine");
    lease["holder"] = serde_json::json!({ "who": who, "host": host, "pid": 1, "since": 0 });
    lease["ttl_ms"] = ttl_ms.into();
    lease["nonce"] = format!("00000000-0000-4000-8000-{nonce:012}").into();
    let prepared = project.path("lease");
    fs::write(&prepared, lease.to_string()).unwrap();
    fs::rename(prepared, path).unwrap();
}

#[test]
fn a_unit_whose_holder_is_silent_is_watched_and_then_freed() {
    let project = Project::applied(&["alice"]);
    hold(&project, 300, 0);
    let answer = project.run(&["unlock", "alice"]).exits(0);
    let answer = answer.says("watching its lease").shows("alice freed");
    answer.shows("held by somebody else (process 1 on another machine)").shows("did not move for");
    project.run(&["unlock", "alice"]).exits(0).shows("alice not leased");
}

#[test]
fn a_unit_whose_holder_shows_signs_of_life_stays_locked() {
    let project = Project::applied(&["alice"]);
    hold(&project, 300, 0);
    let mut command = project.command(&["unlock", "alice", "--json"]);
    let mut watching = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut renewals = 0;
    while watching.try_wait().unwrap().is_none() {
        renewals += 1;
        hold(&project, 300, renewals);
        std::thread::sleep(Duration::from_millis(10));
    }
    let answer = wait(watching).exits(8);
    let unit = answer.json()["units"][0].clone();
    assert_eq!((&unit["result"], &unit["evidence"]), (&"held".into(), &Json::Null));
    assert!(unit["problem"].as_str().unwrap().contains("is being changed by somebody else"));
}

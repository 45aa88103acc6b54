//! The process ends in the middle of an apply: the next one ends what was begun.

use std::fs;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::failure::fill_queues;
use crate::failure::free;
use crate::kit::Answer;
use crate::kit::Project;

/// Longer than any apply of these tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const DESTROY: [&str; 2] = ["destroy", "--auto-approve"];

/// Starts a command and waits until the cloud's log has so many more lines, or the process is over.
pub(crate) fn begin(project: &Project, arguments: &[&str], lines: usize) -> Child {
    let log = project.path(".nfplan/sim/111122223333.log");
    let count = || fs::read(&log).map_or(0, |text| text.split(|byte| *byte == b'\n').count());
    let (first, started) = (count(), Instant::now());
    let mut command = project.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while count() < first + lines && child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < PATIENCE, "the apply does not get on");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// Sends a signal to a process that has to be there still.
pub(crate) fn signal(child: &Child, name: &str) {
    assert!(try_signal(child, name), "{name} came too late");
}

/// Sends a signal. Whether the process was there still.
pub(crate) fn try_signal(child: &Child, name: &str) -> bool {
    let mut command = Command::new("kill");
    let command = command.args([name, &child.id().to_string()]).stderr(Stdio::null());
    command.status().unwrap().success()
}

pub(crate) fn wait(child: Child) -> Answer {
    Answer::of(child.wait_with_output().unwrap())
}

#[test]
fn an_apply_that_was_killed_anywhere_is_ended_by_the_next_one() {
    let project = Project::of(&["alice", "bob"]);
    let mut killed = 0;
    for lines in [1, 9, 4, 30, 17, 42] {
        let mut child = begin(&project, &APPLY, lines);
        child.kill().unwrap();
        killed += usize::from(wait(child).code.is_none());
    }
    assert!(killed > 0, "none was killed in time");
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn a_change_that_was_killed_anywhere_is_ended_by_the_next_apply() {
    let project = Project::applied(&["alice"]);
    for (round, lines) in [1, 3, 6].into_iter().enumerate() {
        project.researcher("alice", &format!("tags: {{ round: r{round} }}"));
        let mut child = begin(&project, &APPLY, lines);
        child.kill().unwrap();
        wait(child);
        project.apply(&[]).exits(0);
        project.is_as_wanted();
    }
}

#[test]
fn a_destroy_that_was_killed_anywhere_is_ended_by_the_next_one() {
    let project = Project::applied(&["alice"]);
    for lines in [1, 14, 25] {
        let mut child = begin(&project, &DESTROY, lines);
        child.kill().unwrap();
        wait(child);
    }
    project.run(&DESTROY).exits(0);
    assert_eq!(project.recorded().len(), 0);
    assert_eq!(project.objects_of("ec2.vpc", ""), []);
    assert_eq!(project.objects_of("s3.bucket", "").len(), 1);
}

#[test]
fn a_rollback_that_was_killed_is_ended_by_the_next_apply() {
    let project = Project::of(&["alice"]);
    project.apply(&["--select", "platform:main"]).exits(0);
    let others = fill_queues(&project, 0);
    let before = project.existing();
    for lines in [62, 66, 71] {
        let mut child = begin(&project, &APPLY, lines);
        child.kill().unwrap();
        wait(child);
    }
    project.apply(&[]).exits(5);
    let after = project.existing();
    let left: Vec<_> = after.difference(&before).collect();
    assert!(left.iter().all(|(kind, _)| kind == "secretsmanager.secret"), "{left:?}");
    free(&project, &others);
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn of_two_applies_side_by_side_each_unit_is_applied_by_one() {
    let project = Project::of(&["alice", "bob"]);
    let children = [begin(&project, &APPLY, 1), begin(&project, &APPLY, 0)];
    for child in children {
        let answer = wait(child);
        assert!(matches!(answer.code, Some(0 | 7 | 8)), "{answer}");
    }
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn a_terminated_apply_stops_soon_says_so_and_is_ended_by_the_next_one() {
    let project = Project::of(&["alice", "bob", "carol", "dave"]);
    let child = begin(&project, &APPLY, 40);
    let sent = Instant::now();
    signal(&child, "-TERM");
    let answer = wait(child).exits(143);
    assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
    let answer = answer.shows("interrupted");
    assert!(project.existing().len() < 128, "{answer}");
    project.run(&["plan"]).exits(0).says("has a run that was interrupted");
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn an_interrupted_apply_can_be_resumed() {
    let project = Project::of(&["alice", "bob", "carol", "dave", "erin", "frank"]);
    let child = begin(&project, &APPLY, 20);
    signal(&child, "-INT");
    wait(child).exits(130);
    let made = project.existing();
    project.apply(&["--resume"]).exits(0);
    assert!(made.is_subset(&project.existing()));
    project.is_as_wanted();
}

#[test]
fn commands_of_all_kinds_that_were_killed_leave_what_the_next_apply_can_end() {
    let resume = ["apply", "--auto-approve", "--resume"];
    let rounds: [(&[&str], &str, usize); 9] = [
        (&APPLY, "active", 62),
        (&resume, "active", 5),
        (&APPLY, "suspended", 9),
        (&DESTROY, "suspended", 59),
        (&APPLY, "active", 13),
        (&resume, "active", 50),
        (&DESTROY, "active", 3),
        (&resume, "suspended", 31),
        (&DESTROY, "suspended", 12),
    ];
    let project = Project::of(&["alice"]);
    for (round, (arguments, status, lines)) in rounds.into_iter().enumerate() {
        project.researcher("alice", &format!("status: {status}, tags: {{ round: r{round} }}"));
        let mut child = begin(&project, arguments, lines);
        child.kill().unwrap();
        wait(child);
    }
    project.researcher("alice", "");
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

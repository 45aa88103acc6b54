//! Processes that are killed at random instants: while they make, while they undo what failed, and
//! while they remove. Most kills have to hit, or this would try nothing.

use std::fs;
use std::ops::Range;
use std::path::Path;

use serde_json::Value as Json;

use crate::failure::fill_queues;
use crate::failure::free;
use crate::interruption::APPLY;
use crate::interruption::begin;
use crate::interruption::wait;
use crate::kit::Project;
use crate::kit::unit;

const USERS: [&str; 2] = ["alice", "bob"];
const DESTROY: [&str; 4] = ["destroy", "--auto-approve", "--select", "alice,bob"];
const ROUNDS: usize = 5;

/// The same instants in every run of the test.
struct Instants(u64);

impl Instants {
    /// After so many of `length` lines: between these hundredths of it. The last ones are left out,
    /// because a process is over them before a signal can reach it.
    fn next(&mut self, length: usize, hundredths: Range<usize>) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let random = usize::try_from(self.0 >> 33).unwrap();
        length * (hundredths.start + random % hundredths.len()) / 100
    }
}

/// Where kills hit.
#[derive(Debug, Default)]
struct Hits {
    kills: usize,
    /// Some unit's run was open.
    open: usize,
    /// Some open run was past its commit point.
    committed: usize,
    /// Some open run was being rolled back.
    rolling_back: usize,
}

impl Hits {
    /// Starts a command, kills it after so many lines of the cloud's log, and looks where that hit.
    fn kill(&mut self, project: &Project, arguments: &[&str], lines: usize) {
        let mut child = begin(project, arguments, lines);
        child.kill().unwrap();
        wait(child);
        let journals: Vec<Vec<Json>> =
            USERS.iter().filter_map(|user| open_journal(project, user)).collect();
        let any = |name: &str| {
            let is = |event: &Json| event == name || event.get(name).is_some();
            usize::from(journals.iter().any(|events| events.iter().any(is)))
        };
        self.kills += 1;
        self.open += usize::from(!journals.is_empty());
        self.committed += any("committed");
        self.rolling_back += any("rolling_back");
    }
}

/// The events of the run that a researcher's unit has open.
fn open_journal(project: &Project, user: &str) -> Option<Vec<Json>> {
    let folder = project.path(&format!(".nfplan/state/{}", unit(user)));
    let head = read(&folder.join("head.json"))?;
    let run = head["open_run"]["id"].as_str()?;
    let events = folder.join("runs").join(run).join("events");
    let batches = fs::read_dir(events).into_iter().flatten();
    let batches = batches.filter_map(|entry| read(&entry.unwrap().path()));
    Some(batches.flat_map(|batch| batch["events"].as_array().unwrap().clone()).collect())
}

fn read(path: &Path) -> Option<Json> {
    fs::read(path).ok().map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

/// How many lines a command adds to the cloud's log if nobody kills it.
fn length(project: &Project, action: impl FnOnce(&Project)) -> usize {
    let count = || {
        let log = fs::read(project.path(".nfplan/sim/111122223333.log"));
        log.unwrap().split(|byte| *byte == b'\n').count()
    };
    let before = count();
    action(project);
    count() - before
}

#[test]
fn whenever_processes_are_killed_the_next_command_ends_what_they_began() {
    let project = Project::of(&[]);
    project.apply(&[]).exits(0);
    USERS.iter().for_each(|user| project.researcher(user, ""));
    let others = fill_queues(&project, 0);
    let failing = length(&project, |project| drop(project.apply(&[]).exits(5)));
    free(&project, &others);
    project.run(&DESTROY).exits(0);
    let making = length(&project, |project| drop(project.apply(&[]).exits(0)));
    let removing = length(&project, |project| drop(project.run(&DESTROY).exits(0)));

    let (mut hits, mut instants) = (Hits::default(), Instants(1));
    for _ in 0..ROUNDS {
        hits.kill(&project, &APPLY, instants.next(making, 1..60));
        project.apply(&[]).exits(0);
        project.is_as_wanted();
        hits.kill(&project, &DESTROY, instants.next(removing, 1..60));
        project.run(&DESTROY).exits(0);
        assert_eq!(project.objects_of("ec2.vpc", ""), []);

        let others = fill_queues(&project, 0);
        hits.kill(&project, &APPLY, instants.next(failing, 45..70));
        project.apply(&[]).exits(5);
        free(&project, &others);
        project.run(&DESTROY).exits(0);
        assert_eq!(project.objects_of("ec2.vpc", ""), []);
    }
    assert!(hits.open * 10 >= hits.kills * 6, "too few runs were open: {hits:?}");
    assert!(hits.committed > 0 && hits.rolling_back > 0, "{hits:?}");
}

//! The cloud refuses half-way: that unit is as before, the others are done, and the numbers add up.

use std::collections::BTreeMap;

use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::kit::Answer;
use crate::kit::PLATFORM;
use crate::kit::Project;
use crate::kit::place;
use crate::kit::unit;

/// Batch takes fifty queues of an account and never more.
const QUEUES: usize = 50;

/// Makes queues of somebody else's until the account has room for `room` more. They come so late that
/// plans do not count them yet.
pub(crate) fn fill_queues(project: &Project, room: usize) -> Vec<String> {
    let somebody = project.somebody();
    let present = project.objects_of("batch.job_queue", "").len();
    let others = (present..QUEUES - room).map(|number| {
        let name = Value::text(format!("others-{number}"));
        let inputs = Attributes::from([("name".into(), name), ("state".into(), "ENABLED".into())]);
        somebody.put_unseen(&place(), "batch.job_queue", inputs).unwrap().to_string()
    });
    others.collect()
}

pub(crate) fn free(project: &Project, queues: &[String]) {
    for queue in queues {
        project.somebody().delete_object(&place(), "batch.job_queue", queue).unwrap();
    }
}

#[test]
fn a_unit_that_fails_is_rolled_back_and_the_others_are_committed() {
    let project = Project::applied(&["alice"]);
    let others = fill_queues(&project, 1);
    project.researcher("bob", "");
    project.researcher("carol", "");
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    let answer = project.apply(&["--json"]).exits(5);
    assert_eq!(answer.json()["result"], "rolled_back");
    let results = answer.results();
    assert_eq!(results[&unit("alice")], "applied");
    let of = |result: &str| results.values().filter(|other| *other == result).count();
    assert_eq!((of("applied"), of("rolled_back")), (2, 1), "{answer}");

    free(&project, &others);
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn a_rolled_back_workspace_leaves_nothing_and_its_ledger_adds_up() {
    let project = Project::applied(&["alice"]);
    let others = fill_queues(&project, 0);
    let before = project.existing();
    project.researcher("bob", "");
    let answer = project.apply(&[]).exits(5);
    let answer = answer.shows("batch.job_queue/main failed").shows("bob rolled back");
    let ledger = ledger(&answer);
    let sum: u64 = ledger.iter().filter(|(word, _)| **word != "steps").map(|(_, n)| n).sum();
    assert_eq!(sum, ledger["steps"], "{answer}");
    assert_eq!(ledger["steps"], 30);
    assert!(ledger["undone"] > 0 && ledger["failed"] == 1, "{answer}");

    let after = project.existing();
    let left: Vec<_> = after.difference(&before).collect();
    // A secret of the name cannot be made again for a while, so it is kept to be used again.
    assert!(left.iter().all(|(kind, _)| kind == "secretsmanager.secret"), "{left:?}");
    assert_eq!(before.difference(&after).count(), 0);

    free(&project, &others);
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn a_platform_that_fails_leaves_its_workspaces_unbegun() {
    let project = Project::of(&["alice"]);
    // Bucket names are taken for everybody: this one belongs to another account.
    let other = "999999999999.us-east-1".parse().unwrap();
    let inputs = Attributes::from([("name".into(), crate::kit::BUCKET.into())]);
    project.somebody().put_object(&other, "s3.bucket", inputs).unwrap();
    let answer = project.apply(&["--json"]);
    assert_ne!(answer.code, Some(0), "{answer}");
    let results = answer.results();
    assert_eq!(results[PLATFORM], "rolled_back");
    assert_ne!(results[&unit("alice")], "applied");
    assert_eq!(project.objects_of("ec2.vpc", ""), []);
}

#[test]
fn an_object_that_cannot_be_deleted_is_a_leftover_that_the_next_apply_deletes() {
    let project = Project::applied(&["alice", "bob"]);
    let vpc = project.objects_of("ec2.vpc", "").into_iter().find(|vpc| {
        vpc.owner.as_ref().is_some_and(|owner| owner.unit.to_string() == unit("alice"))
    });
    let vpc = vpc.unwrap().remote_id;
    let inputs = Attributes::from([
        ("vpc_id".into(), vpc.as_str().into()),
        ("cidr".into(), "192.168.240.0/24".into()),
        ("zone_id".into(), "use1-az1".into()),
    ]);
    let subnet = project.somebody().put_object(&place(), "ec2.subnet", inputs).unwrap();
    project.remove("workspaces/alice.yaml");
    project.apply(&[]).exits(9).shows("awaits deletion").shows(vpc.as_str());
    assert_eq!(project.changes(), [format!("{} ec2.vpc/main delete", unit("alice"))]);
    project.apply(&[]).exits(9);

    project.somebody().delete_object(&place(), "ec2.subnet", subnet.as_str()).unwrap();
    project.apply(&[]).exits(0);
    project.is_as_wanted();
}

#[test]
fn a_researcher_who_comes_back_while_leftovers_await_deletion_gets_them_again() {
    let project = Project::applied(&["alice", "bob"]);
    // Something of somebody else's holds every VPC.
    let mut guests = Vec::new();
    for vpc in project.objects_of("ec2.vpc", "") {
        let inputs = Attributes::from([
            ("vpc_id".into(), vpc.remote_id.as_str().into()),
            ("cidr".into(), "192.168.240.0/24".into()),
            ("zone_id".into(), "use1-az1".into()),
        ]);
        guests.push(project.somebody().put_object(&place(), "ec2.subnet", inputs).unwrap());
    }
    project.remove("workspaces/alice.yaml");
    project.apply(&[]).exits(9);
    project.researcher("alice", "");
    project.apply(&[]).exits(0);
    for guest in guests {
        project.somebody().delete_object(&place(), "ec2.subnet", guest.as_str()).unwrap();
    }
    project.is_as_wanted();
}

/// The numbers of the last line: `30 steps = 28 undone + 1 failed + 1 not started`.
fn ledger(answer: &Answer) -> BTreeMap<&str, u64> {
    let line = answer.stdout.lines().last().unwrap();
    let (total, parts) = line.split_once(" = ").unwrap();
    let entry = |part: &'_ str| -> Option<(usize, u64)> {
        let (number, _) = part.split_once(' ')?;
        Some((number.len() + 1, number.parse().ok()?))
    };
    let parts = parts.split(" + ").chain([total]);
    parts
        .map(|part| {
            let (word, number) = entry(part).unwrap();
            (&part[word..], number)
        })
        .collect()
}

//! Rules of compute environments and queues.

use std::time::Duration;

use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::value::Value;

use super::world::ENVIRONMENT;
use super::world::QUEUE;
use super::world::World;
use crate::sim::Sim;
use crate::sim::Work;

const ENVIRONMENT_ADDRESS: &str = "batch.compute_environment/main";
const QUEUE_ADDRESS: &str = "batch.job_queue/main";

fn world() -> World {
    let mut world = World::new(Sim::in_memory());
    world.compute();
    world
}

#[test]
fn a_fresh_instance_profile_is_waited_for_by_trying_again() {
    let mut world = World::new(Sim::in_memory());
    world.base();
    world.sim.clear_call_log();
    let live = world.create(ENVIRONMENT_ADDRESS, ENVIRONMENT);
    assert_eq!(live.attributes["status"], "VALID".into());
    let tries = world.writes();
    assert!(tries.len() > 1, "{tries:?}");
    assert!(tries.iter().all(|name| *name == "batch:CreateComputeEnvironment"));
}

#[test]
fn a_profile_that_never_appears_is_an_error_at_the_deadline() {
    let mut world = World::new(Sim::in_memory());
    world.base();
    let wrong = ENVIRONMENT.replace(
        "{iam.instance_profile/instance#arn}",
        "arn:aws:iam::111122223333:instance-profile/none",
    );
    let error = world.try_create(ENVIRONMENT_ADDRESS, &wrong).unwrap_err();
    assert_eq!((error.kind, error.left), (ErrorKind::NotFound, Left::Nothing));
}

#[test]
fn an_environment_goes_after_its_queue_and_both_are_disabled_first() {
    let world = world();
    let error = world.delete(ENVIRONMENT_ADDRESS).unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("ClientException", ErrorKind::Conflict));
    world.sim.clear_call_log();
    world.delete(QUEUE_ADDRESS).unwrap();
    world.delete(ENVIRONMENT_ADDRESS).unwrap();
    assert_eq!(
        world.writes(),
        ["batch:UpdateJobQueue", "batch:DeleteJobQueue", "batch:DeleteComputeEnvironment"],
        "the environment was disabled by the delete that was refused"
    );
    assert_eq!(world.live(ENVIRONMENT_ADDRESS), None);
}

#[test]
fn a_name_is_given_once_and_the_error_says_whose_it_is() {
    let mut world = world();
    world.create(QUEUE_ADDRESS, QUEUE);
    world.incarnation = 2;
    let error = world.try_create(QUEUE_ADDRESS, QUEUE).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exists);
    assert!(error.message.contains("workspace/111122223333.us-east-1/alice:batch.job_queue/main"));
}

#[test]
fn best_fit_takes_scaling_updates_only() {
    let mut world = World::new(Sim::in_memory());
    world.base();
    let best_fit = ENVIRONMENT
        .replace("SPOT_PRICE_CAPACITY_OPTIMIZED", "BEST_FIT")
        .replace("\"SPOT\"", "\"EC2\"");
    world.create(ENVIRONMENT_ADDRESS, &best_fit);
    world.update(ENVIRONMENT_ADDRESS, r#"{"max_vcpus":128}"#);
    let change = r#"{"instance_types":["c5"]}"#;
    let error = world.try_update(ENVIRONMENT_ADDRESS, change).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}

#[test]
fn an_environment_whose_role_vanished_is_invalid_and_cannot_be_deleted() {
    let world = world();
    world.delete(QUEUE_ADDRESS).unwrap();
    let other = world.sim.other_client();
    other.delete_object(world.place(), "iam.role", "x-nf-ecsInstanceRole-alice").unwrap();
    assert_eq!(world.text(ENVIRONMENT_ADDRESS, "status"), "INVALID");
    assert_eq!(world.delete(ENVIRONMENT_ADDRESS).unwrap_err().kind, ErrorKind::Timeout);
    assert_eq!(world.text(ENVIRONMENT_ADDRESS, "status"), "DELETING");
}

#[test]
fn a_queue_takes_valid_environments_only() {
    let mut world = World::new(Sim::in_memory());
    world.base();
    world.create(ENVIRONMENT_ADDRESS, ENVIRONMENT);
    let other = world.sim.other_client();
    other.delete_object(world.place(), "iam.role", "x-nf-ecsInstanceRole-alice").unwrap();
    let error = world.try_create(QUEUE_ADDRESS, QUEUE).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
}

#[test]
fn draining_ends_every_job() {
    let mut world = world();
    let other = world.sim.other_client();
    let job = || other.run_job(world.place(), "x-nf-job-queue-alice").unwrap();
    assert_ne!(job(), job());
    assert_eq!(world.live(QUEUE_ADDRESS).unwrap().attributes["drained"], Value::Bool(false));
    let desired = &world.live(ENVIRONMENT_ADDRESS).unwrap().attributes["desired_vcpus"];
    assert_eq!(desired, &Value::Integer(2));
    world.sim.clear_call_log();
    let live = world.update(QUEUE_ADDRESS, r#"{"drained":true,"state":"DISABLED"}"#);
    assert_eq!(live.attributes["drained"], Value::Bool(true));
    assert_eq!(
        world.writes(),
        ["batch:UpdateJobQueue", "batch:TerminateJob", "batch:TerminateJob"]
    );
}

#[test]
fn an_environment_in_which_jobs_run_takes_no_more_and_stays_until_they_end() {
    let world = world();
    let (other, queue) = (world.sim.other_client(), "x-nf-job-queue-alice");
    let jobs = [(); 2].map(|()| other.run_job(world.place(), queue).unwrap());
    let place = world.place().clone();
    let target = ("batch.job_queue", queue);
    other.set_attribute(&place, target, "compute_environments", None).unwrap();
    for (job, left) in jobs.iter().zip([2, 1]) {
        let error = world.delete(ENVIRONMENT_ADDRESS).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Busy);
        assert!(error.message.contains(&format!("run in it: {left}")), "{error}");
        assert_eq!(world.text(ENVIRONMENT_ADDRESS, "state"), "DISABLED");
        other.end_job(&place, queue, job).unwrap();
    }
    world.delete(ENVIRONMENT_ADDRESS).unwrap();
}

#[test]
fn what_is_not_done_at_the_deadline_is_answered_as_settling() {
    let mut world = World::new(Sim::in_memory());
    world.base();
    world.sim.set_duration(Work::ComputeEnvironment, Duration::from_hours(3));
    let live = world.create(ENVIRONMENT_ADDRESS, ENVIRONMENT);
    assert_eq!(live.settling.as_deref(), Some("CREATING"));
}

#[test]
fn an_account_has_fifty_queues_in_a_region() {
    let mut world = world();
    for number in 2..=50 {
        let queue = QUEUE.replace("queue-alice", &format!("queue-{number}"));
        world.create(QUEUE_ADDRESS, &queue);
    }
    let queue = QUEUE.replace("queue-alice", "queue-51");
    assert_eq!(world.try_create(QUEUE_ADDRESS, &queue).unwrap_err().kind, ErrorKind::Quota);
}

#[test]
fn subnets_groups_and_networks_outlive_the_environment() {
    let world = world();
    for address in ["ec2.subnet/compute-0", "ec2.security_group/compute"] {
        assert_eq!(world.delete(address).unwrap_err().code, "DependencyViolation", "{address}");
    }
}

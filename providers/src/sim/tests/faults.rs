//! Faults on demand.

use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::Target;
use nfplan_engine::value::Attributes;

use super::world::ENVIRONMENT;
use super::world::VPC;
use super::world::World;
use crate::sim::Fault;
use crate::sim::FaultMode;
use crate::sim::FaultPoint;
use crate::sim::Sim;
use crate::sim::StepAction;

const VPC_ADDRESS: &str = "ec2.vpc/main";

fn nth(number: u64, mode: FaultMode) -> Fault {
    Fault { at: FaultPoint::NthMutatingCall(number), mode, kind: ErrorKind::Conflict, times: 1 }
}

fn count(world: &World) -> usize {
    world.sim.objects(world.place()).unwrap().len()
}

#[test]
fn each_mode_leaves_what_it_says() {
    // Creating a VPC takes two requests: the second one changes what the first one made.
    for (number, mode, exists, left) in [
        (1, FaultMode::BeforeEffect, false, "nothing"),
        (1, FaultMode::AfterEffect, true, "object"),
        (1, FaultMode::AnswerLost, true, "unknown"),
        (2, FaultMode::BeforeEffect, true, "object"),
        (2, FaultMode::AfterEffect, true, "object"),
        (2, FaultMode::AnswerLost, true, "unknown"),
    ] {
        let mut world = World::new(Sim::in_memory());
        world.sim.inject(nth(number, mode));
        let error = world.try_create(VPC_ADDRESS, VPC).unwrap_err();
        let found = match &error.left {
            Left::Nothing => "nothing",
            Left::Object(id) => {
                assert!(id.as_str().starts_with("vpc-"));
                "object"
            }
            Left::Unknown => "unknown",
        };
        assert_eq!((count(&world) == 1, found), (exists, left), "{number} {mode:?}");
        let lost = mode == FaultMode::AnswerLost;
        let kind = if lost { ErrorKind::Unavailable } else { ErrorKind::Conflict };
        assert_eq!(error.kind, kind);
        let first = world.create(VPC_ADDRESS, VPC);
        assert_eq!(count(&world), 1, "the same attempt again has one effect: {number} {mode:?}");
        assert_eq!(first.attributes["dns_hostnames"], true.into());
    }
}

#[test]
fn whatever_request_fails_the_same_attempt_again_completes_the_workspace() {
    let mut whole = World::new(Sim::in_memory());
    whole.compute();
    let requests = whole.sim.call_count().writes;
    let addresses = whole.made.len();
    for number in 1..=requests {
        for mode in [FaultMode::BeforeEffect, FaultMode::AfterEffect, FaultMode::AnswerLost] {
            let mut world = World::new(Sim::in_memory());
            world.sim.inject(nth(number, mode));
            let failed =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.compute())).is_err();
            world.compute();
            assert_eq!(world.made.len(), addresses);
            assert_eq!(count(&world), count(&whole), "{number} {mode:?} {failed}");
        }
    }
}

#[test]
fn faults_hit_operations_and_steps_as_often_as_asked() {
    let mut world = World::new(Sim::in_memory());
    world.sim.inject(Fault {
        at: FaultPoint::Operation { name: "ec2:CreateVpc".into() },
        mode: FaultMode::BeforeEffect,
        kind: ErrorKind::Throttled,
        times: 2,
    });
    for _ in 0..2 {
        assert_eq!(world.try_create(VPC_ADDRESS, VPC).unwrap_err().kind, ErrorKind::Throttled);
    }
    world.create(VPC_ADDRESS, VPC);
    world.sim.inject(Fault {
        at: FaultPoint::Step {
            unit: Some(world.unit.clone()),
            address: VPC_ADDRESS.parse().unwrap(),
            action: StepAction::Delete,
        },
        mode: FaultMode::AfterEffect,
        kind: ErrorKind::Unavailable,
        times: 1,
    });
    world.update(VPC_ADDRESS, r#"{"dns_hostnames":false}"#);
    assert!(world.delete(VPC_ADDRESS).is_err());
    assert_eq!(count(&world), 0);
    world.delete(VPC_ADDRESS).unwrap();
}

#[test]
fn a_fault_of_a_reading_request_makes_its_objects_unreadable_and_no_others() {
    let mut world = World::new(Sim::in_memory());
    world.network();
    world.sim.inject(Fault {
        at: FaultPoint::Operation { name: "ec2:DescribeSubnets".into() },
        mode: FaultMode::BeforeEffect,
        kind: ErrorKind::Denied,
        times: 1,
    });
    let target = || Target::Identity(Attributes::new());
    let subnet = world.read("ec2.subnet/compute-0", target(), Depth::Bulk);
    assert!(matches!(subnet, Sighting::Unreadable { .. }));
    let vpc = world.read(VPC_ADDRESS, target(), Depth::Bulk);
    assert!(matches!(vpc, Sighting::Present(_)));
}

#[test]
fn a_lost_answer_is_known_when_the_work_behind_it_is_done() {
    let mut world = World::new(Sim::in_memory());
    world.base();
    world.sim.inject(Fault {
        at: FaultPoint::Operation { name: "batch:CreateComputeEnvironment".into() },
        mode: FaultMode::AnswerLost,
        kind: ErrorKind::Unavailable,
        times: 1,
    });
    // The first request is refused because the profile is not visible yet, but its answer is lost
    // only where it had an effect.
    let address = "batch.compute_environment/main";
    let first = world.try_create(address, ENVIRONMENT);
    let inputs = world.inputs(address, ENVIRONMENT);
    let sighting = world.read(address, Target::Incarnation(1, inputs), Depth::Deep);
    match (first, sighting) {
        (Err(error), Sighting::Present(live)) => {
            assert_eq!(error.left, Left::Unknown);
            assert_eq!(live.settling, None);
        }
        (first, sighting) => panic!("{first:?} {sighting:?}"),
    }
}

//! Faults on demand.

use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::Target;
use nfplan_engine::value::Attributes;

use super::world::ENVIRONMENT;
use super::world::VPC;
use super::world::WORKSPACE;
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

/// The rest of a workspace and a platform, in the order in which they can be made.
const REST: &[(&str, &str)] = &[
    ("ec2.internet_gateway/main", r#"{"vpc_id":"{ec2.vpc/main}"}"#),
    ("ec2.route_table/proxy", r#"{"vpc_id":"{ec2.vpc/main}"}"#),
    (
        "ec2.route/proxy-default",
        r#"{"route_table_id":"{ec2.route_table/proxy}","destination":"0.0.0.0/0","gateway_id":"{ec2.internet_gateway/main}"}"#,
    ),
    (
        "ec2.route_table_association/compute-0",
        r#"{"subnet_id":"{ec2.subnet/compute-0}","route_table_id":"{ec2.route_table/proxy}"}"#,
    ),
    (
        "ec2.vpc_endpoint/s3",
        r#"{"vpc_id":"{ec2.vpc/main}","service":"com.amazonaws.us-east-1.s3","route_table_ids":["{ec2.route_table/proxy}"]}"#,
    ),
    (
        "ec2.instance/proxy",
        r#"{"image_id":"ami-0123456789abcdef0","instance_type":"t3.small","subnet_id":"{ec2.subnet/compute-0}","associate_public_ip":true,"root_encrypted":true,"user_data":"x","security_group_ids":["{ec2.security_group/compute}"],"source_dest_check":false,"metadata_tokens":"required","metadata_hop_limit":1,"state":"running"}"#,
    ),
    (
        "iam.policy/client",
        r#"{"name":"x-nf-alice","path":"/x/","document":{"Version":"2012-10-17","Statement":[]}}"#,
    ),
    (
        "iam.user/client",
        r#"{"name":"x-nf-alice","path":"/","policy_arns":["{iam.policy/client#arn}"]}"#,
    ),
    ("secretsmanager.secret/client", r#"{"name":"x/alice","description":"key"}"#),
    ("logs.log_group/jobs", r#"{"name":"/x/jobs","retention_days":30}"#),
    ("s3.bucket/work", r#"{"name":"x-nf-bucket","object_ownership":"BucketOwnerEnforced"}"#),
    ("s3.bucket_lifecycle/work", r#"{"bucket":"x-nf-bucket","rules":[{"id":"a","prefix":"a/"}]}"#),
];

const MODES: [FaultMode; 3] =
    [FaultMode::BeforeEffect, FaultMode::AfterEffect, FaultMode::AnswerLost];

fn everything() -> Vec<(&'static str, &'static str)> {
    [WORKSPACE, REST].concat()
}

#[test]
fn whatever_request_fails_the_same_attempt_again_completes_the_rest() {
    let mut whole = World::new(Sim::in_memory());
    whole.try_all(&everything()).unwrap();
    for number in 1..=whole.sim.call_count().writes {
        for mode in MODES {
            let mut world = World::new(Sim::in_memory());
            world.sim.inject(nth(number, mode));
            world.try_all(&everything()).unwrap_err();
            world.try_all(&everything()).unwrap();
            assert_eq!(count(&world), count(&whole), "{number} {mode:?}");
            for (address, (_, attributes)) in &whole.made {
                let live = world.live(address).unwrap();
                assert_eq!(live.attributes.len(), attributes.len(), "{number} {mode:?} {address}");
            }
        }
    }
}

#[test]
fn whatever_request_fails_deleting_again_leaves_nothing() {
    let delete_all = |world: &World| {
        everything().iter().rev().try_for_each(|(address, _)| world.delete(address))
    };
    let mut whole = World::new(Sim::in_memory());
    whole.try_all(&everything()).unwrap();
    whole.sim.clear_call_log();
    delete_all(&whole).unwrap();
    for number in 1..=whole.sim.call_count().writes {
        for mode in MODES {
            let mut world = World::new(Sim::in_memory());
            world.try_all(&everything()).unwrap();
            world.sim.inject(nth(number, mode));
            delete_all(&world).unwrap_err();
            delete_all(&world).unwrap();
            assert_eq!(world.sim.objects(world.place()).unwrap(), [], "{number} {mode:?}");
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
    let address = "batch.compute_environment/main";
    // The first tries are refused, because the profile is not visible yet.
    let error = world.try_create(address, ENVIRONMENT).unwrap_err();
    assert_eq!(error.left, Left::Unknown);
    let inputs = world.inputs(address, ENVIRONMENT);
    let sighting = world.read(address, Target::Incarnation(1, inputs), Depth::Deep);
    let Sighting::Present(live) = sighting else { panic!("{sighting:?}") };
    assert_eq!(live.settling, None);
}

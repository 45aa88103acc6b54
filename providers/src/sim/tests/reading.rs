//! Reads, look-ups and surveys.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::ResourceType;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Limit;
use nfplan_engine::provider::LookUp;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use super::world::VPC;
use super::world::World;
use super::world::now;
use crate::sim::Sim;

fn reads(world: &World) -> Vec<&'static str> {
    let calls = world.sim.call_log();
    calls.into_iter().filter(|call| !call.mutating).map(|call| call.operation).collect()
}

#[test]
fn a_bulk_read_asks_once_for_all_objects_of_a_type_and_leaves_deep_attributes_out() {
    let mut world = World::new(Sim::in_memory());
    world.network();
    let second = r#"{"vpc_id":"{ec2.vpc/main}","cidr":"192.168.16.0/20","zone_id":"use1-az3","map_public_ip":false}"#;
    world.create("ec2.subnet/compute-1", second);
    world.sim.clear_call_log();
    let addresses: Vec<Address> = ["ec2.subnet/compute-1", "ec2.vpc/main", "ec2.subnet/compute-0"]
        .map(|address| address.parse().unwrap())
        .to_vec();
    let wanted: Vec<Wanted<'_>> = addresses
        .iter()
        .map(|address| Wanted {
            unit: &world.unit,
            address,
            target: Target::Identity(Attributes::new()),
        })
        .collect();
    let sightings = now(world.sim.read(world.place(), Depth::Bulk, &wanted)).unwrap();
    assert_eq!(reads(&world), ["ec2:DescribeSubnets", "ec2:DescribeVpcs"]);
    for (address, sighting) in addresses.iter().zip(&sightings) {
        let Sighting::Present(live) = sighting else { panic!("{address}") };
        assert_eq!(live.remote_id, world.made[&address.to_string()].0);
        assert_eq!(&live.owner.as_ref().unwrap().address, address);
        assert_eq!(live.owner.as_ref().unwrap().incarnation, Some(1));
        assert_eq!(live.unread.contains("dns_support"), address.to_string() == "ec2.vpc/main");
        assert!(!live.attributes.contains_key("dns_support"));
    }
}

#[test]
fn a_deep_read_asks_for_each_object() {
    let mut world = World::new(Sim::in_memory());
    world.create("ec2.vpc/main", VPC);
    world.sim.clear_call_log();
    let live = world.live("ec2.vpc/main").unwrap();
    assert_eq!(
        reads(&world),
        ["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeVpcAttribute"]
    );
    assert_eq!(live.attributes["dns_hostnames"], Value::Bool(true));
    assert!(live.unread.is_empty());
}

#[test]
fn an_object_is_found_by_the_attempt_that_made_it_and_by_no_other() {
    let mut world = World::new(Sim::in_memory());
    world.compute();
    for (address, (id, inputs)) in &world.made {
        for (incarnation, found) in [(1, true), (2, false)] {
            let target = Target::Incarnation(incarnation, inputs.clone());
            let sighting = world.read(address, target, Depth::Deep);
            let is_found = matches!(&sighting, Sighting::Present(live) if live.remote_id == *id);
            assert_eq!(is_found, found, "{address} {incarnation} {sighting:?}");
        }
    }
}

#[test]
fn a_read_after_a_change_shows_what_the_call_answered() {
    let mut world = World::new(Sim::in_memory());
    world.compute();
    for (address, (_, attributes)) in &world.made {
        assert_eq!(&world.live(address).unwrap().attributes, attributes, "{address}");
    }
}

#[test]
fn another_client_makes_drift() {
    let mut world = World::new(Sim::in_memory());
    let vpc = world.create("ec2.vpc/main", VPC).remote_id;
    let other = world.sim.other_client();
    let id = ("ec2.vpc", vpc.as_str());
    other.set_attribute(world.place(), id, "dns_hostnames", Some(false.into())).unwrap();
    assert_eq!(world.live("ec2.vpc/main").unwrap().attributes["dns_hostnames"], false.into());
    other.delete_object(world.place(), "ec2.vpc", vpc.as_str()).unwrap();
    assert_eq!(world.live("ec2.vpc/main"), None);
    assert!(other.delete_object(world.place(), "ec2.vpc", vpc.as_str()).is_err());
    assert!(other.delete_object(world.place(), "ec2.volume", "x").is_err());
}

#[test]
fn zones_are_those_that_offer_one_of_the_types() {
    let world = World::new(Sim::in_memory());
    let zones = |types: &[&str]| {
        let types = types.iter().map(|name| Box::from(*name)).collect();
        now(world.sim.look_up(world.place(), &LookUp::Zones(types)))
    };
    let count = |types: &[&str]| zones(types).unwrap().as_list().unwrap().len();
    assert_eq!(count(&["optimal"]), 4);
    assert_eq!(count(&["c5.large", "p4d.24xlarge"]), 3);
    assert_eq!(count(&["p4d"]), 1);
    let error = zones(&["warp9.large"]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.contains("no availability zone offers"), "{error}");
}

#[test]
fn images_follow_from_their_source() {
    let world = World::new(Sim::in_memory());
    let pipeline = "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/x";
    let image = |look_up| now(world.sim.look_up(world.place(), &look_up));
    let built = image(LookUp::PipelineImage(pipeline.into())).unwrap();
    assert_eq!(built, image(LookUp::PipelineImage(pipeline.into())).unwrap());
    assert_ne!(built, image(LookUp::EcsImage).unwrap());
    assert!(image(LookUp::PipelineImage("x".into())).is_err());
}

#[test]
fn a_survey_counts_what_exists_of_the_types_that_are_asked_for() {
    let mut world = World::new(Sim::in_memory());
    world.compute();
    let types: Vec<ResourceType> =
        ["batch.job_queue", "ec2.vpc", "s3.bucket", "iam.role", "iam.policy", "ec2.subnet"]
            .map(|name| name.parse().unwrap())
            .into();
    world.sim.clear_call_log();
    let survey = now(world.sim.survey(world.place(), &types.iter().collect())).unwrap();
    let rows: Vec<_> = survey.quotas.iter().map(|row| row.resource_type).collect();
    assert_eq!(rows, ["batch.job_queue", "ec2.vpc", "iam.policy", "iam.role", "s3.bucket"]);
    let used = |row: usize| survey.quotas[row].used;
    assert_eq!((used(0), used(1), used(4)), (1, 1, 0));
    assert_eq!((survey.quotas[0].limit, survey.quotas[0].limit_is), (50, Limit::Fixed));
    assert_eq!(survey.quotas[1].limit_is, Limit::Told);
    // IAM tells all its counts at once.
    assert_eq!(world.sim.call_log().len(), 4);
    let survey = now(world.sim.survey(world.place(), &BTreeSet::new())).unwrap();
    assert_eq!((survey.quotas, world.sim.call_log().len()), (Vec::new(), 4));
}

#[test]
fn many_iam_objects_are_listed_together() {
    let mut world = World::new(Sim::in_memory());
    let addresses: Vec<Address> =
        (0..80).map(|number| format!("iam.user/client-{number}").parse().unwrap()).collect();
    for address in &addresses {
        let user = format!(r#"{{"name":"{}","path":"/","policy_arns":[]}}"#, address.name);
        world.create(&address.to_string(), &user);
    }
    let wanted: Vec<Wanted<'_>> = addresses
        .iter()
        .map(|address| {
            let (id, inputs) = world.made[&address.to_string()].clone();
            Wanted { unit: &world.unit, address, target: Target::Id(id, inputs) }
        })
        .collect();
    world.sim.clear_call_log();
    let sightings = now(world.sim.read(world.place(), Depth::Bulk, &wanted)).unwrap();
    assert!(sightings.iter().all(|sighting| matches!(sighting, Sighting::Present(_))));
    assert_eq!(reads(&world), ["iam:GetAccountAuthorizationDetails"]);
}

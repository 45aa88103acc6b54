//! Rules of the network.

use nfplan_engine::observed::Live;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::value::Value;

use super::world::GROUP;
use super::world::VPC;
use super::world::World;
use crate::sim::Sim;

const INSTANCE: &str = r#"{"image_id":"ami-0123456789abcdef0","instance_type":"t3.small","subnet_id":"{ec2.subnet/compute-0}",
    "associate_public_ip":true,"root_encrypted":true,"user_data":"x","security_group_ids":["{ec2.security_group/compute}"],
    "source_dest_check":false,"metadata_tokens":"required","metadata_hop_limit":1,"state":"running"}"#;

fn world() -> World {
    World::new(Sim::in_memory())
}

fn code(result: Result<Live, ProviderError>) -> String {
    result.unwrap_err().code
}

#[test]
fn a_vpc_takes_one_request_for_each_flag_that_differs_from_the_default() {
    let mut world = world();
    let live = world.create("ec2.vpc/main", VPC);
    assert!(live.remote_id.as_str().starts_with("vpc-0"));
    assert_eq!(world.writes(), ["ec2:CreateVpc", "ec2:ModifyVpcAttribute"]);
    assert_eq!(live.attributes.get("dns_hostnames"), Some(&Value::Bool(true)));
}

#[test]
fn what_is_in_use_is_not_deleted_and_what_is_absent_is() {
    let mut world = world();
    world.network();
    let error = world.delete("ec2.vpc/main").unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("DependencyViolation", ErrorKind::Conflict));
    for address in ["ec2.security_group/compute", "ec2.subnet/compute-0", "ec2.vpc/main"] {
        world.delete(address).unwrap();
        assert_eq!(world.live(address), None);
        world.delete(address).unwrap();
    }
    assert_eq!(world.sim.objects(world.place()).unwrap(), []);
}

#[test]
fn subnets_lie_in_their_vpc_in_a_real_zone_and_apart_from_each_other() {
    let mut world = world();
    world.network();
    let mut subnet = |cidr: &str, zone: &str, vpc: &str| {
        let json = format!(
            r#"{{"vpc_id":"{vpc}","cidr":"{cidr}","zone_id":"{zone}","map_public_ip":false}}"#
        );
        world.try_create("ec2.subnet/compute-1", &json)
    };
    let vpc = "{ec2.vpc/main}";
    assert_eq!(code(subnet("192.168.8.0/24", "use1-az1", vpc)), "InvalidSubnet.Conflict");
    assert_eq!(code(subnet("10.0.0.0/24", "use1-az1", vpc)), "InvalidSubnet.Range");
    assert_eq!(code(subnet("192.168.16.0/20", "usw2-az1", vpc)), "InvalidParameterValue");
    assert_eq!(
        code(subnet("192.168.16.0/20", "use1-az1", "vpc-00000000")),
        "InvalidVpcID.NotFound"
    );
    subnet("192.168.16.0/20", "use1-az1", vpc).unwrap();
}

#[test]
fn objects_of_another_place_do_not_exist_here() {
    let sim = Sim::in_memory();
    let mut east = World::new(sim.clone());
    east.create("ec2.vpc/main", VPC);
    let mut west = World::of(sim, "workspace/111122223333.us-west-2/alice");
    west.made = east.made.clone();
    let subnet = r#"{"vpc_id":"{ec2.vpc/main}","cidr":"192.168.0.0/20","zone_id":"usw2-az1","map_public_ip":false}"#;
    assert_eq!(code(west.try_create("ec2.subnet/compute-0", subnet)), "InvalidVpcID.NotFound");
}

#[test]
fn a_vpc_has_one_gateway_which_public_addresses_hold() {
    let mut world = world();
    world.network();
    world.create("ec2.internet_gateway/main", r#"{"vpc_id":"{ec2.vpc/main}"}"#);
    world.incarnation = 2;
    let again = world.try_create("ec2.internet_gateway/main", r#"{"vpc_id":"{ec2.vpc/main}"}"#);
    let error = again.unwrap_err();
    assert_eq!(error.code, "Resource.AlreadyAssociated");
    assert!(matches!(error.left, Left::Object(_)), "it was created");

    world.create("ec2.instance/proxy", INSTANCE);
    assert_eq!(world.delete("ec2.internet_gateway/main").unwrap_err().code, "DependencyViolation");
    world.delete("ec2.instance/proxy").unwrap();
    world.delete("ec2.internet_gateway/main").unwrap();
}

#[test]
fn a_route_to_an_instance_that_does_not_run_is_a_black_hole() {
    let mut world = world();
    world.network();
    world.create("ec2.instance/proxy", INSTANCE);
    world.create("ec2.route_table/compute", r#"{"vpc_id":"{ec2.vpc/main}"}"#);
    let route = r#"{"route_table_id":"{ec2.route_table/compute}","destination":"0.0.0.0/0","instance_id":"{ec2.instance/proxy}"}"#;
    world.create("ec2.route/compute-default", route);
    let state = |world: &World| {
        let objects = world.sim.objects(world.place()).unwrap();
        let route = objects.into_iter().find(|object| object.resource_type == "ec2.route");
        route.unwrap().attributes["state"].clone()
    };
    assert_eq!(state(&world), "active".into());
    let stopped = world.update("ec2.instance/proxy", r#"{"state":"stopped"}"#);
    assert_eq!(stopped.attributes.get("public_ip_address"), None);
    assert_eq!(state(&world), "blackhole".into());
    world.update("ec2.instance/proxy", r#"{"state":"running"}"#);
    assert_eq!(state(&world), "active".into());
    world.delete("ec2.instance/proxy").unwrap();
    assert_eq!(state(&world), "blackhole".into());
}

#[test]
fn another_route_for_the_same_destination_is_refused_but_the_same_attempt_is_not() {
    let mut world = world();
    world.network();
    world.create("ec2.internet_gateway/main", r#"{"vpc_id":"{ec2.vpc/main}"}"#);
    world.create("ec2.route_table/proxy", r#"{"vpc_id":"{ec2.vpc/main}"}"#);
    let route = r#"{"route_table_id":"{ec2.route_table/proxy}","destination":"0.0.0.0/0","gateway_id":"{ec2.internet_gateway/main}"}"#;
    let first = world.create("ec2.route/proxy-default", route);
    assert_eq!(world.create("ec2.route/proxy-default", route), first);
    world.incarnation = 2;
    assert_eq!(code(world.try_create("ec2.route/proxy-default", route)), "RouteAlreadyExists");
}

#[test]
fn a_subnet_uses_one_table_of_its_own_vpc_and_holds_it() {
    let mut world = world();
    world.network();
    world.create("ec2.route_table/compute", r#"{"vpc_id":"{ec2.vpc/main}"}"#);
    let association =
        r#"{"subnet_id":"{ec2.subnet/compute-0}","route_table_id":"{ec2.route_table/compute}"}"#;
    let live = world.create("ec2.route_table_association/compute-0", association);
    assert_eq!(live.remote_id, world.made["ec2.subnet/compute-0"].0);
    assert_eq!(world.delete("ec2.route_table/compute").unwrap_err().code, "DependencyViolation");
    world.delete("ec2.route_table_association/compute-0").unwrap();
    world.delete("ec2.route_table/compute").unwrap();
}

#[test]
fn a_new_group_loses_the_rule_to_everywhere_unless_it_is_wanted() {
    let mut world = world();
    world.create("ec2.vpc/main", VPC);
    world.sim.clear_call_log();
    let live = world.create("ec2.security_group/compute", GROUP);
    assert_eq!(
        world.writes(),
        [
            "ec2:CreateSecurityGroup",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupEgress"
        ]
    );
    assert_eq!(live.attributes["egress"].as_list().unwrap().len(), 1);
    world.incarnation = 2;
    let again = world.try_create("ec2.security_group/compute", GROUP).unwrap_err();
    assert_eq!((again.code.as_str(), again.kind), ("InvalidGroup.Duplicate", ErrorKind::Exists));
}

#[test]
fn a_client_token_has_one_effect() {
    let mut world = world();
    world.network();
    world.create("ec2.route_table/compute", r#"{"vpc_id":"{ec2.vpc/main}"}"#);
    let endpoint = r#"{"vpc_id":"{ec2.vpc/main}","service":"com.amazonaws.us-east-1.s3","route_table_ids":["{ec2.route_table/compute}"]}"#;
    for (address, json) in [
        ("ec2.route_table/compute", r#"{"vpc_id":"{ec2.vpc/main}"}"#),
        ("ec2.vpc_endpoint/s3", endpoint),
        ("ec2.instance/proxy", INSTANCE),
    ] {
        let first = world.create(address, json).remote_id;
        assert_eq!(world.create(address, json).remote_id, first, "{address}");
    }
    let count = |world: &World, kind: &str| {
        let objects = world.sim.objects(world.place()).unwrap();
        objects.iter().filter(|object| object.resource_type == kind).count()
    };
    assert_eq!(count(&world, "ec2.instance"), 1);
    world.incarnation = 2;
    world.create("ec2.instance/proxy", INSTANCE);
    assert_eq!(count(&world, "ec2.instance"), 2);
}

#[test]
fn an_adjustable_quota_can_be_set_and_then_binds() {
    let mut world = world();
    let account = world.place().account.clone();
    world.sim.set_quota(&account, "ec2.vpc", 1).unwrap();
    world.sim.set_quota(&account, "batch.job_queue", 1).unwrap_err();
    world.create("ec2.vpc/main", VPC);
    world.incarnation = 2;
    let error = world.try_create("ec2.vpc/main", VPC).unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("VpcLimitExceeded", ErrorKind::Quota));
}

#[test]
fn a_launch_template_reuses_the_version_that_has_the_content() {
    let mut world = world();
    world.base();
    let address = "ec2.launch_template/compute";
    assert_eq!(world.update(address, r#"{"user_data":"a"}"#).attributes["version"], "2".into());
    assert_eq!(world.update(address, r#"{"user_data":""}"#).attributes["version"], "1".into());
    assert_eq!(world.update(address, r#"{"user_data":"a"}"#).attributes["version"], "2".into());
    let made = world.writes().iter().filter(|name| name.ends_with("TemplateVersion")).count();
    assert_eq!(made, 1);
}

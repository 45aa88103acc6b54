//! Which resources there are, what they refer to and in which order they come.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::dag::Dag;
use nfplan_engine::desired::Expansion;
use nfplan_engine::expr::Expr;
use nfplan_engine::value::Value;

use super::fixture::*;
use crate::blueprint::ExpansionError;
use crate::blueprint::names::addresses;
use crate::blueprint::names::attributes;
use crate::blueprint::platform;
use crate::blueprint::workspace;
use crate::settings::Ami;
use crate::settings::ComputeKind;

const WORKSPACE: &str = "\
batch.compute_environment/main
batch.job_queue/main
ec2.instance/proxy
ec2.internet_gateway/main
ec2.launch_template/compute
ec2.route/compute-default
ec2.route/proxy-default
ec2.route_table/compute
ec2.route_table/proxy
ec2.route_table_association/compute-0
ec2.route_table_association/compute-1
ec2.route_table_association/compute-2
ec2.route_table_association/proxy
ec2.security_group/compute
ec2.security_group/proxy
ec2.subnet/compute-0
ec2.subnet/compute-1
ec2.subnet/compute-2
ec2.subnet/proxy
ec2.vpc/main
ec2.vpc_endpoint/s3
iam.access_key/client
iam.instance_profile/instance
iam.policy/client
iam.policy/jobs
iam.role/instance
iam.role/jobs
iam.user/client
secretsmanager.current_version/client
secretsmanager.secret/client";

const PLATFORM: &str = "\
kms.alias/work
kms.key/work
logs.log_group/jobs
s3.bucket/work
s3.bucket_encryption/work
s3.bucket_lifecycle/work
s3.bucket_policy/work
s3.public_access_block/work";

fn listing(expansion: &Expansion) -> String {
    let sorted: BTreeSet<String> =
        expansion.resources.iter().map(|resource| resource.address.to_string()).collect();
    Vec::from_iter(sorted).join("\n")
}

fn all() -> Vec<(String, Expansion)> {
    let workspaces = variants().into_iter().map(|(name, settings)| (name, expand(&settings)));
    workspaces.chain([("platform".into(), platform(&platform_settings()))]).collect()
}

#[test]
fn a_workspace_with_its_own_network_has_these_thirty_resources() {
    let expansion = expand(&settings());
    assert_eq!(listing(&expansion), WORKSPACE);
    assert_eq!(expansion.resources.len(), 30);
}

#[test]
fn a_platform_has_these_resources() {
    assert_eq!(listing(&platform(&platform_settings())), PLATFORM);
}

#[test]
fn no_variant_has_an_address_twice_or_a_cycle() {
    for (name, expansion) in all() {
        let graph: BTreeMap<Address, BTreeSet<Address>> = expansion
            .resources
            .iter()
            .map(|resource| (resource.address.clone(), needs(resource)))
            .collect();
        assert_eq!(graph.len(), expansion.resources.len(), "{name}");
        assert!(Dag::build(graph).is_ok(), "{name}");
    }
}

#[test]
fn every_reference_of_every_variant_has_its_target() {
    let platform = platform(&platform_settings());
    let has = |expansion: &Expansion, address: &Address, output: &str| {
        let found = expansion.resources.iter().find(|resource| resource.address == *address);
        let outputs = [attributes::ID, attributes::ARN, attributes::VERSION];
        found.is_some_and(|target| target.inputs.contains_key(output) || outputs.contains(&output))
    };
    for (name, expansion) in all() {
        for resource in &expansion.resources {
            for reference in references(resource) {
                assert!(
                    has(&expansion, &reference.address, &reference.output),
                    "{name} {reference}"
                );
            }
            for address in &resource.depends_on {
                assert!(has(&expansion, address, attributes::ID), "{name} {address}");
            }
            for external in resource.inputs.values().flat_map(|expr| expr.dependencies().externals)
            {
                let reference = &external.reference;
                assert_eq!(external.unit, platform.unit, "{name}");
                assert!(has(&platform, &reference.address, &reference.output), "{name} {external}");
            }
        }
    }
}

#[test]
fn expanding_twice_gives_the_same() {
    for (name, settings) in variants() {
        assert_eq!(expand(&settings), expand(&settings), "{name}");
    }
}

#[test]
fn an_existing_network_is_used_by_its_ids() {
    let mut settings = settings();
    settings.network.value = existing();
    let expansion = expand(&settings);
    let ec2: Vec<String> = expansion
        .resources
        .iter()
        .map(|resource| resource.address.to_string())
        .filter(|address| address.starts_with("ec2."))
        .collect();
    assert_eq!(ec2, ["ec2.launch_template/compute"]);
    let environment = addresses::COMPUTE_ENVIRONMENT;
    let subnets = value(&expansion, environment, attributes::SUBNET_IDS);
    assert_eq!(subnets, Value::list(["subnet-1", "subnet-2"]));
    let groups = value(&expansion, environment, attributes::SECURITY_GROUP_IDS);
    assert_eq!(groups, Value::list(["sg-1"]));
    assert!(!expansion.pins.contains_key("zones:optimal"));
}

#[test]
fn subnets_follow_the_pinned_zones_and_the_proxy_has_the_fourth_block() {
    let expansion = expand(&settings());
    let of = |known| {
        let cidr = value(&expansion, known, attributes::CIDR);
        (cidr, value(&expansion, known, attributes::ZONE_ID))
    };
    assert_eq!(of(addresses::COMPUTE_SUBNET_0), ("192.168.0.0/20".into(), "use1-az4".into()));
    assert_eq!(of(addresses::COMPUTE_SUBNET_1), ("192.168.16.0/20".into(), "use1-az1".into()));
    assert_eq!(of(addresses::COMPUTE_SUBNET_2), ("192.168.32.0/20".into(), "use1-az2".into()));
    assert_eq!(of(addresses::PROXY_SUBNET), ("192.168.48.0/20".into(), "use1-az4".into()));
}

#[test]
fn one_zone_gives_one_compute_subnet_and_leaves_the_proxy_where_it_is() {
    let mut pins = pins();
    pins.insert("zones:optimal".into(), Value::list(["use1-az6"]));
    let expansion = workspace(&settings(), &pins).unwrap();
    assert!(find(&expansion, addresses::COMPUTE_SUBNET_1).is_none());
    let block = value(&expansion, addresses::PROXY_SUBNET, attributes::CIDR);
    assert_eq!(block, "192.168.48.0/20".into());
}

#[test]
fn the_image_is_the_one_asked_for_and_only_used_pins_are_recorded() {
    let arn = "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/p";
    let mut pins = pins();
    pins.insert(format!("image:{arn}").into(), "ami-pipeline".into());
    let image = |ami| {
        let mut settings = settings();
        settings.network.value = existing();
        settings.compute.ami.value = ami;
        let expansion = workspace(&settings, &pins).unwrap();
        let keys: Vec<String> = expansion.pins.keys().map(ToString::to_string).collect();
        (value(&expansion, addresses::COMPUTE_ENVIRONMENT, attributes::IMAGE_ID), keys.join(" "))
    };
    assert_eq!(image(Ami::Id("ami-own".into())), ("ami-own".into(), String::new()));
    assert_eq!(image(Ami::EcsOptimized), ("ami-ecs".into(), "image:ecs-al2023-x86_64".into()));
    assert_eq!(image(Ami::Pipeline(arn.into())), ("ami-pipeline".into(), format!("image:{arn}")));
}

#[test]
fn a_pin_that_is_missing_or_of_no_use_is_named() {
    let error = |key: &str, pin: Option<Value>| {
        let mut pins = pins();
        pins.remove(key);
        pins.extend(pin.map(|pin| (key.into(), pin)));
        workspace(&settings(), &pins).unwrap_err().to_string()
    };
    for key in ["zones:optimal", "image:ecs-al2023-x86_64"] {
        assert!(error(key, None).starts_with(&format!("`{key}` is not pinned")));
        let wrong = error(key, Some(true.into()));
        assert!(wrong.starts_with(&format!("`{key}` is pinned to true")), "{wrong}");
    }
    let empty = error("zones:optimal", Some(Value::list([""; 0])));
    assert!(empty.contains("must be a list of texts that is not empty"), "{empty}");
}

#[test]
fn a_network_without_room_for_its_subnets_is_refused() {
    let mut settings = settings();
    settings.network.value = proxy("10.0.0.0/19", &[]);
    let cidr = "10.0.0.0/19".parse().unwrap();
    assert_eq!(workspace(&settings, &pins()), Err(ExpansionError::SmallNetwork { cidr }));
}

#[test]
fn instances_boot_only_after_their_way_out_is_there() {
    let expansion = expand(&settings());
    let before = prerequisites(&expansion, addresses::COMPUTE_ENVIRONMENT);
    for known in [
        addresses::COMPUTE_DEFAULT_ROUTE,
        addresses::PROXY_DEFAULT_ROUTE,
        addresses::COMPUTE_ASSOCIATION_0,
        addresses::COMPUTE_ASSOCIATION_1,
        addresses::COMPUTE_ASSOCIATION_2,
        addresses::PROXY_ASSOCIATION,
        addresses::S3_ENDPOINT,
        addresses::INTERNET_GATEWAY,
    ] {
        assert!(before.contains(&known.address()), "{}", known.address());
    }
    let before = prerequisites(&expansion, addresses::PROXY_INSTANCE);
    assert!(before.contains(&addresses::PROXY_DEFAULT_ROUTE.address()));
}

#[test]
fn what_batch_runs_under_outlives_it() {
    for (name, settings) in variants() {
        let expansion = expand(&settings);
        if find(&expansion, addresses::JOB_QUEUE).is_none() {
            continue;
        }
        let before = prerequisites(&expansion, addresses::JOB_QUEUE);
        for known in [
            addresses::COMPUTE_ENVIRONMENT,
            addresses::INSTANCE_PROFILE,
            addresses::INSTANCE_ROLE,
            addresses::JOBS_POLICY,
            addresses::JOBS_ROLE,
            addresses::LAUNCH_TEMPLATE,
        ] {
            assert!(before.contains(&known.address()), "{name}: {}", known.address());
        }
    }
}

#[test]
fn the_bucket_is_configured_one_setting_at_a_time() {
    let expansion = platform(&platform_settings());
    let chain = [
        addresses::BUCKET,
        addresses::BUCKET_ENCRYPTION,
        addresses::PUBLIC_ACCESS_BLOCK,
        addresses::BUCKET_POLICY,
        addresses::BUCKET_LIFECYCLE,
    ];
    for pair in chain.windows(2) {
        let before = prerequisites(&expansion, pair[1]);
        assert!(before.contains(&pair[0].address()), "{}", pair[1].address());
    }
}

#[test]
fn a_bid_goes_with_spot_alone() {
    let bid = |kind| {
        let mut settings = settings();
        settings.compute.kind.value = kind;
        settings.compute.bid_percentage = Some(at(25, 60));
        let expansion = expand(&settings);
        let environment = resource(&expansion, addresses::COMPUTE_ENVIRONMENT);
        environment.inputs.get(attributes::BID_PERCENTAGE).and_then(Expr::known)
    };
    assert_eq!(bid(ComputeKind::Spot), Some(60_u32.into()));
    assert_eq!(bid(ComputeKind::Ec2), None);
}

#[test]
fn tags_tell_whose_an_object_is_and_the_spec_cannot_change_that() {
    let mut settings = settings();
    settings.tags.insert("nfplan:unit".into(), at(26, "someone-else".into()));
    let tags = value(&expand(&settings), addresses::JOB_QUEUE, attributes::TAGS);
    let expected = [
        ("Environment", "data.example.org"),
        ("Name", "data-example-org-hatchery-nf-alice"),
        ("cost-center", "42"),
        ("nfplan:address", "batch.job_queue/main"),
        ("nfplan:environment", "data.example.org"),
        ("nfplan:unit", "workspace/111122223333.us-east-1/alice"),
    ];
    let expected = expected.into_iter().map(|(key, text)| (key.into(), text.into())).collect();
    assert_eq!(tags, Value::Map(expected));
}

#[test]
fn what_a_spec_line_decides_points_to_that_line() {
    let expansion = expand(&settings());
    let line = |known, attribute: &str| resource(&expansion, known).origins[attribute].line;
    assert_eq!(line(addresses::COMPUTE_ENVIRONMENT, attributes::MAX_VCPUS), 15);
    assert_eq!(line(addresses::COMPUTE_ENVIRONMENT, attributes::IMAGE_ID), 17);
    assert_eq!(line(addresses::VPC, attributes::CIDR), 20);
    assert_eq!(line(addresses::JOB_QUEUE, attributes::STATE), 10);
    assert_eq!(line(addresses::CLIENT_POLICY, attributes::DOCUMENT), 18);
    assert_eq!(line(addresses::JOBS_POLICY, attributes::DOCUMENT), 19);
    for resource in &expansion.resources {
        assert_eq!(resource.origin.line, 9);
        let stray = resource.origins.keys().find(|name| !resource.inputs.contains_key(*name));
        assert_eq!(stray, None, "{}", resource.address);
    }
}

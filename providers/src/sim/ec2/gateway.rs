//! The ways out of a VPC: internet gateways and gateway endpoints.

use crate::sim::clock::Work;
use crate::sim::ec2;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Guard;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::kind::Working;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;

/// The way to the internet; a VPC has at most one.
pub(crate) static INTERNET_GATEWAY: Kind = Kind {
    resource_type: "ec2.internet_gateway",
    global: false,
    create: "ec2:CreateInternetGateway",
    delete: "ec2:DeleteInternetGateway",
    codes: &ec2::codes("InvalidInternetGatewayID.NotFound", "InternetGatewayLimitExceeded"),
    guard: Guard::Search("ec2:DescribeInternetGateways"),
    identify: |mint, _, _| ec2::minted(mint, "igw"),
    references: &[ec2::needs_vpc()],
    changes: &[Change::Slot {
        attribute: "vpc_id",
        fill: "ec2:AttachInternetGateway",
        empty: "ec2:DetachInternetGateway",
    }],
    tagging: ec2::TAGGING,
    name: None,
    work: None,
    rules: Rules { check: check_gateway, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads::listing(&[("ec2:DescribeInternetGateways", 1_000)]),
};

fn check_gateway(
    scene: &Scene<'_>,
    before: Option<&Record>,
    gateway: &Record,
) -> Result<(), Refusal> {
    let attached = before.and_then(|before| before.text("vpc_id"));
    match gateway.text("vpc_id") {
        Some(vpc) if attached != Some(vpc) => check_attach(scene, gateway, vpc),
        None => attached.map_or(Ok(()), |vpc| check_detach(scene, vpc)),
        Some(_) => Ok(()),
    }
}

fn check_attach(scene: &Scene<'_>, gateway: &Record, vpc: &str) -> Result<(), Refusal> {
    let Some(vpc) = scene.find("ec2.vpc", vpc) else { return Ok(()) };
    let mut others = scene.cloud.referrers(vpc);
    let other = others.find(|other| {
        other.key.resource_type == INTERNET_GATEWAY.resource_type && other.key != gateway.key
    });
    other.map_or(Ok(()), |other| {
        let message = format!("`{}` already has the gateway `{}`", vpc.key.id, other.key.id);
        Err(Refusal::conflict("Resource.AlreadyAssociated", message))
    })
}

/// A gateway is held by the public addresses behind it.
fn check_detach(scene: &Scene<'_>, vpc: &str) -> Result<(), Refusal> {
    let Some(vpc) = scene.find("ec2.vpc", vpc) else { return Ok(()) };
    let subnets = scene.cloud.referrers(vpc);
    let mut behind = subnets.flat_map(|subnet| scene.cloud.referrers(subnet));
    let mapped = behind.find(|record| {
        record.key.resource_type == "ec2.instance" && record.text("public_ip_address").is_some()
    });
    mapped.map_or(Ok(()), |instance| {
        let message = format!(
            "`{}` has mapped public addresses: the instance `{}`",
            vpc.key.id, instance.key.id
        );
        Err(Refusal::conflict("DependencyViolation", message))
    })
}

/// The way to S3 that does not go through the internet.
pub(crate) static VPC_ENDPOINT: Kind = Kind {
    resource_type: "ec2.vpc_endpoint",
    global: false,
    create: "ec2:CreateVpcEndpoint",
    delete: "ec2:DeleteVpcEndpoints",
    codes: &ec2::codes("InvalidVpcEndpointId.NotFound", "VpcEndpointLimitExceeded"),
    guard: Guard::Token,
    identify: |mint, _, _| ec2::minted(mint, "vpce"),
    references: &[
        ec2::needs_vpc(),
        ec2::needs("route_table_ids", "ec2.route_table", "InvalidRouteTableId.NotFound"),
    ],
    changes: &[Change::Set {
        operation: "ec2:ModifyVpcEndpoint",
        attributes: &["route_table_ids"],
        start: Start::Given,
        clear: None,
    }],
    tagging: ec2::TAGGING,
    name: None,
    work: Some(Working {
        poll: "ec2:DescribeVpcEndpoints",
        status: "status",
        create: None,
        delete: Some((Work::VpcEndpoint, "deleting")),
    }),
    rules: Rules { check: check_endpoint, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads::listing(&[("ec2:DescribeVpcEndpoints", 1_000)]),
};

fn check_endpoint(scene: &Scene<'_>, _: Option<&Record>, endpoint: &Record) -> Result<(), Refusal> {
    let (service, vpc) = (endpoint.text_or_empty("service"), endpoint.text("vpc_id"));
    let offered = ["s3", "dynamodb"];
    let prefix = format!("com.amazonaws.{}.", scene.place.region);
    if !service.strip_prefix(&prefix).is_some_and(|name| offered.contains(&name)) {
        let message = format!("`{service}` has no gateway endpoint in {}", scene.place.region);
        return Err(Refusal::invalid("InvalidServiceName", message));
    }
    for table in endpoint.texts("route_table_ids") {
        let Some(table) = scene.find("ec2.route_table", table) else { continue };
        if table.text("vpc_id") != vpc {
            let message = format!("the route table `{}` is in another VPC", table.key.id);
            return Err(Refusal::invalid("InvalidParameter", message));
        }
        let mut users = scene.cloud.referrers(table);
        let taken = users.any(|user| {
            user.key.resource_type == VPC_ENDPOINT.resource_type
                && user.key != endpoint.key
                && user.text("service") == Some(service)
        });
        if taken {
            let message = format!("the route table `{}` already has this endpoint", table.key.id);
            return Err(Refusal::conflict("RouteAlreadyExists", message));
        }
    }
    Ok(())
}

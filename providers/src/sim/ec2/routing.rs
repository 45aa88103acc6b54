//! Route tables, their routes and which subnets use them.

use nfplan_engine::value::Attributes;

use crate::sim::cloud::Cloud;
use crate::sim::ec2;
use crate::sim::ec2::cidr::Range;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Codes;
use crate::sim::kind::Guard;
use crate::sim::kind::Holds;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Reference;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;

/// Routes and associations come with their tables.
const READS: Reads = Reads::listing(&[("ec2:DescribeRouteTables", 1_000)]);

/// A table of routes.
pub(crate) static ROUTE_TABLE: Kind = Kind {
    resource_type: "ec2.route_table",
    global: false,
    create: "ec2:CreateRouteTable",
    delete: "ec2:DeleteRouteTable",
    codes: &ec2::codes("InvalidRouteTableID.NotFound", "RouteTableLimitExceeded"),
    guard: Guard::Token,
    identify: |mint, _, _| ec2::minted(mint, "rtb"),
    references: &[ec2::needs_vpc()],
    changes: &[],
    tagging: ec2::TAGGING,
    name: None,
    work: None,
    rules: Rules::NONE,
    calls: Calls::STANDARD,
    reads: READS,
};

/// Part of its table, and no hindrance for what it leads to.
const fn leads_to(attribute: &'static str, to: &'static str, missing: &'static str) -> Reference {
    Reference { attribute, field: None, to, missing, holds: Holds::Dangles }
}

/// One line of a table.
pub(crate) static ROUTE: Kind = Kind {
    resource_type: "ec2.route",
    global: false,
    create: "ec2:CreateRoute",
    delete: "ec2:DeleteRoute",
    codes: &Codes {
        exists: "RouteAlreadyExists",
        ..ec2::codes("InvalidRoute.NotFound", "RouteLimitExceeded")
    },
    guard: Guard::Name,
    identify: |_, _, attributes| ec2::joined(attributes, &["route_table_id", "destination"]),
    references: &[
        Reference {
            holds: Holds::Follows,
            ..ec2::needs("route_table_id", "ec2.route_table", "InvalidRouteTableID.NotFound")
        },
        leads_to("gateway_id", "ec2.internet_gateway", "InvalidGatewayID.NotFound"),
        leads_to("instance_id", "ec2.instance", "InvalidInstanceID.NotFound"),
    ],
    changes: &[Change::Set {
        operation: "ec2:ReplaceRoute",
        attributes: &["gateway_id", "instance_id"],
        start: Start::Given,
        clear: None,
    }],
    tagging: None,
    name: None,
    work: None,
    rules: Rules { check: check_route, view: view_route, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: READS,
};

fn check_route(scene: &Scene<'_>, _: Option<&Record>, route: &Record) -> Result<(), Refusal> {
    let destination = route.text_or_empty("destination");
    if Range::parse(destination).is_none() {
        let message = format!("`{destination}` is no CIDR block");
        return Err(Refusal::invalid("InvalidParameterValue", message));
    }
    let table = scene.find("ec2.route_table", route.text_or_empty("route_table_id"));
    let vpc = table.and_then(|table| table.text("vpc_id"));
    let target_vpc = match (route.text("gateway_id"), route.text("instance_id")) {
        (Some(gateway), None) => {
            scene.find("ec2.internet_gateway", gateway).and_then(|gateway| gateway.text("vpc_id"))
        }
        (None, Some(instance)) => {
            let instance = scene.find("ec2.instance", instance);
            let subnet = instance.and_then(|instance| instance.text("subnet_id"));
            let subnet = subnet.and_then(|subnet| scene.find("ec2.subnet", subnet));
            subnet.and_then(|subnet| subnet.text("vpc_id"))
        }
        (None, None) | (Some(_), Some(_)) => {
            let message = "a route has exactly one target";
            return Err(Refusal::invalid("InvalidParameterCombination", message));
        }
    };
    if vpc == target_vpc {
        return Ok(());
    }
    let message = "the target of the route is not attached to the VPC of its table";
    Err(Refusal::invalid("InvalidParameterValue", message))
}

/// Which table a subnet uses.
pub(crate) static ROUTE_TABLE_ASSOCIATION: Kind = Kind {
    resource_type: "ec2.route_table_association",
    global: false,
    create: "ec2:AssociateRouteTable",
    delete: "ec2:DisassociateRouteTable",
    codes: &ec2::codes("InvalidAssociationID.NotFound", "RouteTableLimitExceeded"),
    guard: Guard::Name,
    identify: |_, _, attributes| ec2::joined(attributes, &["subnet_id"]),
    references: &[
        Reference {
            holds: Holds::Follows,
            ..ec2::needs("subnet_id", "ec2.subnet", "InvalidSubnetID.NotFound")
        },
        ec2::needs("route_table_id", "ec2.route_table", "InvalidRouteTableID.NotFound"),
    ],
    changes: &[Change::Set {
        operation: "ec2:ReplaceRouteTableAssociation",
        attributes: &["route_table_id"],
        start: Start::Given,
        clear: None,
    }],
    tagging: None,
    name: None,
    work: None,
    rules: Rules { check: check_association, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: READS,
};

fn check_association(
    scene: &Scene<'_>,
    _: Option<&Record>,
    association: &Record,
) -> Result<(), Refusal> {
    let vpc_of = |resource_type, attribute| {
        let record = scene.find(resource_type, association.text_or_empty(attribute));
        record.and_then(|record| record.text("vpc_id"))
    };
    if vpc_of("ec2.subnet", "subnet_id") == vpc_of("ec2.route_table", "route_table_id") {
        return Ok(());
    }
    let message = "the subnet and the route table are in different VPCs";
    Err(Refusal::invalid("InvalidParameterValue", message))
}

/// A route whose target is gone or does not run leads nowhere.
fn view_route(cloud: &Cloud, route: &Record, attributes: &mut Attributes) {
    let state = if is_black_hole(cloud, route) { "blackhole" } else { "active" };
    attributes.insert("state".into(), state.into());
}

fn is_black_hole(cloud: &Cloud, route: &Record) -> bool {
    let region = route.key.region.as_ref();
    let find = |attribute, to| route.text(attribute).map(|id| cloud.find(to, region, id));
    let instance = find("instance_id", "ec2.instance");
    let gateway = find("gateway_id", "ec2.internet_gateway");
    let runs = |instance: &Record| instance.text("state") == Some("running");
    instance.is_some_and(|instance| !instance.is_some_and(runs))
        || gateway.is_some_and(|gateway| gateway.is_none())
}

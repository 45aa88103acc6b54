//! VPCs and their subnets.

use crate::sim::ec2;
use crate::sim::ec2::cidr::Range;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Codes;
use crate::sim::kind::Guard;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;

/// A network of its own.
pub(crate) static VPC: Kind = Kind {
    resource_type: "ec2.vpc",
    global: false,
    create: "ec2:CreateVpc",
    delete: "ec2:DeleteVpc",
    codes: &ec2::codes("InvalidVpcID.NotFound", "VpcLimitExceeded"),
    guard: Guard::Search("ec2:DescribeVpcs"),
    identify: |mint, _, _| ec2::minted(mint, "vpc"),
    references: &[],
    changes: &[
        Change::Set {
            operation: "ec2:ModifyVpcAttribute",
            attributes: &["dns_support"],
            start: Start::Bool(true),
            clear: None,
        },
        Change::Set {
            operation: "ec2:ModifyVpcAttribute",
            attributes: &["dns_hostnames"],
            start: Start::Bool(false),
            clear: None,
        },
    ],
    tagging: ec2::TAGGING,
    name: None,
    work: None,
    rules: Rules { check: check_vpc, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads::listing(&[("ec2:DescribeVpcs", 1_000)])
        .deep(&["ec2:DescribeVpcAttribute", "ec2:DescribeVpcAttribute"]),
};

fn check_vpc(_: &Scene<'_>, _: Option<&Record>, vpc: &Record) -> Result<(), Refusal> {
    let cidr = vpc.text_or_empty("cidr");
    match Range::parse(cidr) {
        Some(range) if (16..=28).contains(&range.prefix) => Ok(()),
        _ => Err(Refusal::invalid(
            "InvalidVpc.Range",
            format!("`{cidr}` is no block from /16 to /28"),
        )),
    }
}

/// The code of a bad zone is not EC2's usual one.
static SUBNET_CODES: Codes = ec2::codes("InvalidSubnetID.NotFound", "SubnetLimitExceeded");

/// A part of a VPC in one availability zone.
pub(crate) static SUBNET: Kind = Kind {
    resource_type: "ec2.subnet",
    global: false,
    create: "ec2:CreateSubnet",
    delete: "ec2:DeleteSubnet",
    codes: &SUBNET_CODES,
    guard: Guard::Search("ec2:DescribeSubnets"),
    identify: |mint, _, _| ec2::minted(mint, "subnet"),
    references: &[ec2::needs_vpc()],
    changes: &[Change::Set {
        operation: "ec2:ModifySubnetAttribute",
        attributes: &["map_public_ip"],
        start: Start::Bool(false),
        clear: None,
    }],
    tagging: ec2::TAGGING,
    name: None,
    work: None,
    rules: Rules { check: check_subnet, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads::listing(&[("ec2:DescribeSubnets", 1_000)]),
};

fn check_subnet(
    scene: &Scene<'_>,
    before: Option<&Record>,
    subnet: &Record,
) -> Result<(), Refusal> {
    if before.is_some() {
        return Ok(());
    }
    let (cidr, zone) = (subnet.text_or_empty("cidr"), subnet.text_or_empty("zone_id"));
    if !ec2::zones(scene.place).iter().any(|known| known == zone) {
        let message = format!("{} has no availability zone `{zone}`", scene.place.region);
        return Err(Refusal::invalid("InvalidParameterValue", message));
    }
    let Some(vpc) = scene.find("ec2.vpc", subnet.text_or_empty("vpc_id")) else { return Ok(()) };
    let whole = Range::parse(vpc.text_or_empty("cidr"));
    let Some((range, _)) = Range::parse(cidr)
        .zip(whole)
        .filter(|(range, whole)| whole.contains(*range) && range.prefix <= 28)
    else {
        let message = format!("`{cidr}` is no part of `{}`", vpc.text_or_empty("cidr"));
        return Err(Refusal::invalid("InvalidSubnet.Range", message));
    };
    let siblings = scene.cloud.referrers(vpc).filter(|other| is_subnet(other));
    for other in siblings {
        let taken = Range::parse(other.text_or_empty("cidr"));
        if taken.is_some_and(|taken| taken.overlaps(range)) {
            let message = format!("`{cidr}` overlaps the subnet `{}`", other.key.id);
            return Err(Refusal::conflict("InvalidSubnet.Conflict", message));
        }
    }
    Ok(())
}

fn is_subnet(record: &Record) -> bool {
    record.key.resource_type == SUBNET.resource_type
}

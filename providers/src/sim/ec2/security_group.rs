//! Security groups and their rules.

use nfplan_engine::provider::ErrorKind;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::ec2;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Codes;
use crate::sim::kind::Guard;
use crate::sim::kind::Kind;
use crate::sim::kind::NameRule;
use crate::sim::kind::Reads;
use crate::sim::kind::Reference;
use crate::sim::kind::Rules;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;

/// A group in the rules of another one.
const fn named_in(attribute: &'static str) -> Reference {
    Reference {
        field: Some("security_group_id"),
        ..ec2::needs(attribute, "ec2.security_group", "InvalidGroup.NotFound")
    }
}

/// The type.
pub(crate) static KIND: Kind = Kind {
    resource_type: "ec2.security_group",
    global: false,
    create: "ec2:CreateSecurityGroup",
    delete: "ec2:DeleteSecurityGroup",
    codes: &Codes {
        exists: "InvalidGroup.Duplicate",
        ..ec2::codes("InvalidGroup.NotFound", "SecurityGroupLimitExceeded")
    },
    guard: Guard::Search("ec2:DescribeSecurityGroups"),
    identify: |mint, _, _| ec2::minted(mint, "sg"),
    references: &[ec2::needs_vpc(), named_in("ingress"), named_in("egress")],
    changes: &[
        Change::Items {
            attribute: "ingress",
            add: "ec2:AuthorizeSecurityGroupIngress",
            remove: "ec2:RevokeSecurityGroupIngress",
            each: false,
            start: Vec::new,
        },
        Change::Items {
            attribute: "egress",
            add: "ec2:AuthorizeSecurityGroupEgress",
            remove: "ec2:RevokeSecurityGroupEgress",
            each: false,
            start: everything,
        },
    ],
    tagging: ec2::TAGGING,
    name: Some(NameRule {
        attribute: "name",
        least: 1,
        most: 255,
        extra: " ._-:/()#,@[]+=&;{}!$*",
    }),
    work: None,
    rules: Rules { check, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads::listing(&[("ec2:DescribeSecurityGroups", 1_000)]),
};

/// The rule that EC2 gives every new group: out to everywhere.
fn everything() -> Vec<Value> {
    let rule = [("protocol".into(), "-1".into()), ("cidr".into(), "0.0.0.0/0".into())];
    vec![Value::Map(Attributes::from(rule))]
}

fn check(scene: &Scene<'_>, before: Option<&Record>, group: &Record) -> Result<(), Refusal> {
    if before.is_some() {
        return Ok(());
    }
    let name = group.text_or_empty("name");
    if name.starts_with("sg-") || group.text_or_empty("description").is_empty() {
        let message = "a group needs a description, and a name that does not begin with `sg-`";
        return Err(Refusal::invalid("InvalidParameterValue", message));
    }
    let Some(vpc) = scene.find("ec2.vpc", group.text_or_empty("vpc_id")) else { return Ok(()) };
    let mut siblings = scene.cloud.referrers(vpc);
    let taken = siblings.any(|other| {
        other.key.resource_type == KIND.resource_type && other.text("name") == Some(name)
    });
    if taken {
        let message = format!("`{}` already has a group `{name}`", vpc.key.id);
        return Err(Refusal::new(ErrorKind::Exists, "InvalidGroup.Duplicate", message));
    }
    Ok(())
}

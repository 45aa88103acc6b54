//! EC2: the network, the proxy instance and the launch template.

use nfplan_engine::address::Place;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::ids::Mint;
use crate::sim::kind::Codes;
use crate::sim::kind::Holds;
use crate::sim::kind::Identified;
use crate::sim::kind::Reference;
use crate::sim::kind::Tagging;

pub(crate) mod cidr;
pub(crate) mod gateway;
pub(crate) mod instance;
pub(crate) mod launch_template;
pub(crate) mod network;
pub(crate) mod routing;
pub(crate) mod security_group;

/// Tags of all EC2 objects are changed alike.
const TAGGING: Option<Tagging> =
    Some(Tagging { tag: "ec2:CreateTags", untag: Some("ec2:DeleteTags") });

/// The codes that most EC2 types share, with the type's own not-found and quota codes.
const fn codes(missing: &'static str, quota: &'static str) -> Codes {
    Codes {
        invalid: "InvalidParameterValue",
        exists: "Resource.AlreadyAssociated",
        missing,
        quota,
        in_use: "DependencyViolation",
    }
}

/// A reference that must resolve and that holds what it refers to.
const fn needs(attribute: &'static str, to: &'static str, missing: &'static str) -> Reference {
    Reference { attribute, field: None, to, missing, holds: Holds::Refuses }
}

const fn needs_vpc() -> Reference {
    needs("vpc_id", "ec2.vpc", "InvalidVpcID.NotFound")
}

/// An id that AWS makes, which is also the output `id`.
fn minted(mint: &Mint, prefix: &str) -> Identified {
    let id = mint.resource(prefix);
    let outputs = Attributes::from([("id".into(), Value::text(&id))]);
    Identified { id, outputs }
}

/// An id that follows from attributes: their values, joined.
fn joined(attributes: &Attributes, names: &[&str]) -> Identified {
    let text = |name: &&str| attributes.get(*name).and_then(Value::as_text).unwrap_or_default();
    let id = names.iter().map(text).collect::<Vec<_>>().join("|");
    Identified { id, outputs: Attributes::new() }
}

/// The availability zones of a region: their ids, sorted.
pub(crate) fn zones(place: &Place) -> Vec<String> {
    let mut parts = place.region.as_str().split('-');
    let area = parts.next().unwrap_or_default();
    let rest: String = parts.map(short).collect();
    (1..=4).map(|number| format!("{area}{rest}-az{number}")).collect()
}

/// How zone ids shorten a part of a region's name: `southeast` to `se`, `central` to `c`.
fn short(part: &str) -> String {
    let second = ["north", "south"].iter().find_map(|first| part.strip_prefix(first));
    let letters = [Some(part), second].into_iter().flatten();
    letters.filter_map(|word| word.chars().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_ids_are_those_of_aws() {
        for (region, first) in [
            ("us-east-1", "use1-az1"),
            ("ap-southeast-2", "apse2-az1"),
            ("eu-central-1", "euc1-az1"),
        ] {
            let place = format!("111122223333.{region}").parse().unwrap();
            assert_eq!(zones(&place)[0], first);
        }
    }
}

//! Look-ups: images and availability zones, made from the question alone.

use nfplan_engine::address::Place;
use nfplan_engine::digest::Digest;
use nfplan_engine::provider::LookUp;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::value::Value;

use crate::sim::ec2;
use crate::sim::scene::Refusal;
use crate::sim::session::Session;

/// The families that three zones offer.
const FAMILIES: &[&str] = &[
    "c4", "c5", "c5a", "c5d", "c5n", "c6a", "c6i", "c6id", "c7a", "c7i", "d2", "d3", "g4dn", "g5",
    "i3", "i4i", "m4", "m5", "m5a", "m5d", "m5n", "m6a", "m6i", "m6id", "m7a", "m7i", "optimal",
    "r4", "r5", "r5a", "r5d", "r5n", "r6a", "r6i", "r6id", "r7a", "r7i", "t2", "t3", "t3a", "x1",
    "x2idn", "z1d",
];

/// The families that one zone offers.
const RARE_FAMILIES: &[&str] = &["p3", "p4d", "p5"];

/// Answers a look-up.
pub(crate) fn look_up(session: &mut Session<'_>, look_up: &LookUp) -> Result<Value, ProviderError> {
    match look_up {
        LookUp::EcsImage => {
            session.look("ssm:GetParameter")?;
            Ok(image(session.place, "ecs-al2023-x86_64"))
        }
        LookUp::PipelineImage(arn) => {
            session.look("imagebuilder:ListImagePipelineImages")?;
            if !arn.contains(":image-pipeline/") {
                let message = format!("`{arn}` is no ARN of an image pipeline");
                let refusal = Refusal::invalid("InvalidParameterValueException", message);
                return Err(session.refused("imagebuilder:ListImagePipelineImages", &refusal));
            }
            Ok(image(session.place, arn))
        }
        LookUp::Zones(types) => {
            session.look("ec2:DescribeInstanceTypeOfferings")?;
            let zones = offered(session.place, types);
            if zones.is_empty() {
                let names = types.join(", ");
                let message = format!("no availability zone offers {names} in {}", session.place);
                let refusal = Refusal::invalid("NoOffering", message);
                return Err(session.refused("ec2:DescribeInstanceTypeOfferings", &refusal));
            }
            Ok(Value::list(zones))
        }
    }
}

/// An image id that follows from its region and source.
fn image(place: &Place, source: &str) -> Value {
    let hex = Digest::of_bytes(format!("{}/{source}", place.region).as_bytes()).hex();
    format!("ami-0{}", &hex[..16]).into()
}

/// The zones that offer at least one of the types.
fn offered(place: &Place, types: &[Box<str>]) -> Vec<String> {
    let most = types.iter().map(|name| zones_of(name)).max().unwrap_or(0);
    let first = usize::from(most == 3);
    // Where three of the four zones offer a type, the first one does not.
    ec2::zones(place).into_iter().skip(first).take(most).collect()
}

/// Whether AWS has a type or a whole family at all.
pub(crate) fn is_offered(name: &str) -> bool {
    zones_of(name) > 0
}

/// How many zones offer a type or a whole family.
fn zones_of(name: &str) -> usize {
    let family = name.split('.').next().unwrap_or_default();
    if FAMILIES.contains(&family) {
        if family.starts_with('t') || family == "optimal" { 4 } else { 3 }
    } else {
        usize::from(RARE_FAMILIES.contains(&family))
    }
}

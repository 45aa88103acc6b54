//! `network`: how jobs reach the network.

use ipnet::Ipv4Net;

use super::overlay::Layer;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::syntax;

/// How jobs reach the network, each field set or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NetworkOverlay {
    Proxy {
        cidr: Option<Ipv4Net>,
        allow_domains: Option<Vec<Box<str>>>,
    },
    Existing {
        vpc: Option<Box<str>>,
        subnets: Option<Vec<Box<str>>>,
        security_groups: Option<Vec<Box<str>>>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Proxy,
    Existing,
}

/// Reads `network`. Without `mode`, the layer below says which keys make sense.
pub(crate) fn network(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    below: Layer<'_>,
) -> Option<NetworkOverlay> {
    let mut fields = decoder.fields(field)?;
    let modes = [("proxy", Mode::Proxy), ("existing", Mode::Existing)];
    let mode = match fields.take("mode") {
        Some(mode) => decoder.word(mode, &modes),
        None => inherited(below),
    };
    let [cidr, domains] = ["cidr", "allow_domains"].map(|name| fields.take(name));
    let [vpc, subnets, groups] =
        ["vpc", "subnets", "security_groups"].map(|name| fields.take(name));
    decoder.finish(fields);
    match mode? {
        Mode::Proxy => {
            decoder.refuse([vpc, subnets, groups], "mode: existing");
            Some(NetworkOverlay::Proxy {
                cidr: cidr.and_then(|field| address_block(decoder, field)),
                allow_domains: domains.and_then(|field| {
                    decoder.list(field, |decoder, item| decoder.checked(item, syntax::domain))
                }),
            })
        }
        Mode::Existing => {
            decoder.refuse([cidr, domains], "mode: proxy");
            Some(NetworkOverlay::Existing {
                vpc: vpc
                    .and_then(|field| decoder.checked(field, |text| syntax::ec2_id(text, "vpc"))),
                subnets: subnets.and_then(|field| ids(decoder, field, "subnet")),
                security_groups: groups.and_then(|field| ids(decoder, field, "sg")),
            })
        }
    }
}

fn inherited(below: Layer<'_>) -> Option<Mode> {
    match below {
        Layer::Defaults => Some(Mode::Proxy),
        Layer::Profile(profile) => match profile.network.as_ref().map(|set| &set.value) {
            Some(NetworkOverlay::Existing { .. }) => Some(Mode::Existing),
            Some(NetworkOverlay::Proxy { .. }) | None => Some(Mode::Proxy),
        },
        Layer::Unknown => None,
    }
}

fn address_block(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Ipv4Net> {
    let text = decoder.text(field)?;
    match syntax::cidr(text) {
        Ok(block) => Some(block),
        Err(refusal) => {
            let message = format!("`{}` {}", field.name, refusal.message);
            let problem = decoder.error(code::CIDR, field.node.span, message);
            decoder.report(match refusal.instead {
                Some(block) => problem.suggest("write the block", block.to_string()),
                None => problem,
            });
            None
        }
    }
}

fn ids(decoder: &mut Decoder<'_>, field: Field<'_>, kind: &str) -> Option<Vec<Box<str>>> {
    decoder.some(field, |decoder, item| decoder.checked(item, |text| syntax::ec2_id(text, kind)))
}

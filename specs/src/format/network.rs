//! `network`: how jobs reach the network.

use ipnet::Ipv4Net;

use super::overlay::Layer;
use super::shape::Choice;
use super::shape::Key;
use super::shape::Rule;
use super::shape::Section;
use super::shape::Shape;
use super::shape::Variants;
use super::shape::words;
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

/// The section.
pub(super) static NETWORK: Section = Section {
    keys: &[&[
        Key::optional("mode", Shape::Word(&words(&MODES)), "Whose network it is.").or("proxy"),
        Key::optional(
            "cidr",
            Shape::Text(&syntax::CIDR),
            "The private address block of the workspace's VPC, from /16 to /18.",
        )
        .or("192.168.0.0/16"),
        Key::optional(
            "allow_domains",
            Shape::List(&Shape::Text(&syntax::DOMAIN), 0),
            "The domains that jobs reach by HTTP and HTTPS, beside the region's AWS endpoints; a \
             leading dot takes all subdomains in. Empty: every domain.",
        )
        .or("[]"),
        Key::optional("vpc", Shape::Text(&syntax::VPC), "The VPC."),
        Key::optional(
            "subnets",
            Shape::List(&Shape::Text(&syntax::SUBNET), 1),
            "The subnets that compute instances start in.",
        ),
        Key::optional(
            "security_groups",
            Shape::List(&Shape::Text(&syntax::SECURITY_GROUP), 1),
            "The security groups of compute instances.",
        ),
    ]],
    rules: &[Rule::Variants(&Variants {
        key: "mode",
        default: "proxy",
        keys: &[
            ("proxy", &["cidr", "allow_domains"]),
            ("existing", &["vpc", "subnets", "security_groups"]),
        ],
    })],
};

const MODES: [Choice<Mode>; 2] = [
    Choice::new(
        "proxy",
        Mode::Proxy,
        "A VPC of the workspace's own, with a filtering proxy as its only way out.",
    ),
    Choice::new(
        "existing",
        Mode::Existing,
        "A network that somebody else keeps: `vpc`, `subnets` and `security_groups`, here or in \
         the profile.",
    ),
];

/// Reads `network`. Without `mode`, the layer below says which keys make sense.
pub(crate) fn network(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    below: Layer<'_>,
) -> Option<NetworkOverlay> {
    let fields = decoder.fields(field)?;
    let mode = decoder.variant(fields, &MODES, inherited(below))?;
    let get = |name| fields.get(name);
    Some(match mode {
        Mode::Proxy => NetworkOverlay::Proxy {
            cidr: get("cidr").and_then(|field| address_block(decoder, field)),
            allow_domains: get("allow_domains").and_then(|field| domains(decoder, field)),
        },
        Mode::Existing => NetworkOverlay::Existing {
            vpc: get("vpc").and_then(|field| decoder.text(field)).map(Box::from),
            subnets: get("subnets").and_then(|field| texts(decoder, field)),
            security_groups: get("security_groups").and_then(|field| texts(decoder, field)),
        },
    })
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

/// What Docker takes on every instance unless told otherwise. A VPC with these addresses is out of
/// the reach of containers, its resolver first of all.
const DOCKER_BRIDGE: &str = "172.17.0.0/16";

fn address_block(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Ipv4Net> {
    let text = decoder.raw_text(field)?;
    let span = field.node.span;
    match syntax::cidr(text) {
        Ok(block) => {
            if DOCKER_BRIDGE.parse::<Ipv4Net>().is_ok_and(|bridge| bridge.contains(&block)) {
                let message = format!(
                    "`{}` overlaps {DOCKER_BRIDGE}, which Docker takes on compute instances: \
                     containers would not reach the network",
                    field.name
                );
                let problem = decoder.warning(code::DOCKER_BRIDGE, span, message);
                decoder.report(problem.help("take another block"));
            }
            Some(block)
        }
        Err(refusal) => {
            let message = format!("`{}` {}", field.name, refusal.message);
            let problem = decoder.error(code::CIDR, span, message);
            decoder.report(match refusal.instead {
                Some(block) => problem.suggest("write the block", block.to_string()),
                None => problem,
            });
            None
        }
    }
}

fn domains(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Vec<Box<str>>> {
    let domains = texts(decoder, field)?;
    let spans: Vec<_> = decoder.items(field)?.iter().map(|item| item.span).collect();
    for (domain, span) in domains.iter().zip(&spans) {
        let other = domains.iter().position(|other| syntax::covers(other, domain));
        if let Some(other) = other {
            let (by, place) = (&domains[other], spans[other]);
            let message = format!("`{domain}` is let through by `{by}` already");
            let problem = decoder.warning(code::COVERED_DOMAIN, *span, message);
            let problem = problem.label(decoder.file, place, "by this");
            decoder.report(problem.help("remove it: nfplan leaves it out of the proxy's list"));
        }
    }
    Some(domains)
}

fn texts(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Vec<Box<str>>> {
    decoder.list(field, |decoder, item| decoder.text(item).map(Box::from))
}

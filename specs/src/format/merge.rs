//! Layers laid over each other: a workspace over its profile over the defaults.

use ipnet::Ipv4Net;
use nfplan_engine::desired::Origin;

use super::compute::ComputeOverlay;
use super::compute::DEFAULT_MAX_VCPUS;
use super::compute::DEFAULT_MIN_VCPUS;
use super::compute::Strategy;
use super::credentials::CredentialsOverlay;
use super::network::NetworkOverlay;
use super::overlay::Overlay;
use super::researcher::WorkspaceSpec;
use crate::decode::FileNumber;
use crate::decode::Set;
use crate::settings::Ami;
use crate::settings::At;
use crate::settings::Compute;
use crate::settings::ComputeKind;
use crate::settings::Credentials;
use crate::settings::Delivery;
use crate::settings::Environment;
use crate::settings::Network;
use crate::settings::WorkspaceSettings;
use crate::syntax;

/// Two layers, and where the defaults below them come from.
struct Layers<'a, L> {
    own: &'a L,
    below: &'a L,
    origin: Origin,
}

impl<'a, L> Layers<'a, L> {
    /// A field of the upper layer that sets it.
    fn set<T: 'a>(&self, field: impl Fn(&'a L) -> Option<&'a Set<T>>) -> Option<&'a Set<T>> {
        field(self.own).or_else(|| field(self.below))
    }

    /// The same with a default.
    fn at<T: Clone + 'a>(&self, field: impl Fn(&'a L) -> Option<&'a Set<T>>, default: T) -> At<T> {
        self.set(field).map_or(At { value: default, origin: self.origin }, Set::at)
    }

    /// The origin of a field.
    fn origin<T: 'a>(&self, field: impl Fn(&'a L) -> Option<&'a Set<T>>) -> Origin {
        self.set(field).map_or(self.origin, Set::origin)
    }
}

/// The settings of a workspace. `files` are those that its origins point into.
pub(crate) fn settings(
    spec: &WorkspaceSpec,
    profile: &Overlay,
    environment: &Environment,
    files: Vec<Box<str>>,
) -> WorkspaceSettings {
    let own = &spec.overlay;
    let origin = spec.span.origin(FileNumber::Researcher as u32);
    let layers = Layers { own, below: profile, origin };
    let tags = profile.tags.iter().chain(&own.tags);
    WorkspaceSettings {
        unit: spec.unit().clone(),
        environment: environment.clone(),
        user: spec.user().into(),
        escaped: spec.escaped().clone(),
        status: spec.status().clone(),
        revoked: false,
        release: layers.at(|layer| layer.release.as_ref(), false),
        compute: compute(&own.compute, &profile.compute, origin),
        images: filled(layers.at(|layer| layer.images.as_ref(), Vec::new()), spec),
        read_buckets: filled(layers.at(|layer| layer.read_buckets.as_ref(), Vec::new()), spec),
        network: At {
            value: network(own.network.as_ref(), profile.network.as_ref())
                .expect("loading refuses workspaces whose network lacks a key"),
            origin: layers.origin(|layer| layer.network.as_ref()),
        },
        credentials: At {
            value: credentials(own.credentials.as_ref(), profile.credentials.as_ref())
                .expect("loading refuses workspaces whose credentials lack a key"),
            origin: layers.origin(|layer| layer.credentials.as_ref()),
        },
        tags: tags.map(|(key, set)| (key.clone(), set.at())).collect(),
        labels: spec.labels().clone(),
        permissions_boundary: layers.set(|layer| layer.permissions_boundary.as_ref()).map(Set::at),
        protect: layers.at(|layer| layer.protect.as_ref(), false),
        files,
        origin,
    }
}

fn filled(mut templates: At<Vec<Box<str>>>, spec: &WorkspaceSpec) -> At<Vec<Box<str>>> {
    for template in &mut templates.value {
        *template = syntax::fill_in(template, spec.escaped().as_str())
            .expect("loading refuses other templates")
            .into();
    }
    templates
}

fn compute(own: &ComputeOverlay, below: &ComputeOverlay, workspace: Origin) -> Compute {
    let section = below.section.as_ref().or(own.section.as_ref());
    let layers = Layers { own, below, origin: section.map_or(workspace, Set::origin) };
    let kind = layers.at(|layer| layer.kind.as_ref(), ComputeKind::Spot);
    let mut instance_types =
        layers.at(|layer| layer.instance_types.as_ref(), vec!["optimal".into()]);
    instance_types.value.sort();
    let strategy = Strategy::default_for(kind.value);
    let strategy = layers.at(|layer| layer.strategy.as_ref(), strategy);
    let bid = layers.set(|layer| layer.bid_percentage.as_ref());
    Compute {
        instance_types,
        min_vcpus: layers.at(|layer| layer.min_vcpus.as_ref(), DEFAULT_MIN_VCPUS),
        max_vcpus: layers.at(|layer| layer.max_vcpus.as_ref(), DEFAULT_MAX_VCPUS),
        strategy: At { value: strategy.value.api_word().into(), origin: strategy.origin },
        // A profile's percentage means nothing to a workspace that is on demand.
        bid_percentage: bid.filter(|_| kind.value == ComputeKind::Spot).map(Set::at),
        ami: layers.at(|layer| layer.ami.as_ref(), Ami::EcsOptimized),
        cli_path: layers.set(|layer| layer.cli_path.as_ref()).map(Set::at),
        kind,
    }
}

/// The network, or the keys that are missing. A layer of another mode than the one above it has no
/// say.
pub(super) fn network(
    own: Option<&Set<NetworkOverlay>>,
    below: Option<&Set<NetworkOverlay>>,
) -> Result<Network, Vec<&'static str>> {
    let default = NetworkOverlay::Proxy { cidr: None, allow_domains: None };
    let below = below.map_or(&default, |set| &set.value);
    let own = own.map_or(below, |set| &set.value);
    match own {
        NetworkOverlay::Proxy { cidr, allow_domains } => {
            let (cidr_below, domains_below) = match below {
                NetworkOverlay::Proxy { cidr, allow_domains } => (*cidr, allow_domains.as_ref()),
                NetworkOverlay::Existing { .. } => (None, None),
            };
            Ok(Network::Proxy {
                cidr: cidr.or(cidr_below).unwrap_or_else(default_cidr),
                allow_domains: either(allow_domains.as_ref(), domains_below).unwrap_or_default(),
            })
        }
        NetworkOverlay::Existing { vpc, subnets, security_groups } => {
            let (vpc_below, subnets_below, groups_below) = match below {
                NetworkOverlay::Existing { vpc, subnets, security_groups } => {
                    (vpc.as_ref(), subnets.as_ref(), security_groups.as_ref())
                }
                NetworkOverlay::Proxy { .. } => (None, None, None),
            };
            let vpc = either(vpc.as_ref(), vpc_below);
            let subnets = either(subnets.as_ref(), subnets_below);
            let security_groups = either(security_groups.as_ref(), groups_below);
            let keys = [
                ("vpc", vpc.is_none()),
                ("subnets", subnets.is_none()),
                ("security_groups", security_groups.is_none()),
            ];
            let missing = || keys.iter().filter(|(_, missing)| *missing).map(|(key, _)| *key);
            vpc.zip(subnets)
                .zip(security_groups)
                .map(|((vpc, subnets), security_groups)| Network::Existing {
                    vpc,
                    subnets,
                    security_groups,
                })
                .ok_or_else(|| missing().collect())
        }
    }
}

/// Hatchery's block.
fn default_cidr() -> Ipv4Net {
    Ipv4Net::new([192, 168, 0, 0].into(), 16).expect("16 is a prefix length")
}

fn either<T: Clone>(own: Option<&T>, below: Option<&T>) -> Option<T> {
    own.or(below).cloned()
}

/// The credentials, or the keys that are missing. A layer of another kind than the one above it has
/// no say.
pub(super) fn credentials(
    own: Option<&Set<CredentialsOverlay>>,
    below: Option<&Set<CredentialsOverlay>>,
) -> Result<Credentials, Vec<&'static str>> {
    let default = CredentialsOverlay::AccessKey { deliver: None };
    let below = below.map_or(&default, |set| &set.value);
    let own = own.map_or(below, |set| &set.value);
    match own {
        CredentialsOverlay::AccessKey { deliver } => {
            let deliver_below = match below {
                CredentialsOverlay::AccessKey { deliver } => deliver.as_ref(),
                CredentialsOverlay::Role { .. } => None,
            };
            let deliver = either(deliver.as_ref(), deliver_below);
            Ok(Credentials::AccessKey(deliver.unwrap_or(Delivery::SecretsManager)))
        }
        CredentialsOverlay::Role { assumable_by } => {
            let below = match below {
                CredentialsOverlay::Role { assumable_by } => assumable_by.as_ref(),
                CredentialsOverlay::AccessKey { .. } => None,
            };
            either(assumable_by.as_ref(), below)
                .map(Credentials::Role)
                .ok_or_else(|| vec!["assumable_by"])
        }
    }
}

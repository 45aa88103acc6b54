//! The network that compute instances start in: the workspace's own, or one that exists already.

use ipnet::Ipv4Net;
use nfplan_engine::desired::Origin;
use nfplan_engine::expr::Expr;
use nfplan_engine::provider::LookUp;
use nfplan_engine::value::Value;

use super::ExpansionError;
use super::builder::Builder;
use super::builder::Draft;
use super::names::KnownAddress;
use super::names::addresses;
use super::names::attributes;
use super::pins::Pins;
use super::proxy;
use super::workspace::Workspace;
use crate::settings::Network;

/// The destination of a default route.
pub(super) const EVERYWHERE: &str = "0.0.0.0/0";

/// The prefix length of subnets.
const SUBNET_PREFIX: u8 = 20;

/// What compute instances are attached to.
#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) subnet_ids: Expr,
    pub(super) security_group_ids: Expr,
    /// The id of the workspace's own S3 endpoint.
    pub(super) s3_endpoint: Option<Expr>,
    /// What must be there before instances can boot, beside the above.
    pub(super) ready: Vec<KnownAddress>,
    pub(super) origin: Origin,
}

/// Adds the network, if it is the workspace's own.
pub(super) fn add(
    workspace: &Workspace<'_>,
    pins: &mut Pins<'_>,
    builder: &mut Builder<'_>,
) -> Result<Attachment, ExpansionError> {
    let network = &workspace.settings.network;
    match &network.value {
        Network::Existing { vpc: _, subnets, security_groups } => Ok(Attachment {
            subnet_ids: texts(subnets),
            security_group_ids: texts(security_groups),
            s3_endpoint: None,
            ready: Vec::new(),
            origin: network.origin,
        }),
        Network::Proxy { cidr, allow_domains } => {
            let layout = Layout::new(workspace, *cidr, pins)?;
            layout.add(builder);
            proxy::add(workspace, &layout, allow_domains, pins, builder)?;
            Ok(layout.attachment())
        }
    }
}

fn texts(items: &[Box<str>]) -> Expr {
    Value::list(items.iter().map(|item| &**item)).into()
}

/// A workspace's own network.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    workspace: &'a Workspace<'a>,
    pub(super) cidr: Ipv4Net,
    pub(super) origin: Origin,
    /// One for each compute subnet.
    zones: Vec<Box<str>>,
    /// One for each possible compute subnet, then one for the proxy's, so that the proxy stays where
    /// it is when a zone more or less offers the instance types.
    blocks: Vec<Ipv4Net>,
}

impl<'a> Layout<'a> {
    fn new(
        workspace: &'a Workspace<'a>,
        cidr: Ipv4Net,
        pins: &mut Pins<'_>,
    ) -> Result<Self, ExpansionError> {
        let types = workspace.settings.compute.instance_types.value.clone();
        let mut zones = pins.texts(&LookUp::Zones(types))?;
        zones.truncate(addresses::COMPUTE_SUBNETS.len());
        let wanted = addresses::COMPUTE_SUBNETS.len() + 1;
        let blocks = cidr.subnets(SUBNET_PREFIX).into_iter().flatten().take(wanted);
        let blocks: Vec<Ipv4Net> = blocks.collect();
        if blocks.len() < wanted {
            return Err(ExpansionError::SmallNetwork { cidr });
        }
        let origin = workspace.settings.network.origin;
        Ok(Self { workspace, cidr: cidr.trunc(), origin, zones, blocks })
    }

    /// The compute subnets in use, each with its association.
    fn compute(&self) -> impl Iterator<Item = (KnownAddress, KnownAddress)> {
        addresses::COMPUTE_SUBNETS.into_iter().take(self.zones.len())
    }

    fn attachment(&self) -> Attachment {
        let subnets = self.compute().map(|(subnet, _)| subnet.output(attributes::ID));
        let mut ready: Vec<KnownAddress> =
            self.compute().map(|(_, association)| association).collect();
        // Through the proxy's instance, the default route also waits for the proxy's own way out.
        ready.extend([addresses::COMPUTE_DEFAULT_ROUTE, addresses::S3_ENDPOINT]);
        Attachment {
            subnet_ids: Expr::list(subnets),
            security_group_ids: Expr::list([
                addresses::COMPUTE_SECURITY_GROUP.output(attributes::ID)
            ]),
            s3_endpoint: Some(addresses::S3_ENDPOINT.output(attributes::ID)),
            ready,
            origin: self.origin,
        }
    }

    fn add(&self, builder: &mut Builder<'_>) {
        self.add_vpc(builder);
        self.add_route_tables(builder);
        self.add_subnets(builder);
        self.add_compute_security_group(builder);
        self.add_endpoint(builder);
    }

    fn add_vpc(&self, builder: &mut Builder<'_>) {
        let names = &self.workspace.names;
        let vpc = Draft::new(addresses::VPC)
            .set_at(attributes::CIDR, self.cidr.to_string(), self.origin)
            .set(attributes::DNS_SUPPORT, true)
            .set(attributes::DNS_HOSTNAMES, true);
        builder.add_tagged(vpc, names.vpc());
        builder.add_tagged(in_vpc(addresses::INTERNET_GATEWAY), names.vpc());
    }

    fn add_route_tables(&self, builder: &mut Builder<'_>) {
        let names = &self.workspace.names;
        builder.add_tagged(in_vpc(addresses::COMPUTE_ROUTE_TABLE), names.compute_route_table());
        builder.add_tagged(in_vpc(addresses::PROXY_ROUTE_TABLE), names.proxy_route_table());
        builder.add(
            default_route(addresses::COMPUTE_DEFAULT_ROUTE, addresses::COMPUTE_ROUTE_TABLE)
                .set(attributes::INSTANCE_ID, addresses::PROXY_INSTANCE.output(attributes::ID)),
        );
        builder.add(
            default_route(addresses::PROXY_DEFAULT_ROUTE, addresses::PROXY_ROUTE_TABLE)
                .set(attributes::GATEWAY_ID, addresses::INTERNET_GATEWAY.output(attributes::ID)),
        );
    }

    fn add_subnets(&self, builder: &mut Builder<'_>) {
        let names = &self.workspace.names;
        for (index, (subnet, association)) in self.compute().enumerate() {
            builder.add_tagged(self.subnet(subnet, index, index), names.compute_subnet(index));
            builder.add(associate(association, subnet, addresses::COMPUTE_ROUTE_TABLE));
        }
        let last = addresses::COMPUTE_SUBNETS.len();
        builder.add_tagged(self.subnet(addresses::PROXY_SUBNET, last, 0), names.proxy_subnet());
        builder.add(associate(
            addresses::PROXY_ASSOCIATION,
            addresses::PROXY_SUBNET,
            addresses::PROXY_ROUTE_TABLE,
        ));
    }

    /// No subnet gives out public addresses: instances leave through the proxy, which has its own.
    fn subnet(&self, address: KnownAddress, block: usize, zone: usize) -> Draft {
        in_vpc(address)
            .set_at(attributes::CIDR, self.blocks[block].to_string(), self.origin)
            .set_at(
                attributes::ZONE_ID,
                &*self.zones[zone],
                self.workspace.settings.compute.instance_types.origin,
            )
            .set(attributes::MAP_PUBLIC_IP, false)
    }

    fn add_compute_security_group(&self, builder: &mut Builder<'_>) {
        let name = self.workspace.names.compute_security_group();
        let draft = in_vpc(addresses::COMPUTE_SECURITY_GROUP)
            .set(attributes::NAME, name.clone())
            .set(attributes::DESCRIPTION, "Compute instances: nothing in, everything out")
            .set(attributes::INGRESS, Expr::List(Vec::new()))
            .set(attributes::EGRESS, Expr::list([all_traffic(EVERYWHERE)]));
        builder.add_tagged(draft, name);
    }

    /// Keeps the data off the proxy, and gives jobs a mark by which the bucket knows them.
    fn add_endpoint(&self, builder: &mut Builder<'_>) {
        let tables = [addresses::COMPUTE_ROUTE_TABLE, addresses::PROXY_ROUTE_TABLE];
        let region = self.workspace.partition.region();
        let draft = in_vpc(addresses::S3_ENDPOINT)
            .set(attributes::SERVICE, format!("com.amazonaws.{region}.s3"))
            .set(
                attributes::ROUTE_TABLE_IDS,
                Expr::list(tables.map(|table| table.output(attributes::ID))),
            );
        builder.add_tagged(draft, self.workspace.names.vpc());
    }
}

/// A resource that lies in the VPC.
pub(super) fn in_vpc(address: KnownAddress) -> Draft {
    Draft::new(address).set(attributes::VPC_ID, addresses::VPC.output(attributes::ID))
}

fn default_route(address: KnownAddress, table: KnownAddress) -> Draft {
    Draft::new(address)
        .set(attributes::ROUTE_TABLE_ID, table.output(attributes::ID))
        .set(attributes::DESTINATION, EVERYWHERE)
}

fn associate(address: KnownAddress, subnet: KnownAddress, table: KnownAddress) -> Draft {
    Draft::new(address)
        .set(attributes::SUBNET_ID, subnet.output(attributes::ID))
        .set(attributes::ROUTE_TABLE_ID, table.output(attributes::ID))
}

/// A security group rule for every protocol and port.
pub(super) fn all_traffic(cidr: &str) -> Expr {
    Expr::map([(attributes::PROTOCOL, "-1".into()), (attributes::CIDR, cidr.into())])
}

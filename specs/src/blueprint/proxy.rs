//! The instance that compute instances reach the internet through.

use nfplan_engine::expr::Expr;
use nfplan_engine::provider::LookUp;

use super::ExpansionError;
use super::builder::Builder;
use super::builder::Draft;
use super::names::addresses;
use super::names::attributes;
use super::network::EVERYWHERE;
use super::network::Layout;
use super::network::all_traffic;
use super::network::in_vpc;
use super::pins::Pins;
use super::user_data;
use super::workspace::Workspace;

/// Enough for package downloads and image pulls; S3 traffic does not pass through it.
const INSTANCE_TYPE: &str = "t3.micro";

/// Adds the proxy and its security group.
pub(super) fn add(
    workspace: &Workspace<'_>,
    layout: &Layout<'_>,
    allow_domains: &[Box<str>],
    pins: &mut Pins<'_>,
    builder: &mut Builder<'_>,
) -> Result<(), ExpansionError> {
    add_security_group(workspace, layout, builder);
    let settings = workspace.settings;
    let state = if workspace.suspended() { "stopped" } else { "running" };
    let region_domain = workspace.partition.region_domain();
    let script = user_data::proxy(layout.cidr, allow_domains, &region_domain);
    let draft = Draft::new(addresses::PROXY_INSTANCE)
        .set(attributes::IMAGE_ID, pins.text(&LookUp::EcsImage)?)
        .set(attributes::INSTANCE_TYPE, INSTANCE_TYPE)
        .set(attributes::SUBNET_ID, addresses::PROXY_SUBNET.output(attributes::ID))
        .set(attributes::ASSOCIATE_PUBLIC_IP, true)
        .set(attributes::ROOT_ENCRYPTED, true)
        .set_at(attributes::USER_DATA, script, layout.origin)
        .set(
            attributes::SECURITY_GROUP_IDS,
            Expr::list([addresses::PROXY_SECURITY_GROUP.output(attributes::ID)]),
        )
        // It forwards packets that are neither from it nor for it.
        .set(attributes::SOURCE_DEST_CHECK, false)
        .set(attributes::METADATA_TOKENS, "required")
        .set(attributes::METADATA_HOP_LIMIT, 1_u32)
        .set_at(attributes::STATE, state, settings.status.origin)
        // It installs packages while it boots for the first time.
        .after([addresses::PROXY_DEFAULT_ROUTE, addresses::PROXY_ASSOCIATION]);
    builder.add_tagged(draft, workspace.names.proxy_instance());
    Ok(())
}

fn add_security_group(workspace: &Workspace<'_>, layout: &Layout<'_>, builder: &mut Builder<'_>) {
    let name = workspace.names.proxy_security_group();
    let inside = layout.cidr.to_string();
    let draft = in_vpc(addresses::PROXY_SECURITY_GROUP)
        .set(attributes::NAME, name.clone())
        .set(attributes::DESCRIPTION, "Proxy: in from the network, out to everywhere")
        .set_at(attributes::INGRESS, Expr::list([all_traffic(&inside)]), layout.origin)
        .set(attributes::EGRESS, Expr::list([all_traffic(EVERYWHERE)]));
    builder.add_tagged(draft, name);
}

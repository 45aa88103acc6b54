//! Routes: lines of a route table, found in it.

use aws_sdk_ec2::types::Route;
use aws_sdk_ec2::types::RouteOrigin;
use aws_sdk_ec2::types::RouteTable;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;

use crate::aws::ec2;
use crate::aws::ec2::route_table::tables;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::selection::sightings;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:CreateRoute";

/// Finds routes.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema("ec2.route");
    let tables = tables(reading).await;
    // A route is the wanted unit's if its table is, under whatever address it is wanted.
    wanted
        .iter()
        .flat_map(|wanted| {
            let found = tables.clone().map(|tables| {
                tables.iter().flat_map(|table| routes(session, table, wanted)).collect()
            });
            sightings(schema, &[wanted], found)
        })
        .collect()
}

fn routes(session: &Session<'_>, table: &RouteTable, wanted: &Wanted<'_>) -> Vec<Live> {
    // The VPC's own addresses are always routed, and gateway endpoints route themselves.
    let made = |route: &&Route| route.origin() == Some(&RouteOrigin::CreateRoute);
    table.routes().iter().filter(made).filter_map(|r| live(session, table, r, wanted)).collect()
}

fn live(
    session: &Session<'_>,
    table: &RouteTable,
    route: &Route,
    wanted: &Wanted<'_>,
) -> Option<Live> {
    let id = table.route_table_id()?;
    let destination = route.destination_cidr_block().or(route.destination_ipv6_cidr_block())?;
    // An endpoint or a gateway of another kind is a target that nobody can have wanted.
    let other = [
        route.nat_gateway_id(),
        route.transit_gateway_id(),
        route.vpc_peering_connection_id(),
        route.egress_only_internet_gateway_id(),
    ];
    let gateway = route.gateway_id().or(other.into_iter().flatten().next());
    Sketch::new(session.schema("ec2.route"), format!("{id}|{destination}"))
        .set("route_table_id", id)
        .set("destination", destination)
        .set_if("gateway_id", gateway)
        .set_if("instance_id", route.instance_id())
        .part_of(&tags::listed!(table.tags()), wanted.address)
        .live(session.place)
}

/// Creates a route. The same route again succeeds; another one of the destination is refused.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let (table, destination) = (text("route_table_id"), text("destination"));
    let made = session.insisting(ec2::is_lag, async || {
        let call = session.clients.ec2.create_route().set_route_table_id(table.clone());
        let call = call.set_destination_cidr_block(destination.clone());
        let call = call.set_gateway_id(text("gateway_id")).set_instance_id(text("instance_id"));
        session.change(CREATE, call.send()).await
    });
    match made.await {
        // moto refuses the same route too; reading back tells which it is.
        Err(error) if error.kind != ErrorKind::Exists => return Err(error),
        Ok(_) | Err(_) => {}
    }
    remote_id(CREATE, identity(request.inputs).as_deref())
}

fn identity(inputs: &Attributes) -> Option<String> {
    let text = |name| owned_text(inputs, name);
    Some(format!("{}|{}", text("route_table_id")?, text("destination")?))
}

/// Points a route to another target, without a moment in between.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let text = |name| owned_text(request.after, name);
    session
        .insisting(ec2::is_lag, async || {
            let call = session.clients.ec2.replace_route();
            let call = call.set_route_table_id(text("route_table_id"));
            let call = call.set_destination_cidr_block(text("destination"));
            let call = call.set_gateway_id(text("gateway_id"));
            session
                .change("ec2:ReplaceRoute", call.set_instance_id(text("instance_id")).send())
                .await
        })
        .await?;
    Ok(())
}

/// Deletes a route.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let call = session.clients.ec2.delete_route().set_route_table_id(text("route_table_id"));
    let call = call.set_destination_cidr_block(text("destination")).send();
    session.change("ec2:DeleteRoute", call).await?;
    Ok(())
}

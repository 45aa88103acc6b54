//! Which table a subnet uses. The subnet's id stands for the association, whose own id changes.

use aws_sdk_ec2::types::RouteTable;
use aws_sdk_ec2::types::RouteTableAssociationStateCode;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;

use crate::aws::ec2;
use crate::aws::ec2::route_table::tables;
use crate::aws::error;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::selection::sightings;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:AssociateRouteTable";

/// Finds associations.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema("ec2.route_table_association");
    let tables = tables(reading).await;
    wanted
        .iter()
        .flat_map(|wanted| {
            let found = tables.clone().map(|tables| {
                tables.iter().flat_map(|table| associations(session, table, wanted)).collect()
            });
            sightings(schema, &[wanted], found)
        })
        .collect()
}

fn associations(session: &Session<'_>, table: &RouteTable, wanted: &Wanted<'_>) -> Vec<Live> {
    let subnets = table.associations().iter().filter_map(|association| {
        let state = association.association_state().and_then(|state| state.state());
        let gone = matches!(
            state,
            Some(
                RouteTableAssociationStateCode::Disassociated
                    | RouteTableAssociationStateCode::Disassociating
            )
        );
        association.subnet_id().filter(|_| !gone)
    });
    let live = |subnet: &str| {
        Sketch::new(session.schema("ec2.route_table_association"), subnet)
            .set("subnet_id", subnet)
            .set_if("route_table_id", table.route_table_id())
            .part_of(&tags::listed!(table.tags()), wanted.address)
            .live(session.place)
    };
    subnets.filter_map(live).collect()
}

/// Gives a subnet its table.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    session
        .insisting(ec2::is_lag, async || {
            let call = session.clients.ec2.associate_route_table();
            let call = call.set_route_table_id(text("route_table_id"));
            session.change(CREATE, call.set_subnet_id(text("subnet_id")).send()).await
        })
        .await?;
    remote_id(CREATE, text("subnet_id").as_deref())
}

/// Gives a subnet another table, without a moment in between.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let id = id_of(session, request.remote_id).await?;
    let id = id.ok_or_else(|| {
        let message = format!("the subnet `{}` uses the main route table", request.remote_id);
        error::own(ErrorKind::NotFound, CREATE, "NotAssociated", message)
    })?;
    let call = session.clients.ec2.replace_route_table_association().association_id(id);
    let call = call.set_route_table_id(owned_text(request.after, "route_table_id")).send();
    session.change("ec2:ReplaceRouteTableAssociation", call).await?;
    Ok(())
}

/// Gives a subnet back to the main table.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let Some(id) = id_of(session, request.remote_id).await? else { return Ok(()) };
    let call = session.clients.ec2.disassociate_route_table().association_id(id).send();
    session.change("ec2:DisassociateRouteTable", call).await?;
    Ok(())
}

/// The association's own id as it is now.
async fn id_of(session: &Session<'_>, subnet: &RemoteId) -> Result<Option<String>, ProviderError> {
    let subnet = subnet.as_str();
    let filters = ec2::filter_chunks("association.subnet-id", [subnet.to_owned()].into());
    let call = session.clients.ec2.describe_route_tables().set_filters(Some(filters)).send();
    let answer = session.look("ec2:DescribeRouteTables", call).await?;
    let mut all = answer.route_tables().iter().flat_map(|table| table.associations().iter());
    let found = all.find(|association| association.subnet_id() == Some(subnet));
    Ok(found.and_then(|association| association.route_table_association_id().map(str::to_owned)))
}

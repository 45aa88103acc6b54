//! Route tables. Their routes and associations come in the same answers, so that the three types
//! share one listing.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::ResourceType;
use aws_sdk_ec2::types::RouteTable;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;

use crate::aws::ec2;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::reading::input;
use crate::aws::selection::sightings;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:CreateRouteTable";
const TABLE: &str = "ec2.route_table";
const PARTS: [&str; 2] = ["ec2.route", "ec2.route_table_association"];

/// Finds tables.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let found = tables(reading).await;
    let found =
        found.map(|tables| tables.iter().filter_map(|table| live(session, table)).collect());
    sightings(session.schema(TABLE), wanted, found)
}

/// All tables that are wanted, or of which something is.
pub(super) async fn tables<'r>(
    reading: &'r Reading<'_>,
) -> Result<&'r Vec<RouteTable>, ProviderError> {
    let tables = reading.tables.get_or_init(async || {
        let mut tables = Vec::new();
        for filter in filters(reading) {
            tables.extend(list(reading.session, filter).await?);
        }
        Ok(tables)
    });
    tables.await.as_ref().map_err(Clone::clone)
}

fn filters(reading: &Reading<'_>) -> Vec<Filter> {
    let (mut ids, mut units) = (BTreeSet::new(), BTreeSet::new());
    let (mut names, mut subnets) = (BTreeSet::new(), BTreeSet::new());
    for wanted in reading.of_types(&[TABLE]) {
        match &wanted.target {
            Target::Id(id, _) => ids.extend([id.to_string()]),
            Target::Named(inputs) => names.extend(tags::wanted(inputs).remove(tags::NAME)),
            _ => units.extend([wanted.unit.to_string()]),
        }
    }
    for wanted in reading.of_types(&PARTS) {
        // Of a subnet it is only known which table it should have.
        match input(wanted, "subnet_id") {
            Some(subnet) => subnets.insert(subnet.to_owned()),
            None => input(wanted, "route_table_id").is_some_and(|id| ids.insert(id.to_owned())),
        };
    }
    let mut filters = ec2::filter_chunks("route-table-id", ids);
    filters.extend(ec2::filter_chunks(&format!("tag:{}", tags::UNIT), units));
    filters.extend(ec2::filter_chunks(&format!("tag:{}", tags::NAME), names));
    filters.extend(ec2::filter_chunks("association.subnet-id", subnets));
    filters
}

async fn list(session: &Session<'_>, filter: Filter) -> Result<Vec<RouteTable>, ProviderError> {
    let tables = session.pages("ec2:DescribeRouteTables", async |token| {
        let page = session.clients.ec2.describe_route_tables().filters(filter.clone());
        let page = page.max_results(100).set_next_token(token).send().await?;
        Ok((page.route_tables.unwrap_or_default(), page.next_token))
    });
    tables.await
}

fn live(session: &Session<'_>, table: &RouteTable) -> Option<Live> {
    let id = table.route_table_id()?;
    Sketch::new(session.schema(TABLE), id)
        .set("id", id)
        .set_if("vpc_id", table.vpc_id())
        .tagged(&tags::listed!(table.tags()))
        .live(session.place)
}

/// Creates a table.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let call = session.clients.ec2.create_route_table();
    let call = call.set_vpc_id(owned_text(request.inputs, "vpc_id")).client_token(request.token);
    let call = call.tag_specifications(ec2::tagging(request, ResourceType::RouteTable)).send();
    let made = session.change(CREATE, call).await?.route_table;
    remote_id(CREATE, made.as_ref().and_then(RouteTable::route_table_id))
}

/// Changes the tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    ec2::retag(session, request).await
}

/// Deletes a table.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    session
        .insisting(ec2::is_held, async || {
            let call = session.clients.ec2.delete_route_table();
            let call = call.route_table_id(request.remote_id.as_str()).send();
            session.change("ec2:DeleteRouteTable", call).await
        })
        .await?;
    Ok(())
}

//! Gateway endpoints.

use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::ResourceType;
use aws_sdk_ec2::types::VpcEndpoint;
use aws_sdk_ec2::types::VpcEndpointType;
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
use crate::aws::error;
use crate::aws::inputs::owned_text;
use crate::aws::inputs::texts;
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:CreateVpcEndpoint";
const DELETE: &str = "ec2:DeleteVpcEndpoints";
const TABLES: &str = "route_table_ids";

/// Finds endpoints.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema("ec2.vpc_endpoint");
    ec2::listed(schema, wanted, "vpc-endpoint-id", async |filter| {
        let found = described(session, &filter).await?;
        Ok(found.iter().filter_map(|endpoint| live(session, endpoint)).collect())
    })
    .await
}

async fn described(
    session: &Session<'_>,
    filter: &Filter,
) -> Result<Vec<VpcEndpoint>, ProviderError> {
    let endpoints = session.pages("ec2:DescribeVpcEndpoints", async |token| {
        let page = session.clients.ec2.describe_vpc_endpoints().filters(filter.clone());
        let page = page.max_results(1_000).set_next_token(token).send().await?;
        Ok((page.vpc_endpoints.unwrap_or_default(), page.next_token))
    });
    let mut endpoints = endpoints.await?;
    endpoints.retain(|endpoint| state(endpoint) != "deleted");
    Ok(endpoints)
}

/// The API's documentation and its answers differ in the case of states.
fn state(endpoint: &VpcEndpoint) -> String {
    endpoint.state().map_or_else(|| "pending".into(), |state| state.as_str().to_ascii_lowercase())
}

fn live(session: &Session<'_>, endpoint: &VpcEndpoint) -> Option<Live> {
    let (id, state) = (endpoint.vpc_endpoint_id()?, state(endpoint));
    Sketch::new(session.schema("ec2.vpc_endpoint"), id)
        .set("id", id)
        .set_if("vpc_id", endpoint.vpc_id())
        .set_if("service", endpoint.service_name())
        .texts(TABLES, endpoint.route_table_ids())
        .settling((state != "available").then(|| format!("it is {state}")))
        .tagged(&tags::listed!(endpoint.tags()))
        .live(session.place)
}

/// Creates an endpoint.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| owned_text(request.inputs, name);
    let made = session.insisting(ec2::is_lag, async || {
        let call = session.clients.ec2.create_vpc_endpoint().client_token(request.token);
        let call = call.vpc_endpoint_type(VpcEndpointType::Gateway).set_vpc_id(text("vpc_id"));
        let call = call.set_service_name(text("service"));
        let call = call.set_route_table_ids(Some(texts(request.inputs, TABLES)));
        let call = call.tag_specifications(ec2::tagging(request, ResourceType::VpcEndpoint));
        session.change(CREATE, call.send()).await
    });
    let made = made.await?.vpc_endpoint;
    remote_id(CREATE, made.as_ref().and_then(VpcEndpoint::vpc_endpoint_id))
}

/// Adds and removes route tables, and changes tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (before, after) = (texts(request.before, TABLES), texts(request.after, TABLES));
    let without = |all: &[String], others: &[String]| -> Vec<String> {
        all.iter().filter(|id| !others.contains(id)).cloned().collect()
    };
    let (added, removed) = (without(&after, &before), without(&before, &after));
    if !added.is_empty() || !removed.is_empty() {
        let some = |ids: Vec<String>| (!ids.is_empty()).then_some(ids);
        let call = session.clients.ec2.modify_vpc_endpoint();
        let call = call.vpc_endpoint_id(request.remote_id.as_str());
        let call = call.set_add_route_table_ids(some(added));
        let call = call.set_remove_route_table_ids(some(removed)).send();
        session.change("ec2:ModifyVpcEndpoint", call).await?;
    }
    ec2::retag(session, request).await
}

/// Deletes an endpoint and waits until its routes are gone with it.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let id = request.remote_id.as_str();
    let call = session.clients.ec2.delete_vpc_endpoints().vpc_endpoint_ids(id).send();
    let answer = session.change(DELETE, call).await?;
    // What could not be deleted stands in the answer of a request that succeeded.
    if let Some(failure) = answer.unsuccessful().first().and_then(|item| item.error()) {
        let code = failure.code().unwrap_or("Unknown");
        let kind =
            if code.ends_with("NotFound") { ErrorKind::NotFound } else { ErrorKind::Conflict };
        return Err(error::own(kind, DELETE, code, failure.message().unwrap_or_default()));
    }
    let filter = Filter::builder().name("vpc-endpoint-id").values(id).build();
    session
        .wait_gone(DELETE, async || {
            let found = described(session, &filter).await?;
            Ok(found.first().map(|endpoint| format!("`{id}` is {}", state(endpoint))))
        })
        .await
}

//! Internet gateways.

use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::InternetGateway;
use aws_sdk_ec2::types::ResourceType;
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
use crate::aws::error::Leaving;
use crate::aws::inputs::owned_text;
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:CreateInternetGateway";

/// Finds gateways.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema("ec2.internet_gateway");
    let list = async |filter| list(session, filter).await;
    ec2::listed(schema, wanted, "internet-gateway-id", list).await
}

async fn list(session: &Session<'_>, filter: Filter) -> Result<Vec<Live>, ProviderError> {
    let gateways = session.pages("ec2:DescribeInternetGateways", async |token| {
        let page = session.clients.ec2.describe_internet_gateways().filters(filter.clone());
        let page = page.max_results(1_000).set_next_token(token).send().await?;
        Ok((page.internet_gateways.unwrap_or_default(), page.next_token))
    });
    Ok(gateways.await?.iter().filter_map(|gateway| live(session, gateway)).collect())
}

fn live(session: &Session<'_>, gateway: &InternetGateway) -> Option<Live> {
    let id = gateway.internet_gateway_id()?;
    let attached = gateway.attachments().first().and_then(|attachment| attachment.vpc_id());
    Sketch::new(session.schema("ec2.internet_gateway"), id)
        .set("id", id)
        .set_if("vpc_id", attached)
        .tagged(&tags::listed!(gateway.tags()))
        .live(session.place)
}

/// Creates a gateway and attaches it.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let tagging = ec2::tagging(request, ResourceType::InternetGateway);
    let made = session.change_once(CREATE, async || {
        let call = session.clients.ec2_once.create_internet_gateway();
        call.tag_specifications(tagging.clone()).send().await
    });
    let made = made.await?.internet_gateway;
    let id = remote_id(CREATE, made.as_ref().and_then(InternetGateway::internet_gateway_id))?;
    attach(session, &id, owned_text(request.inputs, "vpc_id")).await.leaving(&id)?;
    Ok(id)
}

async fn attach(
    session: &Session<'_>,
    id: &RemoteId,
    vpc: Option<String>,
) -> Result<(), ProviderError> {
    let Some(vpc) = vpc else { return Ok(()) };
    session
        .insisting(ec2::is_lag, async || {
            let call = session.clients.ec2.attach_internet_gateway();
            let call = call.internet_gateway_id(id.as_str()).vpc_id(&vpc).send();
            session.change("ec2:AttachInternetGateway", call).await
        })
        .await?;
    Ok(())
}

/// A gateway cannot leave while addresses behind it are public; those of terminated instances go a
/// little later than their instances.
async fn detach(
    session: &Session<'_>,
    id: &RemoteId,
    vpc: Option<String>,
) -> Result<(), ProviderError> {
    let Some(vpc) = vpc else { return Ok(()) };
    let detached = session.insisting(ec2::is_held, async || {
        let call = session.clients.ec2.detach_internet_gateway();
        let call = call.internet_gateway_id(id.as_str()).vpc_id(&vpc).send();
        session.change("ec2:DetachInternetGateway", call).await
    });
    match detached.await {
        // It was detached before.
        Err(error) if error.kind == ErrorKind::NotFound || error.code == "Gateway.NotAttached" => {
            Ok(())
        }
        result => result.map(|_| ()),
    }
}

/// Attaches a gateway elsewhere, and changes its tags.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    if request.changed.contains("vpc_id") {
        detach(session, request.remote_id, owned_text(request.before, "vpc_id")).await?;
        attach(session, request.remote_id, owned_text(request.after, "vpc_id")).await?;
    }
    ec2::retag(session, request).await
}

/// Detaches and deletes a gateway.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let id = request.remote_id;
    // It may be attached elsewhere than state knows.
    let filter = Filter::builder().name("internet-gateway-id").values(id.as_str()).build();
    let found = list(session, filter).await?;
    let attached = found.first().and_then(|live| owned_text(&live.attributes, "vpc_id"));
    detach(session, id, attached).await?;
    session
        .insisting(ec2::is_held, async || {
            let call = session.clients.ec2.delete_internet_gateway();
            let call = call.internet_gateway_id(id.as_str()).send();
            session.change("ec2:DeleteInternetGateway", call).await
        })
        .await?;
    Ok(())
}

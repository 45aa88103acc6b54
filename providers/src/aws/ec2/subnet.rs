//! Subnets.

use aws_sdk_ec2::types::AttributeBooleanValue;
use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::ResourceType;
use aws_sdk_ec2::types::Subnet;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::ec2;
use crate::aws::error::Leaving;
use crate::aws::inputs;
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:CreateSubnet";
const PUBLIC: &str = "map_public_ip";

/// Finds subnets.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let schema = session.schema("ec2.subnet");
    ec2::listed(schema, wanted, "subnet-id", async |filter| list(session, filter).await).await
}

async fn list(session: &Session<'_>, filter: Filter) -> Result<Vec<Live>, ProviderError> {
    let subnets = session.pages("ec2:DescribeSubnets", async |token| {
        let page = session.clients.ec2.describe_subnets().filters(filter.clone());
        let page = page.max_results(1_000).set_next_token(token).send().await?;
        Ok((page.subnets.unwrap_or_default(), page.next_token))
    });
    Ok(subnets.await?.iter().filter_map(|subnet| live(session, subnet)).collect())
}

fn live(session: &Session<'_>, subnet: &Subnet) -> Option<Live> {
    let id = subnet.subnet_id()?;
    Sketch::new(session.schema("ec2.subnet"), id)
        .set("id", id)
        .set_if("vpc_id", subnet.vpc_id())
        .set_if("cidr", subnet.cidr_block())
        .set_if("zone_id", subnet.availability_zone_id())
        .set_if(PUBLIC, subnet.map_public_ip_on_launch())
        .tagged(&tags::listed!(subnet.tags()))
        .live(session.place)
}

/// Creates a subnet. A second one of the same addresses would be refused, so a repeated request is
/// no help: it is sent once.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let text = |name| inputs::owned_text(request.inputs, name);
    let tagging = ec2::tagging(request, ResourceType::Subnet);
    let made = session.change_once(CREATE, async || {
        let call = session.clients.ec2_once.create_subnet().set_vpc_id(text("vpc_id"));
        let call = call.set_cidr_block(text("cidr")).set_availability_zone_id(text("zone_id"));
        call.tag_specifications(tagging.clone()).send().await
    });
    let made = made.await?;
    let id = remote_id(CREATE, made.subnet.as_ref().and_then(Subnet::subnet_id))?;
    let fresh = Attributes::from([(PUBLIC.into(), Value::Bool(false))]);
    map_public(session, &id, (&fresh, request.inputs)).await.leaving(&id)?;
    Ok(id)
}

async fn map_public(
    session: &Session<'_>,
    id: &RemoteId,
    (before, after): (&Attributes, &Attributes),
) -> Result<(), ProviderError> {
    if before.get(PUBLIC) == after.get(PUBLIC) {
        return Ok(());
    }
    let value = after.get(PUBLIC).and_then(Value::as_bool);
    let value = AttributeBooleanValue::builder().set_value(value).build();
    session
        .insisting(ec2::is_lag, async || {
            let call = session.clients.ec2.modify_subnet_attribute().subnet_id(id.as_str());
            let call = call.map_public_ip_on_launch(value.clone()).send();
            session.change("ec2:ModifySubnetAttribute", call).await
        })
        .await?;
    Ok(())
}

/// Changes a subnet.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    map_public(session, request.remote_id, (request.before, request.after)).await?;
    ec2::retag(session, request).await
}

/// Deletes a subnet.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    ec2::delete_held(session, ("subnet-id", request.remote_id), async || {
        let call = session.clients.ec2.delete_subnet().subnet_id(request.remote_id.as_str());
        session.change("ec2:DeleteSubnet", call.send()).await
    })
    .await
}

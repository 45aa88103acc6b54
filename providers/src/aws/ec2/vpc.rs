//! VPCs.

use aws_sdk_ec2::types::AttributeBooleanValue;
use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::ResourceType;
use aws_sdk_ec2::types::Vpc;
use aws_sdk_ec2::types::VpcAttributeName;
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
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:CreateVpc";
/// The attributes that calls of their own set, and what EC2 starts them with.
const DNS: [(&str, bool); 2] = [("dns_support", true), ("dns_hostnames", false)];

/// Finds VPCs.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let schema = reading.session.schema("ec2.vpc");
    ec2::listed(schema, wanted, "vpc-id", async |filter| list(reading, filter).await).await
}

async fn list(reading: &Reading<'_>, filter: Filter) -> Result<Vec<Live>, ProviderError> {
    let (session, ec2) = (reading.session, &reading.session.clients.ec2);
    let vpcs = session.pages("ec2:DescribeVpcs", async |token| {
        let page = ec2.describe_vpcs().filters(filter.clone()).max_results(1_000);
        let page = page.set_next_token(token).send().await?;
        Ok((page.vpcs.unwrap_or_default(), page.next_token))
    });
    let mut found = Vec::new();
    for vpc in vpcs.await? {
        found.extend(live(reading, &vpc).await?);
    }
    Ok(found)
}

async fn live(reading: &Reading<'_>, vpc: &Vpc) -> Result<Option<Live>, ProviderError> {
    let session = reading.session;
    let id = vpc.vpc_id().unwrap_or_default();
    let mut sketch = Sketch::new(session.schema("ec2.vpc"), id)
        .set("id", id)
        .set_if("cidr", vpc.cidr_block())
        .tagged(&tags::listed!(vpc.tags()));
    for (name, _) in DNS {
        sketch = if reading.is_deep() {
            sketch.set_if(name, dns(session, id, name).await?)
        } else {
            sketch.unread(name)
        };
    }
    Ok(sketch.live(session.place))
}

async fn dns(session: &Session<'_>, id: &str, name: &str) -> Result<Option<bool>, ProviderError> {
    let support = name == "dns_support";
    let attribute = if support {
        VpcAttributeName::EnableDnsSupport
    } else {
        VpcAttributeName::EnableDnsHostnames
    };
    let call = session.clients.ec2.describe_vpc_attribute().vpc_id(id).attribute(attribute);
    let answer = session.look("ec2:DescribeVpcAttribute", call.send()).await?;
    let value = if support { answer.enable_dns_support } else { answer.enable_dns_hostnames };
    Ok(value.and_then(|value| value.value))
}

/// Creates a VPC, then sets what `CreateVpc` cannot.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let cidr = request.inputs.get("cidr").and_then(Value::as_text);
    let tagging = ec2::tagging(request, ResourceType::Vpc);
    let made = session.change_once(CREATE, async || {
        let call = session.clients.ec2_once.create_vpc();
        call.set_cidr_block(cidr.map(Into::into)).tag_specifications(tagging.clone()).send().await
    });
    let made = made.await?;
    let id = remote_id(CREATE, made.vpc.as_ref().and_then(Vpc::vpc_id))?;
    let fresh = DNS.iter().map(|(name, value)| (Box::from(*name), Value::Bool(*value)));
    set_dns(session, &id, (&fresh.collect(), request.inputs)).await.leaving(&id)?;
    Ok(id)
}

async fn set_dns(
    session: &Session<'_>,
    id: &RemoteId,
    (before, after): (&Attributes, &Attributes),
) -> Result<(), ProviderError> {
    for (name, _) in DNS {
        let Some(wanted) = after.get(name).filter(|wanted| before.get(name) != Some(*wanted))
        else {
            continue;
        };
        let value = AttributeBooleanValue::builder().set_value(wanted.as_bool()).build();
        session
            .insisting(ec2::is_lag, async || {
                let call = session.clients.ec2.modify_vpc_attribute().vpc_id(id.as_str());
                let call = if name == "dns_support" {
                    call.enable_dns_support(value.clone())
                } else {
                    call.enable_dns_hostnames(value.clone())
                };
                session.change("ec2:ModifyVpcAttribute", call.send()).await
            })
            .await?;
    }
    Ok(())
}

/// Changes a VPC.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    set_dns(session, request.remote_id, (request.before, request.after)).await?;
    ec2::retag(session, request).await
}

/// Deletes a VPC.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    ec2::delete_held(session, ("vpc-id", request.remote_id), async || {
        let call = session.clients.ec2.delete_vpc().vpc_id(request.remote_id.as_str());
        session.change("ec2:DeleteVpc", call.send()).await
    })
    .await
}

//! Instances: the proxy of a workspace.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::AttributeBooleanValue;
use aws_sdk_ec2::types::BlockDeviceMapping;
use aws_sdk_ec2::types::EbsBlockDevice;
use aws_sdk_ec2::types::Filter;
use aws_sdk_ec2::types::GroupIdentifier;
use aws_sdk_ec2::types::HttpTokensState;
use aws_sdk_ec2::types::Instance;
use aws_sdk_ec2::types::InstanceAttributeName;
use aws_sdk_ec2::types::InstanceMetadataEndpointState;
use aws_sdk_ec2::types::InstanceMetadataOptionsRequest;
use aws_sdk_ec2::types::InstanceNetworkInterface;
use aws_sdk_ec2::types::InstanceNetworkInterfaceSpecification;
use aws_sdk_ec2::types::InstanceType;
use aws_sdk_ec2::types::ResourceType;
use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;
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
use crate::aws::error::Leaving;
use crate::aws::inputs::flag;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::inputs::texts;
use crate::aws::reading::Reading;
use crate::aws::session::Progress;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::session::unfinished;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "ec2:RunInstances";
const CHECK: &str = "source_dest_check";
const STOPPED: &str = "stopped";
/// How many instances are looked at at once.
const SIDE_BY_SIDE: usize = 8;

/// Finds instances.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let schema = reading.session.schema("ec2.instance");
    ec2::listed(schema, wanted, "instance-id", async |filter| list(reading, filter).await).await
}

async fn list(reading: &Reading<'_>, filter: Filter) -> Result<Vec<Live>, ProviderError> {
    let instances = described(reading.session, &filter).await?;
    let disks = if reading.is_deep() {
        Some(encryption(reading.session, instances.iter().filter_map(root_volume)).await?)
    } else {
        None
    };
    let live = instances.iter().map(|instance| live(reading.session, instance, disks.as_ref()));
    let live: Vec<Option<Live>> = stream::iter(live).buffered(SIDE_BY_SIDE).try_collect().await?;
    Ok(live.into_iter().flatten().collect())
}

/// The instances that exist; AWS shows terminated ones for about an hour.
async fn described(session: &Session<'_>, filter: &Filter) -> Result<Vec<Instance>, ProviderError> {
    let reservations = session.pages("ec2:DescribeInstances", async |token| {
        let page = session.clients.ec2.describe_instances().filters(filter.clone());
        let page = page.max_results(1_000).set_next_token(token).send().await?;
        Ok((page.reservations.unwrap_or_default(), page.next_token))
    });
    let reservations = reservations.await?.into_iter();
    let instances = reservations.flat_map(|reservation| reservation.instances.unwrap_or_default());
    Ok(instances.filter(|instance| state(instance) != "terminated").collect())
}

fn state(instance: &Instance) -> &str {
    let name = instance.state().and_then(|state| state.name());
    name.map_or("pending", |name| name.as_str())
}

/// An instance; for a deep read with whether each disk is encrypted.
async fn live(
    session: &Session<'_>,
    instance: &Instance,
    disks: Option<&BTreeMap<String, bool>>,
) -> Result<Option<Live>, ProviderError> {
    let id = instance.instance_id().unwrap_or_default();
    let options = instance.metadata_options();
    let tokens = options.and_then(|options| options.http_tokens());
    // An instance's groups are those of its first interface.
    let interface = instance.network_interfaces().first();
    let groups = interface.map_or(instance.security_groups(), InstanceNetworkInterface::groups);
    let groups = groups.iter().filter_map(GroupIdentifier::group_id);
    let state = state(instance);
    let sketch = Sketch::new(session.schema("ec2.instance"), id)
        .set("id", id)
        .set_if("image_id", instance.image_id())
        .set_if("instance_type", instance.instance_type().map(InstanceType::as_str))
        .set_if("subnet_id", instance.subnet_id())
        .texts("security_group_ids", groups)
        .set_if(CHECK, instance.source_dest_check())
        .set_if("metadata_tokens", tokens.map(HttpTokensState::as_str))
        .number(
            "metadata_hop_limit",
            options.and_then(
                aws_sdk_ec2::types::InstanceMetadataOptionsResponse::http_put_response_hop_limit,
            ),
        )
        .set("state", state)
        .set_if("public_ip_address", instance.public_ip_address())
        .settling((!matches!(state, "running" | "stopped")).then(|| format!("it is {state}")))
        .tagged(&tags::listed!(instance.tags()));
    // Only a running instance shows whether it was given an address.
    let sketch = match state {
        "running" => sketch.set("associate_public_ip", instance.public_ip_address().is_some()),
        _ => sketch.unread("associate_public_ip"),
    };
    let sketch = match disks {
        Some(disks) => {
            let encrypted = root_volume(instance).and_then(|volume| disks.get(volume).copied());
            let sketch = sketch.set_if("root_encrypted", encrypted);
            sketch.set_if("user_data", user_data(session, id).await?)
        }
        None => sketch.unread("root_encrypted").unread("user_data"),
    };
    Ok(sketch.live(session.place))
}

fn root_volume(instance: &Instance) -> Option<&str> {
    let root = instance.root_device_name();
    let mut devices = instance.block_device_mappings().iter();
    devices.find(|device| device.device_name() == root)?.ebs()?.volume_id()
}

/// Which of these volumes are encrypted.
async fn encryption(
    session: &Session<'_>,
    volumes: impl Iterator<Item = &str>,
) -> Result<BTreeMap<String, bool>, ProviderError> {
    let mut found = BTreeMap::new();
    for filter in ec2::filter_chunks("volume-id", volumes.map(str::to_owned).collect()) {
        let pages = session.pages("ec2:DescribeVolumes", async |token| {
            let page = session.clients.ec2.describe_volumes().filters(filter.clone());
            let page = page.max_results(500).set_next_token(token).send().await?;
            Ok((page.volumes.unwrap_or_default(), page.next_token))
        });
        let volumes = pages.await?.into_iter();
        found.extend(volumes.filter_map(|volume| Some((volume.volume_id?, volume.encrypted?))));
    }
    Ok(found)
}

async fn user_data(session: &Session<'_>, id: &str) -> Result<Option<String>, ProviderError> {
    let call = session.clients.ec2.describe_instance_attribute().instance_id(id);
    let call = call.attribute(InstanceAttributeName::UserData).send();
    let answer = session.look("ec2:DescribeInstanceAttribute", call).await?;
    Ok(ec2::decoded(answer.user_data.and_then(|data| data.value).as_deref()))
}

/// Starts an instance; its client token makes the same request again find it.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let inputs = request.inputs;
    let text = |name| owned_text(inputs, name);
    let disks = root_disk(session, inputs).await?;
    let kinds = [ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface];
    let tagging = kinds.map(|kind| ec2::tagging(request, kind));
    let run = session.insisting(is_lag, async || {
        let call = session.clients.ec2.run_instances().min_count(1).max_count(1);
        let call = call.client_token(request.token).set_image_id(text("image_id"));
        let call = call.set_instance_type(text("instance_type").map(|name| name.as_str().into()));
        let call = call.network_interfaces(interface(inputs)).metadata_options(metadata(inputs));
        let call = call.set_user_data(text("user_data").as_deref().map(ec2::encoded));
        let call = call.set_block_device_mappings(disks.clone());
        session.change(CREATE, call.set_tag_specifications(Some(tagging.to_vec())).send()).await
    });
    let made = run.await?;
    let id = remote_id(CREATE, made.instances().first().and_then(Instance::instance_id))?;
    if flag(inputs, CHECK) == Some(false) {
        set_check(session, &id, inputs).await.leaving(&id)?;
    }
    if text("state").as_deref() == Some(STOPPED) {
        wait_running(session, id.as_str()).await.leaving(&id)?;
        turn(session, id.as_str(), Some(STOPPED)).await.leaving(&id)?;
    }
    Ok(id)
}

/// An instance starts running, and can be stopped only then.
async fn wait_running(session: &Session<'_>, id: &str) -> Result<(), ProviderError> {
    let filter = Filter::builder().name("instance-id").values(id).build();
    let looked = session.wait(async || {
        let found = described(session, &filter).await?;
        Ok(match found.first().map(state) {
            Some("pending") | None => Progress::Working(()),
            Some(_) => Progress::Over(()),
        })
    });
    match looked.await? {
        Progress::Over(()) => Ok(()),
        Progress::Working(()) => Err(unfinished(CREATE, "the instance does not run yet")),
    }
}

/// Whether EC2 does not know yet what this instance is to use.
fn is_lag(error: &ProviderError) -> bool {
    error.kind == ErrorKind::NotFound && !error.code.starts_with("InvalidAMIID")
}

fn interface(inputs: &Attributes) -> InstanceNetworkInterfaceSpecification {
    InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .delete_on_termination(true)
        .set_subnet_id(owned_text(inputs, "subnet_id"))
        .set_groups(Some(texts(inputs, "security_group_ids")))
        .set_associate_public_ip_address(flag(inputs, "associate_public_ip"))
        .build()
}

fn metadata(inputs: &Attributes) -> InstanceMetadataOptionsRequest {
    InstanceMetadataOptionsRequest::builder()
        .http_endpoint(InstanceMetadataEndpointState::Enabled)
        .set_http_tokens(owned_text(inputs, "metadata_tokens").map(|text| text.as_str().into()))
        .set_http_put_response_hop_limit(number(inputs, "metadata_hop_limit"))
        .build()
}

/// The root disk, if it is to be encrypted: its image says what the disk is called.
async fn root_disk(
    session: &Session<'_>,
    inputs: &Attributes,
) -> Result<Option<Vec<BlockDeviceMapping>>, ProviderError> {
    if flag(inputs, "root_encrypted") != Some(true) {
        return Ok(None);
    }
    let image = owned_text(inputs, "image_id");
    let call = session.clients.ec2.describe_images().set_image_ids(image.map(|id| vec![id])).send();
    let answer = session.look("ec2:DescribeImages", call).await?;
    let root = answer.images().first().and_then(|image| image.root_device_name());
    let disk = EbsBlockDevice::builder().encrypted(true).delete_on_termination(true).build();
    Ok(Some(vec![
        BlockDeviceMapping::builder().device_name(root.unwrap_or("/dev/xvda")).ebs(disk).build(),
    ]))
}

async fn set_check(
    session: &Session<'_>,
    id: &RemoteId,
    wanted: &Attributes,
) -> Result<(), ProviderError> {
    let value = AttributeBooleanValue::builder().set_value(flag(wanted, CHECK)).build();
    session
        .insisting(ec2::is_lag, async || {
            let call = session.clients.ec2.modify_instance_attribute().instance_id(id.as_str());
            let call = call.source_dest_check(value.clone()).send();
            session.change("ec2:ModifyInstanceAttribute", call).await
        })
        .await?;
    Ok(())
}

/// Changes an instance.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (id, ec2) = (request.remote_id.as_str(), &session.clients.ec2);
    let changes = |name: &str| request.changed.contains(name);
    if changes(CHECK) {
        set_check(session, request.remote_id, request.after).await?;
    }
    if changes("security_group_ids") {
        let groups = texts(request.after, "security_group_ids");
        let call = ec2.modify_instance_attribute().instance_id(id).set_groups(Some(groups)).send();
        session.change("ec2:ModifyInstanceAttribute", call).await?;
    }
    if changes("metadata_tokens") || changes("metadata_hop_limit") {
        let of = |name| changes(name).then_some(request.after);
        let tokens = of("metadata_tokens").and_then(|after| owned_text(after, "metadata_tokens"));
        let hops = of("metadata_hop_limit").and_then(|after| number(after, "metadata_hop_limit"));
        let call = ec2.modify_instance_metadata_options().instance_id(id);
        let call = call.set_http_tokens(tokens.map(|text| text.as_str().into()));
        let call = call.set_http_put_response_hop_limit(hops).send();
        session.change("ec2:ModifyInstanceMetadataOptions", call).await?;
    }
    if changes("state") {
        turn(session, id, owned_text(request.after, "state").as_deref()).await?;
    }
    ec2::retag(session, request).await
}

/// Starts or stops an instance. One that is on its way from one state to the other takes neither.
async fn turn(session: &Session<'_>, id: &str, state: Option<&str>) -> Result<(), ProviderError> {
    let on_its_way = |error: &ProviderError| error.code == "IncorrectInstanceState";
    let ec2 = &session.clients.ec2;
    let turned = session.insisting(on_its_way, async || {
        if state == Some(STOPPED) {
            let call = ec2.stop_instances().instance_ids(id).send();
            session.change("ec2:StopInstances", call).await.map(drop)
        } else {
            let call = ec2.start_instances().instance_ids(id).send();
            session.change("ec2:StartInstances", call).await.map(drop)
        }
    });
    turned.await
}

/// Terminates an instance and waits until it is.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let id = request.remote_id.as_str();
    let call = session.clients.ec2.terminate_instances().instance_ids(id).send();
    session.change("ec2:TerminateInstances", call).await?;
    let filter = Filter::builder().name("instance-id").values(id).build();
    session
        .wait_gone("ec2:TerminateInstances", async || {
            let found = described(session, &filter).await?;
            Ok(found.first().map(|instance| format!("`{id}` is {}", state(instance))))
        })
        .await
}

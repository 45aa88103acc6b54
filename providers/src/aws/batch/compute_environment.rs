//! Compute environments.

use aws_sdk_batch::types::CeState;
use aws_sdk_batch::types::CeType;
use aws_sdk_batch::types::ComputeEnvironmentDetail;
use aws_sdk_batch::types::ComputeResource;
use aws_sdk_batch::types::ComputeResourceUpdate;
use aws_sdk_batch::types::CrAllocationStrategy;
use aws_sdk_batch::types::CrType;
use aws_sdk_batch::types::CrUpdateAllocationStrategy;
use aws_sdk_batch::types::Ec2Configuration;
use aws_sdk_batch::types::LaunchTemplateSpecification;
use aws_sdk_batch::types::UpdatePolicy;
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

use crate::aws::batch;
use crate::aws::batch::running;
use crate::aws::error;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::inputs::text_map;
use crate::aws::inputs::texts;
use crate::aws::reading::Reading;
use crate::aws::selection::sightings;
use crate::aws::session::Progress;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::session::unfinished;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "batch:CreateComputeEnvironment";
const UPDATE: &str = "batch:UpdateComputeEnvironment";
const DELETE: &str = "batch:DeleteComputeEnvironment";
/// What is changed without replacing instances.
const SCALING: [&str; 3] = ["state", "min_vcpus", "max_vcpus"];
/// How long jobs may go on when their instances are replaced.
const JOB_MINUTES: i64 = 30;

/// Finds environments.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let found = async {
        let mut found = Vec::new();
        for names in batch::requests(wanted) {
            let described = describe(session, names).await?;
            found.extend(described.iter().filter_map(|environment| live(session, environment)));
        }
        Ok(found)
    };
    sightings(session.schema("batch.compute_environment"), wanted, found.await)
}

async fn describe(
    session: &Session<'_>,
    names: Vec<String>,
) -> Result<Vec<ComputeEnvironmentDetail>, ProviderError> {
    let names = (!names.is_empty()).then_some(names);
    let environments = session.pages("batch:DescribeComputeEnvironments", async |token| {
        let page = session.clients.batch.describe_compute_environments();
        let page = page.set_compute_environments(names.clone()).set_next_token(token);
        let page = page.send().await?;
        Ok((page.compute_environments.unwrap_or_default(), page.next_token))
    });
    let mut environments = environments.await?;
    environments.retain(|environment| status(environment) != "DELETED");
    Ok(environments)
}

async fn describe_one(
    session: &Session<'_>,
    name: &str,
) -> Result<Option<ComputeEnvironmentDetail>, ProviderError> {
    Ok(describe(session, vec![name.to_owned()]).await?.into_iter().next())
}

fn status(environment: &ComputeEnvironmentDetail) -> &str {
    environment.status().map_or("UNKNOWN", |status| status.as_str())
}

fn live(session: &Session<'_>, environment: &ComputeEnvironmentDetail) -> Option<Live> {
    let name = environment.compute_environment_name()?;
    let resources = environment.compute_resources();
    let configuration = resources.and_then(|resources| resources.ec2_configuration().first());
    let template = resources.and_then(ComputeResource::launch_template);
    let reason = environment.status_reason();
    let status = status(environment);
    let instance_tags = batch::tags_of(resources.and_then(|resources| resources.tags()));
    let strategy = resources.and_then(ComputeResource::allocation_strategy);
    let kind = resources.and_then(ComputeResource::r#type);
    Sketch::new(session.schema("batch.compute_environment"), name)
        .set("name", name)
        .set_if("state", environment.state().map(CeState::as_str))
        .set_if("type", kind.map(CrType::as_str))
        .set_if("allocation_strategy", strategy.map(CrAllocationStrategy::as_str))
        .number("min_vcpus", resources.and_then(ComputeResource::minv_cpus))
        .number("max_vcpus", resources.and_then(ComputeResource::maxv_cpus))
        .number("desired_vcpus", resources.and_then(ComputeResource::desiredv_cpus))
        .texts("instance_types", resources.map(ComputeResource::instance_types).unwrap_or_default())
        // On-demand instances have no bid, and zero stands for none.
        .number(
            "bid_percentage",
            resources.and_then(ComputeResource::bid_percentage).filter(|bid| *bid > 0),
        )
        .set_if("image_id", configuration.and_then(Ec2Configuration::image_id_override))
        .set_if("image_type", configuration.and_then(Ec2Configuration::image_type))
        .set_if("launch_template_id", template.and_then(|template| template.launch_template_id()))
        .set_if("launch_template_version", template.and_then(|template| template.version()))
        .set_if("instance_profile", resources.and_then(ComputeResource::instance_role))
        .texts("subnet_ids", resources.map(ComputeResource::subnets).unwrap_or_default())
        .texts(
            "security_group_ids",
            resources.map(ComputeResource::security_group_ids).unwrap_or_default(),
        )
        .set("instance_tags", tags::attribute(&instance_tags))
        .set("status", batch::status(Some(status), reason))
        .settling(batch::working(status, reason))
        .tagged(&batch::tags_of(environment.tags()))
        .live(session.place)
}

fn template(inputs: &Attributes) -> LaunchTemplateSpecification {
    LaunchTemplateSpecification::builder()
        .set_launch_template_id(owned_text(inputs, "launch_template_id"))
        .set_version(owned_text(inputs, "launch_template_version"))
        .build()
}

/// The image: none of one's own is said by an empty id where there was one before.
fn configuration(inputs: &Attributes, had_image: bool) -> Ec2Configuration {
    let image = owned_text(inputs, "image_id").or(had_image.then(String::new));
    Ec2Configuration::builder()
        .set_image_type(owned_text(inputs, "image_type"))
        .set_image_id_override(image)
        .build()
}

/// Creates an environment.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let (inputs, name) = (request.inputs, owned_text(request.inputs, "name").unwrap_or_default());
    let resources = ComputeResource::builder()
        .set_type(owned_text(inputs, "type").map(|text| text.as_str().into()))
        .set_allocation_strategy(
            owned_text(inputs, "allocation_strategy").map(|text| text.as_str().into()),
        )
        .set_minv_cpus(number(inputs, "min_vcpus"))
        .set_maxv_cpus(number(inputs, "max_vcpus"))
        .set_instance_types(Some(texts(inputs, "instance_types")))
        .set_bid_percentage(number(inputs, "bid_percentage"))
        .ec2_configuration(configuration(inputs, false))
        .launch_template(template(inputs))
        .set_instance_role(owned_text(inputs, "instance_profile"))
        .set_subnets(Some(texts(inputs, "subnet_ids")))
        .set_security_group_ids(Some(texts(inputs, "security_group_ids")))
        .set_tags(Some(text_map(inputs, "instance_tags")))
        .build();
    let call = session.clients.batch.create_compute_environment();
    let call = call.compute_environment_name(&name).r#type(CeType::Managed);
    let call = call.set_state(owned_text(inputs, "state").map(|text| text.as_str().into()));
    let call = call.compute_resources(resources);
    let call = call.set_tags(Some(tags::of_attempt(request).into_iter().collect())).send();
    match session.change(CREATE, call).await {
        Ok(_) => {}
        Err(error) if batch::is_client_error(&error) => match describe_one(session, &name).await? {
            None => return Err(error),
            Some(found) => error::unless_of_attempt(
                request,
                &batch::tags_of(found.tags()),
                &format!("compute environment `{name}`"),
                error,
            )?,
        },
        Err(error) => return Err(error),
    }
    remote_id(CREATE, Some(&name))
}

/// Changes an environment once Batch works on it no more.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let name = request.remote_id.as_str();
    let found = at_rest(session, name, UPDATE).await?;
    if request.changed.iter().any(|changed| &**changed != "tags") {
        let call = session.clients.batch.update_compute_environment().compute_environment(name);
        let state =
            owned_text(request.after, "state").filter(|_| request.changed.contains("state"));
        let call = call.set_state(state.map(|text| text.as_str().into()));
        let call = call.compute_resources(resource_update(request));
        let infrastructure = replaces_instances(request);
        let policy = UpdatePolicy::builder()
            .terminate_jobs_on_update(false)
            .job_execution_timeout_minutes(JOB_MINUTES)
            .build();
        let call = call.set_update_policy(infrastructure.then_some(policy));
        session.change(UPDATE, call.send()).await?;
    }
    batch::retag(session, request, found.compute_environment_arn().unwrap_or_default()).await
}

fn replaces_instances(request: &UpdateRequest<'_>) -> bool {
    request.changed.iter().any(|name| !SCALING.contains(&&**name) && &**name != "tags")
}

/// Only what changes, but subnets and security groups together whenever instances are replaced: one
/// without the other leaves an environment between two networks.
fn resource_update(request: &UpdateRequest<'_>) -> ComputeResourceUpdate {
    let after = request.after;
    let infrastructure = replaces_instances(request);
    let changes = |name: &str| request.changed.contains(name);
    let text = |name: &str| owned_text(after, name).filter(|_| changes(name));
    let network = |name: &str| infrastructure.then(|| texts(after, name));
    let had_image = request.before.contains_key("image_id");
    let image = changes("image_id") || changes("image_type");
    let bid = changes("bid_percentage").then(|| number(after, "bid_percentage").unwrap_or(100));
    let template_changes = changes("launch_template_id") || changes("launch_template_version");
    let strategy: Option<CrUpdateAllocationStrategy> =
        text("allocation_strategy").map(|text| text.as_str().into());
    ComputeResourceUpdate::builder()
        .set_minv_cpus(number(after, "min_vcpus").filter(|_| changes("min_vcpus")))
        .set_maxv_cpus(number(after, "max_vcpus").filter(|_| changes("max_vcpus")))
        .set_type(text("type").map(|text| text.as_str().into()))
        .set_allocation_strategy(strategy)
        .set_instance_types(changes("instance_types").then(|| texts(after, "instance_types")))
        .set_bid_percentage(bid)
        .set_ec2_configuration(image.then(|| vec![configuration(after, had_image)]))
        .set_launch_template(template_changes.then(|| template(after)))
        .set_instance_role(text("instance_profile"))
        .set_subnets(network("subnet_ids"))
        .set_security_group_ids(network("security_group_ids"))
        .set_tags(changes("instance_tags").then(|| text_map(after, "instance_tags")))
        .build()
}

/// The environment once Batch works on it no more, whatever came of that.
async fn at_rest(
    session: &Session<'_>,
    name: &str,
    operation: &'static str,
) -> Result<ComputeEnvironmentDetail, ProviderError> {
    let looked = session.wait(async || {
        let Some(found) = describe_one(session, name).await? else {
            return Err(error::missing(operation, &format!("the compute environment `{name}`")));
        };
        let reason = found.status_reason();
        let words = batch::working(status(&found), reason);
        Ok(words.map_or(Progress::Over(found), Progress::Working))
    });
    match looked.await? {
        Progress::Over(found) => Ok(found),
        Progress::Working(words) => Err(unfinished(operation, &words)),
    }
}

/// Disables and deletes an environment, and waits until it is gone. Deleting one in which jobs run would
/// end them: it stays until they have ended by themselves.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let name = request.remote_id.as_str();
    let gone = |found: Option<&ComputeEnvironmentDetail>| {
        found.map(|found| format!("`{name}` is {}", status(found)))
    };
    let found = describe_one(session, name).await?;
    let Some(found) = found else { return Ok(()) };
    if status(&found) != "DELETING" {
        let found = at_rest(session, name, DELETE).await?;
        if found.state() != Some(&CeState::Disabled) {
            let call = session.clients.batch.update_compute_environment();
            let call = call.compute_environment(name).state(CeState::Disabled).send();
            session.change(UPDATE, call).await?;
            at_rest(session, name, DELETE).await?;
        }
        let running = running::jobs_in(session, &found).await?;
        if running > 0 {
            let message = format!(
                "`{name}` is disabled, and jobs still run in it: {running}; it can be deleted once they end"
            );
            return Err(error::own(ErrorKind::Busy, DELETE, "JobsRunning", message));
        }
        // A queue that was pointed elsewhere lets go of its environment a little later.
        session
            .insisting(batch::is_client_error, async || {
                let call = session.clients.batch.delete_compute_environment();
                session.change(DELETE, call.compute_environment(name).send()).await
            })
            .await?;
    }
    session.wait_gone(DELETE, async || Ok(gone(describe_one(session, name).await?.as_ref()))).await
}

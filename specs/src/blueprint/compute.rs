//! Where jobs run: instance role, launch template, compute environment, queue.

use nfplan_engine::expr::Expr;
use nfplan_engine::policy::Policy;
use nfplan_engine::policy::Statement;
use nfplan_engine::provider::LookUp;
use nfplan_engine::value::Value;

use super::ExpansionError;
use super::builder::Builder;
use super::builder::Draft;
use super::jobs::ONE_HOUR;
use super::names::addresses;
use super::names::attributes;
use super::network::Attachment;
use super::pins::Pins;
use super::user_data;
use super::workspace::Workspace;
use crate::settings::Ami;
use crate::settings::ComputeKind;

/// How long a job that can never start, or holds up all others, may stand at the queue's head.
const STUCK_SECONDS: u32 = 3600;

/// Why jobs are stuck although time will not help. Lack of capacity is not among them: it passes.
/// Batch takes no other `MISCONFIGURATION` in every region (Batch user guide, "Automatic
/// remediation with jobStateTimeLimitActions").
const STUCK_REASONS: [&str; 2] = [
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
];

/// Adds everything from the instance role to the queue.
pub(super) fn add(
    workspace: &Workspace<'_>,
    network: &Attachment,
    pins: &mut Pins<'_>,
    builder: &mut Builder<'_>,
) -> Result<(), ExpansionError> {
    add_instance_role(workspace, builder);
    add_launch_template(workspace, builder);
    if workspace.has_queue() {
        let image = image(workspace, pins)?;
        add_compute_environment(workspace, network, &image, builder);
        add_queue(workspace, builder);
    }
    Ok(())
}

/// The workspace's own, with what the ECS agent needs and nothing else, so that a job which gets
/// hold of it gains nothing over another researcher.
fn add_instance_role(workspace: &Workspace<'_>, builder: &mut Builder<'_>) {
    let names = &workspace.names;
    let partition = &workspace.partition;
    let trust = Policy::new([Statement::allow("Instances", &["sts:AssumeRole"])
        .by("Service", [partition.ec2_principal()])]);
    let policy = partition.aws_policy("service-role/AmazonEC2ContainerServiceforEC2Role");
    let draft = Draft::new(addresses::INSTANCE_ROLE)
        .set(attributes::NAME, names.instance_role())
        .set(attributes::PATH, "/")
        .set(attributes::TRUST, trust.expr())
        .set(attributes::POLICY_ARNS, Expr::list([policy]))
        .set_text_if(
            attributes::PERMISSIONS_BOUNDARY,
            workspace.settings.permissions_boundary.as_ref(),
        )
        .set(attributes::MAX_SESSION_SECONDS, ONE_HOUR);
    builder.add_tagged(draft, names.tag());

    let draft = Draft::new(addresses::INSTANCE_PROFILE)
        .set(attributes::NAME, names.instance_role())
        .set(attributes::PATH, "/")
        .set(attributes::ROLE, addresses::INSTANCE_ROLE.output(attributes::NAME));
    builder.add_tagged(draft, names.tag());
}

/// One network hop is as far as the instance; a container on Docker's bridge is a second one away.
fn add_launch_template(workspace: &Workspace<'_>, builder: &mut Builder<'_>) {
    let draft = Draft::new(addresses::LAUNCH_TEMPLATE)
        .set(attributes::NAME, workspace.names.client())
        .set(attributes::USER_DATA, user_data::COMPUTE)
        .set(attributes::METADATA_TOKENS, "required")
        .set(attributes::METADATA_HOP_LIMIT, 1_u32);
    builder.add_tagged(draft, workspace.names.tag());
}

fn image(workspace: &Workspace<'_>, pins: &mut Pins<'_>) -> Result<Box<str>, ExpansionError> {
    match &workspace.settings.compute.ami.value {
        Ami::Id(id) => Ok(id.clone()),
        Ami::EcsOptimized => Ok(pins.text(&LookUp::EcsImage)?.into()),
        Ami::Pipeline(arn) => Ok(pins.text(&LookUp::PipelineImage(arn.clone()))?.into()),
    }
}

fn add_compute_environment(
    workspace: &Workspace<'_>,
    network: &Attachment,
    image: &str,
    builder: &mut Builder<'_>,
) {
    let names = &workspace.names;
    let compute = &workspace.settings.compute;
    let draft = Draft::new(addresses::COMPUTE_ENVIRONMENT)
        .set(attributes::NAME, names.compute_environment())
        .set_at(attributes::ALLOCATION_STRATEGY, &*compute.strategy.value, compute.strategy.origin)
        .set_at(attributes::MAX_VCPUS, compute.max_vcpus.value, compute.max_vcpus.origin)
        .set_at(
            attributes::INSTANCE_TYPES,
            Value::list(compute.instance_types.value.iter().map(|name| &**name)),
            compute.instance_types.origin,
        )
        .set_at(attributes::IMAGE_ID, image, compute.ami.origin)
        .set(attributes::IMAGE_TYPE, "ECS_AL2023")
        .set(attributes::LAUNCH_TEMPLATE_ID, addresses::LAUNCH_TEMPLATE.output(attributes::ID))
        .set(
            attributes::LAUNCH_TEMPLATE_VERSION,
            addresses::LAUNCH_TEMPLATE.output(attributes::VERSION),
        )
        .set(attributes::INSTANCE_PROFILE, addresses::INSTANCE_PROFILE.output(attributes::ARN))
        .set_at(attributes::SUBNET_IDS, network.subnet_ids.clone(), network.origin)
        .set_at(attributes::SECURITY_GROUP_IDS, network.security_group_ids.clone(), network.origin)
        .after(network.ready.iter().copied());
    let draft = set_kind(workspace, set_state(workspace, draft));
    let address = addresses::COMPUTE_ENVIRONMENT;
    let draft = builder.tag(draft, attributes::INSTANCE_TAGS, address, names.tag());
    builder.add_tagged(draft, names.tag());
}

/// A suspended workspace keeps no instance running.
fn set_state(workspace: &Workspace<'_>, draft: Draft) -> Draft {
    let status = workspace.settings.status.origin;
    let least = &workspace.settings.compute.min_vcpus;
    if workspace.suspended() {
        draft.set_at(attributes::STATE, "DISABLED", status).set_at(
            attributes::MIN_VCPUS,
            0_u32,
            status,
        )
    } else {
        draft.set_at(attributes::STATE, "ENABLED", status).set_at(
            attributes::MIN_VCPUS,
            least.value,
            least.origin,
        )
    }
}

/// A bid belongs to Spot: Batch refuses it for on-demand instances.
fn set_kind(workspace: &Workspace<'_>, draft: Draft) -> Draft {
    let compute = &workspace.settings.compute;
    match (compute.kind.value, &compute.bid_percentage) {
        (ComputeKind::Ec2, _) => draft.set_at(attributes::TYPE, "EC2", compute.kind.origin),
        (ComputeKind::Spot, None) => draft.set_at(attributes::TYPE, "SPOT", compute.kind.origin),
        (ComputeKind::Spot, Some(bid)) => draft
            .set_at(attributes::TYPE, "SPOT", compute.kind.origin)
            .set_at(attributes::BID_PERCENTAGE, bid.value, bid.origin),
    }
}

fn add_queue(workspace: &Workspace<'_>, builder: &mut Builder<'_>) {
    let names = &workspace.names;
    let status = workspace.settings.status.origin;
    let state = if workspace.suspended() { "DISABLED" } else { "ENABLED" };
    let environment = addresses::COMPUTE_ENVIRONMENT.output(attributes::ARN);
    let mut draft = Draft::new(addresses::JOB_QUEUE)
        .set(attributes::NAME, names.job_queue())
        .set_at(attributes::STATE, state, status)
        // Priorities weigh queues that share a compute environment; this one shares none.
        .set(attributes::PRIORITY, 0_u32)
        .set(attributes::COMPUTE_ENVIRONMENTS, Expr::list([environment]))
        .set(attributes::TIME_LIMITS, Expr::list(STUCK_REASONS.map(time_limit)))
        // Its jobs run under this role, so the role must outlive it.
        .after([addresses::JOBS_ROLE]);
    if workspace.suspended() {
        draft = draft.set_at(attributes::DRAINED, true, status);
    }
    builder.add_tagged(draft, names.tag());
}

fn time_limit(reason: &'static str) -> Expr {
    Expr::map([
        (attributes::STATE, "RUNNABLE".into()),
        (attributes::REASON, reason.into()),
        (attributes::MAX_SECONDS, STUCK_SECONDS.into()),
        (attributes::ACTION, "CANCEL".into()),
    ])
}

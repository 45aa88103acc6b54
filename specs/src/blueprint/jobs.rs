//! The role that job containers run under.

use nfplan_engine::expr::Expr;
use nfplan_engine::policy::Policy;
use nfplan_engine::policy::Statement;

use super::builder::Builder;
use super::builder::Draft;
use super::data_access;
use super::names::addresses;
use super::names::attributes;
use super::network::Attachment;
use super::partition::Partition;
use super::workspace::Workspace;

/// The service that hands a role to a container.
pub(super) const TASKS: &str = "ecs-tasks.amazonaws.com";

/// The shortest session that IAM offers as a role's maximum; services renew theirs.
pub(super) const ONE_HOUR: u32 = 3600;

/// Adds the jobs' policy and role.
pub(super) fn add(workspace: &Workspace<'_>, network: &Attachment, builder: &mut Builder<'_>) {
    let names = &workspace.names;
    // Containers copy their inputs and outputs, and do nothing else in AWS.
    let policy = Policy::new(data_access::statements(workspace, network.s3_endpoint.as_ref()));
    let draft = Draft::new(addresses::JOBS_POLICY)
        .set(attributes::NAME, names.jobs())
        .set(attributes::PATH, names.iam_path())
        .set_at(attributes::DOCUMENT, policy.expr(), workspace.settings.read_buckets.origin);
    builder.add_tagged(draft, names.tag());

    let draft = Draft::new(addresses::JOBS_ROLE)
        .set(attributes::NAME, names.jobs())
        .set(attributes::PATH, names.iam_path())
        .set(attributes::TRUST, trust(&workspace.partition).expr())
        .set(attributes::POLICY_ARNS, Expr::list([addresses::JOBS_POLICY.output(attributes::ARN)]))
        .set_text_if(
            attributes::PERMISSIONS_BOUNDARY,
            workspace.settings.permissions_boundary.as_ref(),
        )
        .set(attributes::MAX_SESSION_SECONDS, ONE_HOUR);
    builder.add_tagged(draft, names.tag());
}

/// ECS assumes it for tasks of this account and region only, so that no other account's ECS can be
/// talked into it.
fn trust(partition: &Partition<'_>) -> Policy {
    Policy::new([Statement::allow("Tasks", &["sts:AssumeRole"])
        .by("Service", [TASKS])
        .when("StringEquals", "aws:SourceAccount", [partition.account().as_str()])
        .when("ArnLike", "aws:SourceArn", [partition.arn("ecs", "*")])])
}

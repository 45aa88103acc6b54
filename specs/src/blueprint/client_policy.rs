//! What the researcher's Nextflow client may do. Each statement names the calls that need it, as
//! read from Nextflow's AWS plugin.

use nfplan_engine::expr::Expr;
use nfplan_engine::policy::Policy;
use nfplan_engine::policy::Statement;

use super::data_access;
use super::jobs::TASKS;
use super::names::addresses;
use super::names::attributes;
use super::workspace::Workspace;

/// The client's policy.
pub(super) fn client_policy(workspace: &Workspace<'_>) -> Policy {
    let mut statements = vec![describe(), register(workspace), tag(workspace), end(workspace)];
    if workspace.has_queue() {
        statements.push(submit(workspace));
    }
    statements.extend([pass_role(), read_logs(workspace)]);
    // The client runs outside of the workspace's network, so its access names no endpoint.
    statements.extend(data_access::statements(workspace, None));
    Policy::new(statements)
}

/// Nextflow names every job definition `nf-` and the image's name.
fn definitions(workspace: &Workspace<'_>) -> String {
    workspace.partition.arn("batch", "job-definition/nf-*")
}

fn jobs(workspace: &Workspace<'_>) -> String {
    workspace.partition.arn("batch", "job/*")
}

/// Polling jobs, finding an existing definition, checking the queue. Batch has no resource-level
/// permissions for any of these.
fn describe() -> Statement {
    let actions = [
        "batch:DescribeComputeEnvironments",
        "batch:DescribeJobDefinitions",
        "batch:DescribeJobQueues",
        "batch:DescribeJobs",
        "batch:ListJobs",
    ];
    Statement::allow("SeeBatch", &actions).on(["*"])
}

/// Submission names queue and definition, and Batch checks both; and, by its table of permissions, the
/// job that is made (service authorization reference, "Actions defined by AWS Batch").
fn submit(workspace: &Workspace<'_>) -> Statement {
    let queue = addresses::JOB_QUEUE.output(attributes::ARN);
    let own = [queue, definitions(workspace).into(), jobs(workspace).into()];
    Statement::allow("SubmitJobs", &["batch:SubmitJob"]).on(own)
}

/// One definition for each image. A privileged container would be root on the instance. A definition
/// that names no log group gets Batch's default one, which this client cannot read.
fn register(workspace: &Workspace<'_>) -> Statement {
    let group = workspace.platform(addresses::LOG_GROUP, attributes::NAME);
    let statement = Statement::allow("RegisterDefinitions", &["batch:RegisterJobDefinition"])
        .on([definitions(workspace)])
        .when("BoolIfExists", "batch:Privileged", ["false"])
        .when("StringEqualsIfExists", "batch:AWSLogsGroup", [group]);
    let images = &workspace.settings.images.value;
    if images.is_empty() {
        return statement;
    }
    statement.when("StringLike", "batch:Image", images.iter().map(|image| &**image))
}

/// Nextflow tags every definition, and jobs when resource labels are set. Ownership tags are
/// nfplan's.
fn tag(workspace: &Workspace<'_>) -> Statement {
    Statement::allow("TagJobs", &["batch:TagResource"])
        .on([definitions(workspace), jobs(workspace)])
        .when("ForAllValues:StringNotLike", "aws:TagKeys", ["nfplan:*"])
}

/// Ending a pipeline ends its jobs. A job's ARN is an id that Batch makes up, so it cannot be told
/// from other researchers' jobs by name.
fn end(workspace: &Workspace<'_>) -> Statement {
    Statement::allow("EndJobs", &["batch:CancelJob", "batch:TerminateJob"]).on([jobs(workspace)])
}

/// A definition names the role that its containers run under.
fn pass_role() -> Statement {
    Statement::allow("PassJobsRole", &["iam:PassRole"])
        .on([addresses::JOBS_ROLE.output(attributes::ARN)])
        .when("StringEquals", "iam:PassedToService", [TASKS])
}

/// The error output of a failed job.
fn read_logs(workspace: &Workspace<'_>) -> Statement {
    let group = workspace.platform(addresses::LOG_GROUP, attributes::ARN);
    Statement::allow("ReadJobLogs", &["logs:GetLogEvents"])
        .on([Expr::Join(vec![group, ":log-stream:*".into()])])
}

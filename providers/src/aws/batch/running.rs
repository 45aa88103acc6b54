//! Whether jobs run in a compute environment. Batch tells the queue of a job and not its environment;
//! but each environment has an ECS cluster of its own, whose name stands in the ARN of the instance
//! that a job's container is on (Batch API reference, `ContainerDetail`; ECS developer guide, "Amazon
//! Resource Names (ARNs) and IDs").

use aws_sdk_batch::types::ComputeEnvironmentDetail;
use aws_sdk_batch::types::ComputeResource;
use aws_sdk_batch::types::JobDetail;
use aws_sdk_batch::types::JobStatus;
use nfplan_engine::provider::ProviderError;

use crate::aws::batch::job_queue;
use crate::aws::session::Session;

/// The states in which a job has an instance.
const PLACED: [JobStatus; 2] = [JobStatus::Starting, JobStatus::Running];

/// The most jobs that a request describes (Batch API reference, `DescribeJobs`).
const JOBS: usize = 100;

/// How many jobs run in an environment.
pub(super) async fn jobs_in(
    session: &Session<'_>,
    environment: &ComputeEnvironmentDetail,
) -> Result<usize, ProviderError> {
    let resources = environment.compute_resources();
    let vcpus = resources.and_then(ComputeResource::desiredv_cpus).unwrap_or_default();
    let cluster = environment.ecs_cluster_arn().and_then(|arn| arn.rsplit('/').next());
    let Some(cluster) = cluster.filter(|_| vcpus > 0) else { return Ok(0) };
    let mut placed = Vec::new();
    for queue in job_queue::names(session).await? {
        for status in &PLACED {
            placed.extend(job_queue::jobs(session, &queue, status).await?);
        }
    }
    let mut count = 0;
    for jobs in placed.chunks(JOBS) {
        let call = session.clients.batch.describe_jobs().set_jobs(Some(jobs.to_vec())).send();
        let answer = session.look("batch:DescribeJobs", call).await?;
        count += answer.jobs().iter().filter(|job| is_in(job, cluster)).count();
    }
    Ok(count)
}

/// Whether a job's container is on an instance of this cluster. An ARN of the old form names none: then
/// it may be.
fn is_in(job: &JobDetail, cluster: &str) -> bool {
    let container = job.container();
    let instance = container.and_then(|container| container.container_instance_arn());
    instance.is_some_and(|arn| match arn.split('/').collect::<Vec<_>>().as_slice() {
        [_, of, _] => *of == cluster,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_batch::types::ContainerDetail;

    use super::*;

    #[test]
    fn a_job_is_where_its_instance_is_and_anywhere_if_that_is_not_told() {
        let on = |arn: &str| {
            let container = ContainerDetail::builder().container_instance_arn(arn).build();
            JobDetail::builder().container(container).build()
        };
        let ecs = "arn:aws:ecs:us-east-1:111122223333:container-instance";
        assert!(is_in(&on(&format!("{ecs}/ours/0a1b")), "ours"));
        assert!(!is_in(&on(&format!("{ecs}/theirs/0a1b")), "ours"));
        assert!(is_in(&on(&format!("{ecs}/0a1b")), "ours"));
        assert!(!is_in(&JobDetail::builder().build(), "ours"));
    }
}

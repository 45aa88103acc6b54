//! Job queues and the jobs in them.

use aws_sdk_batch::types::ComputeEnvironmentOrder;
use aws_sdk_batch::types::JobQueueDetail;
use aws_sdk_batch::types::JobStateTimeLimitAction;
use aws_sdk_batch::types::JobStatus;
use aws_sdk_batch::types::JqState;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Jobs;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::QueueSeen;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::batch;
use crate::aws::error;
use crate::aws::inputs::flag;
use crate::aws::inputs::number;
use crate::aws::inputs::owned_text;
use crate::aws::inputs::texts;
use crate::aws::reading::Reading;
use crate::aws::reading::inputs;
use crate::aws::selection::choose;
use crate::aws::selection::unreadable;
use crate::aws::session::Progress;
use crate::aws::session::Session;
use crate::aws::session::remote_id;
use crate::aws::session::unfinished;
use crate::aws::sketch::Sketch;
use crate::aws::tags;

const CREATE: &str = "batch:CreateJobQueue";
const UPDATE: &str = "batch:UpdateJobQueue";
const DELETE: &str = "batch:DeleteJobQueue";
const DRAINED: &str = "drained";

/// The states of a job that is not finished. `RUNNING` comes again at the end, because jobs move on
/// while the others are listed.
const ACTIVE: [JobStatus; 6] = [
    JobStatus::Submitted,
    JobStatus::Pending,
    JobStatus::Runnable,
    JobStatus::Starting,
    JobStatus::Running,
    JobStatus::Running,
];

/// Finds queues.
pub(crate) async fn read(reading: &Reading<'_>, wanted: &[&Wanted<'_>]) -> Vec<Sighting> {
    let session = reading.session;
    let found = async {
        let mut found = Vec::new();
        for names in batch::requests(wanted) {
            let described = describe(session, names).await?;
            found.extend(described.iter().filter_map(|queue| live(session, queue)));
        }
        Ok(found)
    };
    let found: Result<Vec<Live>, ProviderError> = found.await;
    reading
        .each_of(wanted, async |wanted| {
            let live = match &found {
                Ok(found) => choose(session.schema("batch.job_queue"), wanted, found).cloned(),
                Err(error) => return unreadable(error),
            };
            let Some(mut live) = live else { return Sighting::Missing };
            // Whether jobs are left matters only where that is wanted, and takes many requests.
            let matters = inputs(wanted).is_some_and(|inputs| inputs.contains_key(DRAINED));
            if !matters || !reading.is_deep() {
                live.unread.insert(DRAINED.into());
                return Sighting::Present(live);
            }
            match is_drained(session, live.remote_id.as_str()).await {
                Ok(drained) => {
                    live.attributes.insert(DRAINED.into(), drained.into());
                    Sighting::Present(live)
                }
                Err(error) => unreadable(&error),
            }
        })
        .await
}

async fn describe(
    session: &Session<'_>,
    names: Vec<String>,
) -> Result<Vec<JobQueueDetail>, ProviderError> {
    let names = (!names.is_empty()).then_some(names);
    let queues = session.pages("batch:DescribeJobQueues", async |token| {
        let page = session.clients.batch.describe_job_queues();
        let page = page.set_job_queues(names.clone()).set_next_token(token).send().await?;
        Ok((page.job_queues.unwrap_or_default(), page.next_token))
    });
    let mut queues = queues.await?;
    queues.retain(|queue| status(queue) != "DELETED");
    Ok(queues)
}

async fn describe_one(
    session: &Session<'_>,
    name: &str,
) -> Result<Option<JobQueueDetail>, ProviderError> {
    Ok(describe(session, vec![name.to_owned()]).await?.into_iter().next())
}

fn status(queue: &JobQueueDetail) -> &str {
    queue.status().map_or("UNKNOWN", |status| status.as_str())
}

fn live(session: &Session<'_>, queue: &JobQueueDetail) -> Option<Live> {
    let name = queue.job_queue_name()?;
    let mut order: Vec<&ComputeEnvironmentOrder> =
        queue.compute_environment_order().iter().collect();
    order.sort_by_key(|entry| entry.order());
    let environments = order.iter().filter_map(|entry| entry.compute_environment());
    let limits = queue.job_state_time_limit_actions().iter().map(limit_value).collect();
    let status = status(queue);
    Sketch::new(session.schema("batch.job_queue"), name)
        .set("name", name)
        .set_if("state", queue.state().map(JqState::as_str))
        .number("priority", queue.priority())
        .texts("compute_environments", environments)
        .set("time_limits", Value::List(limits))
        .set("status", batch::status(Some(status), queue.status_reason()))
        .settling(batch::working(status, queue.status_reason()))
        .tagged(&batch::tags_of(queue.tags()))
        .live(session.place)
}

fn limit_value(limit: &JobStateTimeLimitAction) -> Value {
    let fields = [
        ("state", limit.state().map(|state| Value::text(state.as_str()))),
        ("reason", limit.reason().map(Value::text)),
        ("max_seconds", limit.max_time_seconds().map(|seconds| Value::Integer(seconds.into()))),
        ("action", limit.action().map(|action| Value::text(action.as_str()))),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
    Value::Map(fields.collect())
}

fn limits(inputs: &Attributes) -> Vec<JobStateTimeLimitAction> {
    let limits = inputs.get("time_limits").and_then(Value::as_list).unwrap_or_default();
    let limits = limits.iter().filter_map(Value::as_map).map(|limit| {
        JobStateTimeLimitAction::builder()
            .set_state(owned_text(limit, "state").map(|text| text.as_str().into()))
            .set_reason(owned_text(limit, "reason"))
            .set_max_time_seconds(number(limit, "max_seconds"))
            .set_action(owned_text(limit, "action").map(|text| text.as_str().into()))
            .build()
    });
    limits.collect()
}

fn order(inputs: &Attributes) -> Vec<ComputeEnvironmentOrder> {
    let names = texts(inputs, "compute_environments").into_iter();
    let order = names.zip(1..).map(|(name, order)| {
        ComputeEnvironmentOrder::builder().order(order).compute_environment(name).build()
    });
    order.collect()
}

/// Creates a queue.
pub(crate) async fn create(
    session: &Session<'_>,
    request: &CreateRequest<'_>,
) -> Result<RemoteId, ProviderError> {
    let (inputs, name) = (request.inputs, owned_text(request.inputs, "name").unwrap_or_default());
    let call = session.clients.batch.create_job_queue().job_queue_name(&name);
    let call = call.set_state(owned_text(inputs, "state").map(|text| text.as_str().into()));
    let call = call.set_priority(number(inputs, "priority"));
    let call = call.set_compute_environment_order(Some(order(inputs)));
    let call = call.set_job_state_time_limit_actions(Some(limits(inputs)));
    let call = call.set_tags(Some(tags::of_attempt(request).into_iter().collect())).send();
    match session.change(CREATE, call).await {
        Ok(_) => {}
        Err(error) if batch::is_client_error(&error) => match describe_one(session, &name).await? {
            None => return Err(error),
            Some(found) => error::unless_of_attempt(
                request,
                &batch::tags_of(found.tags()),
                &format!("job queue `{name}`"),
                error,
            )?,
        },
        Err(error) => return Err(error),
    }
    remote_id(CREATE, Some(&name))
}

/// Changes a queue once Batch works on it no more, and ends its jobs if that is wanted.
pub(crate) async fn update(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let (name, after) = (request.remote_id.as_str(), request.after);
    let found = at_rest(session, name, UPDATE).await?;
    let changes = |name: &str| request.changed.contains(name);
    let own = ["state", "priority", "compute_environments", "time_limits"];
    if own.iter().any(|name| changes(name)) {
        let call = session.clients.batch.update_job_queue().job_queue(name);
        let state = owned_text(after, "state").filter(|_| changes("state"));
        let call = call.set_state(state.map(|text| text.as_str().into()));
        let call = call.set_priority(number(after, "priority").filter(|_| changes("priority")));
        let environments = changes("compute_environments").then(|| order(after));
        let call = call.set_compute_environment_order(environments);
        let limits = changes("time_limits").then(|| limits(after));
        session.change(UPDATE, call.set_job_state_time_limit_actions(limits).send()).await?;
    }
    batch::retag(session, request, found.job_queue_arn().unwrap_or_default()).await?;
    if changes(DRAINED) && flag(after, DRAINED) == Some(true) {
        end_jobs(session, name).await?;
    }
    Ok(())
}

/// All queues of the place. One that is being deleted has ended its jobs.
pub(super) async fn names(session: &Session<'_>) -> Result<Vec<String>, ProviderError> {
    let mut all = describe(session, Vec::new()).await?;
    all.retain(|queue| status(queue) != "DELETING");
    Ok(all.into_iter().filter_map(|queue| queue.job_queue_name).collect())
}

async fn at_rest(
    session: &Session<'_>,
    name: &str,
    operation: &'static str,
) -> Result<JobQueueDetail, ProviderError> {
    let looked = session.wait(async || {
        let Some(found) = describe_one(session, name).await? else {
            return Err(error::missing(operation, &format!("the job queue `{name}`")));
        };
        let words = batch::working(status(&found), found.status_reason());
        Ok(words.map_or(Progress::Over(found), Progress::Working))
    });
    match looked.await? {
        Progress::Over(found) => Ok(found),
        Progress::Working(words) => Err(unfinished(operation, &words)),
    }
}

/// The jobs of a queue that have this status.
pub(super) async fn jobs(
    session: &Session<'_>,
    queue: &str,
    status: &JobStatus,
) -> Result<Vec<String>, ProviderError> {
    let jobs = session.pages("batch:ListJobs", async |token| {
        let page = session.clients.batch.list_jobs().job_queue(queue).job_status(status.clone());
        let page = page.set_next_token(token).send().await?;
        Ok((page.job_summary_list.unwrap_or_default(), page.next_token))
    });
    Ok(jobs.await?.into_iter().filter_map(|job| job.job_id).collect())
}

/// Every queue, by what tells whose it is.
pub(crate) async fn all(session: &Session<'_>) -> Result<Vec<QueueSeen>, ProviderError> {
    let queues = describe(session, Vec::new()).await?.into_iter();
    let seen = queues.filter_map(|queue| {
        let tags = batch::tags_of(queue.tags());
        let environment = tags.get(tags::ENVIRONMENT).map(|name| name.as_str().into());
        let unit = tags::owner(&tags).map(|owner| owner.unit);
        let remote_id = RemoteId::new(queue.job_queue_name()?).ok()?;
        Some(QueueSeen { remote_id, environment, unit })
    });
    Ok(seen.collect())
}

/// The jobs of a queue that have not ended. One that moves on meanwhile may be counted twice.
pub(super) async fn count(session: &Session<'_>, queue: &str) -> Result<Jobs, ProviderError> {
    let mut count = Jobs::default();
    // Without the second look at those that run.
    let (waiting, running) = ACTIVE[..ACTIVE.len() - 1].split_at(3);
    for status in waiting {
        count.waiting += jobs(session, queue, status).await?.len() as u64;
    }
    for status in running {
        count.running += jobs(session, queue, status).await?.len() as u64;
    }
    Ok(count)
}

async fn is_drained(session: &Session<'_>, queue: &str) -> Result<bool, ProviderError> {
    for status in &ACTIVE {
        if !jobs(session, queue, status).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Terminates every job, in whatever state it is, and waits until none is left.
async fn end_jobs(session: &Session<'_>, queue: &str) -> Result<(), ProviderError> {
    for status in &ACTIVE {
        for job in jobs(session, queue, status).await? {
            let call = session.clients.batch.terminate_job().job_id(job);
            let call = call.reason("the workspace is being suspended").send();
            error::optional(session.change("batch:TerminateJob", call).await)?;
        }
    }
    session
        .wait_gone("batch:TerminateJob", async || {
            let drained = is_drained(session, queue).await?;
            Ok((!drained).then(|| format!("jobs of `{queue}` are still ending")))
        })
        .await
}

/// Disables and deletes a queue, and waits until it is gone.
pub(crate) async fn delete(
    session: &Session<'_>,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let name = request.remote_id.as_str();
    let found = describe_one(session, name).await?;
    let Some(found) = found else { return Ok(()) };
    if status(&found) != "DELETING" {
        let found = at_rest(session, name, DELETE).await?;
        if found.state() != Some(&JqState::Disabled) {
            let call = session.clients.batch.update_job_queue().job_queue(name);
            session.change(UPDATE, call.state(JqState::Disabled).send()).await?;
            at_rest(session, name, DELETE).await?;
        }
        let call = session.clients.batch.delete_job_queue().job_queue(name).send();
        session.change(DELETE, call).await?;
    }
    session
        .wait_gone(DELETE, async || {
            let found = describe_one(session, name).await?;
            Ok(found.map(|found| format!("`{name}` is {}", status(&found))))
        })
        .await
}

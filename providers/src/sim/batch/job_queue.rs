//! Job queues and the jobs in them.

use nfplan_engine::address::RemoteId;
use nfplan_engine::preflight::Deed;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::QueueSeen;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::batch;
use crate::sim::batch::compute_environment;
use crate::sim::clock::Work;
use crate::sim::cloud::Cloud;
use crate::sim::kind::Calls;
use crate::sim::kind::Guard;
use crate::sim::kind::Holds;
use crate::sim::kind::Identified;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Reference;
use crate::sim::kind::Rules;
use crate::sim::kind::Working;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::standard;

const POLL: &str = "batch:DescribeJobQueues";
const UPDATE: &str = "batch:UpdateJobQueue";
const END: &str = "batch:TerminateJob";

/// So many queues come with one answer.
const PAGE: u64 = 100;

/// Whether no jobs are left: seen, not stored.
pub(super) const DRAINED: &str = "drained";

/// The states of a job that is not finished, `RUNNING` again at the end because jobs move on while
/// the others are listed.
pub(super) const ACTIVE: usize = 6;

/// The type.
pub(crate) static KIND: Kind = Kind {
    resource_type: "batch.job_queue",
    global: false,
    create: "batch:CreateJobQueue",
    delete: "batch:DeleteJobQueue",
    codes: &batch::CODES,
    guard: Guard::Name,
    identify: |_, _, attributes| Identified::named(attributes),
    references: &[Reference {
        attribute: "compute_environments",
        field: None,
        to: "batch.compute_environment",
        missing: "ClientException",
        holds: Holds::Refuses,
    }],
    changes: &[],
    tagging: batch::TAGGING,
    name: batch::NAME,
    work: Some(Working {
        poll: POLL,
        status: "status",
        create: Some((Work::JobQueue, "CREATING", "VALID")),
        delete: Some((Work::JobQueue, "DELETING")),
    }),
    rules: Rules { check, complete, may_delete: batch::may_delete, view, ..Rules::NONE },
    calls: Calls { create: standard::create, update, delete, more },
    reads: Reads::listing(&[(POLL, PAGE)]).deep(&["batch:ListJobs"]),
};

/// Jobs are ended, not updated away.
fn more(deed: &Deed<'_>) -> Vec<&'static str> {
    let drains = matches!(deed, Deed::Update { changed, .. } if changed.contains(DRAINED));
    let ending = drains.then_some(END);
    ending.into_iter().chain(batch::updating(deed, UPDATE)).collect()
}

fn check(scene: &Scene<'_>, before: Option<&Record>, queue: &Record) -> Result<(), Refusal> {
    let none = Vec::new();
    let list = |record: &Record| {
        record
            .attributes
            .get("compute_environments")
            .and_then(Value::as_list)
            .unwrap_or(&none)
            .to_vec()
    };
    let environments = list(queue);
    if !(1..=3).contains(&environments.len()) {
        let message =
            format!("a queue has 1 to 3 compute environments, not {}", environments.len());
        return Err(Refusal::invalid("ClientException", message));
    }
    let old = before.map(list).unwrap_or_default();
    let new = environments.iter().filter(|name| !old.contains(name)).filter_map(Value::as_text);
    for name in new {
        let found = scene.find("batch.compute_environment", name);
        if found.is_some_and(|found| !compute_environment::is_valid(scene.cloud, found)) {
            let message = format!("the compute environment `{name}` is not VALID");
            return Err(Refusal::conflict("ClientException", message));
        }
    }
    let limits = queue.attributes.get("time_limits").and_then(Value::as_list).unwrap_or(&none);
    limits.iter().filter_map(Value::as_map).try_for_each(check_time_limit)
}

fn check_time_limit(limit: &Attributes) -> Result<(), Refusal> {
    let seconds = limit.get("max_seconds").and_then(Value::as_integer).unwrap_or(0);
    let state = limit.get("state").and_then(Value::as_text);
    if (600..=86_400).contains(&seconds) && state == Some("RUNNABLE") {
        return Ok(());
    }
    let message = "a time limit is for the state RUNNABLE, with 600 to 86400 seconds";
    Err(Refusal::invalid("ClientException", message))
}

/// Whether jobs are left is seen, not stored.
fn complete(_: &Scene<'_>, queue: &mut Record) {
    queue.attributes.remove(DRAINED);
}

fn view(_: &Cloud, queue: &Record, attributes: &mut Attributes) {
    attributes.insert(DRAINED.into(), queue.hidden_list("jobs").is_empty().into());
}

fn update(
    session: &mut Session<'_>,
    record: &Record,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let mut wanted = request.after.clone();
    session.settings().schema(KIND.resource_type).normalise(&mut wanted);
    let drain = wanted.remove(DRAINED) == Some(Value::Bool(true));
    let mut changes = wanted.clone();
    changes.remove("tags");
    if changes.iter().any(|(name, value)| record.attributes.get(name) != Some(value)) {
        batch::reconfigure(session, &record.key, UPDATE, (&changes, Work::JobQueue))?;
    }
    standard::update_tags(session, &record.key, &wanted)?;
    if drain { end_jobs(session, &record.key) } else { Ok(()) }
}

/// Every queue that is seen, by what tells whose it is.
pub(crate) fn all(session: &mut Session<'_>) -> Result<Vec<QueueSeen>, ProviderError> {
    let count = session.cloud().count_seen(KIND.resource_type, KIND.scope(session.place));
    (0..count.div_ceil(PAGE).max(1)).try_for_each(|_| session.look(POLL))?;
    let cloud = session.cloud();
    let here = cloud.seen(KIND.resource_type, KIND.scope(session.place));
    let seen = here.filter_map(|record| {
        let environment = record.tag("nfplan:environment").map(Into::into);
        let unit = record.tag("nfplan:unit").and_then(|unit| unit.parse().ok());
        Some(QueueSeen { remote_id: RemoteId::new(&record.key.id).ok()?, environment, unit })
    });
    Ok(seen.collect())
}

/// Terminates every job, in whatever state it is.
fn end_jobs(session: &mut Session<'_>, key: &Key) -> Result<(), ProviderError> {
    for _ in 0..ACTIVE {
        session.look("batch:ListJobs")?;
    }
    let jobs = session.record(key).map(|queue| queue.hidden_list("jobs").to_vec());
    for job in jobs.unwrap_or_default() {
        standard::change(session, key, END, |_, queue| {
            if let Some(Value::List(jobs)) = queue.hidden.get_mut("jobs") {
                jobs.retain(|other| *other != job);
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn delete(
    session: &mut Session<'_>,
    record: &Record,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    batch::disable(session, record, UPDATE, Work::JobQueue)?;
    standard::delete(session, record, request)
}

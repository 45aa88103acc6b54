//! AWS Batch: compute environments and job queues.

use nfplan_engine::address::RemoteId;
use nfplan_engine::preflight::Deed;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Jobs;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::value::Attributes;

use crate::sim::clock::Work;
use crate::sim::kind;
use crate::sim::kind::Codes;
use crate::sim::kind::NameRule;
use crate::sim::kind::Tagging;
use crate::sim::record::Key;
use crate::sim::record::Pending;
use crate::sim::record::Record;
use crate::sim::record::Then;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::standard;

pub(crate) mod compute_environment;
pub(crate) mod job_queue;

/// The jobs of queues that have not ended. Here all of them run.
pub(crate) fn jobs(
    session: &mut Session<'_>,
    queues: &[RemoteId],
) -> Result<Vec<Jobs>, ProviderError> {
    let count = |queue: &RemoteId| {
        for _ in 1..job_queue::ACTIVE {
            session.look("batch:ListJobs")?;
        }
        let found = session.find(&job_queue::KIND, queue);
        let running = found.map_or(0, |queue| queue.hidden_list("jobs").len() as u64);
        Ok(Jobs { running, waiting: 0 })
    };
    queues.iter().map(count).collect()
}

/// Batch has one code for whatever the client does wrong.
static CODES: Codes = Codes {
    invalid: "ClientException",
    exists: "ClientException",
    missing: "ClientException",
    quota: "ClientException",
    in_use: "ClientException",
};

const TAGGING: Option<Tagging> =
    Some(Tagging { tag: "batch:TagResource", untag: Some("batch:UntagResource") });

const NAME: Option<NameRule> =
    Some(NameRule { attribute: "name", least: 1, most: 128, extra: "-_" });

/// Updates change everything but tags and what is only seen; what is deleted has been disabled.
fn updating(deed: &Deed<'_>, operation: &'static str) -> Vec<&'static str> {
    let apart = ["tags", job_queue::DRAINED];
    let sends = match deed {
        Deed::Update { changed, .. } => changed.iter().any(|name| !apart.contains(&&**name)),
        Deed::Delete { .. } => true,
        Deed::Create { .. } | Deed::Disable { .. } => false,
    };
    if sends { vec![operation] } else { Vec::new() }
}

/// Batch takes a change only while it works on no other one.
fn refuse_while_working(record: &Record) -> Result<(), Refusal> {
    if record.pending.is_none() {
        return Ok(());
    }
    let message = format!("`{}` is {}: it cannot be changed now", record.key.id, status(record));
    Err(Refusal::conflict("ClientException", message))
}

fn status(record: &Record) -> &str {
    record.text_or_empty("status")
}

/// Waits until Batch works on an object no more.
fn settle(session: &mut Session<'_>, key: &Key, work: Work) -> Result<(), ProviderError> {
    let working = kind::of(key.resource_type).work.as_ref().expect("Batch works on its objects");
    session.wait(key, working.poll, work).map(|_| ())
}

/// Sends one update request with all attributes that change, and waits for it.
fn reconfigure(
    session: &mut Session<'_>,
    key: &Key,
    operation: &'static str,
    (wanted, work): (&Attributes, Work),
) -> Result<(), ProviderError> {
    settle(session, key, work)?;
    standard::change(session, key, operation, |scene, record| {
        refuse_while_working(record)?;
        let schema = scene.settings.schema(key.resource_type);
        let names = schema.managed().map(|(attribute, _)| attribute.name);
        for name in names.filter(|name| *name != "tags") {
            match wanted.get(name) {
                Some(value) => record.attributes.insert(name.into(), value.clone()),
                None => record.attributes.remove(name),
            };
        }
        begin(scene, record, work);
        Ok(())
    })?;
    settle(session, key, work)
}

fn begin(scene: &Scene<'_>, record: &mut Record, work: Work) {
    record.attributes.insert("status".into(), "UPDATING".into());
    let then = Then::Become(Attributes::from([("status".into(), "VALID".into())]));
    record.pending = Some(Pending { at: scene.end_of(work), then });
}

/// Disables an object, as Batch asks for before a delete.
fn disable(
    session: &mut Session<'_>,
    record: &Record,
    operation: &'static str,
    work: Work,
) -> Result<(), ProviderError> {
    if is_ending(record) {
        return Ok(());
    }
    settle(session, &record.key, work)?;
    let current = session.record(&record.key).unwrap_or(record);
    if current.text("state") != Some("ENABLED") {
        return Ok(());
    }
    let mut disabled = current.attributes.clone();
    disabled.insert("state".into(), "DISABLED".into());
    reconfigure(session, &record.key, operation, (&disabled, work))
}

/// Whether a delete was asked for before.
fn is_ending(record: &Record) -> bool {
    record.pending.as_ref().is_some_and(|pending| pending.then == Then::Gone)
}

fn may_delete(_: &Scene<'_>, record: &Record) -> Result<(), Refusal> {
    if is_ending(record) {
        return Ok(());
    }
    refuse_while_working(record)?;
    if record.text("state") == Some("DISABLED") {
        return Ok(());
    }
    let message = format!("`{}` must be disabled before it is deleted", record.key.id);
    Err(Refusal::new(ErrorKind::Conflict, "ClientException", message))
}

//! AWS Batch: compute environments and job queues.
//!
//! Batch works on one change of an object at a time, and has one error code for whatever the client
//! does wrong: whether a name was taken, only a look at it tells.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;
use nfplan_engine::address::RemoteId;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Jobs;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::provider::Wanted;

use crate::aws::reading::SIDE_BY_SIDE;
use crate::aws::reading::id_or_name;
use crate::aws::session::Session;
use crate::aws::tags;
use crate::aws::tags::Retagging;

pub(crate) mod compute_environment;
pub(crate) mod job_queue;
mod running;

/// The most names that a request describes (Batch API reference, `DescribeJobQueues`).
const NAMES: usize = 100;

/// The names to ask for, in requests of as many as fit; an empty request asks for all there are.
fn requests(wanted: &[&Wanted<'_>]) -> Vec<Vec<String>> {
    if wanted.iter().any(|wanted| matches!(wanted.target, Target::Others(_))) {
        return vec![Vec::new()];
    }
    let names: BTreeSet<String> =
        wanted.iter().filter_map(|wanted| id_or_name(wanted)).map(str::to_owned).collect();
    let names: Vec<String> = names.into_iter().collect();
    names.chunks(NAMES).map(<[String]>::to_vec).collect()
}

/// The jobs of queues that have not ended, a few queues side by side.
pub(crate) async fn jobs(
    session: &Session<'_>,
    queues: &[RemoteId],
) -> Result<Vec<Jobs>, ProviderError> {
    let counts = stream::iter(queues).map(|queue| job_queue::count(session, queue.as_str()));
    counts.buffered(SIDE_BY_SIDE).try_collect().await
}

/// How an object stands: its status, with Batch's reason where it is no good.
fn status(status: Option<&str>, reason: Option<&str>) -> String {
    match (status.unwrap_or("UNKNOWN"), reason) {
        ("INVALID", Some(reason)) => format!("INVALID: {reason}"),
        (status, _) => status.to_owned(),
    }
}

/// Whether Batch is at work on an object of this status.
fn working(status: &str, reason: Option<&str>) -> Option<String> {
    let working = matches!(status, "CREATING" | "UPDATING" | "DELETING");
    working.then(|| match reason {
        Some(reason) if !reason.is_empty() => format!("it is {status}: {reason}"),
        _ => format!("it is {status}"),
    })
}

/// Whether Batch refuses something for a reason that its code does not tell.
fn is_client_error(error: &ProviderError) -> bool {
    error.kind == ErrorKind::Invalid && error.code == "ClientException"
}

/// Brings the tags of the object with this ARN to what is wanted.
async fn retag(
    session: &Session<'_>,
    request: &UpdateRequest<'_>,
    arn: &str,
) -> Result<(), ProviderError> {
    let Retagging { set, unset } = tags::retagging(request.before, request.after);
    let batch = &session.clients.batch;
    if !unset.is_empty() {
        let call = batch.untag_resource().resource_arn(arn).set_tag_keys(Some(unset)).send();
        session.change("batch:UntagResource", call).await?;
    }
    if !set.is_empty() {
        let set = set.into_iter().collect();
        let call = batch.tag_resource().resource_arn(arn).set_tags(Some(set)).send();
        session.change("batch:TagResource", call).await?;
    }
    Ok(())
}

/// Tags as Batch's answers hold them.
fn tags_of(tags: Option<&std::collections::HashMap<String, String>>) -> tags::Tags {
    tags.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

//! How many jobs a plan would end, or has to wait for: what a reviewer has to know, and what an apply
//! counts again.

use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::findings::Finding;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::Jobs;
use nfplan_engine::provider::Reader;
use nfplan_engine::risk::Risk;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Step;
use nfplan_specs::blueprint::names::types;

use crate::error::CliError;
use crate::planning::FleetPlan;
use crate::planning::Purpose;
use crate::planning::Request;
use crate::render::name::counted;

/// What becomes of the jobs of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// They end: the queue goes, or its jobs are ended.
    End,
    /// They go on, and what they run in is deleted after them.
    Outlast,
}

/// A queue whose jobs are to be counted.
struct Affected {
    unit: usize,
    address: Address,
    queue: RemoteId,
    fate: Fate,
}

/// Counts the jobs of queues that go or are drained, and of those whose compute environment goes.
/// Findings say what becomes of them.
pub async fn check(cloud: &impl Reader, place: &Place, request: &Request, out: &mut FleetPlan) {
    let judged = matches!(request.purpose, Purpose::Apply | Purpose::Destroy);
    if !judged || request.refresh == Refresh::None || out.looked.is_some() {
        return;
    }
    let units = out.units.iter().enumerate().filter(|(_, unit)| unit.plan.unit.place() == place);
    let affected: Vec<Affected> =
        units.filter_map(|(index, unit)| affected(index, &unit.plan)).collect();
    if affected.is_empty() {
        return;
    }
    let queues: Vec<RemoteId> = affected.iter().map(|one| one.queue.clone()).collect();
    let found = cloud.jobs(place, &queues).await;
    for (index, Affected { unit, address, fate, .. }) in affected.into_iter().enumerate() {
        let plan = &mut out.units[unit].plan;
        let message = match &found {
            Ok(found) => {
                let jobs = found.get(index).copied().unwrap_or_default();
                if fate == Fate::End && jobs.total() > 0 {
                    out.jobs.insert(plan.unit.clone(), jobs);
                }
                in_words(fate, jobs)
            }
            Err(error) => Some(format!("how many jobs there are could not be told: {error}")),
        };
        let Some(message) = message else { continue };
        let change = plan.changes.iter().find(|change| change.address == address);
        let origin = change.and_then(|change| change.origin.clone());
        let (risk, attribute, witness) = (Risk::Replacement, None, None);
        plan.findings.push(Finding { risk, address, attribute, message, witness, origin });
        plan.findings.sort_by_key(|finding| finding.risk);
    }
}

/// The queue of a unit whose jobs are affected.
fn affected(unit: usize, plan: &UnitPlan) -> Option<Affected> {
    let of = |kind: &'static str| {
        plan.steps.iter().filter(move |step| step.address.resource_type.as_str() == kind)
    };
    let ends = |step: &&Step| match &step.operation {
        Operation::Delete { .. } => true,
        Operation::Update { changed, .. } => changed.contains("drained"),
        _ => false,
    };
    let goes = |step: &&Step| matches!(step.operation, Operation::Delete { .. });
    let (step, fate) = match of(types::JOB_QUEUE).find(ends) {
        Some(step) => (step, Fate::End),
        None => (of(types::COMPUTE_ENVIRONMENT).find(goes)?, Fate::Outlast),
    };
    let queue = of(types::JOB_QUEUE).find_map(|step| match &step.operation {
        Operation::Delete { remote_id, .. } | Operation::Update { remote_id, .. } => {
            Some(remote_id.clone())
        }
        _ => None,
    })?;
    Some(Affected { unit, address: step.address.clone(), queue, fate })
}

fn in_words(fate: Fate, jobs: Jobs) -> Option<String> {
    let Jobs { running, waiting } = jobs;
    match fate {
        Fate::End if jobs.total() == 0 => None,
        Fate::End => {
            Some(format!("{} running and {waiting} waiting end with it", counted(running, "job")))
        }
        Fate::Outlast if running == 0 => None,
        Fate::Outlast => Some(format!(
            "{} running in what is replaced; it is deleted once they end",
            counted(running, "job")
        )),
    }
}

/// Refuses a plan with which more jobs would end than with the one that was reviewed.
pub fn check_grown(reviewed: &Plan, fresh: &Plan) -> Result<(), CliError> {
    let before = |unit| reviewed.jobs.get(unit).copied().unwrap_or_default().total();
    let grown = fresh.jobs.iter().filter(|(unit, jobs)| jobs.total() > before(unit));
    let details: Vec<String> = grown
        .map(|(unit, jobs)| {
            let now = counted(jobs.total(), "job");
            format!("{unit}: {now} would end now, {} when the plan was made", before(unit))
        })
        .collect();
    let Some(first) = details.first() else { return Ok(()) };
    let message = format!("more jobs would end than when the plan was made: {first}");
    let refused = CliError::refused(message).hint("plan again, or wait until they end");
    Err(CliError { details, ..refused })
}

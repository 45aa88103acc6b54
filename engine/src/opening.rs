//! What must hold when a run opens: the world is still the one that was planned from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::address::External;
use crate::expr::Inputs;
use crate::inspection::mismatches;
use crate::journal::Externals;
use crate::journal::JournalError;
use crate::observed::Sighting;
use crate::outlook::known_inputs;
use crate::parts::shared;
use crate::plan::UnitPlan;
use crate::provider::Depth;
use crate::provider::ProviderError;
use crate::provider::Reader;
use crate::provider::Target;
use crate::provider::Wanted;
use crate::refusal::Refusal;
use crate::refusal::RefusalKind;
use crate::schema::Identity;
use crate::schema::Schema;
use crate::step::DeleteCause;
use crate::step::Operation;
use crate::step::Step;
use crate::value::Value;

/// Why a run cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The world moved; the plan has to be made again.
    #[error("the plan is out of date")]
    Refused(Vec<Refusal>),
    /// The cloud could not be asked.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The platform's state could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Reads again whatever the plan relies on, and returns the platform outputs to open the run with.
///
/// # Errors
/// If a platform output that the plan knew has changed or one is still missing, if an object that the
/// plan changes or deletes is not as it was, or if one that others may have parts in exists by now.
pub async fn check<R: Reader>(
    plan: &UnitPlan,
    reader: &R,
    externals: &impl Externals,
) -> Result<BTreeMap<External, Value>, OpeningError> {
    let wanted: BTreeSet<External> = plan.externals.keys().cloned().collect();
    let now = externals.current(&wanted).await?;
    let mut refusals = Vec::new();
    for (external, planned) in &plan.externals {
        let message = match (planned, now.get(external)) {
            (_, None) => format!("needs `{external}`, which the platform does not have: apply it"),
            (Some(planned), Some(now)) if planned != now => {
                format!("was planned with `{external}` = {planned}, and it is {now} now")
            }
            _ => continue,
        };
        refusals.push(Refusal::of_unit(RefusalKind::Stale, message));
    }
    refusals.extend(moved(plan, reader).await?);
    if refusals.is_empty() { Ok(now) } else { Err(OpeningError::Refused(refusals)) }
}

/// Objects that are not as they were planned from.
async fn moved<R: Reader>(plan: &UnitPlan, reader: &R) -> Result<Vec<Refusal>, ProviderError> {
    let mut seen = BTreeSet::new();
    let schema = |step: &Step| reader.schemas().find(&step.address.resource_type);
    let alone = |step: &Step| plan.steps.iter().filter(|s| s.address == step.address).count() == 1;
    let none = |step: &Step| schema(step).is_some_and(|schema| relies_on_none(schema, step));
    let relies = |step: &&Step| relies(step) || (none(step) && alone(step));
    let mut steps: Vec<&Step> = plan.steps.iter().filter(relies).collect();
    // Later steps on the same object start from where the first one ends.
    steps.retain(|step| seen.insert((&step.address, step.remote_id())));
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = steps.iter().filter_map(|step| {
        let target = match &step.operation {
            Operation::Create { inputs, .. } => Target::Identity(known_inputs(inputs)),
            _ => Target::Id(step.remote_id()?.clone(), step.pre_image()?.clone()),
        };
        Some(Wanted { unit: &plan.unit, address: &step.address, target })
    });
    let wanted: Vec<Wanted<'_>> = wanted.collect();
    let sightings = reader.read(plan.unit.place(), Depth::Deep, &wanted).await?;
    let pairs = steps.into_iter().zip(sightings);
    Ok(pairs.filter_map(|(step, sighting)| difference(step, &sighting, reader)).collect())
}

/// Whether a step relies on its object being as read.
fn relies(step: &Step) -> bool {
    match &step.operation {
        Operation::Update { .. } | Operation::Delete { .. } => true,
        Operation::Create { .. }
        | Operation::Adopt { .. }
        | Operation::Hold { .. }
        | Operation::Drop { .. } => false,
    }
}

/// Whether a step relies on that there is no object: others may have parts in one, which making it would
/// take away.
fn relies_on_none(schema: &Schema, step: &Step) -> bool {
    match &step.operation {
        Operation::Create { inputs, .. } => {
            shared(schema).next().is_some() && is_identified(schema, inputs)
        }
        Operation::Update { .. }
        | Operation::Delete { .. }
        | Operation::Adopt { .. }
        | Operation::Hold { .. }
        | Operation::Drop { .. } => false,
    }
}

fn is_identified(schema: &Schema, inputs: &Inputs) -> bool {
    let Identity::Attributes(names) = schema.identity else { return false };
    names.iter().all(|name| inputs.get(*name).is_some_and(|expr| expr.known().is_some()))
}

fn difference<R: Reader>(step: &Step, sighting: &Sighting, reader: &R) -> Option<Refusal> {
    let schema = reader.schemas().find(&step.address.resource_type)?;
    let deposed = matches!(step.operation, Operation::Delete { cause: DeleteCause::Deposed, .. });
    let creates = matches!(step.operation, Operation::Create { .. });
    let message = match sighting {
        Sighting::Missing if creates => return None,
        Sighting::Present(_) if creates => {
            "exists since the plan was made, and others may have parts in it: plan again".to_owned()
        }
        // What an earlier run left behind keeps nobody from going on: it may be on its way out, and
        // what cannot be read is not deleted.
        Sighting::Unreadable { .. } | Sighting::Missing if deposed => return None,
        Sighting::Present(live) if deposed && live.settling.is_some() => return None,
        Sighting::Unreadable { reason } => format!("cannot be read any more: {reason}"),
        Sighting::Missing => "is gone since the plan was made: plan again".to_owned(),
        Sighting::Present(live) => {
            let before = step.pre_image()?;
            let names = mismatches(schema, before, live);
            if names.is_empty() {
                return None;
            }
            format!("changed since the plan was made (`{}`): plan again", names.join("`, `"))
        }
    };
    Some(Refusal::of_address(&step.address, None, RefusalKind::Stale, message))
}

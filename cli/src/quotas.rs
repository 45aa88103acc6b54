//! Whether the accounts of a plan may have as much as it makes.

use std::collections::BTreeMap;

use nfplan_engine::address::Place;
use nfplan_engine::headroom::Cause;
use nfplan_engine::headroom::Headroom;
use nfplan_engine::headroom::Shortage;
use nfplan_engine::headroom::headroom;
use nfplan_engine::headroom::touched;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Limit;
use nfplan_engine::provider::Reader;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::refusal::RefusalKind;
use nfplan_providers::types::quotas::find;
use nfplan_specs::blueprint::names::types;

use crate::error::CliError;
use crate::planning::FleetPlan;
use crate::planning::Purpose;
use crate::planning::Request;

/// What a plan leaves of quotas.
#[derive(Debug, Default, Clone)]
pub struct Quotas {
    /// Those that the plan touches.
    pub touched: Vec<Headroom>,
    /// Places whose quotas could not be read, and why.
    pub unreadable: BTreeMap<Place, String>,
}

/// Counts what is in use in a place where the plan makes something that counts, and refuses the units
/// that there is no room for. Their plans stay: a check decides nothing, so it is no part of a digest.
pub async fn check(
    cloud: &impl Reader,
    place: &Place,
    request: &Request,
    out: &mut FleetPlan,
) -> Result<(), CliError> {
    // A look at every unit, for `explain` and the like, is not going to be applied; and only what is
    // made as the specs want it counts: who is to be shut out must not wait for an answer.
    if request.purpose != Purpose::Apply || request.refresh == Refresh::None || out.looked.is_some()
    {
        return Ok(());
    }
    let FleetPlan { units, refused, quotas, .. } = out;
    let here: Vec<&UnitPlan> = units
        .iter()
        .map(|unit| &unit.plan)
        .filter(|plan| plan.unit.place() == place && !refused.contains_key(&plan.unit))
        .collect();
    let types = touched(here.iter().copied(), |one| find(one.as_str()).is_some());
    if types.is_empty() {
        return Ok(());
    }
    let survey = match cloud.survey(place, &types).await {
        Ok(survey) => survey,
        Err(error) if error.kind == ErrorKind::Denied => {
            quotas.unreadable.insert(place.clone(), error.to_string());
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let fit = headroom(place, &survey, here);
    quotas.touched.extend(fit.touched);
    for unit in units.iter_mut() {
        unit.wave = fit.waves.get(&unit.plan.unit).copied().unwrap_or(unit.wave);
    }
    for shortage in fit.shortages {
        let refusal = Refusal::of_unit(RefusalKind::Quota, in_words(&shortage));
        refused.entry(shortage.unit).or_default().push(refusal);
    }
    Ok(())
}

/// What is in the way, and what to do about it.
fn in_words(shortage: &Shortage) -> String {
    let Shortage { unit, quota, needed, cause } = shortage;
    let (limit, title, used) = (quota.limit, quota.title, quota.used);
    let place = unit.place();
    let needs = format!("would need {needed} of {limit} {title} of {place} ({used} in use");
    match cause {
        Cause::Full => format!("{needs}): {}", remedy(shortage)),
        Cause::Replacement => format!(
            "{needs}) while a replacement has the new one and the old one side by side: {}",
            remedy(shortage)
        ),
    }
}

fn remedy(shortage: &Shortage) -> String {
    let quota = &shortage.quota;
    let released = [types::COMPUTE_ENVIRONMENT, types::JOB_QUEUE].contains(&quota.resource_type);
    let release = "release suspended ones (`suspend: { release: true }`), ";
    let raise = "have AWS raise the quota, ";
    format!(
        "destroy a workspace, {}{}or use another account",
        if released { release } else { "" },
        if quota.limit_is == Limit::Fixed { "" } else { raise },
    )
}

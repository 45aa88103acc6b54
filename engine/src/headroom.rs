//! What a plan leaves of an account's quotas, and which units there is no room for.
//!
//! Units are applied side by side, and what is replaced or taken away is deleted only after the
//! commit point. So everything that is made counts before anything that is deleted gives room back:
//! a plan that fits, fits in whatever order its steps come. The one delete that does give room is
//! that of an in-slot replacement, because its own create waits for it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::address::Address;
use crate::address::Place;
use crate::address::ResourceType;
use crate::address::UnitId;
use crate::plan::UnitPlan;
use crate::provider::Limit;
use crate::provider::QuotaUse;
use crate::provider::Survey;
use crate::step::Operation;
use crate::step::Stage;
use crate::step::Step;

/// One quota of a place, before, while and after the plan is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headroom {
    /// The account and region.
    pub place: Place,
    /// The resource type counted.
    pub resource_type: Box<str>,
    /// What AWS calls what is counted.
    pub title: Box<str>,
    /// How many exist, whoever made them.
    pub used: u64,
    /// How many there are at most while the plan is applied.
    pub peak: u64,
    /// How many there are once everything that the plan deletes is gone.
    pub after: u64,
    /// How many there may be.
    pub limit: u64,
    /// Where the limit is from.
    pub limit_is: Limit,
}

impl Headroom {
    /// How many more there may be at the time when there are most.
    pub fn room(&self) -> u64 {
        self.limit.saturating_sub(self.peak)
    }

    /// By how many the plan goes beyond the limit.
    pub fn excess(&self) -> u64 {
        self.peak.saturating_sub(self.limit)
    }
}

/// A unit that there is no room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The unit.
    pub unit: UnitId,
    /// The quota that it goes beyond.
    pub quota: QuotaUse,
    /// How many there would be with what it makes, besides all units before it that there is room
    /// for.
    pub needed: u64,
    /// What would have to be different.
    pub cause: Cause,
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// There would be too many for good.
    Full,
    /// There would be too many until what the unit replaces or gives up is deleted.
    Replacement,
    /// There would be too many until what other units of the plan give up is deleted.
    Order,
}

/// What is made and deleted of one type.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Demand {
    made: u64,
    deleted: u64,
}

/// The types of which the plans make or delete something; none if they make nothing of a type that
/// counts, because then there is nothing to run out of.
pub fn touched<'p>(
    plans: impl IntoIterator<Item = &'p UnitPlan>,
    counts: impl Fn(&ResourceType) -> bool,
) -> BTreeSet<&'p ResourceType> {
    let (mut types, mut makes) = (BTreeSet::new(), false);
    for (resource_type, demand) in plans.into_iter().flat_map(demands) {
        if counts(resource_type) {
            makes |= demand.made > 0;
            types.insert(resource_type);
        }
    }
    if makes { types } else { BTreeSet::new() }
}

/// Holds the plans of a place's units, in order, against what is in use there: the quotas that they
/// touch, and the units that there is no room for. Those take no room from the units after them.
pub fn headroom<'p>(
    place: &Place,
    survey: &Survey,
    plans: impl IntoIterator<Item = &'p UnitPlan>,
) -> (Vec<Headroom>, Vec<Shortage>) {
    let units: Vec<_> = plans.into_iter().map(|plan| (&plan.unit, demands(plan))).collect();
    let mut total: BTreeMap<&str, Demand> = BTreeMap::new();
    for (resource_type, demand) in units.iter().flat_map(|(_, demands)| demands) {
        let total = total.entry(resource_type.as_str()).or_default();
        total.made += demand.made;
        total.deleted += demand.deleted;
    }
    let touched = survey.quotas.iter().filter_map(|quota| {
        let demand = total.get(quota.resource_type)?;
        Some(row(place, quota, *demand))
    });
    let touched = touched.collect();
    let mut used: BTreeMap<&str, u64> =
        survey.quotas.iter().map(|quota| (quota.resource_type, quota.used)).collect();
    let mut shortages = Vec::new();
    for (unit, demands) in units {
        let short: Vec<Shortage> = survey
            .quotas
            .iter()
            .filter(|quota| quota.limit_is != Limit::Assumed)
            .filter_map(|quota| {
                let demand = demands.iter().find(|(of, _)| of.as_str() == quota.resource_type)?.1;
                let needed = used[quota.resource_type] + demand.made;
                if demand.made == 0 || needed <= quota.limit {
                    return None;
                }
                let cause = cause(quota, needed, *demand, total[quota.resource_type]);
                Some(Shortage { unit: unit.clone(), quota: quota.clone(), needed, cause })
            })
            .collect();
        if short.is_empty() {
            for (resource_type, demand) in &demands {
                used.entry(resource_type.as_str()).and_modify(|used| *used += demand.made);
            }
        }
        shortages.extend(short);
    }
    (touched, shortages)
}

fn row(place: &Place, quota: &QuotaUse, demand: Demand) -> Headroom {
    let peak = quota.used + demand.made;
    Headroom {
        place: place.clone(),
        resource_type: quota.resource_type.into(),
        title: quota.title.into(),
        used: quota.used,
        peak,
        after: peak.saturating_sub(demand.deleted),
        limit: quota.limit,
        limit_is: quota.limit_is,
    }
}

fn cause(quota: &QuotaUse, needed: u64, own: Demand, total: Demand) -> Cause {
    let fits_without = |deleted: u64| needed.saturating_sub(deleted) <= quota.limit;
    if fits_without(own.deleted) {
        Cause::Replacement
    } else if fits_without(total.deleted) {
        Cause::Order
    } else {
        Cause::Full
    }
}

/// What one unit makes and deletes, by type.
fn demands(plan: &UnitPlan) -> BTreeMap<&ResourceType, Demand> {
    let in_slot: BTreeSet<&Address> = plan
        .steps
        .iter()
        .filter(|step| step.stage == Stage::Build)
        .filter(|step| matches!(step.operation, Operation::Delete { .. }))
        .map(|step| &step.address)
        .collect();
    let mut demands: BTreeMap<&ResourceType, Demand> = BTreeMap::new();
    let makes_room_itself =
        |step: &Step| step.stage == Stage::Build && in_slot.contains(&step.address);
    for step in plan.steps.iter().filter(|step| !makes_room_itself(step)) {
        let (made, deleted) = match step.operation {
            Operation::Create { .. } => (1, 0),
            Operation::Delete { .. } => (0, 1),
            Operation::Adopt { .. }
            | Operation::Update { .. }
            | Operation::Hold { .. }
            | Operation::Drop { .. } => continue,
        };
        let demand = demands.entry(&step.address.resource_type).or_default();
        demand.made += made;
        demand.deleted += deleted;
    }
    demands
}

#[cfg(test)]
mod tests;

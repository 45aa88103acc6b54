//! What a plan leaves of an account's quotas, in which waves its units go, and which of them there is no
//! room for.
//!
//! Units of a wave are applied side by side, and what is replaced or taken away is deleted only after
//! the commit point. So everything that a wave makes counts before anything that it deletes gives room
//! back: a wave that fits, fits in whatever order its steps come. The one delete that does give room is
//! that of an in-slot replacement, because its own create waits for it. A unit that does not fit beside
//! the others waits for what they delete, and comes in a later wave.

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
}

/// How the units of a place fit into its quotas.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The quotas that they touch.
    pub touched: Vec<Headroom>,
    /// The units that wait for others to end, and in which wave they go, from 2.
    pub waves: BTreeMap<UnitId, u32>,
    /// The units that there is no room for.
    pub shortages: Vec<Shortage>,
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

/// Holds the plans of a place's units, in order, against what is in use there. Those that there is no
/// room for take no room from the units after them.
pub fn headroom<'p>(
    place: &Place,
    survey: &Survey,
    plans: impl IntoIterator<Item = &'p UnitPlan>,
) -> Fit {
    let mut count = Count::of(survey);
    let mut waiting: Vec<Unit<'p>> =
        plans.into_iter().map(|plan| (&plan.unit, demands(plan))).collect();
    let total = total(&waiting);
    let (mut fit, mut wave) = (Fit::default(), 1);
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|(unit, demands)| {
            let fits = count.shortages(unit, demands).next().is_none();
            if fits {
                count.make(demands);
                fit.waves.extend((wave > 1).then(|| ((*unit).clone(), wave)));
            }
            !fits
        });
        if waiting.len() == before {
            break;
        }
        count.end_wave();
        wave += 1;
    }
    let shortages = waiting.iter().flat_map(|(unit, demands)| count.shortages(unit, demands));
    fit.shortages = shortages.collect();
    // Who there is no room for is still shown in the plan, and so is what it would take.
    waiting.iter().for_each(|(_, demands)| count.make(demands));
    let touched = survey.quotas.iter().filter(|quota| total.contains_key(quota.resource_type));
    fit.touched = touched.map(|quota| count.row(place, quota, &total)).collect();
    fit
}

/// A unit and what it makes and deletes.
type Unit<'p> = (&'p UnitId, BTreeMap<&'p ResourceType, Demand>);

fn total<'p>(units: &[Unit<'p>]) -> BTreeMap<&'p str, Demand> {
    let mut total: BTreeMap<&str, Demand> = BTreeMap::new();
    for (resource_type, demand) in units.iter().flat_map(|(_, demands)| demands) {
        let total = total.entry(resource_type.as_str()).or_default();
        total.made += demand.made;
        total.deleted += demand.deleted;
    }
    total
}

/// What is in use, wave after wave.
struct Count<'s> {
    survey: &'s Survey,
    used: BTreeMap<&'s str, u64>,
    /// The most that was in use so far.
    most: BTreeMap<&'s str, u64>,
    /// What the wave deletes, once it is over.
    freed: BTreeMap<&'s str, u64>,
}

impl<'s> Count<'s> {
    fn of(survey: &'s Survey) -> Self {
        let used: BTreeMap<&str, u64> =
            survey.quotas.iter().map(|quota| (quota.resource_type, quota.used)).collect();
        Self { survey, most: used.clone(), used, freed: BTreeMap::new() }
    }

    /// What of a unit goes beyond a quota, beside everything that is in use now. A limit that is only
    /// assumed keeps nobody out.
    fn shortages(
        &self,
        unit: &UnitId,
        demands: &BTreeMap<&ResourceType, Demand>,
    ) -> impl Iterator<Item = Shortage> {
        let binding = self.survey.quotas.iter().filter(|quota| quota.limit_is != Limit::Assumed);
        binding.filter_map(|quota| {
            let demand = demands.iter().find(|(of, _)| of.as_str() == quota.resource_type)?.1;
            let needed = self.used[quota.resource_type] + demand.made;
            if demand.made == 0 || needed <= quota.limit {
                return None;
            }
            let fits_afterwards = needed.saturating_sub(demand.deleted) <= quota.limit;
            let cause = if fits_afterwards { Cause::Replacement } else { Cause::Full };
            Some(Shortage { unit: unit.clone(), quota: quota.clone(), needed, cause })
        })
    }

    fn make(&mut self, demands: &BTreeMap<&ResourceType, Demand>) {
        for quota in &self.survey.quotas {
            let name = quota.resource_type;
            let demand = demands.iter().find(|(of, _)| of.as_str() == name);
            let demand = demand.map_or_else(Demand::default, |(_, demand)| *demand);
            let used = self.used.entry(name).or_default();
            *used += demand.made;
            let most = self.most.entry(name).or_default();
            *most = (*most).max(*used);
            *self.freed.entry(name).or_default() += demand.deleted;
        }
    }

    fn end_wave(&mut self) {
        for (name, freed) in std::mem::take(&mut self.freed) {
            self.used.entry(name).and_modify(|used| *used = used.saturating_sub(freed));
        }
    }

    fn row(&self, place: &Place, quota: &QuotaUse, total: &BTreeMap<&str, Demand>) -> Headroom {
        let demand = total[quota.resource_type];
        Headroom {
            place: place.clone(),
            resource_type: quota.resource_type.into(),
            title: quota.title.into(),
            used: quota.used,
            peak: self.most[quota.resource_type],
            after: (quota.used + demand.made).saturating_sub(demand.deleted),
            limit: quota.limit,
            limit_is: quota.limit_is,
        }
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

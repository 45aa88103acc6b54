//! What planning a fleet comes to: the units with changes, and what was noticed on the way.

use std::collections::BTreeMap;

use nfplan_engine::address::Address;
use nfplan_engine::address::External;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Desired;
use nfplan_engine::observed::Observed;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::planner::Planned;
use nfplan_engine::preflight::Permissions;
use nfplan_engine::provider::Jobs;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::state::State;
use nfplan_engine::value::Value;
use nfplan_state::unit::Base;

use super::Draft;
use super::Idle;
use crate::access::Access;
use crate::quotas::Quotas;

/// A plan of many units.
#[derive(Debug, Default)]
pub struct FleetPlan {
    /// Units with changes.
    pub units: Vec<Planable>,
    /// Units that cannot be planned, and why.
    pub refused: BTreeMap<UnitId, Vec<Refusal>>,
    /// Objects that could not be read.
    pub unreadable: Vec<(UnitId, Address, String)>,
    /// What stays as it is although the specs want it otherwise.
    pub notes: Vec<(UnitId, Address, String)>,
    /// Units with a run that somebody left open.
    pub open: Vec<UnitId>,
    /// Who reaches what, once the plan is applied.
    pub access: Access,
    /// What the plan leaves of quotas.
    pub quotas: Quotas,
    /// How many jobs end, by unit.
    pub jobs: BTreeMap<UnitId, Jobs>,
    /// Where whoever plans may not do all that the plan takes, or where that could not be told.
    pub permissions: Vec<Permissions>,
    /// How many units were looked at.
    pub looked_at: u64,
    /// How many of them were taken as they are, because it is noted that nothing is to be done.
    pub taken: u64,
    /// Units with nothing to do of which that is not noted yet, if that is asked for.
    pub idle: Vec<Idle>,
    /// Every unit looked at, with or without changes; kept only where that is asked for, because a
    /// fleet is large.
    pub looked: Option<Vec<Looked>>,
}

/// A unit with all that its plan was made from.
#[derive(Debug)]
pub struct Looked {
    /// What is wanted of it.
    pub desired: Desired,
    /// The state planned from.
    pub state: State,
    /// What the cloud was seen to have.
    pub observed: Observed,
    /// The platform's outputs that are known.
    pub externals: BTreeMap<External, Value>,
    /// The plan, or why there is none.
    pub planned: Result<Planned, Vec<Refusal>>,
}

/// A unit with changes, and what its plan was made from.
#[derive(Debug)]
pub struct Planable {
    /// The head that a run must open on.
    pub base: Base,
    /// The state planned from.
    pub state: State,
    /// The plan.
    pub plan: UnitPlan,
    /// Its turn among the units of its place, from 1: later ones wait until earlier ones have ended,
    /// because quotas have no room for all at once.
    pub wave: u32,
}

impl FleetPlan {
    /// The plan document. Who reaches what is said of places in which something moves.
    pub fn document(&self, refresh: Refresh) -> Plan {
        let units = self.units.iter().map(|unit| unit.plan.clone()).collect();
        let mut open_runs = self.open.clone();
        open_runs.sort();
        let mut isolation = self.access.verdicts.clone();
        isolation.retain(|place, _| self.moves(place));
        let Quotas { touched: quotas, unreadable: quotas_unreadable } = self.quotas.clone();
        let checks = Plan { isolation, quotas, quotas_unreadable, ..Plan::new(units, refresh) };
        let (permissions, jobs) = (self.permissions.clone(), self.jobs.clone());
        let waves = self.units.iter().filter(|unit| unit.wave > 1);
        let waves = waves.map(|unit| (unit.plan.unit.clone(), unit.wave)).collect();
        Plan { open_runs, permissions, jobs, waves, ..checks }
    }

    /// Keeps a unit with changes, or why it cannot be planned; every unit where that is asked for.
    pub(super) fn keep(
        &mut self,
        draft: Draft,
        planned: Result<Planned, Vec<Refusal>>,
        externals: &BTreeMap<External, Value>,
    ) {
        match &planned {
            Err(refusals) => {
                self.refused.insert(draft.desired.unit().clone(), refusals.clone());
            }
            Ok(Planned { plan, .. }) => {
                let of_unit = |(address, why): (&Address, &String)| {
                    (plan.unit.clone(), address.clone(), why.clone())
                };
                self.unreadable.extend(plan.unreadable.iter().map(of_unit));
                self.notes.extend(plan.notes.iter().map(of_unit));
                if plan.changes_anything(&draft.state) {
                    let (base, state) = (draft.base.clone(), draft.state.clone());
                    self.units.push(Planable { base, state, plan: plan.clone(), wave: 1 });
                }
            }
        }
        if let Some(looked) = &mut self.looked {
            let Draft { desired, state, observed, .. } = draft;
            let externals = externals.clone();
            looked.push(Looked { desired, state, observed, externals, planned });
        }
    }

    /// Whether anything of a place changes, or cannot be planned.
    pub(super) fn moves(&self, place: &Place) -> bool {
        self.units.iter().any(|unit| unit.plan.unit.place() == place)
            || self.refused.keys().any(|unit| unit.place() == place)
    }
}

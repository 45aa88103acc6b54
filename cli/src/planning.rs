//! From a project to a plan of all its units.
//!
//! Places are gone through one after the other, and within a place the platform first, because
//! workspaces build on its outputs. Of each place, only units with changes are kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::External;
use nfplan_engine::address::Place;
use nfplan_engine::address::Reference;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Desired;
use nfplan_engine::event::Event;
use nfplan_engine::observed::Observed;
use nfplan_engine::observed::Remains;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::planner::PlanInput;
use nfplan_engine::planner::Planned;
use nfplan_engine::planner::plan;
use nfplan_engine::preflight::Permissions;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Jobs;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Wanted;
use nfplan_engine::recover::prospect;
use nfplan_engine::refresh::found;
use nfplan_engine::refresh::only;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::state::State;
use nfplan_engine::value::Value;
use nfplan_specs::blueprint::credentials;
use nfplan_state::unit::Base;
use nfplan_state::unit::load;

use crate::access::Access;
use crate::error::CliError;
use crate::exit::Exit;
use crate::pins::PinTable;
use crate::pins::Pins;
use crate::preflight;
use crate::project::Project;
use crate::quotas;
use crate::quotas::Quotas;
use crate::running_jobs;
use crate::selection::Universe;

mod adoption;
mod draft;
mod request;

/// What a plan says of a researcher whose access was revoked.
const SHUT_OUT: &str =
    "access is revoked, and stays so until `nfplan revoke --lift` lets the researcher in again";

use draft::Draft;
pub use request::Purpose;
pub use request::Request;

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
}

impl FleetPlan {
    /// The plan document.
    pub fn document(&self, refresh: Refresh) -> Plan {
        let units = self.units.iter().map(|unit| unit.plan.clone()).collect();
        let mut open_runs = self.open.clone();
        open_runs.sort();
        let isolation = self.access.verdicts.clone();
        let Quotas { touched: quotas, unreadable: quotas_unreadable } = self.quotas.clone();
        let checks = Plan { isolation, quotas, quotas_unreadable, ..Plan::new(units, refresh) };
        let (permissions, jobs) = (self.permissions.clone(), self.jobs.clone());
        Plan { open_runs, permissions, jobs, ..checks }
    }
}

/// Plans all selected units of a project. Pins that were missing are written to `nfplan.lock`.
pub async fn plan_fleet(
    project: &mut Project,
    universe: &Universe,
    request: &Request,
) -> Result<FleetPlan, CliError> {
    let units = scope(universe, request);
    let pins = look_up(project, &units, request).await?.finish(project)?;
    plan_places(project, universe, request, (&units, &pins), FleetPlan::default()).await
}

/// Plans all selected units of a project, writes nothing at all, and keeps every unit looked at.
pub async fn preview_fleet(
    project: &mut Project,
    universe: &Universe,
    request: &Request,
) -> Result<FleetPlan, CliError> {
    let units = scope(universe, request);
    let pins = look_up(project, &units, request).await?.table()?;
    let (access, looked) = (Access::kept(), Some(Vec::new()));
    let kept = FleetPlan { access, looked, ..FleetPlan::default() };
    plan_places(project, universe, request, (&units, &pins), kept).await
}

/// The units of a plan by place.
type Scope = BTreeMap<Place, BTreeSet<UnitId>>;

fn scope(universe: &Universe, request: &Request) -> Scope {
    let mut units = Scope::new();
    for unit in universe.wanted.iter().chain(&universe.existing) {
        if request.is_about(unit, universe) {
            units.entry(unit.place().clone()).or_default().insert(unit.clone());
        }
    }
    units
}

async fn look_up(
    project: &mut Project,
    units: &Scope,
    request: &Request,
) -> Result<Pins, CliError> {
    let mut pins = Pins::new(request.locked);
    for unit in units.values().flatten().filter(|_| request.purpose != Purpose::Destroy) {
        pins.resolve(project, unit).await?;
    }
    Ok(pins)
}

async fn plan_places(
    project: &Project,
    universe: &Universe,
    request: &Request,
    (units, pins): (&Scope, &PinTable),
    mut fleet_plan: FleetPlan,
) -> Result<FleetPlan, CliError> {
    for (place, units) in units {
        let planner = PlacePlanner { project, request, place, pins };
        planner.plan(units, universe, &mut fleet_plan).await?;
    }
    Ok(fleet_plan)
}

/// Plans the units of one place.
struct PlacePlanner<'a> {
    project: &'a Project,
    request: &'a Request,
    place: &'a Place,
    pins: &'a PinTable,
}

impl PlacePlanner<'_> {
    async fn plan(
        &self,
        units: &BTreeSet<UnitId>,
        universe: &Universe,
        out: &mut FleetPlan,
    ) -> Result<(), CliError> {
        let platform = UnitId::Platform(self.place.clone());
        let mut externals = BTreeMap::new();
        // To shut somebody out must not fail because others reach too much.
        if self.request.purpose == Purpose::Apply {
            out.access.begin(self.place);
        }
        if universe.wanted.contains(&platform) || units.contains(&platform) {
            // The platform's outputs are needed even where only workspaces are selected.
            let mut drafts = vec![self.draft(&platform, universe).await?];
            let selected = units.contains(&platform);
            if selected {
                self.read(&mut drafts, &externals, out).await?;
            }
            if let Some(outputs) = self.decide(drafts.remove(0), &externals, out, selected).await? {
                externals.extend(outputs);
            }
        }
        let mut drafts = Vec::new();
        for unit in units.iter().filter(|unit| unit.user().is_some()) {
            drafts.push(self.draft(unit, universe).await?);
        }
        self.read(&mut drafts, &externals, out).await?;
        for draft in drafts {
            self.decide(draft, &externals, out, true).await?;
        }
        let (store, existing) = (&self.project.store, &universe.existing);
        for (unit, leak) in out.access.judge(store, self.place, existing, units).await? {
            out.refused.entry(unit).or_default().push(leak);
        }
        quotas::check(&self.project.cloud, self.place, self.request, out).await?;
        running_jobs::check(&self.project.cloud, self.place, self.request, out).await;
        // What it takes would be carried around in every plan.
        Box::pin(preflight::check(self.project, self.place, self.request, out)).await;
        Ok(())
    }

    async fn draft(&self, unit: &UnitId, universe: &Universe) -> Result<Draft, CliError> {
        let loaded = load(&self.project.store, unit).await?;
        let open = loaded.open_run.as_ref().map(|run| run.plan.steps.iter());
        let open = open.map(|steps| steps.map(|step| step.address.clone()).collect());
        // What was loaded was held against its digest; what an open run will leave has none yet.
        let closed = loaded.state.is_some() && loaded.open_run.is_none();
        let known = loaded.base.state_digest().filter(|_| closed);
        let mut recorded = loaded.state;
        if let Some(run) = loaded.open_run {
            let source = || run.plan.source.clone();
            let before = recorded.unwrap_or_else(|| State::empty(unit.clone(), source()));
            let events: Vec<Event> = run.events().cloned().collect();
            let predecessor = loaded.base.state_digest();
            let schemas = self.project.cloud.schemas();
            let after = prospect(&before, predecessor, &run.plan, &events, schemas)
                .map_err(|error| CliError::new(Exit::Stuck, format!("{unit}: {error}")))?;
            recorded = Some(after);
        }
        let desired = self.desired(unit, universe, recorded.as_ref())?;
        let state =
            recorded.unwrap_or_else(|| State::empty(unit.clone(), desired.source().clone()));
        Ok(Draft {
            desired,
            state_digest: known.unwrap_or_else(|| state.digest()),
            state,
            base: loaded.base,
            observed: Observed::new(),
            with_strays: None,
            remains: Remains::new(),
            open,
        })
    }

    fn desired(
        &self,
        unit: &UnitId,
        universe: &Universe,
        state: Option<&State>,
    ) -> Result<Desired, CliError> {
        let goes = self.request.purpose == Purpose::Destroy || !universe.wanted.contains(unit);
        match (goes, unit.user()) {
            (true, _) => {
                let source = state.map(|state| state.source.clone());
                let source = source.unwrap_or_else(|| self.project.source());
                Ok(Desired::nothing(unit.clone(), source))
            }
            (false, None) => self.project.platform(self.place),
            (false, Some(_)) => {
                let spec = self.project.spec(unit).expect("wanted workspaces have a spec");
                let none = BTreeMap::new();
                let pins = self.pins.get(self.place).unwrap_or(&none);
                self.project.workspace(spec, pins, self.request.shuts_out(state))
            }
        }
    }

    /// Reads everything that the drafts have to see, with one read for all of them; and with another
    /// one in full what earlier runs left behind, if anything.
    async fn read(
        &self,
        drafts: &mut [Draft],
        externals: &BTreeMap<External, Value>,
        out: &mut FleetPlan,
    ) -> Result<(), CliError> {
        out.open
            .extend(drafts.iter().filter(|d| d.open.is_some()).map(|d| d.desired.unit().clone()));
        if self.request.purpose == Purpose::Adopt {
            return Box::pin(self.search(drafts, externals)).await;
        }
        let depth = match self.request.refresh {
            Refresh::None => return Ok(()),
            Refresh::Bulk => Depth::Bulk,
            Refresh::Deep => Depth::Deep,
        };
        let schemas = self.project.cloud.schemas();
        let read = drafts.iter().map(|draft| draft.wanted(externals, schemas));
        let strays = drafts.iter().map(|draft| draft.wanted_strays(schemas));
        let lists: Vec<Vec<Wanted<'_>>> = read.chain(strays).collect();
        let lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
        let all: Vec<Wanted<'_>> = lists.into_iter().flatten().collect();
        if all.is_empty() {
            return Box::pin(self.read_remains(drafts)).await;
        }
        let sightings = self.project.cloud.read(self.place, depth, &all).await?;
        let addresses: Vec<Address> = all.iter().map(|wanted| wanted.address.clone()).collect();
        let mut found = addresses.into_iter().zip(sightings);
        let mut parts = lengths.into_iter().map(|length| found.by_ref().take(length).collect());
        for (draft, observed) in drafts.iter_mut().zip(parts.by_ref()) {
            draft.observed = observed;
        }
        for (draft, strays) in drafts.iter_mut().zip(parts) {
            draft.learn_strays(&strays, schemas);
        }
        Box::pin(self.read_remains(drafts)).await
    }

    async fn read_remains(&self, drafts: &mut [Draft]) -> Result<(), CliError> {
        let lists: Vec<Vec<Wanted<'_>>> = drafts.iter().map(Draft::wanted_remains).collect();
        let all: Vec<Wanted<'_>> = lists.iter().flatten().cloned().collect();
        if all.is_empty() {
            return Ok(());
        }
        let sightings = self.project.cloud.read(self.place, Depth::Deep, &all).await?;
        let mut sightings = sightings.into_iter();
        let parts = lists.iter().map(|list| found(list, sightings.by_ref().take(list.len())));
        let parts: Vec<Remains> = parts.collect();
        for (draft, remains) in drafts.iter_mut().zip(parts) {
            draft.remains = remains;
        }
        Ok(())
    }

    /// Plans one unit, reads in full what the plan touches, and plans again. Returns the outputs
    /// that others may count on.
    async fn decide(
        &self,
        mut draft: Draft,
        externals: &BTreeMap<External, Value>,
        out: &mut FleetPlan,
        selected: bool,
    ) -> Result<Option<BTreeMap<External, Value>>, CliError> {
        out.looked_at += u64::from(selected);
        let unit = draft.desired.unit().clone();
        let mut planned = self.plan_unit(&draft, externals);
        let in_bulk =
            self.request.refresh == Refresh::Bulk && self.request.purpose != Purpose::Adopt;
        if let (Ok(first), true) = (&planned, in_bulk && selected) {
            let touched = first.plan.touched();
            let all = draft.wanted(externals, self.project.cloud.schemas());
            let list = only(&all, &touched);
            if !list.is_empty() {
                let sightings = self.project.cloud.read(self.place, Depth::Deep, &list).await?;
                let addresses = list.iter().map(|wanted| wanted.address.clone());
                let deep: Vec<_> = addresses.zip(sightings).collect();
                draft.observed.extend(deep);
                planned = self.plan_unit(&draft, externals);
            }
        }
        match &planned {
            Ok(planned) => out.access.add(&draft.desired, planned, externals),
            Err(_) => out.access.add_unplanned(&draft.state, &draft.observed),
        }
        // Nobody counts on what a workspace has.
        let platform = planned.as_ref().ok().filter(|_| unit.user().is_none());
        let outputs = platform.map(|planned| outputs_of(&unit, planned));
        if selected {
            keep(draft, planned, externals, out);
        }
        Ok(outputs)
    }

    fn plan_unit(
        &self,
        draft: &Draft,
        externals: &BTreeMap<External, Value>,
    ) -> Result<Planned, Vec<Refusal>> {
        let unit = draft.desired.unit();
        let schemas = self.project.cloud.schemas();
        let mut planned = plan(PlanInput {
            desired: &draft.desired,
            state: draft.known(),
            state_digest: draft.state_digest,
            observed: &draft.observed,
            remains: &draft.remains,
            externals,
            schemas,
            asked: &self.request.asked(unit),
        })?;
        if draft.desired.source().revoked && self.request.purpose == Purpose::Apply {
            let present = credentials::of_client().into_iter();
            let shut = present.filter(|address| draft.desired.resources().contains_key(address));
            planned.plan.notes.extend(shut.take(1).map(|address| (address, SHUT_OUT.into())));
        }
        Ok(planned)
    }
}

/// The outputs of a platform, as its workspaces refer to them.
fn outputs_of(unit: &UnitId, planned: &Planned) -> BTreeMap<External, Value> {
    let outputs = planned.outputs.iter().flat_map(|(address, outputs)| {
        outputs.iter().map(|(output, value)| {
            let reference = Reference { address: address.clone(), output: output.clone() };
            (External { unit: unit.clone(), reference }, value.clone())
        })
    });
    outputs.collect()
}

/// Keeps a unit with changes, or why it cannot be planned; every unit where that is asked for.
fn keep(
    draft: Draft,
    planned: Result<Planned, Vec<Refusal>>,
    externals: &BTreeMap<External, Value>,
    out: &mut FleetPlan,
) {
    match &planned {
        Err(refusals) => {
            out.refused.insert(draft.desired.unit().clone(), refusals.clone());
        }
        Ok(Planned { plan, .. }) => {
            let of_unit = |(address, why): (&Address, &String)| {
                (plan.unit.clone(), address.clone(), why.clone())
            };
            out.unreadable.extend(plan.unreadable.iter().map(of_unit));
            out.notes.extend(plan.notes.iter().map(of_unit));
            if plan.changes_anything(&draft.state) {
                let (base, state) = (draft.base.clone(), draft.state.clone());
                out.units.push(Planable { base, state, plan: plan.clone() });
            }
        }
    }
    if let Some(looked) = &mut out.looked {
        let Draft { desired, state, observed, .. } = draft;
        let externals = externals.clone();
        looked.push(Looked { desired, state, observed, externals, planned });
    }
}

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
use nfplan_engine::observed::Sighting;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::planner::PlanInput;
use nfplan_engine::planner::Planned;
use nfplan_engine::planner::plan;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Wanted;
use nfplan_engine::recover::prospect;
use nfplan_engine::refresh::found;
use nfplan_engine::refresh::only;
use nfplan_engine::refresh::remains;
use nfplan_engine::refresh::wanted;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::schema::Schemas;
use nfplan_engine::state::State;
use nfplan_engine::strays;
use nfplan_engine::value::Value;
use nfplan_state::unit::Base;
use nfplan_state::unit::load;

use crate::access::Access;
use crate::error::CliError;
use crate::exit::Exit;
use crate::pins::PinTable;
use crate::pins::Pins;
use crate::project::Project;
use crate::quotas;
use crate::quotas::Quotas;
use crate::selection::Selected;
use crate::selection::Universe;

/// What a plan is to be about.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which units.
    pub selected: Selected,
    /// Take the selected units away, whatever the specs say.
    pub destroy: bool,
    /// What to ask the cloud.
    pub refresh: Refresh,
    /// Refuse look-ups that are not pinned.
    pub locked: bool,
    /// Resources to replace: in one unit, or wherever they are.
    pub replace: Vec<(Option<UnitId>, Address)>,
}

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
        Plan { open_runs, ..checks }
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
        if in_scope(unit, universe, request) {
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
    for unit in units.values().flatten().filter(|_| !request.destroy) {
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

/// A platform goes only by `destroy`, and only if it is named or everything is.
fn in_scope(unit: &UnitId, universe: &Universe, request: &Request) -> bool {
    let orphaned_platform = unit.user().is_none() && !universe.wanted.contains(unit);
    if request.destroy {
        universe.existing.contains(unit) && request.selected.names(unit)
    } else {
        !orphaned_platform && request.selected.includes(unit)
    }
}

/// Plans the units of one place.
struct PlacePlanner<'a> {
    project: &'a Project,
    request: &'a Request,
    place: &'a Place,
    pins: &'a PinTable,
}

/// A unit on its way to a plan.
struct Draft {
    desired: Desired,
    state: State,
    base: Base,
    observed: Observed,
    /// The state with objects that it does not know and that have the unit's tags; none if there are
    /// no such objects.
    with_strays: Option<State>,
    /// What the deposed objects look like, the strays among them.
    remains: Remains,
    /// If a run is open, the addresses that its recovery still changes: the plan is made against
    /// what it will leave there, and what is there now is not asked.
    open: Option<BTreeSet<Address>>,
}

impl Draft {
    /// The objects to read.
    fn wanted(&self, externals: &BTreeMap<External, Value>, schemas: &Schemas) -> Vec<Wanted<'_>> {
        let mut list = wanted(&self.desired, &self.state, externals, schemas);
        if let Some(changing) = &self.open {
            list.retain(|wanted| !changing.contains(wanted.address));
        }
        list
    }

    /// What the plan is made from: the state as it is kept, and strays.
    fn known(&self) -> &State {
        self.with_strays.as_ref().unwrap_or(&self.state)
    }

    /// The deposed objects to read.
    fn wanted_remains(&self) -> Vec<Wanted<'_>> {
        let mut list = remains(self.desired.unit(), self.known());
        if let Some(changing) = &self.open {
            list.retain(|wanted| !changing.contains(wanted.address));
        }
        list
    }

    /// Takes in what was found of objects that the state does not know.
    fn learn_strays(&mut self, strays: &Observed, schemas: &Schemas) {
        let is_there = |sighting: &Sighting| matches!(sighting, Sighting::Present(_));
        if strays.values().any(is_there) {
            self.with_strays = Some(strays::adopt(&self.state, strays, schemas));
        }
    }

    /// Where to look for objects that the state does not know.
    fn wanted_strays(&self, schemas: &Schemas) -> Vec<Wanted<'_>> {
        let look =
            self.open.is_none().then(|| strays::wanted(self.desired.unit(), &self.state, schemas));
        look.unwrap_or_default()
    }
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
        if !self.request.destroy {
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
        quotas::check(&self.project.cloud, self.place, self.request, out).await
    }

    async fn draft(&self, unit: &UnitId, universe: &Universe) -> Result<Draft, CliError> {
        let loaded = load(&self.project.store, unit).await?;
        let stored = loaded.state.as_ref().map(|state| state.source.clone());
        let desired = match (self.request.destroy || !universe.wanted.contains(unit), unit.user()) {
            (true, _) => {
                let source = stored.unwrap_or_else(|| self.project.source());
                Desired::nothing(unit.clone(), source)
            }
            (false, None) => self.project.platform(self.place)?,
            (false, Some(_)) => {
                let spec = self.project.spec(unit).expect("wanted workspaces have a spec");
                let none = BTreeMap::new();
                let pins = self.pins.get(self.place).unwrap_or(&none);
                self.project.workspace(spec, pins)?
            }
        };
        let source = desired.source().clone();
        let mut state = loaded.state.unwrap_or_else(|| State::empty(unit.clone(), source));
        let steps = loaded.open_run.as_ref().map(|run| run.plan.steps.iter());
        let open = steps.map(|steps| steps.map(|step| step.address.clone()).collect());
        if let Some(run) = loaded.open_run {
            let events: Vec<Event> = run.events().cloned().collect();
            let predecessor = loaded.base.state_digest();
            let schemas = self.project.cloud.schemas();
            state = prospect(&state, predecessor, &run.plan, &events, schemas)
                .map_err(|error| CliError::new(Exit::Stuck, format!("{unit}: {error}")))?;
        }
        Ok(Draft {
            desired,
            state,
            base: loaded.base,
            observed: Observed::new(),
            with_strays: None,
            remains: Remains::new(),
            open,
        })
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
        if let (Ok(first), Refresh::Bulk, true) = (&planned, self.request.refresh, selected) {
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
        if let Ok(planned) = &planned {
            out.access.add(&draft.desired, &planned.outputs, externals);
        }
        let outputs = planned.as_ref().ok().map(|planned| {
            let external = |(reference, value): (&Reference, &Value)| {
                (External { unit: unit.clone(), reference: reference.clone() }, value.clone())
            };
            planned.outputs.iter().map(external).collect()
        });
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
        let replace = self.request.replace.iter();
        let replace = replace.filter(|(only, _)| only.as_ref().is_none_or(|only| only == unit));
        let schemas = self.project.cloud.schemas();
        let mut planned = plan(PlanInput {
            desired: &draft.desired,
            state: draft.known(),
            observed: &draft.observed,
            remains: &draft.remains,
            externals,
            schemas,
            replace: &replace.map(|(_, address)| address.clone()).collect(),
        })?;
        if draft.with_strays.is_some() {
            // A run opens on the state as it is kept.
            planned.plan.state = draft.state.digest();
            planned.plan.digest = planned.plan.decision_digest();
        }
        Ok(planned)
    }
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

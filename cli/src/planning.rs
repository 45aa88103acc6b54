//! From a project to a plan of all its units.
//!
//! Places are gone through one after the other, and within a place the platform first, because
//! workspaces build on its outputs. Of each place, only units with changes are kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use nfplan_engine::address::Address;
use nfplan_engine::address::External;
use nfplan_engine::address::Place;
use nfplan_engine::address::Reference;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Desired;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Event;
use nfplan_engine::observed::Observed;
use nfplan_engine::observed::Remains;
use nfplan_engine::plan::Refresh;
use nfplan_engine::planner::PlanInput;
use nfplan_engine::planner::Planned;
use nfplan_engine::planner::plan;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Wanted;
use nfplan_engine::recover::prospect;
use nfplan_engine::refresh::found;
use nfplan_engine::refresh::only;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::state::State;
use nfplan_engine::value::Value;
use nfplan_specs::blueprint::credentials;
use nfplan_state::unit::load;

use crate::access::Access;
use crate::error::CliError;
use crate::exit::Exit;
use crate::pins::PinTable;
use crate::pins::Pins;
use crate::preflight;
use crate::project::Project;
use crate::quotas;
use crate::running_jobs;
use crate::selection::Universe;

mod adoption;
mod converged;
mod draft;
mod fleet_plan;
mod request;

/// What a plan says of a researcher whose access was revoked.
const SHUT_OUT: &str =
    "access is revoked, and stays so until `nfplan revoke --lift` lets the researcher in again";

use converged::Idle;
use converged::Known;
pub use converged::Notes;
use converged::SIDE_BY_SIDE;
use converged::known;
pub use converged::renew;
use draft::Draft;
pub use fleet_plan::FleetPlan;
pub use fleet_plan::Looked;
pub use fleet_plan::Planable;
pub use request::Purpose;
pub use request::Request;

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
    let known = &known(project, units, request.notes).await;
    for (place, units) in units {
        let planner = PlacePlanner { project, request, place, pins, known };
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
    known: &'a Known,
}

/// What the workspaces of a place build on.
#[derive(Default)]
struct Ground {
    /// The platform's outputs.
    externals: BTreeMap<External, Value>,
    /// The digest of the platform's state; none if there is no platform.
    platform: Option<Digest>,
}

impl PlacePlanner<'_> {
    async fn plan(
        &self,
        units: &BTreeSet<UnitId>,
        universe: &Universe,
        out: &mut FleetPlan,
    ) -> Result<(), CliError> {
        if self.is_converged(units) {
            out.looked_at += units.len() as u64;
            out.taken += units.len() as u64;
            return Ok(());
        }
        // To shut somebody out must not fail because others reach too much.
        if self.request.purpose == Purpose::Apply {
            out.access.begin(self.place);
        }
        let ground = self.plan_platform(units, universe, out).await?;
        let workspaces = units.iter().filter(|unit| unit.user().is_some());
        let drafts = stream::iter(workspaces).map(|unit| self.draft(unit, universe));
        let drafts: Result<Vec<Draft>, CliError> =
            drafts.buffered(SIDE_BY_SIDE).try_collect().await;
        let mut drafts = drafts?;
        self.read(&mut drafts, &ground.externals, out).await?;
        for draft in drafts {
            self.decide(draft, &ground, out, true).await?;
        }
        self.check_access(units, universe, out).await?;
        self.verify(units, &ground, out)?;
        quotas::check(&self.project.cloud, self.place, self.request, out).await?;
        running_jobs::check(&self.project.cloud, self.place, self.request, out).await;
        // What it takes would be carried around in every plan.
        Box::pin(preflight::check(self.project, self.place, self.request, out)).await;
        Ok(())
    }

    /// Plans the platform. Its outputs are needed even where only workspaces are selected.
    async fn plan_platform(
        &self,
        units: &BTreeSet<UnitId>,
        universe: &Universe,
        out: &mut FleetPlan,
    ) -> Result<Ground, CliError> {
        let platform = UnitId::Platform(self.place.clone());
        let selected = units.contains(&platform);
        if !selected && !universe.wanted.contains(&platform) {
            return Ok(Ground::default());
        }
        let mut drafts = vec![self.draft(&platform, universe).await?];
        let ground = Ground { platform: Some(drafts[0].state_digest), ..Ground::default() };
        if selected {
            self.read(&mut drafts, &ground.externals, out).await?;
        }
        let outputs = self.decide(drafts.remove(0), &ground, out, selected).await?;
        Ok(Ground { externals: outputs.unwrap_or_default(), ..ground })
    }

    /// Judges who reaches what in the place, and refuses units that reach what is not theirs.
    async fn check_access(
        &self,
        units: &BTreeSet<UnitId>,
        universe: &Universe,
        out: &mut FleetPlan,
    ) -> Result<(), CliError> {
        let (store, existing) = (&self.project.store, &universe.existing);
        for (unit, leak) in out.access.judge(store, self.place, existing, units).await? {
            out.refused.entry(unit).or_default().push(leak);
        }
        if out.access.leaks(self.place) {
            out.idle.retain(|idle| idle.base.unit.place() != self.place);
        }
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
        ground: &Ground,
        out: &mut FleetPlan,
        selected: bool,
    ) -> Result<Option<BTreeMap<External, Value>>, CliError> {
        let externals = &ground.externals;
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
            Ok(planned) => {
                out.access.add(&draft.desired, planned, externals);
                self.remember(&draft, planned, ground, out);
            }
            Err(_) => out.access.add_unplanned(&draft.state, &draft.observed),
        }
        // Nobody counts on what a workspace has.
        let platform = planned.as_ref().ok().filter(|_| unit.user().is_none());
        let outputs = platform.map(|planned| outputs_of(&unit, planned));
        if selected {
            out.keep(draft, planned, externals);
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

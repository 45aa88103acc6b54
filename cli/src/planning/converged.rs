//! Units whose plan is known to be empty without making it.
//!
//! A plan that asks the cloud nothing is a pure function: equal settings, pins, platform, state and
//! code give an equal plan. An apply notes of every unit that it leaves with nothing to do what
//! that was found from; a later plan that comes to the same basis takes it as it is.
//!
//! Places are taken whole or not at all, because who reaches what is judged by place: if anything of a
//! place has moved, all of it is planned. A note is made only where nobody reaches what is not theirs.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::stream;
use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;
use nfplan_engine::plan::Refresh;
use nfplan_engine::planner::Planned;
use nfplan_engine::state::Entry;
use nfplan_engine::state::Object;
use nfplan_engine::state::Status;
use nfplan_specs::look_up::look_ups;
use nfplan_state::converged::Noted;
use nfplan_state::converged::converged;
use nfplan_state::converged::note;
use nfplan_state::unit::Base;

use super::Draft;
use super::FleetPlan;
use super::Ground;
use super::PlacePlanner;
use super::Purpose;
use super::Request;
use super::Scope;
use super::look_up;
use super::plan_places;
use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;
use crate::selection::Selected;
use crate::selection::Universe;

/// How many units are read at a time.
pub(super) const SIDE_BY_SIDE: usize = 64;

/// The sources of this build: what others noted means nothing to it.
const SOURCES: &str = env!("PLANNING_SOURCES");

/// What to make of notes that nothing is to be done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Notes {
    /// Nothing.
    #[default]
    Ignore,
    /// Take places as they are of which all units have one.
    Trust,
    /// Plan everything, and hold the notes against it.
    Verify,
    /// Plan everything, and find out what should be noted.
    Renew,
}

/// Of which units nothing is to be done, by what is noted.
pub(super) type Known = BTreeMap<UnitId, Noted>;

/// Reads the notes on all units of a plan, many at a time. What cannot be read is left to the
/// plan, which says why.
pub(super) async fn known(project: &Project, units: &Scope, notes: Notes) -> Known {
    if !matches!(notes, Notes::Trust | Notes::Verify) {
        return Known::new();
    }
    let read = stream::iter(units.values().flatten()).map(|unit| async move {
        let found = converged(&project.store, unit).await.ok().flatten()?;
        Some((unit.clone(), found))
    });
    let read: Vec<_> = read.buffer_unordered(SIDE_BY_SIDE).collect().await;
    read.into_iter().flatten().collect()
}

/// Notes of these units that nothing is to be done, where that is so.
///
/// Each is planned once more, from its state alone: what the cloud was seen to have is no part of
/// what is noted.
pub async fn renew(
    project: &mut Project,
    universe: &Universe,
    units: BTreeSet<UnitId>,
) -> Result<(), CliError> {
    if units.is_empty() {
        return Ok(());
    }
    let request = Request {
        refresh: Refresh::None,
        notes: Notes::Renew,
        locked: true,
        ..Request::new(Selected::Units(units), Purpose::Apply)
    };
    let units = super::scope(universe, &request);
    let pins = look_up(project, &units, &request).await?.table()?;
    let project = &*project;
    let plan = plan_places(project, universe, &request, (&units, &pins), FleetPlan::default());
    let noting = plan.await?.idle;
    let noting = stream::iter(&noting).map(|idle| note(&project.store, &idle.base, idle.basis));
    let noted: Vec<_> = noting.buffer_unordered(SIDE_BY_SIDE).collect().await;
    for result in noted {
        result?;
    }
    Ok(())
}

/// A unit with nothing to do of which that is not noted yet.
#[derive(Debug)]
pub struct Idle {
    /// The head that was planned from.
    pub base: Base,
    /// What the plan was made from, beside the state.
    pub basis: Digest,
}

impl FleetPlan {
    /// The units to look at again once the plan was carried out: those that it changes, those beside
    /// them in the same place, and those of which a note is missing.
    pub fn to_renew(&self, universe: &Universe) -> BTreeSet<UnitId> {
        let places: BTreeSet<_> = self.units.iter().map(|unit| unit.plan.unit.place()).collect();
        let beside = universe.wanted.iter().filter(|unit| places.contains(unit.place()));
        let idle = self.idle.iter().map(|idle| &idle.base.unit);
        beside.chain(idle).cloned().collect()
    }
}

impl PlacePlanner<'_> {
    /// What the plan of a unit is made from, beside its state. None if no spec asks for it.
    fn basis(&self, unit: &UnitId, platform: Option<Digest>) -> Option<Digest> {
        let fleet = &self.project.fleet;
        if unit.user().is_none() {
            let settings = fleet.account(self.place).map(|_| fleet.platform(self.place))?;
            return Some(Digest::of_hash(&(SOURCES, settings.meaning())));
        }
        let settings = fleet.workspace(self.project.spec(unit)?);
        let pins = self.pins.get(self.place);
        let pins = look_ups(&settings).into_iter().map(|look_up| {
            let key = look_up.key();
            pins.and_then(|pins| pins.get(&*key).cloned())
        });
        let pins: Vec<_> = pins.collect();
        Some(Digest::of_hash(&(SOURCES, platform?, settings.meaning(), pins)))
    }

    /// Whether nothing is to be done for a unit, by what is noted.
    fn is_known(&self, unit: &UnitId, platform: Option<Digest>) -> bool {
        let noted = self.known.get(unit);
        noted.is_some_and(|noted| Some(noted.basis) == self.basis(unit, platform))
    }

    /// Whether nothing is to be done for the platform and any workspace of the place, by what is noted.
    pub(super) fn is_converged(&self, units: &BTreeSet<UnitId>) -> bool {
        let platform = self.known.get(&UnitId::Platform(self.place.clone()));
        self.request.notes == Notes::Trust
            && platform.is_some()
            && units.iter().all(|unit| self.is_known(unit, platform.map(|noted| noted.state)))
    }

    /// Refuses a plan that a note says is not there.
    pub(super) fn verify(
        &self,
        units: &BTreeSet<UnitId>,
        ground: &Ground,
        out: &FleetPlan,
    ) -> Result<(), CliError> {
        if self.request.notes != Notes::Verify || !out.moves(self.place) {
            return Ok(());
        }
        let changes = |unit: &UnitId| {
            out.refused.contains_key(unit) || out.units.iter().any(|one| one.plan.unit == *unit)
        };
        let wrong =
            units.iter().filter(|unit| changes(unit) && self.is_known(unit, ground.platform));
        let wrong: Vec<String> = wrong.map(ToString::to_string).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let message = format!(
            "BUG: it is noted of {} that nothing is to be done, and it is not so",
            wrong.join(", ")
        );
        Err(CliError::new(Exit::Error, message)
            .hint("`nfplan apply` plans everything, whatever is noted, and notes it anew"))
    }

    /// Remembers a unit with nothing to do of which that should be noted.
    pub(super) fn remember(
        &self,
        draft: &Draft,
        planned: &Planned,
        ground: &Ground,
        out: &mut FleetPlan,
    ) {
        if self.request.notes != Notes::Renew || !is_idle(draft, planned) {
            return;
        }
        let Some(basis) = self.basis(draft.desired.unit(), ground.platform) else { return };
        let head = draft.base.head.as_ref();
        if head.is_some_and(|versioned| versioned.head.converged != Some(basis)) {
            out.idle.push(Idle { base: draft.base.clone(), basis });
        }
    }
}

/// Whether a plan leaves nothing to do, nothing to say, and nothing that time alone would change.
fn is_idle(draft: &Draft, planned: &Planned) -> bool {
    let plan = &planned.plan;
    let is_calm = |object: &Object| object.status == Status::Ready && object.held_until.is_none();
    let is_plain = |entry: &Entry| entry.deposed.is_empty() && entry.parked.is_none();
    draft.open.is_none()
        && draft.with_strays.is_none()
        && !draft.state.source.revoked
        && draft.state.entries.values().all(is_plain)
        && draft.state.objects().all(|(_, object)| is_calm(object))
        && !plan.changes_anything(&draft.state)
        && plan.notes.is_empty()
        && plan.unreadable.is_empty()
        && plan.findings.is_empty()
        && plan.externals.values().all(Option::is_some)
}

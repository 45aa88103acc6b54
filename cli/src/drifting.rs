//! What of a fleet is not as it was last applied, place by place.
//!
//! Whoever looks is handed a [`Reader`] and nothing that could change the cloud. Nothing is
//! written: no state, no journal, no lease, no pin.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use nfplan_engine::address::Address;
use nfplan_engine::address::External;
use nfplan_engine::address::Place;
use nfplan_engine::address::Reference;
use nfplan_engine::address::UnitId;
use nfplan_engine::asked::Asked;
use nfplan_engine::change::Action;
use nfplan_engine::desired::Desired;
use nfplan_engine::drift::Cause;
use nfplan_engine::drift::Coverage;
use nfplan_engine::drift::Drift;
use nfplan_engine::drift::DriftInput;
use nfplan_engine::drift::Finding;
use nfplan_engine::drift::Underway;
use nfplan_engine::drift::drift;
use nfplan_engine::event::Event;
use nfplan_engine::observed::Observed;
use nfplan_engine::observed::Remains;
use nfplan_engine::observed::Sighting;
use nfplan_engine::planner::PlanInput;
use nfplan_engine::planner::plan;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::Wanted;
use nfplan_engine::recover::prospect;
use nfplan_engine::refresh::wanted;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;
use nfplan_engine::value::Value;
use nfplan_specs::hatchery::HAND;
use nfplan_state::format::RunId;
use nfplan_state::unit::OpenRun;
use nfplan_state::unit::load;

use crate::error::CliError;
use crate::exit::Exit;
use crate::pins::Pins;
use crate::project::Project;
use crate::selection::Selected;
use crate::selection::Universe;

pub mod accepted;
pub mod document;
pub mod lookalikes;
pub mod remedy;
pub mod since;

use accepted::Accepted;
use accepted::Entry;
use accepted::set_aside;
use lookalikes::Lookalikes;

/// What of a fleet differs, and how much of it was seen.
#[derive(Debug)]
pub struct FleetDrift {
    /// How much was asked for.
    pub depth: Depth,
    /// Every unit looked at, in order.
    pub units: Vec<UnitDrift>,
    /// Every entry of the accepted drift, in the order of its file.
    pub entries: Vec<Entry>,
    /// Workspaces that nothing is known of but their queues; looked for only if everything is.
    pub lookalikes: Lookalikes,
}

/// What of one unit differs.
#[derive(Debug)]
pub struct UnitDrift {
    /// The state that it was compared with: the last run's, or what the recovery of an open one will
    /// leave. Without objects if nothing differs, because a fleet is large.
    pub state: State,
    /// The run that somebody left open.
    pub open: Option<RunId>,
    /// What differs and is not accepted.
    pub drift: Drift,
    /// What differs and is accepted for a time.
    pub accepted: Vec<Accepted>,
    /// What an apply would do about it.
    pub outlook: Outlook,
}

/// What an apply would do about drift.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// What it would do with each resource.
    pub actions: BTreeMap<Address, Action>,
    /// Why it would refuse the unit.
    pub refusals: Vec<String>,
    /// Objects that somebody made again, and that it can replace if asked to. Those that would have
    /// to go before their successors are made are not among them: others use them.
    pub replaceable: BTreeSet<Address>,
}

impl FleetDrift {
    /// How much was seen of all units.
    pub fn coverage(&self) -> Coverage {
        let mut coverage = Coverage::default();
        self.units.iter().for_each(|unit| coverage.add(&unit.drift.coverage));
        coverage
    }

    /// Everything that is accepted, with its unit.
    pub fn accepted(&self) -> impl Iterator<Item = (&UnitDrift, &Accepted)> {
        self.units.iter().flat_map(|unit| unit.accepted.iter().map(move |found| (unit, found)))
    }

    /// Everything that differs and is not accepted.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.units.iter().flat_map(|unit| &unit.drift.findings)
    }

    /// Drift is told from what could not be read; the latter is worse, because it may hide anything.
    pub fn exit(&self) -> Exit {
        let drifted = self.findings().any(|finding| finding.cause.is_drift());
        let drifted = drifted || self.lookalikes.orphans().next().is_some();
        let exit = if drifted { Exit::Changes } else { Exit::Fine };
        let unreadable = self.units.iter().any(|unit| unit.drift.coverage.unreadable > 0);
        let unreadable = unreadable || !self.lookalikes.unreadable.is_empty();
        exit.worse(if unreadable { Exit::Unreadable } else { Exit::Fine })
    }
}

/// Compares the selected units of a project, and sets aside what somebody accepted.
pub async fn drift_of(
    project: &mut Project,
    universe: &Universe,
    selected: &Selected,
    depth: Depth,
) -> Result<FleetDrift, CliError> {
    let mut found = look(project, universe, selected, depth).await?;
    let whole = matches!(selected, Selected::Everything);
    set_aside(&mut found, project.fleet.accepted(), today(), whole);
    if whole {
        let environment = project.fleet.environment();
        found.lookalikes = Lookalikes::look(&project.cloud, universe, environment).await;
    }
    Ok(found)
}

/// The day in UTC: the same wherever it is asked for.
pub fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Compares the selected units of a project; what is accepted stands among the rest.
pub async fn look(
    project: &mut Project,
    universe: &Universe,
    selected: &Selected,
    depth: Depth,
) -> Result<FleetDrift, CliError> {
    let all = universe.wanted.union(&universe.existing);
    let units: BTreeSet<UnitId> = all.filter(|unit| selected.includes(unit)).cloned().collect();
    let mut pins = Pins::new(false);
    for unit in &units {
        pins.resolve(project, unit).await?;
    }
    let pins = pins.table()?;
    let wish = |unit: &UnitId, state: Option<&State>| -> Result<Option<Desired>, CliError> {
        match (universe.wanted.contains(unit), project.spec(unit)) {
            (true, Some(spec)) => {
                let none = BTreeMap::new();
                let pins = pins.get(unit.place()).unwrap_or(&none);
                let revoked = state.is_some_and(|state| state.source.revoked);
                project.workspace(spec, pins, revoked).map(Some)
            }
            (true, None) => project.platform(unit.place()).map(Some),
            (false, _) => Ok(None),
        }
    };
    let lookout = Lookout { reader: &project.cloud, store: &project.store, depth, wish };
    lookout.look(&units).await
}

/// Whoever looks.
#[derive(Debug)]
pub struct Lookout<'a, R, S, W> {
    /// The cloud, to be read only.
    pub reader: &'a R,
    /// Where states are.
    pub store: &'a S,
    /// How much to ask for.
    pub depth: Depth,
    /// What the specs want of a unit that has this state; none if they do not have it.
    pub wish: W,
}

/// A unit that is looked at.
struct Subject {
    desired: Desired,
    /// Whether the specs decide what is wanted. They do not for a platform that they do not have: it
    /// stays until it is destroyed.
    decided: bool,
    state: State,
    open: Option<OpenRun>,
    observed: Observed,
}

type Externals = BTreeMap<External, Value>;

impl<R: Reader, S: Store, W> Lookout<'_, R, S, W>
where
    W: Fn(&UnitId, Option<&State>) -> Result<Option<Desired>, CliError>,
{
    /// Looks at units, with one read for each place.
    ///
    /// # Errors
    /// If a state cannot be read or a spec not be expanded. A place that cannot be read is no error:
    /// its objects are unreadable.
    pub async fn look(&self, units: &BTreeSet<UnitId>) -> Result<FleetDrift, CliError> {
        let mut by_place: BTreeMap<&Place, Vec<&UnitId>> = BTreeMap::new();
        for unit in units {
            by_place.entry(unit.place()).or_default().push(unit);
        }
        let (units, entries) = (Vec::new(), Vec::new());
        let lookalikes = Lookalikes::default();
        let mut found = FleetDrift { depth: self.depth, units, entries, lookalikes };
        for (place, units) in by_place {
            let externals = self.externals(place).await?;
            let mut subjects = Vec::new();
            for unit in units {
                subjects.extend(self.subject(unit).await?);
            }
            self.read(place, &mut subjects, &externals).await;
            found
                .units
                .extend(subjects.into_iter().map(|subject| self.compare(subject, &externals)));
        }
        found.units.sort_by(|a, b| a.state.unit.cmp(&b.state.unit));
        Ok(found)
    }

    /// What a platform offers by its state.
    async fn externals(&self, place: &Place) -> Result<Externals, CliError> {
        let unit = UnitId::Platform(place.clone());
        let (state, _) = self.state(&unit).await?;
        let mut externals = Externals::new();
        for (address, entry) in state.iter().flat_map(|state| &state.entries) {
            let object = entry.current.as_ref();
            let outputs =
                object.into_iter().flat_map(|object| object.inputs.iter().chain(&object.outputs));
            externals.extend(outputs.map(|(name, value)| {
                let reference = Reference { address: address.clone(), output: name.clone() };
                (External { unit: unit.clone(), reference }, value.clone())
            }));
        }
        Ok(externals)
    }

    /// The state of a unit, and the open run after which it will be so.
    async fn state(&self, unit: &UnitId) -> Result<(Option<State>, Option<OpenRun>), CliError> {
        let loaded = load(self.store, unit).await?;
        let Some(run) = loaded.open_run else { return Ok((loaded.state, None)) };
        let before =
            loaded.state.unwrap_or_else(|| State::empty(unit.clone(), run.plan.source.clone()));
        let events: Vec<Event> = run.events().cloned().collect();
        let digest = loaded.base.state_digest();
        let state = prospect(&before, digest, &run.plan, &events, self.reader.schemas())
            .map_err(|error| CliError::new(Exit::Stuck, format!("{unit}: {error}")))?;
        Ok((Some(state), Some(run)))
    }

    /// A unit with what is wanted of it; none if there is neither a spec nor a state.
    async fn subject(&self, unit: &UnitId) -> Result<Option<Subject>, CliError> {
        let (state, open) = self.state(unit).await?;
        let wish = (self.wish)(unit, state.as_ref())?;
        let source = wish.as_ref().map(|desired| desired.source().clone());
        let Some(source) = state.as_ref().map(|state| state.source.clone()).or(source) else {
            return Ok(None);
        };
        let decided = wish.is_some() || unit.user().is_some();
        let desired = wish.unwrap_or_else(|| Desired::nothing(unit.clone(), source.clone()));
        let state = state.unwrap_or_else(|| State::empty(unit.clone(), source));
        Ok(Some(Subject { desired, decided, state, open, observed: Observed::new() }))
    }

    /// Reads everything that there is to see, with one read for all units of a place.
    async fn read(&self, place: &Place, subjects: &mut [Subject], externals: &Externals) {
        let schemas = self.reader.schemas();
        let lists: Vec<Vec<Wanted<'_>>> = subjects
            .iter()
            .map(|subject| wanted(&subject.desired, &subject.state, externals, schemas))
            .collect();
        let lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
        let all: Vec<Wanted<'_>> = lists.into_iter().flatten().collect();
        if all.is_empty() {
            return;
        }
        let sightings = self.reader.read(place, self.depth, &all).await.unwrap_or_else(|error| {
            vec![Sighting::Unreadable { reason: error.to_string() }; all.len()]
        });
        let addresses: Vec<Address> = all.iter().map(|wanted| wanted.address.clone()).collect();
        let mut found = addresses.into_iter().zip(sightings);
        for (subject, length) in subjects.iter_mut().zip(lengths) {
            subject.observed = found.by_ref().take(length).collect();
        }
    }

    fn compare(&self, subject: Subject, externals: &Externals) -> UnitDrift {
        let Subject { desired, decided, state, open, observed } = subject;
        let started = open.iter().flat_map(OpenRun::events).filter_map(|event| match event {
            Event::Started { step, .. } | Event::UndoStarted { step } => Some(*step),
            _ => None,
        });
        let started = started.collect();
        let underway = open.as_ref().map(|run| Underway { plan: &run.plan, started });
        let drift = drift(DriftInput {
            desired: decided.then_some(&desired),
            state: &state,
            observed: &observed,
            externals,
            schemas: self.reader.schemas(),
            open: underway.as_ref(),
            hands: &[HAND],
        });
        let open = open.map(|run| run.id);
        if drift.findings.is_empty() {
            let state = State::empty(state.unit, state.source);
            return UnitDrift {
                state,
                open,
                drift,
                accepted: Vec::new(),
                outlook: Outlook::default(),
            };
        }
        // After a recovery, the cloud is another one than what was seen now.
        let outlook = match open {
            None if decided => self.outlook((&desired, &state, &observed), externals, &drift),
            _ => Outlook::default(),
        };
        UnitDrift { state, open, drift, accepted: Vec::new(), outlook }
    }

    /// What an apply would do by what was seen.
    fn outlook(
        &self,
        (desired, state, observed): (&Desired, &State, &Observed),
        externals: &Externals,
        drift: &Drift,
    ) -> Outlook {
        let schemas = self.reader.schemas();
        let actions = |replace: BTreeSet<Address>| {
            let (remains, asked) = (&Remains::new(), &Asked { replace, ..Asked::default() });
            let state_digest = state.digest();
            let input = PlanInput {
                desired,
                state,
                state_digest,
                observed,
                remains,
                externals,
                schemas,
                asked,
            };
            let changes = plan(input)?.plan.changes.into_iter();
            Ok(changes.map(|change| (change.address, change.action)).collect())
        };
        let planned: Result<BTreeMap<Address, Action>, Vec<Refusal>> = actions(BTreeSet::new());
        let actions_of = match planned {
            Ok(actions) => actions,
            Err(refusals) => {
                let refusals = refusals.iter().map(ToString::to_string).collect();
                return Outlook { refusals, ..Outlook::default() };
            }
        };
        let remade = drift
            .findings
            .iter()
            .filter(|finding| finding.cause == Cause::RemadeOutside && finding.attribute.is_none());
        let remade: BTreeSet<Address> = remade.map(|finding| finding.address.clone()).collect();
        let replaced = |address: &&Address| {
            let asked = actions(BTreeSet::from([(*address).clone()]));
            asked.is_ok_and(|actions| actions.get(*address) == Some(&Action::Replace))
        };
        let replaceable = remade.iter().filter(replaced).cloned().collect();
        Outlook { actions: actions_of, refusals: Vec::new(), replaceable }
    }
}

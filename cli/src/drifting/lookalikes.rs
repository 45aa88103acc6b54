//! Job queues that look like a workspace's and belong to none that is known: every workspace has one,
//! Hatchery's and those whose specs and states are gone too.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::access::text::includes;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::provider::QueueSeen;
use nfplan_engine::provider::Reader;
use nfplan_specs::blueprint::names::WorkspaceNames;
use nfplan_specs::settings::Environment;

use crate::selection::Universe;

/// Workspaces that nothing is known of but their queues.
#[derive(Debug, Default)]
pub struct Lookalikes {
    /// By place, in order.
    pub found: Vec<Lookalike>,
    /// Places whose queues could not be listed, and why.
    pub unreadable: BTreeMap<Place, String>,
}

/// A queue of a workspace that nothing else is known of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lookalike {
    /// Where it is.
    pub place: Place,
    /// What it is called.
    pub queue: RemoteId,
    /// The unit that its tags name: nfplan made it, and neither the specs nor the states have that
    /// unit. None if only its name is like one of nfplan's.
    pub unit: Option<UnitId>,
}

impl Lookalikes {
    /// Looks in every place of a universe.
    pub async fn look(
        reader: &impl Reader,
        universe: &Universe,
        environment: &Environment,
    ) -> Self {
        let units = || universe.wanted.iter().chain(&universe.existing);
        let places: BTreeSet<&Place> = units().map(UnitId::place).collect();
        let mut all = Self::default();
        for place in places {
            let known: BTreeSet<&UnitId> = units().filter(|unit| unit.place() == place).collect();
            match reader.queues(place).await {
                Ok(queues) => all.found.extend(among(queues, place, &known, environment)),
                Err(error) => drop(all.unreadable.insert(place.clone(), error.to_string())),
            }
        }
        all.found.sort();
        all
    }

    /// Those that nfplan made.
    pub fn orphans(&self) -> impl Iterator<Item = &Lookalike> {
        self.found.iter().filter(|one| one.unit.is_some())
    }
}

fn among(
    queues: Vec<QueueSeen>,
    place: &Place,
    known: &BTreeSet<&UnitId>,
    environment: &Environment,
) -> Vec<Lookalike> {
    let host = environment.host();
    let alike = WorkspaceNames::of_everybody(host.clone()).job_queue();
    let own: Vec<String> = known
        .iter()
        .filter_map(|unit| unit.user())
        .map(|user| WorkspaceNames::new(host.clone(), user).job_queue())
        .collect();
    let is_own = |name: &str| own.iter().any(|own| is_of(own, name));
    let look = |seen: QueueSeen| {
        let QueueSeen { remote_id: queue, environment: of, unit } = seen;
        let ours = of.as_deref() == Some(&*environment.name);
        let unit = unit.filter(|_| ours);
        let strange = match &unit {
            Some(unit) => !known.contains(unit),
            None => !ours && includes(&alike, queue.as_str()) && !is_own(queue.as_str()),
        };
        strange.then(|| Lookalike { place: place.clone(), queue, unit })
    };
    queues.into_iter().filter_map(look).collect()
}

/// Whether a name is this one, or that of a later generation.
fn is_of(own: &str, name: &str) -> bool {
    let rest = name.strip_prefix(own);
    let later = |rest: &str| {
        let generation = rest.strip_prefix("-g");
        generation.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    rest.is_some_and(|rest| rest.is_empty() || later(rest))
}

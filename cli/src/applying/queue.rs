//! Which unit is begun next.
//!
//! Places do not wait for each other. Within one, what is built goes from the platform to the workspaces
//! that build on it, and what is taken away the other way round. Of the places that have a unit to begin,
//! the one with the fewest under way is next, so that small accounts are not kept waiting by large ones.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;

use crate::planning::Planable;

/// How many units of one place are under way at once: with more, their calls would wait for each other
/// for longer than a call may take, because AWS takes only so many a second of one account.
const IN_ONE_PLACE: usize = 16;

/// Units that wait to be begun.
#[derive(Debug, Default)]
pub(super) struct Queue(BTreeMap<Place, Here>);

/// The units of one place.
#[derive(Debug, Default)]
struct Here {
    /// A platform that is built or changed, the workspaces wave by wave, and a platform that goes.
    stages: BTreeMap<u32, VecDeque<Planable>>,
    /// How many of the first stage are under way.
    under_way: usize,
}

impl Queue {
    /// All of these units wait.
    pub(super) fn of(units: Vec<Planable>) -> Self {
        let mut queue = Self::default();
        for unit in units {
            let stage = match unit.plan.unit.user() {
                Some(_) => unit.wave,
                None if unit.plan.takes_away() => u32::MAX,
                None => 0,
            };
            let here = queue.0.entry(unit.plan.unit.place().clone()).or_default();
            here.stages.entry(stage).or_default().push_back(unit);
        }
        queue
    }

    /// Takes the unit to begin now, if one may be begun before another ends.
    pub(super) fn next(&mut self) -> Option<Planable> {
        let ready = self.0.values_mut().filter_map(|here| here.is_ready().then_some(here));
        let here = ready.min_by_key(|here| here.under_way)?;
        let unit = here.stages.first_entry()?.get_mut().pop_front()?;
        here.under_way += 1;
        Some(unit)
    }

    /// A unit that was taken has come to its end.
    pub(super) fn ended(&mut self, unit: &UnitId) {
        if let Some(here) = self.0.get_mut(unit.place()) {
            here.under_way -= 1;
        }
    }
}

impl Here {
    /// Whether a unit may be begun. Moves on to the next stage once the one before is over.
    fn is_ready(&mut self) -> bool {
        while self.under_way == 0
            && let Some(stage) = self.stages.first_entry().filter(|stage| stage.get().is_empty())
        {
            stage.remove();
        }
        let now = self.stages.first_key_value();
        self.under_way < IN_ONE_PLACE && now.is_some_and(|(_, stage)| !stage.is_empty())
    }
}

//! What platforms offer, from their last committed states.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::External;
use nfplan_engine::address::UnitId;
use nfplan_engine::event::Event;
use nfplan_engine::fold::fold;
use nfplan_engine::journal::Externals;
use nfplan_engine::journal::JournalError;
use nfplan_engine::schema::Schemas;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;
use nfplan_engine::value::Value;
use nfplan_state::unit::Loaded;
use nfplan_state::unit::load;

/// Reads platform outputs from the state store.
#[derive(Debug)]
pub struct StoredExternals<'a, S> {
    /// Where states are.
    pub store: &'a S,
    /// The schemas, to fold a run that has passed its commit point.
    pub schemas: &'a Schemas,
}

impl<S: Store> Externals for StoredExternals<'_, S> {
    async fn current(
        &self,
        wanted: &BTreeSet<External>,
    ) -> Result<BTreeMap<External, Value>, JournalError> {
        let mut values = BTreeMap::new();
        let units: BTreeSet<&UnitId> = wanted.iter().map(|external| &external.unit).collect();
        for unit in units {
            let unavailable =
                |reason: String| JournalError::Unavailable { unit: unit.to_string(), reason };
            let loaded = load(self.store, unit).await.map_err(|e| unavailable(e.to_string()))?;
            let Some(state) = self.committed(&loaded).map_err(unavailable)? else { continue };
            for external in wanted.iter().filter(|external| external.unit == *unit) {
                if let Some(value) = state.output(&external.reference) {
                    values.insert(external.clone(), value.clone());
                }
            }
        }
        Ok(values)
    }
}

impl<S> StoredExternals<'_, S> {
    /// The last committed state: the snapshot, or the fold of a run past its commit point.
    fn committed(&self, loaded: &Loaded) -> Result<Option<State>, String> {
        let Some(run) = &loaded.open_run else { return Ok(loaded.state.clone()) };
        let events: Vec<Event> = run.events().cloned().collect();
        if !events.contains(&Event::Committed) {
            return Ok(loaded.state.clone());
        }
        let source = run.plan.source.clone();
        let empty = State::empty(run.plan.unit.clone(), source);
        let before = loaded.state.as_ref().unwrap_or(&empty);
        let predecessor = loaded.base.state_digest();
        fold(before, predecessor, &run.plan, &events, self.schemas)
            .map(Some)
            .map_err(|error| error.to_string())
    }
}

//! A unit while it is being planned: what is wanted, what is recorded, and what was seen.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::External;
use nfplan_engine::desired::Desired;
use nfplan_engine::digest::Digest;
use nfplan_engine::observed::Observed;
use nfplan_engine::observed::Remains;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Wanted;
use nfplan_engine::refresh::remains;
use nfplan_engine::refresh::wanted;
use nfplan_engine::schema::Schemas;
use nfplan_engine::state::State;
use nfplan_engine::strays;
use nfplan_engine::value::Value;
use nfplan_state::unit::Base;

/// A unit on its way to a plan.
pub(super) struct Draft {
    pub(super) desired: Desired,
    pub(super) state: State,
    /// The digest of the state as it is kept, on which a run opens.
    pub(super) state_digest: Digest,
    pub(super) base: Base,
    pub(super) observed: Observed,
    /// The state with objects that it does not know and that have the unit's tags; none if there are
    /// no such objects.
    pub(super) with_strays: Option<State>,
    /// What the deposed objects look like, the strays among them.
    pub(super) remains: Remains,
    /// If a run is open, the addresses that its recovery still changes: the plan is made against
    /// what it will leave there, and what is there now is not asked.
    pub(super) open: Option<BTreeSet<Address>>,
}

impl Draft {
    /// The objects to read.
    pub(super) fn wanted(
        &self,
        externals: &BTreeMap<External, Value>,
        schemas: &Schemas,
    ) -> Vec<Wanted<'_>> {
        let mut list = wanted(&self.desired, &self.state, externals, schemas);
        if let Some(changing) = &self.open {
            list.retain(|wanted| !changing.contains(wanted.address));
        }
        list
    }

    /// What the plan is made from: the state as it is kept, and strays.
    pub(super) fn known(&self) -> &State {
        self.with_strays.as_ref().unwrap_or(&self.state)
    }

    /// The deposed objects to read.
    pub(super) fn wanted_remains(&self) -> Vec<Wanted<'_>> {
        let mut list = remains(self.desired.unit(), self.known());
        if let Some(changing) = &self.open {
            list.retain(|wanted| !changing.contains(wanted.address));
        }
        list
    }

    /// Takes in what was found of objects that the state does not know.
    pub(super) fn learn_strays(&mut self, strays: &Observed, schemas: &Schemas) {
        let is_there = |sighting: &Sighting| matches!(sighting, Sighting::Present(_));
        if strays.values().any(is_there) {
            self.with_strays = Some(strays::adopt(&self.state, strays, schemas));
        }
    }

    /// Where to look for objects that the state does not know.
    pub(super) fn wanted_strays(&self, schemas: &Schemas) -> Vec<Wanted<'_>> {
        let look =
            self.open.is_none().then(|| strays::wanted(self.desired.unit(), &self.state, schemas));
        look.unwrap_or_default()
    }
}

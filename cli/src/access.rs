//! Who will reach what in the planned places: units in the plan as it leaves them, the others as their
//! states have them. Of a value that others have parts in, the whole counts.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::access::isolation;
use nfplan_engine::access::isolation::Account;
use nfplan_engine::access::isolation::Isolation;
use nfplan_engine::access::isolation::Leak;
use nfplan_engine::address::External;
use nfplan_engine::address::Place;
use nfplan_engine::address::Reference;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Desired;
use nfplan_engine::diff::last_seen;
use nfplan_engine::expr::Expr;
use nfplan_engine::expr::Lookup;
use nfplan_engine::observed::Observed;
use nfplan_engine::observed::Sighting;
use nfplan_engine::planner::Planned;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::refusal::RefusalKind;
use nfplan_engine::state::State;
use nfplan_engine::value::Value;
use nfplan_specs::blueprint::access::Holdings;
use nfplan_specs::blueprint::access::account;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::load;

use crate::error::CliError;

/// Who reaches what, by place.
#[derive(Debug, Default)]
pub struct Access {
    /// The verdicts on places with several researchers.
    pub verdicts: BTreeMap<Place, Isolation>,
    /// What they were made from; kept only where that is asked for, because a fleet is large.
    pub accounts: Option<BTreeMap<Place, Account>>,
    /// The place that is being planned; none if everything in it goes.
    gathering: Option<Gathering>,
}

/// What access hangs on in one place.
#[derive(Debug)]
struct Gathering {
    platform: Holdings,
    workspaces: Vec<Holdings>,
}

/// What is known of outputs once a unit is planned.
struct Known<'a> {
    planned: &'a Planned,
    externals: &'a BTreeMap<External, Value>,
}

impl Lookup for Known<'_> {
    fn reference(&self, reference: &Reference) -> Option<&Value> {
        self.planned.output(reference)
    }

    fn external(&self, external: &External) -> Option<&Value> {
        self.externals.get(external)
    }
}

impl Access {
    /// Keeps what verdicts are made from.
    pub fn kept() -> Self {
        Self { accounts: Some(BTreeMap::new()), ..Self::default() }
    }

    /// Begins with a place.
    pub fn begin(&mut self, place: &Place) {
        let platform = Holdings::of(UnitId::Platform(place.clone()), "");
        self.gathering = Some(Gathering { platform, workspaces: Vec::new() });
    }

    /// Whether anybody of a place reaches what is not theirs.
    pub fn leaks(&self, place: &Place) -> bool {
        self.verdicts.get(place).is_some_and(|verdict| !verdict.leaks.is_empty())
    }

    /// Adds a unit of the place as its plan leaves it.
    pub fn add(
        &mut self,
        desired: &Desired,
        planned: &Planned,
        externals: &BTreeMap<External, Value>,
    ) {
        if let Some(gathering) = &mut self.gathering {
            gathering.add_planned(desired, planned, externals);
        }
    }

    /// Adds a unit that cannot be planned: it stays as it is.
    pub fn add_unplanned(&mut self, state: &State, observed: &Observed) {
        if let Some(gathering) = &mut self.gathering {
            gathering.add_state(state, observed);
        }
    }

    /// Judges the place, the units that are in no plan included, and says which units reach what is
    /// not theirs.
    pub async fn judge(
        &mut self,
        store: &AnyStore,
        place: &Place,
        existing: &BTreeSet<UnitId>,
        planned: &BTreeSet<UnitId>,
    ) -> Result<Vec<(UnitId, Refusal)>, CliError> {
        let Some(mut gathering) = self.gathering.take() else { return Ok(Vec::new()) };
        for unit in existing.difference(planned).filter(|unit| unit.place() == place) {
            if unit.user().is_some()
                && let Some(state) = load(store, unit).await?.state
                && !state.is_vacant()
            {
                gathering.add_state(&state, &Observed::new());
            }
        }
        gathering.workspaces.sort_by(|one, other| one.unit.cmp(&other.unit));
        let account = account(&gathering.platform, &gathering.workspaces);
        let verdict = isolation::check(&account);
        // What others reach already is no reason to refuse those who change.
        let leaks = verdict.leaks.iter().filter(|leak| planned.contains(&leak.from));
        let refusal = |leak: &Leak| Refusal::of_unit(RefusalKind::Leak, leak.to_string());
        let refusals = leaks.map(|leak| (leak.from.clone(), refusal(leak))).collect();
        if verdict.researchers > 1 {
            self.verdicts.insert(place.clone(), verdict);
        }
        if let Some(accounts) = &mut self.accounts {
            accounts.insert(place.clone(), account);
        }
        Ok(refusals)
    }
}

impl Gathering {
    /// Adds a unit as its plan leaves it.
    fn add_planned(
        &mut self,
        desired: &Desired,
        planned: &Planned,
        externals: &BTreeMap<External, Value>,
    ) {
        let known = Known { planned, externals };
        let user = desired.source().user.as_deref().unwrap_or_default();
        let mut holdings = Holdings::of(desired.unit().clone(), user);
        let needed =
            desired.resources().values().filter(|resource| Holdings::needs(&resource.address));
        for resource in needed {
            let address = &resource.address;
            let inputs = resource.inputs.iter();
            let inputs = inputs.map(|(name, expr)| {
                let reference = Reference { address: address.clone(), output: name.clone() };
                let expr = planned.shared.get(&reference).unwrap_or(expr);
                (name.clone(), expr.resolve(&known))
            });
            holdings.add(address, inputs.collect());
            for (attribute, origin) in &resource.origins {
                let reference = Reference { address: address.clone(), output: attribute.clone() };
                holdings.add_origin(reference, desired.place_of(*origin));
            }
        }
        for (address, outputs) in planned.outputs.iter().filter(|(one, _)| Holdings::needs(one)) {
            for (output, value) in outputs {
                let reference = Reference { address: address.clone(), output: output.clone() };
                holdings.add_output(reference, value.clone());
            }
        }
        self.put(holdings);
    }

    /// Adds a unit as its state has it, and as far as it was read, as it is.
    fn add_state(&mut self, state: &State, observed: &Observed) {
        let user = state.source.user.as_deref().unwrap_or_default();
        let mut holdings = Holdings::of(state.unit.clone(), user);
        for (address, entry) in &state.entries {
            let Some(object) = entry.current.as_ref().filter(|_| Holdings::needs(address)) else {
                continue;
            };
            let live = observed.get(address).and_then(Sighting::live);
            let inputs = object.inputs.keys();
            let inputs = inputs.filter_map(|name| {
                let value = last_seen(name, Some(object), live)?;
                Some((name.clone(), Expr::Value(value.clone())))
            });
            holdings.add(address, inputs.collect());
            for (name, value) in &object.outputs {
                let reference = Reference { address: address.clone(), output: name.clone() };
                holdings.add_output(reference, value.clone());
            }
        }
        self.put(holdings);
    }

    fn put(&mut self, holdings: Holdings) {
        match holdings.unit {
            UnitId::Platform(_) => self.platform = holdings,
            UnitId::Workspace(..) => self.workspaces.push(holdings),
        }
    }
}

//! Which units a command is about.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::likeness::near;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::Loaded;
use nfplan_state::unit::list_units;
use nfplan_state::unit::load;

use crate::error::CliError;

/// Every unit of a project: wanted by specs, or still having objects by its state.
#[derive(Debug, Default)]
pub struct Universe {
    /// Units that specs ask for.
    pub wanted: BTreeSet<UnitId>,
    /// Units of which the store keeps something. [`Universe::survey`] leaves out those that no spec
    /// asks for and that have neither an object nor an open run any more.
    pub existing: BTreeSet<UnitId>,
    /// Names by which people know units: user names as written, escaped ones, platforms.
    names: Vec<(String, UnitId)>,
}

impl Universe {
    /// Lists the units of specs and states. Only the states of units that no spec asks for are read:
    /// of the others, the plan reads them anyway.
    pub async fn survey(fleet: Option<&Fleet>, store: &AnyStore) -> Result<Self, CliError> {
        let mut universe = Self::wanted_by(fleet);
        for unit in list_units(store).await? {
            if universe.wanted.contains(&unit) {
                universe.existing.insert(unit);
                continue;
            }
            let loaded = load(store, &unit).await?;
            if exists(&loaded) {
                let user = loaded.state.and_then(|state| state.source.user);
                universe.names.extend(user.map(|user| (user.into(), unit.clone())));
                universe.existing.insert(unit);
            }
        }
        universe.name_by_id();
        Ok(universe)
    }

    /// Lists the units of specs and everything that is kept of any unit, also of those that have
    /// nothing any more or cannot be read: for commands that look after states.
    pub async fn survey_whole(fleet: Option<&Fleet>, store: &impl Store) -> Result<Self, CliError> {
        let mut universe = Self::wanted_by(fleet);
        for unit in list_units(store).await? {
            if !universe.wanted.contains(&unit)
                && let Ok(Loaded { state: Some(state), .. }) = load(store, &unit).await
            {
                let user = state.source.user.map(String::from);
                universe.names.extend(user.map(|user| (user, unit.clone())));
            }
            universe.existing.insert(unit);
        }
        universe.name_by_id();
        Ok(universe)
    }

    /// The units that specs ask for, with their names.
    fn wanted_by(fleet: Option<&Fleet>) -> Self {
        let mut universe = Self::default();
        for spec in fleet.into_iter().flat_map(Fleet::workspaces) {
            universe.wanted.insert(spec.unit().clone());
            universe.wanted.insert(spec.unit().platform());
            universe.names.push((spec.user().to_owned(), spec.unit().clone()));
        }
        for account in fleet.into_iter().flat_map(Fleet::accounts) {
            let unit = UnitId::Platform(account.place.clone());
            universe.names.push((format!("platform:{}", account.name), unit));
        }
        universe
    }

    fn name_by_id(&mut self) {
        for unit in self.wanted.iter().chain(&self.existing) {
            self.names.push((unit.to_string(), unit.clone()));
            self.names.push(match unit {
                UnitId::Platform(place) => (format!("platform:{}", place.account), unit.clone()),
                UnitId::Workspace(_, user) => (user.to_string(), unit.clone()),
            });
        }
    }

    /// The units that selectors name; everything if there are none. A selector that matches nothing
    /// is refused, with the nearest name.
    pub fn select(&self, selectors: &[String]) -> Result<Selected, CliError> {
        if selectors.is_empty() {
            return Ok(Selected::Everything);
        }
        let known = |unit: &UnitId| self.wanted.contains(unit) || self.existing.contains(unit);
        let mut units = BTreeSet::new();
        let mut missed = Vec::new();
        for selector in selectors {
            let found: Vec<&UnitId> = self
                .names
                .iter()
                .filter(|(name, unit)| name == selector && known(unit))
                .map(|(_, unit)| unit)
                .collect();
            if found.is_empty() {
                missed.push(selector);
            }
            units.extend(found.into_iter().cloned());
        }
        match missed.as_slice() {
            [] => Ok(Selected::Units(units)),
            missed => Err(self.nothing_matches(missed)),
        }
    }

    /// The one workspace of a researcher.
    pub fn researcher(&self, user: &str) -> Result<UnitId, CliError> {
        let units = match self.select(&[user.to_owned()])? {
            Selected::Units(units) => units,
            Selected::Everything => self.wanted.clone(),
        };
        let workspaces: Vec<UnitId> =
            units.into_iter().filter(|unit| unit.user().is_some()).collect();
        match workspaces.as_slice() {
            [unit] => Ok(unit.clone()),
            [] => Err(CliError::refused(format!("`{user}` is no researcher"))),
            several => {
                let names: Vec<String> = several.iter().map(ToString::to_string).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let error = CliError::refused(format!("`{user}` has several workspaces"));
                Err(error.did_you_mean(&names))
            }
        }
    }

    fn nothing_matches(&self, missed: &[&String]) -> CliError {
        let list: Vec<String> = missed.iter().map(|text| format!("`{text}`")).collect();
        let verb = if missed.len() == 1 { "matches" } else { "match" };
        let message = format!("--select {} {verb} no unit", list.join(", "));
        let error = missed.iter().fold(CliError::refused(message), |error, selector| {
            error.did_you_mean(&self.near(selector))
        });
        error.hint("`nfplan show` lists the units")
    }

    /// The names that may be meant by a selector, one for each unit.
    fn near(&self, selector: &str) -> Vec<&str> {
        let mut units = BTreeSet::new();
        let names = near(selector, self.names.iter().map(|(name, _)| name.as_str())).into_iter();
        let unit =
            |name: &str| self.names.iter().find(|(one, _)| one == name).map(|(_, unit)| unit);
        names.filter(|name| units.insert(unit(name))).collect()
    }

    /// The addresses at which the selected units have something, by their states.
    pub async fn addresses(
        &self,
        selected: &Selected,
        store: &AnyStore,
    ) -> Result<Vec<(UnitId, Address)>, CliError> {
        let mut found = Vec::new();
        for unit in self.existing.iter().filter(|unit| selected.names(unit)) {
            let entries =
                load(store, unit).await?.state.into_iter().flat_map(|state| state.entries);
            let present = entries.filter(|(_, entry)| !entry.is_vacant());
            found.extend(present.map(|(address, _)| (unit.clone(), address)));
        }
        Ok(found)
    }

    /// The name of each unit that people know best.
    pub fn familiar_names(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        let known = |unit: &UnitId| self.wanted.contains(unit) || self.existing.contains(unit);
        let entries = self.names.iter().filter(|(_, unit)| known(unit));
        entries.filter(|(_, unit)| named.insert(unit)).map(|(name, _)| name.clone()).collect()
    }
}

/// Whether a unit still has anything.
pub fn exists(loaded: &Loaded) -> bool {
    let vacant = loaded.state.as_ref().is_none_or(State::is_vacant);
    !vacant || loaded.open_run.is_some()
}

/// The units a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// All.
    Everything,
    /// These.
    Units(BTreeSet<UnitId>),
}

impl Selected {
    /// Whether a unit is among them. A workspace brings its platform along, where that changes.
    pub fn includes(&self, unit: &UnitId) -> bool {
        match self {
            Self::Everything => true,
            Self::Units(units) => {
                units.contains(unit)
                    || (unit.user().is_none() && units.iter().any(|one| one.platform() == *unit))
            }
        }
    }

    /// Whether a unit itself was named, or everything.
    pub fn names(&self, unit: &UnitId) -> bool {
        match self {
            Self::Everything => true,
            Self::Units(units) => units.contains(unit),
        }
    }
}

//! Which units a command is about.

use std::collections::BTreeSet;

use nfplan_engine::access::text::Answer;
use nfplan_engine::access::text::covers;
use nfplan_engine::access::text::has_wildcard;
use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::likeness::near;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::Loaded;
use nfplan_state::unit::list_near;
use nfplan_state::unit::list_units;
use nfplan_state::unit::load;

use crate::args::Selection;
use crate::error::CliError;

mod shard;

pub use shard::Shard;

/// Every unit of a project: wanted by specs, or still having objects by its state.
#[derive(Debug, Default)]
pub struct Universe {
    /// Units that specs ask for, as far as they were read.
    pub wanted: BTreeSet<UnitId>,
    /// Units of which the store keeps something. [`Universe::survey`] leaves out those that no spec
    /// asks for and that have neither an object nor an open run any more.
    pub existing: BTreeSet<UnitId>,
    /// Names by which people know units: user names as written, escaped ones, platforms.
    names: Vec<(String, UnitId)>,
    /// What units have in common, as selectors name it: `account:NAME`, `profile:NAME`,
    /// `label:KEY=VALUE`.
    groups: Vec<(String, UnitId)>,
    /// The accounts of the specs.
    accounts: Vec<(Box<str>, Place)>,
}

impl Universe {
    /// Lists the units of specs and states. Only the states of units that no spec asks for are read:
    /// of the others, the plan reads them anyway. If only some specs were read, nothing of other
    /// places is listed but what their researchers have there.
    pub async fn survey(fleet: Option<&Fleet>, store: &AnyStore) -> Result<Self, CliError> {
        let mut universe = Self::wanted_by(fleet);
        let units = match fleet.filter(|fleet| fleet.is_partial()) {
            Some(fleet) => {
                let researchers = fleet.workspaces().filter_map(|spec| spec.unit().user());
                list_near(store, &fleet.places(), &researchers.collect()).await?
            }
            None => list_units(store).await?,
        };
        for unit in units {
            let may_want = |fleet: &Fleet| fleet.may_want(&unit);
            if universe.wanted.contains(&unit) || fleet.is_some_and(may_want) {
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
            let labels = spec.labels().iter();
            let labels = labels
                .flat_map(|(key, value)| [format!("label:{key}"), format!("label:{key}={value}")]);
            let profile = format!("profile:{}", spec.profile());
            let groups = labels.chain([profile]).map(|group| (group, spec.unit().clone()));
            universe.groups.extend(groups);
        }
        for account in fleet.into_iter().flat_map(Fleet::accounts) {
            let unit = UnitId::Platform(account.place.clone());
            universe.names.push((format!("platform:{}", account.name), unit));
            universe.accounts.push((account.name.clone(), account.place.clone()));
        }
        universe
    }

    fn name_by_id(&mut self) {
        for unit in self.wanted.union(&self.existing) {
            self.names.push((unit.to_string(), unit.clone()));
            self.names.push(match unit {
                UnitId::Platform(place) => (format!("platform:{}", place.account), unit.clone()),
                UnitId::Workspace(_, user) => (user.to_string(), unit.clone()),
            });
            let accounts = self.accounts.iter().filter(|(_, place)| place == unit.place());
            let accounts = accounts.map(|(name, _)| name.as_ref());
            for account in accounts.chain([unit.place().account.as_str()]) {
                self.groups.push((format!("account:{account}"), unit.clone()));
            }
        }
    }

    /// The units that are selected; everything if nothing is. A selector that matches nothing is
    /// refused, with the nearest names.
    pub fn select(&self, selection: &Selection) -> Result<Selected, CliError> {
        if selection.is_everything() {
            return Ok(Selected::Everything);
        }
        let mut units: BTreeSet<UnitId> = BTreeSet::new();
        if selection.select.is_empty() {
            units = self.wanted.union(&self.existing).cloned().collect();
        }
        let mut missed = Vec::new();
        for selector in &selection.select {
            let found = self.names.iter().chain(&self.groups);
            let found = found.filter(|(name, unit)| matches(selector, name) && self.knows(unit));
            let mut found = found.map(|(_, unit)| unit.clone()).peekable();
            if found.peek().is_none() {
                missed.push(selector.as_str());
            }
            units.extend(found);
        }
        if !missed.is_empty() {
            return Err(self.nothing_matches("--select ", &missed));
        }
        if let Some(shard) = selection.shard {
            units.retain(|unit| shard.has(unit.place()));
        }
        Ok(Selected::Units(units))
    }

    /// The researchers whose specs are enough to know who is selected: those that are named, if that
    /// is all.
    pub fn enough(selection: &Selection) -> Option<&[String]> {
        let is_name = |selector: &String| {
            kind(selector).is_empty() && !has_wildcard(selector) && !selector.contains('/')
        };
        let named = selection.shard.is_none() && selection.select.iter().all(is_name);
        (named && !selection.select.is_empty()).then_some(&selection.select)
    }

    /// The units of these names.
    pub fn named(&self, names: &[String]) -> Result<BTreeSet<UnitId>, CliError> {
        let mut units = BTreeSet::new();
        let mut missed = Vec::new();
        for wanted in names {
            let found = self.names.iter();
            let found = found.filter(|(name, unit)| name == wanted && self.knows(unit));
            let found: Vec<UnitId> = found.map(|(_, unit)| unit.clone()).collect();
            if found.is_empty() {
                missed.push(wanted.as_str());
            }
            units.extend(found);
        }
        if missed.is_empty() { Ok(units) } else { Err(self.nothing_matches("", &missed)) }
    }

    fn knows(&self, unit: &UnitId) -> bool {
        self.wanted.contains(unit) || self.existing.contains(unit)
    }

    /// The one workspace of a researcher.
    pub fn researcher(&self, user: &str) -> Result<UnitId, CliError> {
        let units = self.named(&[user.to_owned()])?.into_iter();
        let workspaces: Vec<UnitId> = units.filter(|unit| unit.user().is_some()).collect();
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

    fn nothing_matches(&self, flag: &str, missed: &[&str]) -> CliError {
        let list: Vec<String> = missed.iter().map(|text| format!("`{text}`")).collect();
        let verb = if missed.len() == 1 { "matches" } else { "match" };
        let message = format!("{flag}{} {verb} no unit", list.join(", "));
        let error = missed.iter().fold(CliError::refused(message), |error, selector| {
            error.did_you_mean(&self.near(selector))
        });
        error.hint("`nfplan show` lists the units")
    }

    /// The names that may be meant by a selector, one for each unit.
    fn near(&self, selector: &str) -> Vec<&str> {
        let mut units = BTreeSet::new();
        let all = || self.names.iter().chain(&self.groups);
        let names = near(selector, all().map(|(name, _)| name.as_str())).into_iter();
        let unit = |name: &str| all().find(|(one, _)| one == name).map(|(_, unit)| unit);
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
        let entries = self.names.iter().filter(|(_, unit)| self.knows(unit));
        entries.filter(|(_, unit)| named.insert(unit)).map(|(name, _)| name.clone()).collect()
    }
}

/// Whether a selector means a name. `*` and `?` stand for any characters and for one, as in policies; a
/// pattern means names of its own kind only, so that `*` is every user and no group.
fn matches(selector: &str, name: &str) -> bool {
    let same_kind = || kind(selector) == kind(name);
    selector == name
        || (has_wildcard(selector) && same_kind() && covers(selector, name) == Answer::Yes)
}

/// What comes before the user, the account, or whatever a selector is about.
fn kind(selector: &str) -> &str {
    const KINDS: [&str; 6] =
        ["platform:", "account:", "profile:", "label:", "workspace/", "platform/"];
    KINDS.into_iter().find(|kind| selector.starts_with(kind)).unwrap_or_default()
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
                    || (unit.user().is_none()
                        && units.iter().any(|one| one.place() == unit.place()))
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

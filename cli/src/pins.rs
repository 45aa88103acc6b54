//! Look-ups and their pins: answered once, written to `nfplan.lock`, reviewed as a diff.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::provider::LookUp;
use nfplan_engine::provider::Reader;
use nfplan_engine::value::Value;

use crate::error::CliError;
use crate::exit::Exit;
use crate::project::Project;

/// Pins by place and look-up key.
pub type PinTable = BTreeMap<Place, BTreeMap<Box<str>, Value>>;

/// Collects the pins of a plan.
#[derive(Debug)]
pub struct Pins {
    locked: bool,
    seen: BTreeSet<(Place, LookUp)>,
    table: PinTable,
    missing: Vec<String>,
    added: bool,
}

impl Pins {
    /// Starts empty.
    pub fn new(locked: bool) -> Self {
        Self {
            locked,
            seen: BTreeSet::new(),
            table: PinTable::new(),
            missing: Vec::new(),
            added: false,
        }
    }

    /// Finds the pins of a workspace, looking up what is not pinned.
    pub async fn resolve(&mut self, project: &mut Project, unit: &UnitId) -> Result<(), CliError> {
        let Some(spec) = project.spec(unit) else { return Ok(()) };
        let place = unit.place().clone();
        for look_up in project.look_ups(spec) {
            if !self.seen.insert((place.clone(), look_up.clone())) {
                continue;
            }
            let key = look_up.key();
            let value = match project.lock.get(&place, &look_up) {
                Some(value) => value.clone(),
                None if self.locked => {
                    self.missing.push(format!("{place} {key}"));
                    continue;
                }
                None => {
                    let value = project.cloud.look_up(&place, &look_up).await?;
                    project.lock.insert(place.clone(), &look_up, value.clone());
                    self.added = true;
                    value
                }
            };
            self.table.entry(place.clone()).or_default().insert(key.into(), value);
        }
        Ok(())
    }

    /// The pins; new ones are written to `nfplan.lock` first.
    pub fn finish(self, project: &Project) -> Result<PinTable, CliError> {
        let added = self.added;
        let table = self.table()?;
        if added {
            project
                .lock
                .save(&project.root)
                .map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
        }
        Ok(table)
    }

    /// The pins; new ones are written nowhere.
    pub fn table(self) -> Result<PinTable, CliError> {
        if self.missing.is_empty() {
            return Ok(self.table);
        }
        let message = format!("nfplan.lock lacks: {}", self.missing.join(", "));
        Err(CliError::new(Exit::InvalidSpecs, message)
            .hint("run the command without --locked, then commit nfplan.lock"))
    }
}

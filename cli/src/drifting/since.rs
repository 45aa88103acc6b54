//! What of a drift is new since an earlier report, what goes on, and what is mended.
//!
//! A finding goes on if the same attribute of the same object differs for the same reason, and is as
//! it was then. What was not read this time is never called mended.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use nfplan_engine::drift::Cause;
use nfplan_engine::drift::Finding;
use nfplan_engine::drift::Unasked;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::FleetDrift;
use super::UnitDrift;
use crate::error::CliError;
use crate::exit::Exit;

/// A report of before, as far as it matters.
#[derive(Debug, Default, Deserialize)]
pub struct Earlier {
    units: Vec<EarlierUnit>,
}

#[derive(Debug, Deserialize)]
struct EarlierUnit {
    unit: String,
    findings: Vec<EarlierFinding>,
}

#[derive(Debug, Deserialize)]
struct EarlierFinding {
    cause: Json,
    address: String,
    #[serde(default)]
    attribute: Option<String>,
    #[serde(default)]
    live: Option<Json>,
    #[serde(default)]
    first_seen: Option<Timestamp>,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// The unit.
    pub unit: String,
    /// The resource.
    pub address: String,
    /// The attribute; none if it is the object as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
}

/// What is new and what is mended since an earlier report.
#[derive(Debug)]
pub struct News {
    now: Timestamp,
    /// Since when what goes on was seen.
    ongoing: BTreeMap<Subject, Timestamp>,
    /// What is new.
    pub new: BTreeSet<Subject>,
    /// What drifted then and does not now.
    pub resolved: Vec<Subject>,
}

impl Earlier {
    /// Reads a report; none if there is no such file.
    pub fn load(path: &Path) -> Result<Option<Self>, CliError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CliError::file("read", path, &error)),
        };
        let invalid = |why: String| {
            let message = format!("{} is no report of drift: {why}", path.display());
            CliError::new(Exit::InvalidSpecs, message)
                .hint("`nfplan drift --report json=FILE` writes one")
        };
        let json: Json =
            serde_json::from_slice(&text).map_err(|error| invalid(error.to_string()))?;
        if json["format"] != super::document::FORMAT {
            return Err(invalid(format!("its format is {}", json["format"])));
        }
        serde_json::from_value(json).map(Some).map_err(|error| invalid(error.to_string()))
    }
}

impl Subject {
    /// What a finding is about.
    pub fn of(unit: &UnitDrift, finding: &Finding) -> Self {
        Self {
            unit: unit.state.unit.to_string(),
            address: finding.address.to_string(),
            attribute: finding.attribute.map(str::to_owned),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.unit, self.address)?;
        self.attribute.as_ref().map_or(Ok(()), |name| write!(f, "#{name}"))
    }
}

impl News {
    /// Compares.
    pub fn of(fleet: &FleetDrift, earlier: Earlier, now: Timestamp) -> Self {
        let mut before = BTreeMap::new();
        for EarlierUnit { unit, findings } in earlier.units {
            for finding in findings {
                let (address, attribute) = (finding.address.clone(), finding.attribute.clone());
                before.insert(Subject { unit: unit.clone(), address, attribute }, finding);
            }
        }
        let (mut ongoing, mut new, mut resolved) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for unit in &fleet.units {
            for finding in unit.drift.findings.iter().filter(|finding| finding.cause.is_drift()) {
                let subject = Subject::of(unit, finding);
                if let Some(then) = before.get(&subject).filter(|then| is_same(then, finding)) {
                    ongoing.insert(subject, then.first_seen.unwrap_or(now));
                } else {
                    new.insert(subject);
                }
            }
            let name = unit.state.unit.to_string();
            let then =
                before.iter().filter(|(subject, then)| subject.unit == name && then.drifted());
            resolved.extend(
                then.filter(|(subject, _)| is_mended(unit, subject)).map(|(s, _)| s.clone()),
            );
        }
        Self { now, ongoing, new, resolved }
    }

    /// Since when a finding was seen.
    pub fn first_seen(&self, unit: &UnitDrift, finding: &Finding) -> Timestamp {
        self.ongoing.get(&Subject::of(unit, finding)).copied().unwrap_or(self.now)
    }

    /// Whether a finding is new.
    pub fn is_new(&self, unit: &UnitDrift, finding: &Finding) -> bool {
        self.new.contains(&Subject::of(unit, finding))
    }

    /// How much goes on.
    pub fn ongoing(&self) -> usize {
        self.ongoing.len()
    }
}

impl EarlierFinding {
    fn drifted(&self) -> bool {
        Cause::ALL.into_iter().any(|cause| cause.is_drift() && json(&cause) == self.cause)
    }
}

fn is_same(then: &EarlierFinding, now: &Finding) -> bool {
    then.cause == json(&now.cause) && then.live == now.live.as_ref().map(json)
}

/// Whether what drifted then was looked at now, and is as it shall be.
fn is_mended(unit: &UnitDrift, subject: &Subject) -> bool {
    let same = |finding: &Finding| {
        finding.address.to_string() == subject.address
            && (finding.cause == Cause::Unreadable
                || finding.attribute.map(str::to_owned) == subject.attribute)
    };
    let resource_type = subject.address.split('/').next().unwrap_or_default();
    let unasked = |one: &Unasked| {
        *one.resource_type == *resource_type
            && one.attribute.is_none_or(|name| Some(name) == subject.attribute.as_deref())
    };
    let accepted = unit.accepted.iter().map(|accepted| &accepted.finding);
    !unit.drift.findings.iter().chain(accepted).any(same)
        && !unit.drift.coverage.not_requested.keys().any(unasked)
}

fn json<T: Serialize>(value: &T) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

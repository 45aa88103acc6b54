//! The JSON documents of commands that look after states and leases.

use std::time::Duration;

use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;
use nfplan_engine::state::Edit;
use nfplan_state::edit::Edited;
use nfplan_state::format::Lineage;
use nfplan_state::format::RunId;
use nfplan_state::holder::Holder;
use nfplan_state::unlock::Evidence;
use serde::Serialize;

use crate::upkeep::Freeing;
use crate::upkeep::Kept;
use crate::upkeep::Pruned;
use crate::upkeep::Verified;

/// `nfplan.history/1`: the states that units had.
#[derive(Debug, Serialize)]
pub struct HistoryDocument<'a> {
    format: &'static str,
    units: Vec<HistoryOfUnit<'a>>,
}

#[derive(Debug, Serialize)]
struct HistoryOfUnit<'a> {
    unit: &'a UnitId,
    lineage: Lineage,
    open_run: Option<RunId>,
    pruned: bool,
    states: Vec<PastState<'a>>,
}

#[derive(Debug, Serialize)]
struct PastState<'a> {
    serial: u64,
    digest: Digest,
    current: bool,
    objects: usize,
    /// How people made it; none after a run.
    edit: Option<&'a Edit>,
}

impl<'a> HistoryDocument<'a> {
    /// Shows these.
    pub fn new(units: &'a [Kept]) -> Self {
        let units = units.iter().map(|Kept { head, history }| HistoryOfUnit {
            unit: &head.unit,
            lineage: head.lineage,
            open_run: head.open_run.as_ref().map(|run| run.id),
            pruned: history.pruned,
            states: history
                .versions
                .iter()
                .map(|version| PastState {
                    serial: version.serial,
                    digest: version.digest,
                    current: version.serial == head.serial,
                    objects: version.state.objects().count(),
                    edit: version.state.edit.as_ref(),
                })
                .collect(),
        });
        Self { format: "nfplan.history/1", units: units.collect() }
    }
}

/// `nfplan.verify/1`: whether what is kept is sound.
#[derive(Debug, Serialize)]
pub struct VerifyDocument<'a> {
    format: &'static str,
    sound: bool,
    units: Vec<VerifiedUnit<'a>>,
}

#[derive(Debug, Serialize)]
struct VerifiedUnit<'a> {
    unit: &'a UnitId,
    sound: bool,
    serial: Option<u64>,
    states: u64,
    open_run: Option<RunId>,
    problems: Vec<ProblemOfKey<'a>>,
}

#[derive(Debug, Serialize)]
struct ProblemOfKey<'a> {
    key: &'a str,
    why: &'a str,
    /// A newer nfplan wrote the object: that is no damage.
    newer: bool,
}

impl<'a> VerifyDocument<'a> {
    /// Shows these.
    pub fn new(units: &'a [Verified]) -> Self {
        let unit = |Verified { unit, verdict }: &'a Verified| VerifiedUnit {
            unit,
            sound: verdict.problems.is_empty(),
            serial: verdict.serial,
            states: verdict.states,
            open_run: verdict.open_run,
            problems: verdict
                .problems
                .iter()
                .map(|one| ProblemOfKey { key: &one.key, why: &one.why, newer: one.newer })
                .collect(),
        };
        let units: Vec<VerifiedUnit<'a>> = units.iter().map(unit).collect();
        Self { format: "nfplan.verify/1", sound: units.iter().all(|unit| unit.sound), units }
    }
}

/// `nfplan.edit/1`: how people changed a state.
#[derive(Debug, Serialize)]
pub struct EditDocument<'a> {
    format: &'static str,
    unit: &'a UnitId,
    /// Whether there was anything to change.
    changed: bool,
    /// The serial before; none if there was no state.
    before: Option<u64>,
    /// The serial now.
    serial: Option<u64>,
    edit: Option<&'a Edit>,
    /// Objects that are not recorded any more.
    dropped: Vec<ObjectAt<'a>>,
    /// Objects that await deletion since.
    deposed: Vec<ObjectAt<'a>>,
}

#[derive(Debug, Serialize)]
struct ObjectAt<'a> {
    address: &'a Address,
    remote_id: &'a RemoteId,
}

impl<'a> EditDocument<'a> {
    /// Shows a change, or that there was none.
    pub fn new(unit: &'a UnitId, edited: Option<&'a Edited>) -> Self {
        let dropped = edited.iter().flat_map(|edited| &edited.dropped);
        let deposed = edited.iter().flat_map(|edited| &edited.deposed);
        let at = |(address, remote_id): &'a (Address, RemoteId)| ObjectAt { address, remote_id };
        Self {
            format: "nfplan.edit/1",
            unit,
            changed: edited.is_some(),
            before: edited.and_then(|edited| edited.before),
            serial: edited.map(|edited| edited.serial),
            edit: edited.and_then(|edited| edited.state.edit.as_ref()),
            dropped: dropped.map(at).collect(),
            deposed: deposed.map(at).collect(),
        }
    }
}

/// `nfplan.prune/1`: what was deleted, or would be.
#[derive(Debug, Serialize)]
pub struct PruneDocument<'a> {
    format: &'static str,
    dry_run: bool,
    units: Vec<PrunedUnit<'a>>,
}

#[derive(Debug, Serialize)]
struct PrunedUnit<'a> {
    unit: &'a UnitId,
    objects: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

impl<'a> PruneDocument<'a> {
    /// Shows these.
    pub fn new(dry_run: bool, units: &'a [Pruned]) -> Self {
        let units = units.iter().map(|Pruned { unit, result }| PrunedUnit {
            unit,
            objects: result.as_deref().unwrap_or_default(),
            problem: result.as_ref().err().map(|error| &*error.message),
        });
        Self { format: "nfplan.prune/1", dry_run, units: units.collect() }
    }
}

/// `nfplan.unlock/1`: which units were freed, and on what evidence.
#[derive(Debug, Serialize)]
pub struct UnlockDocument<'a> {
    format: &'static str,
    reason: Option<&'a str>,
    units: Vec<FreedUnit<'a>>,
}

#[derive(Debug, Serialize)]
struct FreedUnit<'a> {
    unit: &'a UnitId,
    result: &'static str,
    epoch: Option<u64>,
    holder: Option<&'a Holder>,
    evidence: Option<&'static str>,
    watched_ms: Option<u128>,
    open_run: Option<OpenRunOfUnit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct OpenRunOfUnit {
    run: RunId,
    phase: &'static str,
    done: u64,
    steps: u64,
}

impl<'a> UnlockDocument<'a> {
    /// Shows these.
    pub fn new(reason: Option<&'a str>, units: &'a [Freeing]) -> Self {
        let unit = |freeing: &'a Freeing| FreedUnit {
            unit: &freeing.unit,
            result: freeing.word(),
            epoch: freeing.sight.as_ref().map(|sight| sight.epoch),
            holder: freeing.sight.as_ref().and_then(|sight| sight.holder.as_ref()),
            evidence: freeing.evidence().map(|evidence| match evidence {
                Evidence::Gone => "process_gone",
                Evidence::Silent(_) => "silent",
            }),
            watched_ms: freeing.evidence().map(|evidence| match evidence {
                Evidence::Gone => Duration::ZERO.as_millis(),
                Evidence::Silent(watched) => watched.as_millis(),
            }),
            open_run: freeing.run.as_ref().map(|run| OpenRunOfUnit {
                run: run.id,
                phase: run.phase,
                done: run.done,
                steps: run.steps,
            }),
            problem: freeing.result.as_ref().err().map(|error| &*error.message),
        };
        let units = units.iter().map(unit).collect();
        Self { format: "nfplan.unlock/1", reason, units }
    }
}

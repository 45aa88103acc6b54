//! `nfplan.drift/1`: what `nfplan drift --json` prints.
//!
//! ```json
//! {
//!   "format": "nfplan.drift/1",
//!   "environment": "data.example.org",
//!   "result": "drift",
//!   "refresh": "deep",
//!   "coverage": { "complete": true, "objects": 41, "read": 41, "unreadable": 0, "not_requested": [] },
//!   "summary": { "changed_outside": 1 },
//!   "units": [{
//!     "unit": "workspace/111122223333.us-east-1/alice",
//!     "user": "alice",
//!     "coverage": { … },
//!     "findings": [{
//!       "cause": "changed_outside",
//!       "address": "batch.compute_environment/main",
//!       "attribute": "max_vcpus",
//!       "paths": ["max_vcpus"],
//!       "wanted": { "value": 64 },
//!       "applied": 64,
//!       "live": 9999,
//!       "origin": "nfplan.yaml:12:44",
//!       "apply": "update"
//!     }],
//!     "commands": ["nfplan apply --refresh deep --select alice"]
//!   }]
//! }
//! ```
//!
//! `result` is `drift`, `incomplete` (nothing that was read differs, but not everything was read) or
//! `none`. `selected` is there, and true, if only some units were selected. Every unit that was looked at is there, by its id; findings are in order, the worst
//! first. A unit with an open run has its id in `open_run` and was compared with what its recovery
//! will leave. `attribute` is absent where a finding is about an object as a whole; `wanted`,
//! `applied` and `live` are absent where there is no such value, and `live` also where it was not
//! read, which `coverage` names. `tool` is there where the cause is `known_tool`. `wanted` is an expression, as `after` is in a plan. `apply` is what
//! the next apply would do with the resource, `refusals` why it would refuse the unit.
//!
//! What somebody accepted is no finding: it stands in `accepted`, with who answers for it, why, until
//! when, and the entry of `accepted.yaml`. `acceptances` tells of every entry what became of it:
//! `in_force`, `expired`, `not_yet`, `other_value`, `refused` (a wildcard for what is too bad for
//! one), `dead` (nothing is so any more) or `unseen`.
//!
//! Where everything was looked at, `lookalikes` are job queues that look like a workspace's and belong
//! to none that is known; with `unit`, its tags say that nfplan made it, which is drift.
//!
//! With `--since`, findings of drift have `first_seen`, and `new` if the earlier report did not have
//! them; `since` counts them and lists what is `resolved`. `digest` is over everything else, without
//! what `--since` adds: the same drift has the same one, and all reports of one run name it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use nfplan_engine::address::Address;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::digest::Digest;
use nfplan_engine::drift::Cause;
use nfplan_engine::drift::Coverage;
use nfplan_engine::drift::Finding;
use nfplan_engine::drift::Unasked;
use nfplan_engine::expr::Expr;
use nfplan_engine::plan::Refresh;
use nfplan_engine::provider::Depth;
use nfplan_engine::value::Value;
use nfplan_state::format::RunId;
use serde::Serialize;

use super::FleetDrift;
use super::UnitDrift;
use super::accepted::Accepted;
use super::accepted::Entry;
use super::accepted::Standing;
use super::lookalikes::Lookalike;
use super::remedy::commands;
use super::since::News;
use super::since::Subject;
use crate::render;

/// The format of the document.
pub const FORMAT: &str = "nfplan.drift/1";

/// What was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The environment.
    pub environment: &'a str,
    /// Whether only some units were selected.
    pub selected: bool,
}

/// The document.
#[derive(Debug, Serialize)]
pub struct DriftDocument<'a> {
    format: &'static str,
    environment: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    selected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    result: &'static str,
    refresh: Refresh,
    coverage: CoverageDocument,
    summary: BTreeMap<Cause, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<SinceDocument<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lookalikes: Vec<LookalikeDocument<'a>>,
    #[serde(skip_serializing_if = "none_of")]
    lookalikes_unreadable: &'a BTreeMap<Place, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<AcceptedDocument<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    acceptances: Vec<EntryDocument<'a>>,
    units: Vec<UnitDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct LookalikeDocument<'a> {
    place: &'a Place,
    queue: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a UnitId>,
}

#[derive(Debug, Serialize)]
struct AcceptedDocument<'a> {
    unit: &'a UnitId,
    cause: Cause,
    address: &'a Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<&'a Value>,
    reason: &'a str,
    owner: &'a str,
    expires: Date,
    days_left: i32,
    entry: String,
}

#[derive(Debug, Serialize)]
struct EntryDocument<'a> {
    entry: String,
    drift: &'a str,
    expires: Date,
    standing: Standing,
}

#[derive(Debug, Serialize)]
struct SinceDocument<'a> {
    new: usize,
    ongoing: usize,
    resolved: &'a [Subject],
}

#[derive(Debug, Serialize)]
struct CoverageDocument {
    complete: bool,
    objects: u64,
    read: u64,
    unreadable: u64,
    not_requested: Vec<UnaskedDocument>,
}

#[derive(Debug, Serialize)]
struct UnaskedDocument {
    resource_type: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<&'static str>,
    objects: u64,
}

#[derive(Debug, Serialize)]
struct UnitDocument<'a> {
    unit: &'a UnitId,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_run: Option<RunId>,
    coverage: CoverageDocument,
    findings: Vec<FindingDocument<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    refusals: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FindingDocument<'a> {
    cause: Cause,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'static str>,
    address: &'a Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    less_safe: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<&'a Expr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apply: Option<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<Timestamp>,
}

impl<'a> DriftDocument<'a> {
    /// Sums up.
    pub fn new(fleet: &'a FleetDrift, scope: Scope<'a>, news: Option<&'a News>) -> Self {
        let coverage = fleet.coverage();
        let mut summary = BTreeMap::new();
        for finding in fleet.findings() {
            *summary.entry(finding.cause).or_default() += 1;
        }
        let drifted = summary.keys().any(|cause: &Cause| cause.is_drift());
        let result = match drifted || fleet.lookalikes.orphans().next().is_some() {
            true => "drift",
            false if coverage.is_complete() && fleet.lookalikes.unreadable.is_empty() => "none",
            false => "incomplete",
        };
        let refresh = match fleet.depth {
            Depth::Bulk => Refresh::Bulk,
            Depth::Deep => Refresh::Deep,
        };
        let mut document = Self {
            format: FORMAT,
            environment: scope.environment,
            selected: scope.selected,
            digest: None,
            result,
            refresh,
            coverage: CoverageDocument::new(&coverage),
            summary,
            since: news.map(|news| SinceDocument {
                new: news.new.len(),
                ongoing: news.ongoing(),
                resolved: &news.resolved,
            }),
            lookalikes: fleet.lookalikes.found.iter().map(LookalikeDocument::new).collect(),
            lookalikes_unreadable: &fleet.lookalikes.unreadable,
            accepted: fleet.accepted().map(AcceptedDocument::new).collect(),
            acceptances: fleet.entries.iter().map(EntryDocument::new).collect(),
            units: fleet
                .units
                .iter()
                .map(|unit| UnitDocument::new(unit, fleet.depth, news))
                .collect(),
        };
        document.digest = match news {
            None => Some(Digest::of(&document)),
            Some(_) => Self::new(fleet, scope, None).digest,
        };
        document
    }

    /// The digest of what differs, in the form of all digests.
    pub fn digest(&self) -> String {
        self.digest.map(|digest| digest.to_string()).unwrap_or_default()
    }

    /// What it comes to: `drift`, `none` or `incomplete`.
    pub fn result(&self) -> &'static str {
        self.result
    }

    /// How many findings there are of each cause.
    pub fn summary(&self) -> &BTreeMap<Cause, u64> {
        &self.summary
    }
}

impl<'a> LookalikeDocument<'a> {
    fn new(Lookalike { place, queue, unit }: &'a Lookalike) -> Self {
        Self { place, queue: queue.as_str(), unit: unit.as_ref() }
    }
}

impl<'a> AcceptedDocument<'a> {
    fn new((unit, accepted): (&'a UnitDrift, &'a Accepted)) -> Self {
        let Accepted { finding, by, days_left } = accepted;
        Self {
            unit: &unit.state.unit,
            cause: finding.cause,
            address: &finding.address,
            attribute: finding.attribute,
            live: finding.live.as_ref(),
            reason: &by.reason,
            owner: &by.owner,
            expires: by.expires,
            days_left: *days_left,
            entry: by.place.to_string(),
        }
    }
}

impl<'a> EntryDocument<'a> {
    fn new(Entry { entry, standing }: &'a Entry) -> Self {
        let (drift, expires) = (&*entry.drift, entry.expires);
        Self { entry: entry.place.to_string(), drift, expires, standing: *standing }
    }
}

impl CoverageDocument {
    fn new(coverage: &Coverage) -> Self {
        let not_requested = coverage.not_requested.iter().map(|(unasked, objects)| {
            let Unasked { resource_type, attribute } = unasked.clone();
            UnaskedDocument { resource_type, attribute, objects: *objects }
        });
        Self {
            complete: coverage.is_complete(),
            objects: coverage.objects,
            read: coverage.read,
            unreadable: coverage.unreadable,
            not_requested: not_requested.collect(),
        }
    }
}

impl<'a> UnitDocument<'a> {
    fn new(unit: &'a UnitDrift, depth: Depth, news: Option<&News>) -> Self {
        let told = |finding: &Finding| news.filter(|_| finding.cause.is_drift());
        let finding = |finding: &'a Finding| FindingDocument {
            cause: finding.cause,
            tool: finding.tool,
            address: &finding.address,
            attribute: finding.attribute,
            paths: render::drift::paths(finding),
            less_safe: finding.less_safe,
            wanted: finding.wanted.as_ref(),
            applied: finding.applied.as_ref(),
            live: finding.live.as_ref(),
            note: finding.note.as_deref(),
            origin: finding.origin.as_deref(),
            apply: unit.outlook.actions.get(&finding.address).copied(),
            new: told(finding).map(|news| news.is_new(unit, finding)),
            first_seen: told(finding).map(|news| news.first_seen(unit, finding)),
        };
        Self {
            unit: &unit.state.unit,
            user: unit.state.source.user.as_deref(),
            open_run: unit.open,
            coverage: CoverageDocument::new(&unit.drift.coverage),
            findings: unit.drift.findings.iter().map(finding).collect(),
            refusals: &unit.outlook.refusals,
            commands: commands(&[unit], depth),
        }
    }
}

/// Serde asks by reference to the field, which is a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn none_of(places: &&BTreeMap<Place, String>) -> bool {
    places.is_empty()
}

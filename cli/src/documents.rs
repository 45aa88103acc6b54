//! The JSON documents of `--json`: versioned, one on stdout for each command.

pub mod permissions;
pub mod schemas;
pub mod update;
pub mod upkeep;

use std::collections::BTreeMap;

use nfplan_engine::address::UnitId;
use nfplan_engine::report::UnitResult;
use nfplan_engine::state::State;
use nfplan_specs::diagnostic::Diagnostics;
use serde::Serialize;

use crate::applying::Outcomes;
use crate::applying::UnitOutcome;
use crate::error::CliError;
use crate::exit::Exit;

/// `nfplan.apply/1`: what became of an apply or destroy.
#[derive(Debug, Serialize)]
pub struct ApplyDocument {
    format: &'static str,
    result: &'static str,
    units: Vec<UnitDocument>,
    calls: Calls,
}

/// What became of one unit.
#[derive(Debug, Serialize)]
struct UnitDocument {
    unit: UnitId,
    result: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<String>,
}

/// How many calls to the cloud there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Calls that only look.
    pub read: u64,
    /// Calls that change something.
    pub write: u64,
}

impl ApplyDocument {
    /// Sums up.
    pub fn new(outcomes: &Outcomes, calls: Calls, exit: Exit) -> Self {
        let units = outcomes.iter().map(|(unit, outcome)| UnitDocument {
            unit: unit.clone(),
            result: result_word(outcome),
            messages: messages(outcome),
        });
        let has = |word: &str| outcomes.values().any(|outcome| result_word(outcome) == word);
        let result = match exit {
            // Nothing but a rollback that was asked for is fine like this.
            Exit::Fine if has("rolled_back") => "rolled_back",
            Exit::Fine => "applied",
            Exit::Leftovers => "applied_with_leftovers",
            Exit::RolledBack => "rolled_back",
            Exit::Stuck if has("stopped") && !has("stuck") => "stopped",
            Exit::Stuck => "stuck",
            Exit::Interrupted | Exit::Terminated => "interrupted",
            Exit::Refused => "refused",
            _ => "failed",
        };
        Self { format: "nfplan.apply/1", result, units: units.collect(), calls }
    }
}

/// A unit's outcome in one word.
pub fn result_word(outcome: &UnitOutcome) -> &'static str {
    match outcome {
        UnitOutcome::Refused(_) => "refused",
        UnitOutcome::Failed(error) => match error.exit {
            Exit::Refused => "refused",
            Exit::Interrupted => "interrupted",
            _ => "failed",
        },
        UnitOutcome::Ran(report) => match report.result {
            UnitResult::Applied => "applied",
            UnitResult::AppliedWithLeftovers(_) => "applied_with_leftovers",
            UnitResult::RolledBack(_) => "rolled_back",
            UnitResult::Stuck(_) => "stuck",
            UnitResult::Interrupted => "interrupted",
            UnitResult::Stopped => "stopped",
        },
    }
}

fn messages(outcome: &UnitOutcome) -> Vec<String> {
    match outcome {
        UnitOutcome::Refused(refusals) => refusals.iter().map(ToString::to_string).collect(),
        UnitOutcome::Failed(error) => vec![error.message.clone()],
        UnitOutcome::Ran(report) => {
            let failures = report.failures.iter();
            failures.map(|failure| format!("{}: {}", failure.address, failure.error)).collect()
        }
    }
}

/// `nfplan.validate/1`: what is wrong with the specs.
#[derive(Debug, Serialize)]
pub struct ValidateDocument<'a> {
    format: &'static str,
    valid: bool,
    workspaces: usize,
    diagnostics: &'a Diagnostics,
}

impl<'a> ValidateDocument<'a> {
    /// Sums up.
    pub fn new(valid: bool, workspaces: usize, diagnostics: &'a Diagnostics) -> Self {
        Self { format: "nfplan.validate/1", valid, workspaces, diagnostics }
    }
}

/// `nfplan.state/1`: what states record.
#[derive(Debug, Serialize)]
pub struct StateDocument<'a> {
    format: &'static str,
    units: &'a BTreeMap<UnitId, State>,
}

impl<'a> StateDocument<'a> {
    /// Shows these.
    pub fn new(units: &'a BTreeMap<UnitId, State>) -> Self {
        Self { format: "nfplan.state/1", units }
    }
}

/// `nfplan.error/1`: why a command came to nothing.
#[derive(Debug, Serialize)]
pub struct ErrorDocument<'a> {
    format: &'static str,
    exit: u8,
    message: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [String],
    hints: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnostics: Option<&'a Diagnostics>,
}

impl<'a> ErrorDocument<'a> {
    /// Shows an error.
    pub fn new(error: &'a CliError) -> Self {
        Self {
            format: "nfplan.error/1",
            exit: error.exit.code(),
            message: &error.message,
            details: &error.details,
            hints: &error.hints,
            diagnostics: error.diagnostics.as_ref(),
        }
    }
}

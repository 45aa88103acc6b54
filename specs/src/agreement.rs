//! What somebody agreed to, in files beside the specs that are reviewed as these are: drift that is
//! left alone for a time (`accepted.yaml`), and plans that may do what needs an approval of its own
//! (`approvals.yaml`).

use std::collections::BTreeSet;
use std::fmt;

use jiff::Span as Period;
use jiff::civil::Date;
use nfplan_engine::access::text::has_wildcard;
use nfplan_engine::access::text::includes;
use nfplan_engine::digest::Digest;
use nfplan_engine::value::Value;

use crate::project::ApprovalClass;

mod write;

pub use self::write::Unfit;
pub use self::write::with_entries;

/// The file of accepted drift.
pub const ACCEPTED_FILE: &str = "accepted.yaml";
/// The file of approvals.
pub const APPROVALS_FILE: &str = "approvals.yaml";
/// For so many days drift can be accepted at most.
pub const MOST_DAYS: i32 = 90;

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: &'static str,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Drift that somebody accepted for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// What drifted: `UNIT:ADDRESS#ATTRIBUTE`, without `#ATTRIBUTE` for the object as a whole. `*`
    /// stands for any characters.
    pub drift: Box<str>,
    /// What the attribute, or the object as a whole, was found to be; none where there was nothing.
    pub live: Option<Value>,
    /// Why it is accepted.
    pub reason: Box<str>,
    /// Who answers for it.
    pub owner: Box<str>,
    /// The first day on which it is accepted.
    pub since: Date,
    /// The last day on which it is accepted; at most [`MOST_DAYS`] after the first.
    pub expires: Date,
    /// Where the entry stands.
    pub place: Place,
}

impl Acceptance {
    /// Whether the entry speaks of a subject, `UNIT:ADDRESS#ATTRIBUTE` or `UNIT:ADDRESS`.
    pub fn covers(&self, subject: &str) -> bool {
        includes(&self.drift, subject)
    }

    /// Whether it speaks of more than one subject.
    pub fn is_pattern(&self) -> bool {
        has_wildcard(&self.drift)
    }

    /// How many days are left on a day, that day included; less than one once it expired.
    pub fn days_left(&self, today: Date) -> i32 {
        let left = today.until(self.expires).map_or(0, |period| period.get_days());
        left + 1
    }
}

/// The day after which drift accepted from `since` on cannot be accepted any more.
pub fn latest(since: Date) -> Date {
    since.saturating_add(Period::new().days(MOST_DAYS))
}

/// What somebody approved of one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanApproval {
    /// The plan.
    pub plan: Digest,
    /// The classes that it may contain.
    pub allow: BTreeSet<ApprovalClass>,
    /// Why.
    pub reason: Box<str>,
    /// Who answers for it.
    pub owner: Box<str>,
    /// Where the entry stands.
    pub place: Place,
}

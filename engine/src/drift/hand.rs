//! How another tool is known by what it writes.
//!
//! Some tools work on the same objects as nfplan and say nothing of it. What such a tool writes is
//! knowledge of whoever compares ([`Hand`]); here it is only applied: what looks like one deed of a
//! tool is put down to it if some of that deed is what nobody else writes.

use std::collections::BTreeSet;

use super::Cause;
use super::Finding;
use crate::address::Address;
use crate::address::UnitId;
use crate::value::Value;

/// A tool that writes to the same objects.
#[derive(Debug, Clone, Copy)]
pub struct Hand {
    /// What it is called.
    pub tool: &'static str,
    /// Says of which deed something that differs may be; none if the tool does not do such a thing.
    pub mark: fn(&Trace<'_>) -> Option<Mark>,
}

/// Something that differs from what was applied.
#[derive(Debug, Clone, Copy)]
pub struct Trace<'a> {
    /// The unit.
    pub unit: &'a UnitId,
    /// The environment that its names derive from.
    pub environment: &'a str,
    /// The resource.
    pub address: &'a Address,
    /// What somebody did to it.
    pub change: Change<'a>,
}

/// What somebody did.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Deleted the object.
    Deleted,
    /// Gave the attribute this value, or none.
    Set(&'static str, Option<&'a Value>),
}

/// A deed of a tool, as one thing that differs shows it.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// What the tool does in one go, by a name of its own within the unit.
    pub deed: &'static str,
    /// Nobody else writes that. Whatever else is of the same deed counts only beside it.
    pub proves: bool,
}

/// Puts down to tools what is theirs.
pub(super) fn put_down(
    findings: &mut [Finding],
    hands: &[Hand],
    (unit, environment): (&UnitId, &str),
) {
    for hand in hands {
        let mark = |finding: &Finding| {
            let change = match (finding.cause, finding.attribute) {
                (Cause::DeletedOutside, None) => Change::Deleted,
                (Cause::ChangedOutside, Some(name)) => Change::Set(name, finding.live.as_ref()),
                _ => return None,
            };
            (hand.mark)(&Trace { unit, environment, address: &finding.address, change })
        };
        let marks: Vec<Option<Mark>> = findings.iter().map(mark).collect();
        let proved = marks.iter().flatten().filter(|mark| mark.proves).map(|mark| mark.deed);
        let proved: BTreeSet<&str> = proved.collect();
        for (finding, mark) in findings.iter_mut().zip(marks) {
            if mark.is_some_and(|mark| proved.contains(mark.deed)) {
                if finding.attribute.is_none() {
                    finding.note = Some("the object was deleted".into());
                }
                finding.cause = Cause::KnownTool;
                finding.tool = Some(hand.tool);
            }
        }
    }
}

//! Drift that somebody accepted for a time is set aside, and every entry of `accepted.yaml` is held
//! to account: one that expired, that finds another value, or that nothing matches any more is told.

use jiff::civil::Date;
use nfplan_engine::drift::Cause;
use nfplan_engine::drift::Finding;
use nfplan_specs::agreement::Acceptance;
use serde::Serialize;

use super::FleetDrift;
use super::UnitDrift;
use super::since::Subject;

/// A finding that is accepted.
#[derive(Debug)]
pub struct Accepted {
    /// What differs.
    pub finding: Finding,
    /// Who accepted it, why and until when.
    pub by: Acceptance,
    /// How many days are left, today included.
    pub days_left: i32,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// What it speaks of is there, and the entry is not valid any more: it alarms again.
    Expired,
    /// What it speaks of is there, and the entry is not valid yet.
    NotYet,
    /// What it speaks of is not as it was when it was accepted: it alarms.
    OtherValue,
    /// What it speaks of is too bad for a wildcard, or an open run: it alarms.
    Refused,
    /// Nothing that was looked at is what it speaks of.
    Dead,
    /// It accepts drift.
    InForce,
    /// What it speaks of was not looked at, or not all of it.
    Unseen,
}

/// An entry with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The entry.
    pub entry: Acceptance,
    /// What became of it.
    pub standing: Standing,
}

/// Sets aside what is accepted on this day. `whole` says that every unit there is was looked at, so
/// that what nothing matches is nowhere.
pub fn set_aside(fleet: &mut FleetDrift, entries: &[Acceptance], today: Date, whole: bool) {
    let mut standings: Vec<Option<Standing>> = vec![None; entries.len()];
    for unit in &mut fleet.units {
        let findings = std::mem::take(&mut unit.drift.findings);
        for finding in findings {
            let verdict = judge(unit, &finding, entries, today, &mut standings);
            match verdict.map(|index| &entries[index]) {
                Some(by) => {
                    let (by, days_left) = (by.clone(), by.days_left(today));
                    unit.accepted.push(Accepted { finding, by, days_left });
                }
                None => unit.drift.findings.push(finding),
            }
        }
    }
    let stood = entries.iter().zip(standings).map(|(entry, standing)| {
        let standing = standing.unwrap_or_else(|| unmatched(fleet, entry, whole));
        Entry { entry: entry.clone(), standing }
    });
    fleet.entries = stood.collect();
}

/// The entry that accepts a finding; what becomes of those that speak of it is noted.
fn judge(
    unit: &UnitDrift,
    finding: &Finding,
    entries: &[Acceptance],
    today: Date,
    standings: &mut [Option<Standing>],
) -> Option<usize> {
    if !finding.cause.is_drift() {
        return None;
    }
    let subject = Subject::of(unit, finding).to_string();
    let mut accepted = None;
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.covers(&subject)) {
        let standing = standing(entry, finding, today);
        if standing == Standing::InForce {
            accepted = accepted.or(Some(index));
        }
        let worst = standings[index].map_or(standing, |before| before.min(standing));
        standings[index] = Some(worst);
    }
    accepted
}

/// What becomes of an entry by a finding that it speaks of.
fn standing(entry: &Acceptance, finding: &Finding, today: Date) -> Standing {
    let mild = finding.cause == Cause::ChangedOutside && !finding.less_safe;
    if finding.cause == Cause::OpenRun || (entry.is_pattern() && !mild) {
        Standing::Refused
    } else if entry.live != finding.live {
        Standing::OtherValue
    } else if today > entry.expires {
        Standing::Expired
    } else if today < entry.since {
        Standing::NotYet
    } else {
        Standing::InForce
    }
}

/// What becomes of an entry that speaks of nothing that was found.
fn unmatched(fleet: &FleetDrift, entry: &Acceptance, whole: bool) -> Standing {
    let (unit, _) = entry.drift.split_once(':').unwrap_or((&entry.drift, ""));
    let of = |found: &&UnitDrift| found.state.unit.to_string() == unit;
    let looked_at = match fleet.units.iter().find(of) {
        Some(unit) => unit.drift.coverage.is_complete(),
        None => whole && fleet.coverage().is_complete(),
    };
    if looked_at { Standing::Dead } else { Standing::Unseen }
}

#[cfg(test)]
mod tests {
    use nfplan_engine::value::Value;
    use nfplan_specs::agreement::Place;

    use super::*;

    fn entry(drift: &str, live: Option<Value>) -> Acceptance {
        let place = Place { file: "accepted.yaml", line: 2, column: 5 };
        let (reason, owner) = ("patch week".into(), "ops".into());
        let (since, expires) = (day(10), day(20));
        Acceptance { drift: drift.into(), live, reason, owner, since, expires, place }
    }

    fn day(day: i8) -> Date {
        jiff::civil::date(2026, 11, day)
    }

    fn finding(cause: Cause, less_safe: bool, live: Option<Value>) -> Finding {
        Finding {
            cause,
            tool: None,
            address: "batch.compute_environment/main".parse().unwrap(),
            attribute: Some("max_vcpus"),
            less_safe,
            wanted: None,
            applied: None,
            live,
            note: None,
            origin: None,
        }
    }

    #[test]
    fn an_entry_is_in_force_for_one_value_on_its_days() {
        let accepted = entry("u:a/b#c", Some(Value::from(9)));
        let found = |live| finding(Cause::ChangedOutside, true, Some(Value::from(live)));
        let cases = [
            (9, Standing::NotYet),
            (10, Standing::InForce),
            (20, Standing::InForce),
            (21, Standing::Expired),
        ];
        for (on, expected) in cases {
            assert_eq!(standing(&accepted, &found(9), day(on)), expected, "{on}");
            assert_eq!(standing(&accepted, &found(8), day(on)), Standing::OtherValue, "{on}");
        }
        assert_eq!((accepted.days_left(day(20)), accepted.days_left(day(21))), (1, 0));
        assert_eq!(accepted.days_left(day(10)), 11);
    }

    #[test]
    fn a_wildcard_covers_only_what_is_mild() {
        let live = || Some(Value::from(9));
        for cause in Cause::ALL.into_iter().filter(|cause| cause.is_drift()) {
            for less_safe in [false, true] {
                let finding = finding(cause, less_safe, live());
                let by = |drift| standing(&entry(drift, live()), &finding, day(15));
                let mild = cause == Cause::ChangedOutside && !less_safe;
                let expected = if mild { Standing::InForce } else { Standing::Refused };
                assert_eq!(by("u:a/*#c"), expected, "{cause:?} {less_safe}");
                let never = cause == Cause::OpenRun;
                let expected = if never { Standing::Refused } else { Standing::InForce };
                assert_eq!(by("u:a/b#c"), expected, "{cause:?} {less_safe}");
            }
        }
    }
}

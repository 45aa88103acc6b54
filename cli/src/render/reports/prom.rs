//! Metrics in Prometheus' text format, for the textfile collector of the node exporter.
//!
//! Every cause has its series, also with nothing to tell, so that an alert clears. No label names a
//! researcher: that would be a series for each, and is nobody's business where metrics go. When
//! everything was last read stays as it was if this time something was not: alert when it gets old,
//! and when the file does.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::drift::Cause;
use nfplan_engine::provider::Depth;

use super::OfDrift;
use crate::drifting::accepted::Entry;
use crate::drifting::accepted::Standing;

/// The metric that is taken over from the file of an earlier run.
const LAST_COMPLETE: &str = "nfplan_drift_last_complete_run_timestamp_seconds";

/// The metrics of one look. `earlier` is the file that they take the place of.
pub(super) fn drift(report: &OfDrift<'_>, earlier: Option<&str>) -> String {
    let coverage = report.fleet.coverage();
    let mut page = Metrics::new(report.environment);
    let _ = writeln!(page.text, "# nfplan drift {}", report.document.digest());
    by_cause(&mut page, report);
    page.one("nfplan_drift_objects", "Objects that there are to be read.", coverage.objects);
    page.one(
        "nfplan_drift_unreadable_resources",
        "Objects that could not be read: whether they drifted is not known.",
        coverage.unreadable,
    );
    let open = report.fleet.units.iter().filter(|unit| unit.open.is_some()).count();
    page.one("nfplan_drift_open_runs", "Units with a run that was interrupted.", open);
    accepted(&mut page, report);
    let now = report.now.as_second();
    page.one("nfplan_drift_last_run_timestamp_seconds", "When drift was last looked for.", now);
    // What a deep read leaves out it leaves out by design: what is kept for later.
    let read = coverage.unreadable == 0 && report.fleet.lookalikes.unreadable.is_empty();
    let complete = report.whole && report.fleet.depth == Depth::Deep && read;
    let last = if complete {
        Some(now.to_string())
    } else {
        earlier.and_then(|earlier| page.value_in(earlier, LAST_COMPLETE)).map(str::to_owned)
    };
    if let Some(last) = last {
        page.one(LAST_COMPLETE, "When all units were last read in depth, each object.", last);
    }
    let took = format!("{:.3}", report.took.as_secs_f64());
    page.one("nfplan_drift_duration_seconds", "How long the last look took.", took);
    page.text
}

/// How many resources drifted, each counted once for each cause.
fn by_cause(page: &mut Metrics, report: &OfDrift<'_>) {
    let mut drifted: BTreeMap<Cause, BTreeSet<(&UnitId, &Address)>> = BTreeMap::new();
    let mut less_safe = BTreeSet::new();
    for unit in &report.fleet.units {
        for finding in unit.drift.findings.iter().filter(|finding| finding.cause.is_drift()) {
            let resource = (&unit.state.unit, &finding.address);
            drifted.entry(finding.cause).or_default().insert(resource);
            if finding.less_safe {
                less_safe.insert(resource);
            }
        }
    }
    page.head("nfplan_drift_resources", "Resources that drifted, by the cause.");
    for cause in Cause::ALL.into_iter().filter(|cause| cause.is_drift()) {
        let count = drifted.get(&cause).map_or(0, BTreeSet::len);
        page.value("nfplan_drift_resources", Some(("class", word(cause))), count);
    }
    page.one(
        "nfplan_drift_less_safe_resources",
        "Resources of which somebody took away what protects them.",
        less_safe.len(),
    );
}

/// Drift that is accepted for a time, and when the first of it alarms again: at the end of its last
/// day.
fn accepted(page: &mut Metrics, report: &OfDrift<'_>) {
    let found = || report.fleet.accepted().map(|(_, found)| found);
    page.one("nfplan_drift_accepted", "Findings that somebody answers for.", found().count());
    let ends = found().filter_map(|found| {
        let next = found.by.expires.tomorrow().ok()?;
        Some(next.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
    });
    if let Some(first) = ends.min() {
        let name = "nfplan_drift_accept_expiry_timestamp_seconds";
        page.one(name, "When the first of them alarms again.", first);
    }
    let is_over = |entry: &&Entry| matches!(entry.standing, Standing::Expired | Standing::Dead);
    let over = report.fleet.entries.iter().filter(is_over).count();
    let help = "Entries of accepted drift that expired or match nothing any more.";
    page.one("nfplan_drift_accept_over", help, over);
    let orphans = report.fleet.lookalikes.orphans().count();
    page.one("nfplan_drift_left_behind", "Workspaces that nothing is known of.", orphans);
}

/// A cause as documents write it.
fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::OpenRun => "open_run",
        Cause::DeletedOutside => "deleted_outside",
        Cause::RemadeOutside => "remade_outside",
        Cause::KnownTool => "known_tool",
        Cause::ChangedOutside => "changed_outside",
        Cause::Unmanaged => "unmanaged",
        Cause::Unreadable => "unreadable",
        Cause::ChangedAsWanted => "changed_as_wanted",
        Cause::UnappliedSpec => "unapplied_spec",
    }
}

/// Metrics in the making, all of one environment.
struct Metrics {
    /// The label that all have.
    environment: String,
    text: String,
}

impl Metrics {
    fn new(environment: &str) -> Self {
        Self { environment: format!("env=\"{}\"", escaped(environment)), text: String::new() }
    }

    /// Introduces a metric.
    fn head(&mut self, name: &str, help: &str) {
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
    }

    /// A value of a metric that is introduced.
    fn value(&mut self, name: &str, label: Option<(&str, &str)>, value: impl Display) {
        let label = label.map(|(name, value)| format!(",{name}=\"{}\"", escaped(value)));
        let (environment, label) = (&self.environment, label.unwrap_or_default());
        let _ = writeln!(self.text, "{name}{{{environment}{label}}} {value}");
    }

    /// A metric of one value.
    fn one(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help);
        self.value(name, None, value);
    }

    /// The value that a metric of one value has in an earlier text.
    fn value_in<'t>(&self, earlier: &'t str, name: &str) -> Option<&'t str> {
        let series = format!("{name}{{{}}} ", self.environment);
        let value = earlier.lines().find_map(|line| line.strip_prefix(&series))?;
        value.parse::<i64>().is_ok().then_some(value)
    }
}

/// A label's value between its quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stays_within_its_quotes_and_an_earlier_value_is_found_by_its_own() {
        let hostile = Metrics::new("a\"} 1\n\\x");
        assert_eq!(hostile.environment, r#"env="a\"} 1\n\\x""#);
        let mut page = Metrics::new("data.example.org");
        page.one("m", "Help.", 17);
        page.one("m_longer", "Help.", 18);
        let other = Metrics::new("other.example.org");
        assert_eq!(page.value_in(&page.text, "m"), Some("17"));
        assert_eq!(other.value_in(&page.text, "m"), None);
        assert_eq!(page.value_in("m{env=\"data.example.org\"} NaN\n", "m"), None);
    }
}

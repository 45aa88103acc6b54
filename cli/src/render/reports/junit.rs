//! The XML of `JUnit`, which every build server shows: a case for each unit.
//!
//! A unit that drifted failed; of one that did not, and of which not everything was read, nobody
//! knows: it was skipped. Drift comes first, because it is there whatever else was not read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::OfDrift;
use super::Text;
use crate::drifting::UnitDrift;
use crate::render::drift::called;
use crate::render::drift::is_drifted;
use crate::render::drift::words;
use crate::render::filled::filled;
use crate::render::name::counted;
use crate::render::text::visible;

#[derive(Serialize)]
struct Page {
    environment: String,
    digest: String,
    result: &'static str,
    time: String,
    timestamp: String,
    failures: usize,
    skipped: usize,
    cases: Vec<Case>,
}

#[derive(Serialize)]
struct Case {
    place: String,
    name: String,
    /// What failed, in a line and in full.
    failure: Option<(String, String)>,
    skipped: Option<String>,
}

/// Drift by unit.
pub(super) fn drift(report: &OfDrift<'_>) -> Text {
    let cases: Vec<Case> = report.fleet.units.iter().map(case).collect();
    let count = |is: fn(&Case) -> bool| cases.iter().filter(|case| is(case)).count();
    let page = Page {
        environment: visible(report.environment),
        digest: report.document.digest(),
        result: report.document.result(),
        time: format!("{:.3}", report.took.as_secs_f64()),
        timestamp: report.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        failures: count(|case| case.failure.is_some()),
        skipped: count(|case| case.skipped.is_some()),
        cases,
    };
    filled("junit.xml", include_str!("junit.xml"), page)
}

fn case(unit: &UnitDrift) -> Case {
    let failure = is_drifted(unit).then(|| failure(unit));
    let coverage = &unit.drift.coverage;
    let unread = match coverage.unreadable {
        0 if coverage.is_complete() => None,
        0 => Some("not everything was asked for".to_owned()),
        count => Some(format!("{} could not be read", counted(count, "object"))),
    };
    Case {
        place: unit.state.unit.place().to_string(),
        name: visible(&called(unit)),
        skipped: unread.filter(|_| failure.is_none()),
        failure,
    }
}

/// How much differs, and what.
fn failure(unit: &UnitDrift) -> (String, String) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut lines = Vec::new();
    for finding in &unit.drift.findings {
        let (word, ..) = words(finding.cause, finding.less_safe);
        if finding.cause.is_drift() {
            *counts.entry(word).or_default() += 1;
        }
        let attribute = finding.attribute.map(|name| format!("#{name}")).unwrap_or_default();
        let origin = finding.origin.as_ref().map(|origin| format!("  [{origin}]"));
        let origin = origin.unwrap_or_default();
        lines.push(visible(&format!("{word}: {}{attribute}{origin}", finding.address)));
    }
    let counts: Vec<String> =
        counts.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
    (counts.join(", "), lines.join("\n"))
}

//! Problems of spec files as annotations of GitHub Actions.

use std::fmt::Write as _;

use nfplan_specs::annotation::annotation;

use super::OfSpecs;
use super::Text;

/// A line for each problem.
#[expect(clippy::unnecessary_wraps, reason = "the signature of all kinds")]
pub(super) fn specs(report: &OfSpecs<'_>) -> Text {
    let mut text = String::new();
    for problem in report.problems.iter() {
        let _ = writeln!(text, "{}", annotation(problem, report.root));
    }
    Ok(text)
}

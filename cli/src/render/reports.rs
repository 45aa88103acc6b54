//! Reports in the forms that other programs take, one module for each, and the table of all kinds.
//!
//! A kind makes a text of what it can report, and nothing else: whoever asks writes it. All reports
//! of one call are made of the same values, so that they carry the same digest and the same counts.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use nfplan_engine::plan::Plan;
use nfplan_specs::diagnostic::Diagnostics;

use super::comment::Frame;
use super::comment::comment;
use super::comment::drift as issue;
use super::html;
use crate::drifting::FleetDrift;
use crate::drifting::document::DriftDocument;
use crate::drifting::since::News;
use crate::error::CliError;
use crate::exit::Exit;

mod github;
mod junit;
mod prom;
mod sarif;

/// A plan to report.
#[derive(Debug, Clone, Copy)]
pub struct OfPlan<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What is known beside it.
    pub frame: &'a Frame,
    /// The project's folder as the repository sees it.
    pub root: &'a Path,
}

/// Drift to report.
#[derive(Debug, Clone, Copy)]
pub struct OfDrift<'a> {
    /// What differs.
    pub fleet: &'a FleetDrift,
    /// What of it is new since an earlier report.
    pub news: Option<&'a News>,
    /// The same as a document.
    pub document: &'a DriftDocument<'a>,
    /// The environment.
    pub environment: &'a str,
    /// Tells this project's issue from those of others in the same repository.
    pub key: &'a str,
    /// Where a spec line can be looked at, with `{file}` and `{line}`; none if that is not known.
    pub source: Option<&'a str>,
    /// The project's folder as the repository sees it.
    pub root: &'a Path,
    /// Whether all units were looked at, and not some that were selected.
    pub whole: bool,
    /// When.
    pub now: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// Problems of spec files to report.
#[derive(Debug, Clone, Copy)]
pub struct OfSpecs<'a> {
    /// The problems.
    pub problems: &'a Diagnostics,
    /// The project's folder as the repository sees it.
    pub root: &'a Path,
}

/// A report as text, or why there is none.
pub type Text = Result<String, CliError>;

/// A kind of report: its word on the command line, and what it can report.
pub struct Kind {
    /// Its word.
    pub word: &'static str,
    /// Makes it of a plan.
    pub plan: Option<fn(&OfPlan<'_>) -> Text>,
    /// Makes it of drift. It may take over something of what stands in its file from before.
    pub drift: Option<fn(&OfDrift<'_>, earlier: Option<&str>) -> Text>,
    /// Makes it of problems of spec files.
    pub specs: Option<fn(&OfSpecs<'_>) -> Text>,
    /// Whether it is one document, beside which nothing else may stand in the same stream.
    pub whole: bool,
    /// Whether another program collects the file at any time: it is never half written, and others
    /// may read it.
    pub collected: bool,
}

/// Every kind, in the order in which they are named.
pub static KINDS: [Kind; 7] = [
    Kind { specs: Some(github::specs), whole: false, ..Kind::new("github") },
    Kind {
        plan: Some(|report| Ok(comment(report.plan, report.frame))),
        drift: Some(|report, _| {
            let digest = report.document.digest();
            Ok(issue(report.environment, report.key, &digest, &text_of(report)))
        }),
        ..Kind::new("md")
    },
    Kind {
        plan: Some(|report| as_json(report.plan)),
        drift: Some(|report, _| as_json(report.document)),
        ..Kind::new("json")
    },
    Kind {
        plan: Some(|report| as_json(&sarif::plan(report))),
        drift: Some(|report, _| as_json(&sarif::drift(report))),
        specs: Some(|report| as_json(&sarif::specs(report))),
        ..Kind::new("sarif")
    },
    Kind {
        plan: Some(html::plan),
        drift: Some(|report, _| html::drift(report)),
        ..Kind::new("html")
    },
    Kind { drift: Some(|report, _| junit::drift(report)), ..Kind::new("junit") },
    Kind {
        drift: Some(|report, earlier| Ok(prom::drift(report, earlier))),
        collected: true,
        ..Kind::new("prom")
    },
];

impl Kind {
    /// A kind that reports nothing yet.
    const fn new(word: &'static str) -> Self {
        Self { word, plan: None, drift: None, specs: None, whole: true, collected: false }
    }

    /// The kind of this word.
    pub fn find(word: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.word == word)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

fn text_of(report: &OfDrift<'_>) -> String {
    super::drift::drift(report.fleet, report.news, super::comment::COLUMNS)
}

/// A document as text.
pub fn as_json(document: &impl serde::Serialize) -> Text {
    let text = serde_json::to_string_pretty(document);
    let text = text.map_err(|error| CliError::new(Exit::Error, error.to_string()))?;
    Ok(format!("{text}\n"))
}

/// A spec file as the repository names it.
fn in_repository(root: &Path, file: &str) -> String {
    let path = root.join(file);
    path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned()
}

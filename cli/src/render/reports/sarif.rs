//! SARIF 2.1.0, which GitHub and others show beside the lines of spec files.
//!
//! Every rule is declared, also those without results, so that what is mended closes by itself. A
//! result is known again by its fingerprint, wherever its line has moved to; what became worse is
//! another result, so that whoever dismissed the old one has not dismissed that. There is room for
//! [`MOST`] results: the worst come first, and what is left out is said.

use std::collections::BTreeMap;
use std::path::Path;

use nfplan_engine::digest::Digest;
use nfplan_specs::diagnostic::Diagnostic;
use nfplan_specs::diagnostic::Label;
use nfplan_specs::span::Span;
use serde_json::Value as Json;
use serde_json::json;

use super::OfDrift;
use super::OfPlan;
use super::OfSpecs;
use super::in_repository;
use crate::project::PROJECT_FILE;
use crate::render::comment::as_uri;
use crate::render::drift::called;
use crate::render::name::counted;
use crate::render::name::who;
use crate::render::origin::Origin;
use crate::render::text::visible;
use crate::render::value::Node;

mod rules;

use rules::Rule;

/// More results than these are refused by GitHub.
const MOST: usize = 25_000;

/// More than these are taken by GitHub, and not shown.
const MOST_SHOWN: usize = 5_000;

/// The columns of a value in a message.
const VALUE: usize = 60;

/// Findings of a plan.
pub(super) fn plan(report: &OfPlan<'_>) -> Json {
    let OfPlan { plan, frame, root } = report;
    let mut found = Vec::new();
    for unit in &plan.units {
        for finding in &unit.findings {
            let attribute = finding.attribute.as_deref();
            let (address, message) = (finding.address.to_string(), &finding.message);
            let about = attribute.map(|name| format!(" {name}")).unwrap_or_default();
            found.push(Found {
                rule: rules::of_risk(finding.risk).id,
                message: format!("{address}{about} of {}: {message}", who(unit)),
                place: place(finding.origin.as_deref()),
                subject: subject(&unit.unit.to_string(), &address, attribute),
                state: message.clone(),
            });
        }
    }
    let run = Run {
        category: format!("nfplan/plan/{}/", frame.environment),
        rules: rules::of_plans(),
        facts: json!({
            "digest": plan.digest,
            "summary": plan.summary,
            "findings": found.len(),
        }),
    };
    run.log(found, root)
}

/// Drift, and what could not be read: else it would look mended.
pub(super) fn drift(report: &OfDrift<'_>) -> Json {
    let mut found = Vec::new();
    for unit in &report.fleet.units {
        for finding in &unit.drift.findings {
            let Some(rule) = rules::of_drift(finding.cause, finding.less_safe) else { continue };
            let address = finding.address.to_string();
            let value = |node: Option<Node>| {
                node.map_or_else(|| "(not set)".to_owned(), |node| node.shown(VALUE))
            };
            let mut message = match finding.attribute {
                None => format!("{}: {address} of {}", rule.title, called(unit)),
                Some(name) => format!(
                    "{}: {address} {name} of {}: wanted {}, applied {}, live {}",
                    rule.title,
                    called(unit),
                    value(finding.wanted.as_ref().map(Node::from)),
                    value(finding.applied.as_ref().map(Node::from)),
                    value(finding.live.as_ref().map(Node::from)),
                ),
            };
            if let Some(note) = &finding.note {
                message.push_str("; ");
                message.push_str(note);
            }
            found.push(Found {
                rule: rule.id,
                message,
                place: place(finding.origin.as_deref()),
                subject: subject(&unit.state.unit.to_string(), &address, finding.attribute),
                state: finding.live.as_ref().map(ToString::to_string).unwrap_or_default(),
            });
        }
    }
    let run = Run {
        category: format!("nfplan/drift/{}/", report.environment),
        rules: rules::of_all_drift(),
        facts: json!({
            "digest": report.document.digest(),
            "result": report.document.result(),
            "summary": report.document.summary(),
            "findings": found.len(),
        }),
    };
    run.log(found, report.root)
}

/// Problems of spec files.
pub(super) fn specs(report: &OfSpecs<'_>) -> Json {
    let found: Vec<Found<'_>> = report.problems.iter().map(problem).collect();
    let run = Run {
        category: "nfplan/validate/".into(),
        rules: rules::of_specs(),
        facts: json!({ "findings": found.len() }),
    };
    run.log(found, report.root)
}

fn problem(problem: &Diagnostic) -> Found<'_> {
    let Label { file, span: Span { start, end }, .. } = problem.primary();
    let mut message = problem.message.clone();
    for text in problem.help.iter().chain(problem.suggestion.iter().map(|edit| &edit.title)) {
        message.push_str("; help: ");
        message.push_str(text);
    }
    if let Some(edit) = &problem.suggestion {
        message.push_str(" write: ");
        message.push_str(&edit.replacement);
    }
    let region = json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    });
    Found {
        rule: problem.code,
        message,
        place: Some((file, region)),
        subject: file.to_string(),
        state: problem.message.clone(),
    }
}

fn place(origin: Option<&str>) -> Option<(&str, Json)> {
    let Origin { file, line, column } = Origin::parse(origin?)?;
    Some((file, json!({ "startLine": line, "startColumn": column })))
}

fn subject(unit: &str, address: &str, attribute: Option<&str>) -> String {
    let attribute = attribute.map(|name| format!("#{name}")).unwrap_or_default();
    format!("{unit}:{address}{attribute}")
}

/// One result to be.
struct Found<'a> {
    rule: &'static str,
    message: String,
    /// The file and the region; none if no line of any spec asked for it.
    place: Option<(&'a str, Json)>,
    /// What it is about.
    subject: String,
    /// How it is: if this changes, it is another result.
    state: String,
}

/// One run of nfplan.
struct Run {
    /// Results of another category do not close these.
    category: String,
    /// Every rule, the worst first.
    rules: Vec<Rule>,
    /// What all reports of the run agree in.
    facts: Json,
}

impl Run {
    fn log(&self, mut found: Vec<Found<'_>>, root: &Path) -> Json {
        let places: BTreeMap<&str, usize> =
            self.rules.iter().zip(0..).map(|(rule, index)| (rule.id, index)).collect();
        // Of the same rule, the order stays.
        found.sort_by_key(|one| places.get(one.rule).copied());
        let all = found.len();
        let mut seen = BTreeMap::new();
        let results: Vec<Json> = found
            .iter()
            .take(MOST)
            .map(|one| {
                let index = places.get(one.rule).copied();
                let level = index.map(|index| self.rules[index].level);
                result(one, (index, level), &mut seen, root)
            })
            .collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "nfplan",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": self.rules.iter().map(Rule::declared).collect::<Vec<_>>(),
                } },
                "automationDetails": { "id": visible(&self.category) },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    "%SRCROOT%": { "description": { "text": "The root of the repository." } },
                },
                "invocations": [{
                    "executionSuccessful": true,
                    "toolExecutionNotifications": left_out(all),
                }],
                "properties": self.facts,
                "results": results,
            }],
        })
    }
}

/// What a reader of the results does not see.
fn left_out(all: usize) -> Vec<Json> {
    let notification = |text: String| json!({ "level": "warning", "message": { "text": text } });
    let mut list = Vec::new();
    if let Some(left) = all.checked_sub(MOST).filter(|left| *left > 0) {
        let left = counted(left as u64, "result");
        list.push(notification(format!("{left} of {all} are left out, the least severe.")));
    }
    if all > MOST_SHOWN {
        list.push(notification(format!(
            "GitHub shows the first {MOST_SHOWN} results of {all}: the most severe."
        )));
    }
    list
}

/// A result; `seen` counts those that nothing tells apart.
fn result(
    found: &Found<'_>,
    (index, level): (Option<usize>, Option<&str>),
    seen: &mut BTreeMap<String, u32>,
    root: &Path,
) -> Json {
    let Found { rule, message, place, subject, state } = found;
    let identity = Digest::of(&[rule, subject.as_str(), state.as_str()]);
    let identity = identity.hex()[..32].to_owned();
    let count = seen.entry(identity.clone()).or_default();
    *count += 1;
    let fingerprint = format!("{identity}:{count}");
    let (file, region) = match place {
        Some((file, region)) => (*file, region.clone()),
        None => (PROJECT_FILE, json!({ "startLine": 1 })),
    };
    json!({
        "ruleId": rule,
        "ruleIndex": index,
        "level": level,
        "message": { "text": plain(message) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": artifact(&in_repository(root, file)),
                "region": region,
            },
            "logicalLocations": [{ "fullyQualifiedName": visible(subject) }],
        }],
        // The first is nfplan's; the second is the one that GitHub goes by.
        "partialFingerprints": {
            "nfplan/v1": fingerprint,
            "primaryLocationLineHash": fingerprint,
        },
    })
}

/// A file, from the root of the repository where that is known.
fn artifact(path: &str) -> Json {
    let uri = as_uri(path);
    if uri.starts_with('/') {
        json!({ "uri": format!("file://{uri}") })
    } else {
        json!({ "uri": uri, "uriBaseId": "%SRCROOT%" })
    }
}

/// A text in which nothing that others wrote becomes a link.
fn plain(text: &str) -> String {
    visible(text).replace("](", "] (")
}

#[cfg(test)]
mod tests;

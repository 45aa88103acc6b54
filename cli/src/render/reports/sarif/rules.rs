//! The rules of SARIF reports. Their ids stay as they are for ever: whoever shows results goes by them.

use nfplan_engine::drift::Cause;
use nfplan_engine::risk::Risk;
use nfplan_specs::code;
use serde_json::Value as Json;
use serde_json::json;

use crate::render::drift::words;
use crate::render::text::sentence;

/// A rule.
pub(super) struct Rule {
    /// Its id.
    pub(super) id: &'static str,
    /// What people call it.
    pub(super) title: &'static str,
    /// What it is about.
    about: String,
    /// What to do.
    help: &'static str,
    /// `error`, `warning` or `note`.
    pub(super) level: &'static str,
    /// From 0 to 10 where it is about security; GitHub calls 9 and more critical, 7 and more high.
    security: Option<&'static str>,
}

impl Rule {
    /// As the report declares it.
    pub(super) fn declared(&self) -> Json {
        let Self { id, title, about, help, level, security } = self;
        let mut properties =
            json!({ "tags": [if security.is_some() { "security" } else { "operations" }] });
        if let Some(security) = security {
            properties["security-severity"] = json!(security);
        }
        json!({
            "id": id,
            "shortDescription": { "text": sentence(title) },
            "fullDescription": { "text": about },
            "help": { "text": help },
            "defaultConfiguration": { "level": level },
            "properties": properties,
        })
    }
}

/// The rules of plans, the worst first.
pub(super) fn of_plans() -> Vec<Rule> {
    Risk::ALL.into_iter().map(of_risk).collect()
}

/// What plans are judged by.
pub(super) fn of_risk(risk: Risk) -> Rule {
    let (id, level, security, about) = match risk {
        Risk::DataLoss => {
            ("plan/data-loss", "error", None, "The cloud deletes data that nobody brings back.")
        }
        Risk::PublicAccess => {
            ("plan/public-access", "error", Some("9.5"), "Everybody, or another account, gets in.")
        }
        Risk::Widening => {
            ("plan/widening", "error", Some("8.0"), "Somebody may do more than before.")
        }
        Risk::Replacement => {
            ("plan/replacement", "warning", None, "An object is replaced that others use.")
        }
        Risk::GuardRail => {
            ("plan/guard-rail", "warning", Some("7.0"), "Something that protects is taken away.")
        }
        Risk::Credentials => {
            ("plan/credentials", "warning", Some("5.0"), "Somebody gets credentials.")
        }
        Risk::Cost => ("plan/cost", "note", None, "More can be spent."),
        Risk::DriftOverwritten => {
            ("plan/drift-overwritten", "note", None, "What somebody else changed is changed back.")
        }
    };
    let help = "Judge it before the plan is applied. `nfplan plan` shows the whole change; `approvals` in \
                nfplan.yaml says which kinds an apply has to be allowed.";
    Rule { id, title: risk.name(), about: about.into(), help, level, security }
}

/// The rules of drift, the worst first.
pub(super) fn of_all_drift() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let all = Cause::ALL.into_iter().flat_map(|cause| [(cause, true), (cause, false)]);
    for rule in all.filter_map(|(cause, less_safe)| of_drift(cause, less_safe)) {
        if !rules.iter().any(|known| known.id == rule.id) {
            rules.push(rule);
        }
    }
    rules
}

/// What drift is told by; none if there is nothing to mend.
pub(super) fn of_drift(cause: Cause, less_safe: bool) -> Option<Rule> {
    let (id, level, security) = match cause {
        Cause::OpenRun => ("drift/open-run", "warning", None),
        Cause::DeletedOutside => ("drift/deleted-outside", "error", None),
        Cause::RemadeOutside => ("drift/remade-outside", "error", None),
        Cause::KnownTool => ("drift/known-tool", "error", None),
        Cause::ChangedOutside if less_safe => {
            ("drift/changed-outside-less-safe", "error", Some("8.0"))
        }
        Cause::ChangedOutside => ("drift/changed-outside", "warning", None),
        Cause::Unmanaged => ("drift/unmanaged", "warning", Some("5.0")),
        Cause::Unreadable => ("drift/unreadable", "warning", None),
        Cause::ChangedAsWanted | Cause::UnappliedSpec => return None,
    };
    let (title, meaning, _) = words(cause, less_safe && cause == Cause::ChangedOutside);
    let help = "`nfplan drift` shows the three values and the commands that mend it.";
    Some(Rule { id, title, about: sentence(meaning), help, level, security })
}

/// The rules of spec files: the codes of their problems, errors first.
pub(super) fn of_specs() -> Vec<Rule> {
    let rule = |(id, title): &(&'static str, &'static str)| Rule {
        id,
        title: title.trim_end_matches('.'),
        about: (*title).to_owned(),
        help: "`nfplan explain CODE` says what the code means and what to do.",
        level: if id.starts_with('E') { "error" } else { "warning" },
        security: None,
    };
    code::ALL.iter().map(rule).collect()
}

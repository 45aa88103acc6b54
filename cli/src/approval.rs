//! What a plan may do without somebody saying yes to it in particular.

use std::collections::BTreeSet;

use nfplan_engine::approval::Given;
use nfplan_engine::approval::Needed;
use nfplan_engine::change::Action;
use nfplan_engine::plan::Plan;
use nfplan_specs::agreement::APPROVALS_FILE;
use nfplan_specs::project::ApprovalClass;

use crate::args::Approving;
use crate::commands::Context;
use crate::error::CliError;
use crate::project::Project;
use crate::selection::Universe;

/// What the caller allows.
#[derive(Debug, Clone)]
pub struct Approval {
    auto_approve: bool,
    allowed: BTreeSet<ApprovalClass>,
}

impl Approval {
    /// Takes the flags. Where nobody can be asked and nothing is approved, this refuses before any
    /// work is done.
    pub fn new(arguments: &Approving, context: &Context) -> Result<Self, CliError> {
        let allowed = arguments.allow.iter().copied().map(ApprovalClass::from).collect();
        let general = &context.settings.general;
        let obstacle = match (context.terminal.interactive, general.no_input, general.json) {
            (_, true, _) => Some("--no-input forbids it"),
            (_, _, true) => Some("--json is for programs"),
            (false, ..) => Some("there is no terminal"),
            (true, false, false) => None,
        };
        if let (false, Some(obstacle)) = (arguments.auto_approve, obstacle) {
            let message = format!("nobody can be asked to approve: {obstacle}");
            return Err(CliError::refused(message).hint(
                "--auto-approve approves everything but data loss, mass destroy and in-slot \
                 replacement",
            ));
        }
        Ok(Self { auto_approve: arguments.auto_approve, allowed })
    }

    /// Refuses classes that need to be allowed by name and are not.
    pub fn check(&self, plan: &Plan) -> Result<(), CliError> {
        let allowed =
            |needed: &&Needed| self.allowed.iter().any(|class| word(*class) == &*needed.class);
        let lacking = lacking(plan).filter(|needed| !allowed(needed));
        let words: Vec<String> = lacking.map(|needed| flag_word(&needed.class)).collect();
        if words.is_empty() {
            return Ok(());
        }
        let message = format!("the plan contains {}", words.join(" and "));
        let flags: Vec<String> = words.iter().map(|word| format!("--allow {word}")).collect();
        Err(CliError::refused(message)
            .hint(format!("after reading the plan, add {}", flags.join(" ")))
            .hint(format!("or have it approved in {APPROVALS_FILE} under {}", plan.digest)))
    }

    /// Whether somebody will be asked, who then has to have seen the plan.
    pub fn asks(&self) -> bool {
        !self.auto_approve
    }

    /// Asks, unless everything is approved.
    pub fn ask(&self, question: &str, context: &Context) -> Result<(), CliError> {
        if !self.asks() || ask(question, context) {
            return Ok(());
        }
        Err(CliError::refused("not approved; nothing was changed"))
    }
}

/// Asks for a typed `yes`.
fn ask(question: &str, context: &Context) -> bool {
    context.terminal.note(&format!("{question} Type yes: "));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

/// What of a plan is not approved in the file of approvals.
pub fn lacking(plan: &Plan) -> impl Iterator<Item = &Needed> {
    plan.approvals.iter().filter(|needed| needed.given.is_none())
}

/// What of a plan needs an approval of its own, and who gave it in the file of approvals. Those are of
/// one plan, and hold for no other.
pub fn needed(plan: &Plan, project: &Project, universe: &Universe) -> Vec<Needed> {
    let given = |class: ApprovalClass| {
        let mut entries = project.fleet.plan_approvals().iter();
        let entry =
            entries.find(|entry| entry.plan == plan.digest && entry.allow.contains(&class))?;
        let (owner, reason) = (entry.owner.clone(), entry.reason.clone());
        Some(Given { owner, reason, entry: entry.place.to_string().into() })
    };
    let classes = classes(plan, project, universe).into_iter();
    classes.map(|class| Needed { class: word(class).into(), given: given(class) }).collect()
}

/// The classes of a plan that need to be allowed by name.
fn classes(plan: &Plan, project: &Project, universe: &Universe) -> BTreeSet<ApprovalClass> {
    let fleet = &project.fleet;
    let mut found = BTreeSet::new();
    let destroyed = plan.units.iter().filter(|unit| unit.destroys_unit()).count();
    let vanished = universe.wanted.is_empty() && !universe.existing.is_empty();
    if destroyed > 0 {
        found.insert(ApprovalClass::Destroy);
    }
    if destroyed > fleet.max_deletes() as usize || (destroyed > 0 && vanished) {
        found.insert(ApprovalClass::MassDestroy);
    }
    for change in plan.units.iter().flat_map(|unit| &unit.changes) {
        match change.action {
            Action::Replace => found.insert(ApprovalClass::Replacement),
            Action::ReplaceInSlot => found.insert(ApprovalClass::InSlotReplacement),
            _ => false,
        };
    }
    let findings = plan.units.iter().flat_map(|unit| &unit.findings);
    found.extend(findings.map(|finding| ApprovalClass::of(finding.risk)));
    found.retain(|class| class.always() || fleet.approvals().contains(class));
    found
}

fn word(class: ApprovalClass) -> &'static str {
    let found = ApprovalClass::WORDS.iter().find(|(_, other)| *other == class);
    found.map_or("", |(word, _)| word)
}

/// The word of a class as `--allow` takes it.
pub fn flag_word(word: &str) -> String {
    word.replace('_', "-")
}

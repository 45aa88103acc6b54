//! Whether a policy comes to allow more than it did, decided by what it means and not by how it is
//! written.
//!
//! What is said not to widen is: each thing that a statement allows now was allowed by one statement
//! before, and each thing that was denied is denied still. Whatever cannot be told that way is tried:
//! a found request is put to both versions.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::condition::Condition;
use super::decision::Request;
use super::document::Document;
use super::document::Principals;
use super::document::Rule;
use super::text::Answer;
use super::text::includes;
use super::text::instance;
use super::text::overlap;
use super::text::shown;
use crate::policy::Effect;

/// How many requests are tried for one thing that a statement allows.
const MOST_TRIES: usize = 4_096;

/// What people fear most of a service's actions. Of all that a wildcard stands for, these are tried
/// first, so that a witness says something.
const FEARED: [&str; 24] = [
    "iam:PassRole",
    "iam:PutUserPolicy",
    "iam:CreateAccessKey",
    "sts:AssumeRole",
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutBucketPolicy",
    "s3:GetObject",
    "s3:PutObject",
    "s3:ListBucket",
    "batch:SubmitJob",
    "batch:RegisterJobDefinition",
    "batch:TerminateJob",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "ec2:AuthorizeSecurityGroupEgress",
    "ecr:BatchGetImage",
    "ecr:PutImage",
    "ecs:RunTask",
    "logs:GetLogEvents",
    "logs:DeleteLogGroup",
    "ssm:GetParameter",
];

/// One way in which a policy comes to allow more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Widening {
    /// It comes to allow this.
    Witness(Box<Witness>),
    /// This statement may allow more to them; nobody found out what.
    Unknown {
        /// The statement's name, or what of the policy nobody understands.
        statement: String,
        /// Whom it names, if it names somebody.
        who: Option<Who>,
    },
}

/// A request that is allowed now and was not before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Whom the policy names, if it is one that names somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Who>,
    /// What is asked for.
    pub request: Request,
    /// Whether the policy names no resources, as a trust policy, which is about its own role.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

/// Whom a policy names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Everybody, in every account.
    Everybody,
    /// One of a kind, such as `AWS` or `Service`.
    One {
        /// The kind.
        kind: String,
        /// Its name: an ARN, an account's id, a service's host.
        name: String,
    },
}

impl Who {
    /// Whether somebody outside of this account is meant, or may be.
    pub fn is_outside(&self, account: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::One { kind, name } => {
                kind == "Federated"
                    || (kind == "AWS" && account_of(name).is_some_and(|id| id != account))
            }
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::One { name, .. } => f.write_str(&shown(name)),
        }
    }
}

/// As in `everybody: s3:GetObject on arn:…`.
impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(who) = &self.who {
            write!(f, "{who}: ")?;
        }
        if self.own { write!(f, "{}", self.request.action) } else { write!(f, "{}", self.request) }
    }
}

/// Compares two versions of a policy: all ways in which the second allows more, one for each
/// statement and each one whom it names. None proves that it allows no more.
pub fn widenings(before: &Document, after: &Document) -> Vec<Widening> {
    widenings_for(before, after, |_| true)
}

/// The same, of those only whom `about` wants to know of: none stands for whoever has the policy.
pub fn widenings_for(
    before: &Document,
    after: &Document,
    about: impl Fn(Option<&Who>) -> bool,
) -> Vec<Widening> {
    if before == after {
        return Vec::new();
    }
    let mut found = Found::default();
    let allowing = || cells(after, Effect::Allow).into_iter().filter(|c| about(c.who.as_ref()));
    for cell in allowing() {
        if !before.rules.iter().any(|rule| cell.is_within(rule, Effect::Allow)) {
            found.add(&cell, &cell.rule.name, attempt(&cell, (before, after)));
        }
    }
    for lost in cells(before, Effect::Deny) {
        if after.rules.iter().any(|rule| lost.is_within(rule, Effect::Deny)) {
            continue;
        }
        for cell in allowing().filter_map(|cell| cell.overlap(&lost)) {
            found.add(&cell, &lost.rule.name, attempt(&cell, (before, after)));
        }
    }
    let news = after.strange.iter().filter(|why| !before.strange.contains(why));
    let gone = before.strange.iter().filter(|why| !after.strange.contains(why));
    let strange = news.chain(gone);
    let unknown = |why: &String| Widening::Unknown { statement: why.clone(), who: None };
    found.list().into_iter().chain(strange.map(unknown)).collect()
}

/// What is found, by statement and by whom it names; a request that tells stands for others.
#[derive(Default)]
struct Found(BTreeMap<(String, Option<Who>), Option<Witness>>);

impl Found {
    fn add(&mut self, cell: &Cell<'_>, statement: &str, witness: Option<Witness>) {
        let known = self.0.entry((statement.to_owned(), cell.who.clone())).or_default();
        if known.is_none() {
            *known = witness;
        }
    }

    fn list(self) -> Vec<Widening> {
        let list = self.0.into_iter().map(|((statement, who), witness)| match witness {
            Some(witness) => Widening::Witness(Box::new(witness)),
            None => Widening::Unknown { statement, who },
        });
        list.collect()
    }
}

/// One of the things that a statement is about: an action, on a resource, by somebody.
struct Cell<'a> {
    rule: &'a Rule,
    action: String,
    resource: Option<String>,
    who: Option<Who>,
}

fn cells(document: &Document, effect: Effect) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    for rule in document.rules.iter().filter(|rule| rule.effect == effect) {
        let resources: Vec<Option<String>> = match &rule.resources {
            Some(list) => list.iter().cloned().map(Some).collect(),
            None => vec![None],
        };
        for action in &rule.actions {
            for resource in &resources {
                for who in named(rule) {
                    let (action, resource) = (action.clone(), resource.clone());
                    cells.push(Cell { rule, action, resource, who });
                }
            }
        }
    }
    cells
}

/// Whom a statement names; nobody in particular in an identity policy.
fn named(rule: &Rule) -> Vec<Option<Who>> {
    match &rule.principals {
        None => vec![None],
        Some(Principals::Everybody) => vec![Some(Who::Everybody)],
        Some(Principals::Kinds(kinds)) => {
            let one = |kind: &String, name: &String| {
                Some(Who::One { kind: kind.clone(), name: name.clone() })
            };
            kinds
                .iter()
                .flat_map(|(kind, names)| names.iter().map(move |name| one(kind, name)))
                .collect()
        }
    }
}

impl<'a> Cell<'a> {
    /// Whether another statement of this effect is about all of it, for sure.
    fn is_within(&self, rule: &Rule, effect: Effect) -> bool {
        let resources = match (&self.resource, &rule.resources) {
            (_, None) => true,
            (Some(own), Some(list)) => list.iter().any(|pattern| includes(pattern, own)),
            (None, Some(_)) => false,
        };
        let implied = |wider: &Condition| self.rule.conditions.iter().any(|own| own.implies(wider));
        rule.effect == effect
            && resources
            && rule.actions.iter().any(|pattern| includes(pattern, &self.action))
            && names(rule, self.who.as_ref()) == Answer::Yes
            && rule.conditions.iter().all(implied)
    }

    /// What both are about, if there is anything.
    fn overlap(&self, other: &Cell<'_>) -> Option<Cell<'a>> {
        let action = overlapping(&self.action, &other.action)?;
        let resource = match (&self.resource, &other.resource) {
            (Some(own), Some(other)) => Some(overlapping(own, other)?),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let who = match (&self.who, &other.who) {
            (Some(Who::Everybody), Some(who)) | (Some(who), Some(Who::Everybody)) => Some(who),
            (Some(one), Some(other)) if one != other => return None,
            (one, other) => one.as_ref().or(other.as_ref()),
        };
        Some(Cell { rule: self.rule, action, resource, who: who.cloned() })
    }
}

/// The narrower of two patterns, or else a text that both cover.
fn overlapping(one: &str, other: &str) -> Option<String> {
    if includes(one, other) {
        Some(other.to_owned())
    } else if includes(other, one) {
        Some(one.to_owned())
    } else {
        overlap(one, other)
    }
}

/// Whether a statement is about somebody.
fn names(rule: &Rule, who: Option<&Who>) -> Answer {
    match (&rule.principals, who) {
        (None | Some(Principals::Everybody), _) => Answer::Yes,
        (Some(Principals::Kinds(_)), None) => Answer::Unknown,
        // There are others than those whom it names.
        (Some(Principals::Kinds(_)), Some(Who::Everybody)) => Answer::No,
        (Some(Principals::Kinds(kinds)), Some(Who::One { kind, name })) => {
            if kinds.get(kind).is_some_and(|names| names.contains(name)) {
                return Answer::Yes;
            }
            let accounts = kind == "AWS" && kinds.get(kind).is_some_and(|names| !names.is_empty());
            let may_be = accounts.then(|| &kinds[kind]).into_iter().flatten();
            Answer::any(
                may_be
                    .map(|own| if same_account(own, name) { Answer::Unknown } else { Answer::No }),
            )
        }
    }
}

/// Whether one of two names of principals may stand for the other: an account, by its id or its
/// root, for whoever is in it.
fn same_account(one: &str, other: &str) -> bool {
    let whole = |name: &str| name.ends_with(":root") || !name.contains(':');
    (whole(one) || whole(other))
        && account_of(one).is_none_or(|id| account_of(other).is_none_or(|o| o == id))
}

/// The account in a principal's name, if it says one.
fn account_of(name: &str) -> Option<&str> {
    let id = if name.contains(':') { name.split(':').nth(4)? } else { name };
    (id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

/// Looks for a request within the cell that `after` allows and `before` does not.
fn attempt(cell: &Cell<'_>, (before, after): (&Document, &Document)) -> Option<Witness> {
    let contexts = Contexts::of(cell.rule, before, after);
    let (actions, resources) = (actions(cell, before), resources(cell, before));
    let mut tries = 0;
    for action in &actions {
        for resource in &resources {
            for context in contexts.combinations() {
                tries += 1;
                if tries > MOST_TRIES {
                    return None;
                }
                let (action, text) = (action.clone(), resource.clone());
                let request = Request { action, resource: text, context };
                let who = cell.who.as_ref();
                let told = |request: &Request| {
                    allows(after, request, who) == Answer::Yes
                        && allows(before, request, who) == Answer::No
                };
                if told(&request) {
                    let request = simplest(request, told);
                    let (who, own) = (cell.who.clone(), cell.resource.is_none());
                    return Some(Witness { who, request, own });
                }
            }
        }
    }
    None
}

/// The request without what it says of keys that make no difference.
fn simplest(mut request: Request, told: impl Fn(&Request) -> bool) -> Request {
    let keys: Vec<String> = request.context.keys().cloned().collect();
    for key in keys {
        let said = request.context.insert(key.clone(), None);
        if !told(&request)
            && let Some(said) = said
        {
            request.context.insert(key, said);
        }
    }
    request
}

fn allows(document: &Document, request: &Request, who: Option<&Who>) -> Answer {
    let about = |effect| {
        let rules = document.rules.iter().filter(move |rule| rule.effect == effect);
        Answer::any(rules.map(|rule| rule.applies(request).min(names(rule, who))))
    };
    let (allowed, denied) = (about(Effect::Allow), about(Effect::Deny));
    let answer = allowed.min(denied.reversed());
    // What nobody understands may allow or deny.
    if document.strange.is_empty() || denied == Answer::Yes { answer } else { Answer::Unknown }
}

/// Texts that the cell's action covers: what is feared, what the old version tells apart, any.
fn actions(cell: &Cell<'_>, before: &Document) -> Vec<String> {
    let pattern = cell.action.as_str();
    let feared = FEARED.into_iter().filter(|action| includes(pattern, &action.to_lowercase()));
    let told = before.rules.iter().flat_map(|rule| &rule.actions);
    let told = told.filter_map(|own| overlap(pattern, own));
    feared.map(str::to_owned).chain(instances(pattern)).chain(told).collect()
}

fn resources(cell: &Cell<'_>, before: &Document) -> Vec<String> {
    let Some(pattern) = cell.resource.as_deref() else { return vec!["*".into()] };
    let told = before.rules.iter().flat_map(|rule| rule.resources.iter().flatten());
    let told = told.filter_map(|own| overlap(pattern, own));
    let told: BTreeSet<String> = told.collect();
    let beside: Vec<String> = told.iter().map(|text| format!("{text}x")).collect();
    let beside = beside.into_iter().filter(|text| includes(pattern, text));
    instances(pattern).chain(beside).chain(told.clone()).collect()
}

/// Texts that a pattern covers and that say little else.
fn instances(pattern: &str) -> impl Iterator<Item = String> + use<> {
    let fillers = ["x", "xx", "other/x"];
    let filled: Vec<String> =
        fillers.iter().map(|filler| pattern.replace('*', filler).replace('?', "x")).collect();
    filled.into_iter().chain([instance(pattern)])
}

/// What requests may say, by key.
struct Contexts<'a>(BTreeMap<&'a str, Vec<Option<String>>>);

impl<'a> Contexts<'a> {
    /// The values that the conditions of both versions tell apart, those that fit a statement first.
    fn of(rule: &'a Rule, before: &'a Document, after: &'a Document) -> Self {
        let rules = before.rules.iter().chain(&after.rules);
        let conditions = rule.conditions.iter().chain(rules.flat_map(|rule| &rule.conditions));
        let mut choices: BTreeMap<&str, Vec<Option<String>>> = BTreeMap::new();
        for condition in conditions {
            let list = choices.entry(&condition.key).or_default();
            for value in &condition.values {
                let fitting =
                    if condition.has_patterns() { instance(value) } else { value.clone() };
                let beside = format!("{fitting}x");
                for choice in [Some(fitting), Some(beside), None] {
                    if !list.contains(&choice) {
                        list.push(choice);
                    }
                }
            }
        }
        Self(choices)
    }

    /// Combinations of them, each made when it is asked for: most often the first one tells.
    fn combinations(&self) -> impl Iterator<Item = BTreeMap<String, Option<Vec<String>>>> {
        let sizes = self.0.values().map(Vec::len);
        let count = sizes.fold(1_usize, usize::saturating_mul);
        (0..count.min(MOST_TRIES)).map(|number| {
            let mut rest = number;
            let pick = |(key, choices): (&&str, &Vec<Option<String>>)| {
                let choice = choices[rest % choices.len()].clone();
                rest /= choices.len();
                ((*key).to_owned(), choice.map(|value| vec![value]))
            };
            self.0.iter().map(pick).collect()
        })
    }
}

//! Looks for a request that is allowed, among all that a target stands for.
//!
//! What is said to be out of reach is: a target counts as out of reach only if each statement that
//! allows anything fails on its actions, its resources, or one condition taken for itself. What may
//! be in reach is tried: each found request is put to [`decide`], denials and all.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::condition::Condition;
use super::decision::Attached;
use super::decision::Decision;
use super::decision::Principal;
use super::decision::Request;
use super::decision::ResourcePolicy;
use super::decision::StatementRef;
use super::decision::allows_by_itself;
use super::decision::decide;
use super::document::Rule;
use super::text::Answer;
use super::text::covers;
use super::text::has_wildcard;
use super::text::instance;
use super::text::literal_prefix;
use super::text::overlap;
use crate::policy::Effect;

/// How many combinations of values are tried for one statement.
const MOST_TRIES: usize = 4_096;

/// What requests may say of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// One of these; none means that the key is absent.
    OneOf(Vec<Option<String>>),
    /// A prefix of listings that shows something under a folder; or none at all, which shows
    /// everything.
    ShowsUnder {
        /// The folder; ends with a slash.
        folder: String,
        /// A prefix that does not count.
        except: Option<String>,
    },
}

/// A set of requests: what one researcher should not be able to do with another's things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Any of these actions, as `service:Action`.
    pub actions: &'static [&'static str],
    /// On any resource that this pattern covers.
    pub resource: String,
    /// What they say of these keys; of others, whatever they like.
    pub keys: BTreeMap<&'static str, Key>,
}

/// Whether any request of a target is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// None is.
    None,
    /// This one is, by this statement.
    Witness(Box<Request>, StatementRef),
    /// This statement may allow one.
    Unknown(String),
}

/// Looks for a request of `target` that is allowed. `fixed` are keys that all requests of the
/// principal agree on.
pub fn reach(
    principal: &Principal,
    resources: &[&ResourcePolicy],
    target: &Target,
    fixed: &BTreeMap<&'static str, Key>,
) -> Reach {
    let mut unknown = None;
    let search = Search { principal, resources, target, fixed };
    for (policy, rule) in search.allowing() {
        match search.through(rule) {
            Some(Ok((request, by))) => return Reach::Witness(Box::new(request), by),
            Some(Err(())) => {
                unknown.get_or_insert_with(|| policy.reference(&rule.name).to_string());
            }
            None => {}
        }
    }
    for policy in search.policies() {
        if let Some(why) = policy.document.strange.first() {
            unknown.get_or_insert_with(|| format!("{}: {why}", policy.object));
        }
    }
    unknown.map_or(Reach::None, Reach::Unknown)
}

struct Search<'a> {
    principal: &'a Principal,
    resources: &'a [&'a ResourcePolicy],
    target: &'a Target,
    fixed: &'a BTreeMap<&'static str, Key>,
}

impl<'a> Search<'a> {
    /// All policies that have a say: the principal's own and those of resources within the target.
    fn policies(&self) -> impl Iterator<Item = &'a Attached> {
        self.principal.policies.iter().chain(self.of_resources())
    }

    fn of_resources(&self) -> impl Iterator<Item = &'a Attached> {
        let Target { actions, resource: target, .. } = self.target;
        let within = move |policy: &&&ResourcePolicy| {
            actions.iter().any(|action| policy.is_asked_about(action))
                && policy.resources.iter().any(|pattern| overlap(pattern, target).is_some())
        };
        self.resources.iter().filter(within).map(|policy| &policy.policy)
    }

    /// The statements that may allow something by themselves.
    fn allowing(&self) -> impl Iterator<Item = (&'a Attached, &'a Rule)> {
        let rules =
            |policy: &'a Attached| policy.document.rules.iter().map(move |rule| (policy, rule));
        let own = self.principal.policies.iter().flat_map(rules);
        let of_resources = self.of_resources().flat_map(rules);
        let named = of_resources.filter(|(_, rule)| allows_by_itself(self.principal, rule));
        own.chain(named).filter(|(_, rule)| rule.effect == Effect::Allow)
    }

    /// A request that this statement allows; an error if there may be one, but none was found.
    fn through(&self, rule: &Rule) -> Option<Result<(Request, StatementRef), ()>> {
        let actions: Vec<&str> = self
            .target
            .actions
            .iter()
            .copied()
            .filter(|action| {
                let action = action.to_lowercase();
                rule.actions.iter().any(|pattern| covers(pattern, &action) != Answer::No)
            })
            .collect();
        if actions.is_empty() {
            return None;
        }
        let resources = match &rule.resources {
            Some(patterns) => patterns
                .iter()
                .filter_map(|pattern| overlap(pattern, &self.target.resource))
                .collect(),
            None => vec![instance(&self.target.resource)],
        };
        if resources.is_empty() || !rule.conditions.iter().all(|condition| self.can_hold(condition))
        {
            return None;
        }
        let contexts = self.contexts(rule);
        for action in actions {
            for resource in &resources {
                for context in &contexts {
                    let (action, resource) = (action.to_owned(), resource.clone());
                    let request = Request { action, resource, context: context.clone() };
                    if let Decision::Allowed(by) =
                        decide(&self.unbounded(), self.resources, &request)
                    {
                        return Some(Ok((request, by)));
                    }
                }
            }
        }
        Some(Err(()))
    }

    /// A boundary that nobody has seen may or may not forbid it: here it is not counted on.
    fn unbounded(&self) -> Principal {
        Principal { boundary: None, ..self.principal.clone() }
    }

    fn key(&self, condition: &Condition) -> Option<&Key> {
        let key = condition.key.as_str();
        self.target.keys.get(key).or_else(|| self.fixed.get(key))
    }

    /// Whether a condition, taken for itself, holds for any request of the target.
    fn can_hold(&self, condition: &Condition) -> bool {
        let holds = |given: Option<&[String]>| condition.holds(given) != Answer::No;
        match self.key(condition) {
            Some(Key::OneOf(choices)) => choices.iter().any(|choice| match choice {
                Some(value) => holds(Some(std::slice::from_ref(value))),
                None => holds(None),
            }),
            Some(Key::ShowsUnder { folder, except }) => {
                let shown = |value: &String| {
                    let shown = shows_under(folder, value, condition.has_patterns());
                    shown.is_some_and(|prefix| Some(prefix) != *except)
                };
                !condition.demands_a_value() || condition.values.iter().any(shown)
            }
            None => !condition.demands_a_value() || !condition.values.is_empty(),
        }
    }

    /// What requests may say that this statement could allow: all combinations of values that its
    /// own conditions and those of denials tell apart.
    fn contexts(&self, rule: &Rule) -> Vec<BTreeMap<String, Option<Vec<String>>>> {
        let mut conditions: Vec<&Condition> = rule.conditions.iter().collect();
        let denials = self.policies().flat_map(|policy| &policy.document.rules);
        let denials = denials.filter(|rule| rule.effect == Effect::Deny);
        conditions.extend(denials.flat_map(|rule| &rule.conditions));
        let mut by_key: BTreeMap<&str, Vec<&Condition>> = BTreeMap::new();
        for condition in conditions {
            by_key.entry(&condition.key).or_default().push(condition);
        }
        let constrained = self.target.keys.keys().chain(self.fixed.keys());
        for key in constrained {
            by_key.entry(key).or_default();
        }
        let mut contexts = vec![BTreeMap::new()];
        for (key, conditions) in by_key {
            let choices = self.choices(key, &conditions);
            let with = |context: &BTreeMap<String, Option<Vec<String>>>| {
                let context = context.clone();
                choices
                    .iter()
                    .map(move |choice| {
                        let value = choice.clone().map(|value| vec![value]);
                        let mut context = context.clone();
                        context.insert(key.to_owned(), value);
                        context
                    })
                    .collect::<Vec<_>>()
            };
            contexts = contexts.iter().flat_map(with).take(MOST_TRIES).collect();
        }
        contexts
    }

    fn choices(&self, key: &str, conditions: &[&Condition]) -> BTreeSet<Option<String>> {
        let values = conditions.iter().flat_map(|condition| {
            condition.values.iter().map(|value| (value, condition.has_patterns()))
        });
        match self.target.keys.get(key).or_else(|| self.fixed.get(key)) {
            Some(Key::OneOf(choices)) => choices.iter().cloned().collect(),
            Some(Key::ShowsUnder { folder, except }) => {
                let shown =
                    values.filter_map(|(value, pattern)| shows_under(folder, value, pattern));
                let shown = shown.filter(|prefix| Some(prefix) != except.as_ref());
                shown.map(Some).chain([None, Some(folder.clone())]).collect()
            }
            None => {
                let named = values.flat_map(|(value, pattern)| {
                    let fitting = if pattern { instance(value) } else { value.clone() };
                    [format!("{fitting}x"), fitting]
                });
                named.map(Some).chain([None]).collect()
            }
        }
    }
}

/// A prefix that `value` covers and whose listing shows something under `folder`.
fn shows_under(folder: &str, value: &str, is_pattern: bool) -> Option<String> {
    let literal = if is_pattern { literal_prefix(value) } else { value };
    if !folder.starts_with(literal) && !literal.starts_with(folder) {
        return None;
    }
    if !is_pattern || !has_wildcard(value) {
        return Some(value.to_owned());
    }
    overlap(value, &format!("{folder}*")).or_else(|| {
        let lengths = folder.char_indices().map(|(at, _)| at).filter(|&at| at >= literal.len());
        let mut shorter = lengths.map(|at| &folder[..at]);
        shorter.find(|prefix| covers(value, prefix) == Answer::Yes).map(str::to_owned)
    })
}

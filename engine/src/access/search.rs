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
use super::text::is_to_be_made;
use super::text::literal_prefix;
use super::text::may_overlap;
use super::text::may_overlap_within;
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

/// A principal, with its statements sorted by what they may allow.
#[derive(Debug)]
pub struct Seeker<'a> {
    principal: &'a Principal,
    allowing: Vec<(Actions, Vec<Allowing<'a>>)>,
    strange: Option<String>,
}

/// A target, with the policies that stand before it.
#[derive(Debug)]
pub struct Guarded<'a> {
    target: &'a Target,
    policies: Vec<&'a ResourcePolicy>,
    allowing: Vec<Allowing<'a>>,
    strange: Option<String>,
}

/// A list of actions that targets have in common.
type Actions = &'static [&'static str];

/// A statement that may allow one of some actions.
type Allowing<'a> = (&'a Attached, &'a Rule);

impl<'a> Seeker<'a> {
    /// Prepares a principal for targets of these actions.
    pub fn new(principal: &'a Principal, actions: &[Actions]) -> Self {
        let rules = |actions: Actions| {
            let policies = principal.policies.iter();
            policies.flat_map(|policy| allowing(policy, actions)).collect()
        };
        let allowing = actions.iter().map(|&actions| (actions, rules(actions))).collect();
        Self { principal, allowing, strange: strange(&principal.policies) }
    }

    /// Its statements that may allow one of these actions.
    fn allowing(&self, actions: Actions) -> &[Allowing<'a>] {
        let mut lists = self.allowing.iter();
        let same = |list: &Actions| std::ptr::eq(*list, actions) || *list == actions;
        lists.find(|(list, _)| same(list)).map_or(&[], |(_, rules)| rules)
    }

    /// The resources that its statements may allow one of these actions on, as patterns; none if it
    /// may be anything.
    pub fn patterns(&self, actions: Actions) -> Option<impl Iterator<Item = &str>> {
        let rules = self.allowing(actions);
        let anything =
            self.strange.is_some() || rules.iter().any(|(_, rule)| rule.resources.is_none());
        let patterns = || rules.iter().flat_map(|(_, rule)| rule.resources.iter().flatten());
        (!anything).then(|| patterns().map(String::as_str))
    }
}

impl<'a> Guarded<'a> {
    /// Prepares a target behind those of these policies that have a say in it.
    pub fn new(target: &'a Target, policies: &[&'a ResourcePolicy]) -> Self {
        let within = |policy: &&&ResourcePolicy| {
            target.actions.iter().any(|action| policy.is_asked_about(action))
                && policy.resources.iter().any(|own| overlap(own, &target.resource).is_some())
        };
        let policies: Vec<&ResourcePolicy> = policies.iter().filter(within).copied().collect();
        let attached = policies.iter().map(|policy| &policy.policy);
        let allowing = attached.clone().flat_map(|policy| allowing(policy, target.actions));
        let (allowing, strange) = (allowing.collect(), strange(attached));
        Self { target, policies, allowing, strange }
    }

    /// The target.
    pub fn target(&self) -> &Target {
        self.target
    }

    /// Whether it may be reached by what does not name it: because the policies before it may allow
    /// something by themselves, or because it is not known what it will be called.
    pub fn is_open(&self) -> bool {
        !self.allowing.is_empty() || self.strange.is_some() || is_to_be_made(&self.target.resource)
    }

    /// Another target behind the same policies.
    pub fn with(&self, target: &'a Target) -> Self {
        Self::new(target, &self.policies)
    }
}

fn allowing(policy: &Attached, actions: Actions) -> impl Iterator<Item = Allowing<'_>> {
    let fits = move |rule: &&Rule| {
        rule.effect == Effect::Allow && actions.iter().any(|action| may_do(rule, action))
    };
    policy.document.rules.iter().filter(fits).map(move |rule| (policy, rule))
}

fn may_do(rule: &Rule, action: &str) -> bool {
    let action = action.to_lowercase();
    rule.actions.iter().any(|pattern| covers(pattern, &action) != Answer::No)
}

/// What of these policies nobody understands.
fn strange<'a>(policies: impl IntoIterator<Item = &'a Attached>) -> Option<String> {
    let mut policies = policies.into_iter();
    policies.find_map(|policy| {
        policy.document.strange.first().map(|why| format!("{}: {why}", policy.object))
    })
}

/// Looks for a request of a target that is allowed. `fixed` are keys that all requests of the
/// principal agree on.
pub fn reach(
    seeker: &Seeker<'_>,
    guarded: &Guarded<'_>,
    fixed: &BTreeMap<&'static str, Key>,
) -> Reach {
    let Guarded { target, policies, .. } = guarded;
    let search = Search { principal: seeker.principal, policies, target, fixed };
    let own = seeker.allowing(target.actions).iter();
    let named = |(_, rule): &&Allowing<'_>| allows_by_itself(seeker.principal, rule);
    let mut unknown = None;
    for (policy, rule) in own.chain(guarded.allowing.iter().filter(named)) {
        match search.through(rule) {
            Some(Ok((request, by))) => return Reach::Witness(Box::new(request), by),
            Some(Err(())) => {
                unknown.get_or_insert_with(|| policy.reference(&rule.name).to_string());
            }
            None => {}
        }
    }
    let unknown = unknown.or_else(|| seeker.strange.clone()).or_else(|| guarded.strange.clone());
    unknown.map_or(Reach::None, Reach::Unknown)
}

struct Search<'a> {
    principal: &'a Principal,
    policies: &'a [&'a ResourcePolicy],
    target: &'a Target,
    fixed: &'a BTreeMap<&'static str, Key>,
}

impl Search<'_> {
    /// A request that this statement allows; an error if there may be one, but none was found.
    fn through(&self, rule: &Rule) -> Option<Result<(Request, StatementRef), ()>> {
        let target = &self.target.resource;
        let patterns = rule.resources.as_deref();
        let near = |one: &String| may_overlap(one, target) || is_to_be_made(target);
        if patterns.is_some_and(|list| !list.iter().any(near))
            || !rule.conditions.iter().all(|condition| self.can_hold(condition))
        {
            return None;
        }
        let resources: Vec<String> = match patterns {
            Some(list) => list.iter().filter_map(|one| overlap(one, target)).collect(),
            None => vec![instance(target)],
        };
        let vague = || patterns.into_iter().flatten().any(|one| may_overlap_within(one, target));
        match resources.as_slice() {
            [] if vague() => Some(Err(())),
            [] => None,
            resources => Some(self.attempt(rule, resources).ok_or(())),
        }
    }

    /// Tries everything that the statement could allow on these resources.
    fn attempt(&self, rule: &Rule, resources: &[String]) -> Option<(Request, StatementRef)> {
        let contexts = self.contexts(rule);
        let principal = self.unbounded();
        for action in self.target.actions.iter().filter(|action| may_do(rule, action)) {
            for resource in resources {
                for context in &contexts {
                    let (action, resource) = ((*action).to_owned(), resource.clone());
                    let request = Request { action, resource, context: context.clone() };
                    if let Decision::Allowed(by) = decide(&principal, self.policies, &request) {
                        return Some((request, by));
                    }
                }
            }
        }
        None
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
        let of_resources = self.policies.iter().map(|policy| &policy.policy);
        let policies = self.principal.policies.iter().chain(of_resources);
        let denials = policies.flat_map(|policy| &policy.document.rules);
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
    if !is_pattern || !has_wildcard(value) {
        let shows = folder.starts_with(value) || value.starts_with(folder);
        return shows.then(|| value.to_owned());
    }
    if !may_overlap(value, folder) {
        return None;
    }
    overlap(value, &format!("{folder}*")).or_else(|| {
        let least = literal_prefix(value).len();
        let lengths = folder.char_indices().map(|(at, _)| at).filter(|&at| at >= least);
        let mut shorter = lengths.map(|at| &folder[..at]);
        shorter.find(|prefix| covers(value, prefix) == Answer::Yes).map(str::to_owned)
    })
}

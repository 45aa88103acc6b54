//! One request, one answer.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use super::condition::Condition;
use super::document::Document;
use super::document::Principals;
use super::document::Rule;
use super::text::Answer;
use super::text::covers;
use super::text::shown;
use crate::policy::Effect;

/// One that requests are made as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its account's id.
    pub account: String,
    /// Its ARN, by which the policies of resources name it.
    pub arn: String,
    /// What its policies say.
    pub policies: Vec<Attached>,
    /// What narrows it without having been seen: the ARN of a permissions boundary.
    pub boundary: Option<String>,
}

/// A policy of a principal or of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The object that holds it, for people: `<unit>:<address>`.
    pub object: String,
    /// What it says.
    pub document: Document,
    /// The spec line that statements come from, by their name; under `""` that of the others.
    pub origins: BTreeMap<String, String>,
}

/// The policy of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePolicy {
    /// The service whose requests it is asked about, as actions begin: a role's trust policy has no
    /// say in who may pass the role.
    pub service: &'static str,
    /// The resources that it stands before, as patterns.
    pub resources: Vec<String>,
    /// The policy.
    pub policy: Attached,
    /// Without its consent nothing is allowed, whatever a principal's own policies say: trust
    /// policies of roles, policies of keys.
    pub required: bool,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What, as `service:Action`.
    pub action: String,
    /// On what: an ARN, or `*` for actions that are about nothing in particular.
    #[serde(serialize_with = "as_shown")]
    pub resource: String,
    /// What it says about itself, by key in lower case; no value means that it lacks the key. Of
    /// keys that are not here nothing is known.
    #[serde(serialize_with = "said", deserialize_with = "was_said")]
    pub context: BTreeMap<String, Option<Vec<String>>>,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StatementRef {
    /// The object that holds the policy.
    pub object: String,
    /// The statement's name.
    pub statement: String,
    /// The spec line that it comes from.
    pub origin: Option<String>,
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of {}", self.statement, self.object)?;
        self.origin.as_ref().map_or(Ok(()), |origin| write!(f, " ({origin})"))
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This statement allows it, and none denies it.
    Allowed(StatementRef),
    /// This statement denies it.
    Denied(StatementRef),
    /// No statement allows it.
    NotAllowed,
    /// It hangs on something that is not known.
    Unknown {
        /// The statement that would decide, if one would.
        by: Option<StatementRef>,
        /// On what, in words that read on after "if" or "because".
        because: Vec<String>,
    },
}

/// How a policy's statements answer.
#[derive(Debug, Default)]
struct Tally {
    allowed: Option<StatementRef>,
    denied: Option<StatementRef>,
    /// Statements that may allow, and what that hangs on.
    may_allow: Vec<(StatementRef, Vec<String>)>,
    may_deny: Vec<(StatementRef, Vec<String>)>,
    strange: Vec<String>,
}

/// Decides a request of `principal` in its own account.
pub fn decide(principal: &Principal, resources: &[&ResourcePolicy], request: &Request) -> Decision {
    let mut own = Tally::default();
    for policy in &principal.policies {
        own.add(policy, request, |_| Match::Direct);
    }
    let (mut direct, mut account, mut required) = (Tally::default(), Tally::default(), false);
    for resource in resources.iter().filter(|policy| policy.stands_before(request)) {
        required |= resource.required;
        direct.add(&resource.policy, request, |rule| match named(principal, rule) {
            Match::Account if rule.effect == Effect::Allow => Match::Not,
            Match::Account => Match::Direct,
            other => other,
        });
        account.add(&resource.policy, request, |rule| match named(principal, rule) {
            Match::Account if rule.effect == Effect::Allow => Match::Direct,
            _ => Match::Not,
        });
    }
    let consent = if required { account.consent() } else { Answer::Yes };
    conclude(principal, own, direct, consent)
}

/// Puts what the principal's own policies, those of the resource, and the consent of the resource to
/// whatever the account allows, together.
fn conclude(principal: &Principal, own: Tally, direct: Tally, consent: Answer) -> Decision {
    if let Some(by) = own.denied.or(direct.denied) {
        return Decision::Denied(by);
    }
    let (own_allow, asks) = match consent {
        Answer::Yes => (own.allowed, None),
        Answer::Unknown => (None, own.allowed),
        Answer::No => (None, None),
    };
    let allowed = direct.allowed.or(own_allow);
    let mut because = [own.strange, direct.strange].concat();
    let strange = !because.is_empty();
    let denials = own.may_deny.into_iter().chain(direct.may_deny);
    let unless = |(by, reasons): (StatementRef, Vec<String>)| {
        reasons.into_iter().map(move |reason| format!("{by} denies it if {reason}"))
    };
    because.extend(denials.flat_map(unless));
    if let Some(by) = allowed {
        because.extend(principal.boundary.as_ref().map(|arn| {
            format!("the permissions boundary {arn} is not nfplan's, and may not allow it")
        }));
        return if because.is_empty() {
            Decision::Allowed(by)
        } else {
            Decision::Unknown { by: Some(by), because }
        };
    }
    let mut candidates = direct.may_allow;
    candidates.extend(asks.map(|by| (by, vec!["the policy of the resource allows it".into()])));
    if consent != Answer::No {
        candidates.extend(own.may_allow);
    }
    match candidates.into_iter().next() {
        Some((by, reasons)) => {
            Decision::Unknown { by: Some(by), because: [reasons, because].concat() }
        }
        None if strange => Decision::Unknown { by: None, because },
        None => Decision::NotAllowed,
    }
}

/// Whom a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Not,
    /// This principal.
    Direct,
    /// Its account, which then decides by the principal's own policies.
    Account,
    Unknown,
}

fn named(principal: &Principal, rule: &Rule) -> Match {
    let kinds = match &rule.principals {
        Some(Principals::Everybody) => return Match::Direct,
        Some(Principals::Kinds(kinds)) => kinds,
        None => return Match::Unknown,
    };
    let values = kinds.get("AWS").map(Vec::as_slice).unwrap_or_default();
    if values.contains(&principal.arn) {
        Match::Direct
    } else if values.iter().any(|value| is_account(value, &principal.account)) {
        Match::Account
    } else if values.iter().any(|value| !value.contains(":iam::")) {
        // A session, or the unique id that IAM puts in place of a deleted principal's ARN.
        Match::Unknown
    } else {
        Match::Not
    }
}

/// Whether a principal in a policy is this whole account: by its id, or by the ARN of its root.
fn is_account(value: &str, account: &str) -> bool {
    let arn = value.strip_suffix(":root").and_then(|rest| rest.strip_suffix(account));
    value == account || arn.is_some_and(|rest| rest.ends_with(":iam::"))
}

impl Tally {
    fn add(&mut self, policy: &Attached, request: &Request, who: impl Fn(&Rule) -> Match) {
        let Attached { object, document, .. } = policy;
        let strange = document.strange.iter();
        self.strange
            .extend(strange.map(|why| format!("nfplan cannot tell what {object} says: {why}")));
        for rule in &document.rules {
            let who = match who(rule) {
                Match::Not => continue,
                Match::Direct | Match::Account => Answer::Yes,
                Match::Unknown => Answer::Unknown,
            };
            let statement = || policy.reference(&rule.name);
            match (rule.applies(request).min(who), rule.effect) {
                (Answer::No, _) => {}
                (Answer::Yes, Effect::Allow) => {
                    self.allowed.get_or_insert_with(statement);
                }
                (Answer::Yes, Effect::Deny) => {
                    self.denied.get_or_insert_with(statement);
                }
                (Answer::Unknown, effect) => {
                    let open = (statement(), rule.open(request));
                    match effect {
                        Effect::Allow => self.may_allow.push(open),
                        Effect::Deny => self.may_deny.push(open),
                    }
                }
            }
        }
    }

    /// Whether it allows for sure, perhaps, or not.
    fn consent(&self) -> Answer {
        if self.allowed.is_some() {
            Answer::Yes
        } else if self.may_allow.is_empty() && self.strange.is_empty() {
            Answer::No
        } else {
            Answer::Unknown
        }
    }
}

/// Whether a statement of a resource's policy may allow by itself what the principal asks for.
pub(super) fn allows_by_itself(principal: &Principal, rule: &Rule) -> bool {
    matches!(named(principal, rule), Match::Direct | Match::Unknown)
}

impl Attached {
    /// One of its statements.
    pub fn reference(&self, statement: &str) -> StatementRef {
        let origin = self.origins.get(statement).or_else(|| self.origins.get(""));
        StatementRef {
            object: self.object.clone(),
            statement: statement.into(),
            origin: origin.cloned(),
        }
    }
}

impl ResourcePolicy {
    fn stands_before(&self, request: &Request) -> bool {
        let resource = &request.resource;
        self.is_asked_about(&request.action)
            && self.resources.iter().any(|pattern| covers(pattern, resource) != Answer::No)
    }

    /// Whether it has a say in an action at all.
    pub(super) fn is_asked_about(&self, action: &str) -> bool {
        action.split_once(':').is_some_and(|(service, _)| service == self.service)
    }
}

impl Request {
    /// What it says of a key: none if that is not known.
    pub fn given(&self, key: &str) -> Option<Option<&[String]>> {
        self.context.get(key).map(Option::as_deref)
    }
}

impl Rule {
    /// Whether it is about this request, whoever makes it.
    pub fn applies(&self, request: &Request) -> Answer {
        let action = request.action.to_lowercase();
        let actions = Answer::any(self.actions.iter().map(|pattern| covers(pattern, &action)));
        if actions == Answer::No {
            return Answer::No;
        }
        let on = |list: &Vec<String>| {
            Answer::any(list.iter().map(|pattern| covers(pattern, &request.resource)))
        };
        let resources = self.resources.as_ref().map_or(Answer::Yes, on);
        if resources == Answer::No {
            return Answer::No;
        }
        let conditions = self.conditions.iter().map(|condition| {
            request.given(&condition.key).map_or(Answer::Unknown, |given| condition.holds(given))
        });
        Answer::all(conditions.chain([actions, resources]))
    }

    /// What it hangs on whether it applies to this request.
    fn open(&self, request: &Request) -> Vec<String> {
        let open = self.conditions.iter().filter(|condition| {
            let given = request.given(&condition.key);
            given.is_none_or(|given| condition.holds(given) == Answer::Unknown)
        });
        let mut reasons: Vec<String> = open.map(ToString::to_string).collect();
        if reasons.is_empty() {
            reasons.push("an id that the cloud has yet to make fits".into());
        }
        reasons
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> = self.values.iter().map(|value| shown(value)).collect();
        write!(f, "{} {} {}", self.key, self.operator, values.join(" or "))
    }
}

/// As in `s3:GetObject on arn:… with s3:prefix=…`.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, shown(&self.resource))?;
        let mut joint = " with";
        for (key, values) in &self.context {
            if let Some(values) = values {
                write!(f, "{joint} {key}={}", shown(&values.join(",")))?;
                joint = ",";
            }
        }
        Ok(())
    }
}

fn as_shown<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(text))
}

/// Only what a request says.
fn said<S: Serializer>(
    context: &BTreeMap<String, Option<Vec<String>>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let said = context.iter().filter_map(|(key, values)| Some((key, values.as_ref()?)));
    serializer.collect_map(
        said.map(|(key, values)| {
            (key, values.iter().map(|value| shown(value)).collect::<Vec<_>>())
        }),
    )
}

fn was_said<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Option<Vec<String>>>, D::Error> {
    let said = BTreeMap::<String, Vec<String>>::deserialize(deserializer)?;
    Ok(said.into_iter().map(|(key, values)| (key, Some(values))).collect())
}

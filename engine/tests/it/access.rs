//! The evaluator of policies against brute force: random policies over so small a world that every
//! request in it can be tried.

use std::collections::BTreeMap;

use nfplan_engine::access::condition::Condition;
use nfplan_engine::access::decision::Attached;
use nfplan_engine::access::decision::Decision;
use nfplan_engine::access::decision::Principal;
use nfplan_engine::access::decision::Request;
use nfplan_engine::access::decision::ResourcePolicy;
use nfplan_engine::access::decision::decide;
use nfplan_engine::access::document::Document;
use nfplan_engine::access::document::Principals;
use nfplan_engine::access::document::Rule;
use nfplan_engine::access::search::Guarded;
use nfplan_engine::access::search::Key;
use nfplan_engine::access::search::Reach;
use nfplan_engine::access::search::Seeker;
use nfplan_engine::access::search::Target;
use nfplan_engine::access::search::reach;
use nfplan_engine::policy::Effect;
use proptest::prelude::*;
use proptest::sample::select;

const ACTIONS: [&str; 2] = ["s:A", "s:B"];
const ME: &str = "arn:aws:iam::111122223333:user/me";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const KEYS: [&str; 2] = ["k", "l"];

/// All texts of up to three letters.
fn texts() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..3 {
        last = last
            .iter()
            .flat_map(|text| ["a", "b"].map(|letter| format!("{text}{letter}")))
            .collect();
        all.extend(last.clone());
    }
    all
}

fn pattern() -> impl Strategy<Value = String> {
    prop::collection::vec(select(vec!["a", "b", "*", "?"]), 0..4).prop_map(|parts| parts.concat())
}

fn condition() -> impl Strategy<Value = Condition> {
    let operators = vec![
        "StringEquals",
        "StringLike",
        "StringNotEquals",
        "StringNotLike",
        "StringEqualsIfExists",
        "StringNotLikeIfExists",
        "ForAllValues:StringLike",
        "ForAllValues:StringNotLike",
        "ForAnyValue:StringLike",
        "Null",
    ];
    let values = prop::collection::vec(pattern(), 1..3);
    (select(operators), select(KEYS.to_vec()), values, any::<bool>()).prop_map(
        |(operator, key, values, absent)| match operator {
            "Null" => Condition::new(operator, key, vec![absent.to_string()]),
            _ => Condition::new(operator, key, values),
        },
    )
}

fn rule(allow: f64) -> impl Strategy<Value = Rule> {
    let actions = prop::collection::vec(select(vec!["s:a", "s:b", "s:*"]), 1..3);
    let resources = prop::collection::vec(pattern(), 1..3);
    let conditions = prop::collection::vec(condition(), 0..3);
    (prop::bool::weighted(allow), actions, resources, conditions).prop_map(
        |(allow, actions, resources, conditions)| Rule {
            name: "S".into(),
            effect: if allow { Effect::Allow } else { Effect::Deny },
            principals: None,
            actions: actions.into_iter().map(str::to_owned).collect(),
            resources: Some(resources),
            conditions,
        },
    )
}

pub(crate) fn policy(allow: f64) -> impl Strategy<Value = Attached> {
    prop::collection::vec(rule(allow), 0..4).prop_map(|rules| Attached {
        object: "policy".into(),
        document: Document { rules, strange: Vec::new() },
        origins: BTreeMap::new(),
    })
}

fn resource_policy() -> impl Strategy<Value = ResourcePolicy> {
    let principals = select(vec![
        Principals::Everybody,
        Principals::Kinds(BTreeMap::from([("AWS".to_owned(), vec![ME.to_owned()])])),
        Principals::Kinds(BTreeMap::from([("AWS".to_owned(), vec![ROOT.to_owned()])])),
        Principals::Kinds(BTreeMap::from([(
            "AWS".to_owned(),
            vec!["arn:aws:iam::111122223333:user/you".to_owned()],
        )])),
    ]);
    (policy(0.7), principals, pattern(), any::<bool>()).prop_map(
        |(mut policy, principals, pattern, required)| {
            for rule in &mut policy.document.rules {
                rule.principals = Some(principals.clone());
            }
            ResourcePolicy { service: "s", resources: vec![pattern], policy, required }
        },
    )
}

fn me(policies: Vec<Attached>) -> Principal {
    Principal { account: "111122223333".into(), arn: ME.into(), policies, boundary: None }
}

/// Every request of the world whose keys are these.
pub(crate) fn requests(contexts: &[BTreeMap<String, Option<Vec<String>>>]) -> Vec<Request> {
    let mut all = Vec::new();
    for action in ACTIONS {
        for resource in texts() {
            for context in contexts {
                let (action, resource) = (action.to_owned(), resource.clone());
                all.push(Request { action, resource, context: context.clone() });
            }
        }
    }
    all
}

pub(crate) fn contexts() -> Vec<BTreeMap<String, Option<Vec<String>>>> {
    let choices: Vec<Option<String>> = ["", "a", "b", "ab", "ba", "x"]
        .iter()
        .map(|&text| Some(text.to_owned()))
        .chain([None])
        .collect();
    let mut all = Vec::new();
    for one in &choices {
        for other in &choices {
            let value = |choice: &Option<String>| choice.clone().map(|value| vec![value]);
            all.push(BTreeMap::from([
                ("k".to_owned(), value(one)),
                ("l".to_owned(), value(other)),
            ]));
        }
    }
    all
}

/// The rules of IAM in the plainest form.
pub(crate) mod oracle {
    use super::*;

    /// By trying every way to split.
    pub(super) fn glob(pattern: &str, text: &str) -> bool {
        match pattern.chars().next() {
            None => text.is_empty(),
            Some('*') => {
                let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
                ends.into_iter().any(|at| glob(&pattern[1..], &text[at..]))
            }
            Some(first) => match text.chars().next() {
                Some(next) => (first == '?' || first == next) && glob(&pattern[1..], &text[1..]),
                None => false,
            },
        }
    }

    fn condition(condition: &Condition, request: &Request) -> bool {
        let given = request.context[&condition.key].as_ref().map(|values| values[0].as_str());
        let mut own = condition.values.iter();
        let equal = |text| condition.values.iter().any(|value| value == text);
        let like = |text| condition.values.iter().any(|value| glob(value, text));
        match (condition.operator.as_str(), given) {
            ("Null", given) => own.any(|value| (value == "true") == given.is_none()),
            ("StringEquals" | "StringLike" | "ForAnyValue:StringLike", None) => false,
            (_, None) => true,
            ("StringEquals" | "StringEqualsIfExists", Some(text)) => equal(text),
            ("StringNotEquals", Some(text)) => !equal(text),
            ("StringLike" | "ForAllValues:StringLike" | "ForAnyValue:StringLike", Some(text)) => {
                like(text)
            }
            (_, Some(text)) => !like(text),
        }
    }

    fn applies(rule: &Rule, request: &Request) -> bool {
        let action = request.action.to_lowercase();
        rule.actions.iter().any(|pattern| glob(pattern, &action))
            && rule.resources.iter().flatten().any(|pattern| glob(pattern, &request.resource))
            && rule.conditions.iter().all(|own| condition(own, request))
    }

    fn any(policies: &[&Attached], effect: Effect, request: &Request) -> bool {
        let rules = policies.iter().flat_map(|policy| &policy.document.rules);
        rules.filter(|rule| rule.effect == effect).any(|rule| applies(rule, request))
    }

    /// Whether a principal named so is allowed to.
    pub(crate) fn allows(
        own: &[Attached],
        resources: &[ResourcePolicy],
        request: &Request,
    ) -> bool {
        let before: Vec<&ResourcePolicy> = resources
            .iter()
            .filter(|policy| {
                policy.resources.iter().any(|pattern| glob(pattern, &request.resource))
            })
            .collect();
        let about = |name: &str| -> Vec<&Attached> {
            let named = |policy: &&&ResourcePolicy| {
                policy.policy.document.rules.iter().any(|rule| match &rule.principals {
                    Some(Principals::Everybody) => name == ME,
                    Some(Principals::Kinds(kinds)) => kinds["AWS"].contains(&name.to_owned()),
                    None => false,
                })
            };
            before.iter().filter(named).map(|policy| &policy.policy).collect()
        };
        let own: Vec<&Attached> = own.iter().collect();
        let (me, root) = (about(ME), about(ROOT));
        if [&own, &me, &root].into_iter().any(|list| any(list, Effect::Deny, request)) {
            return false;
        }
        let consent =
            !before.iter().any(|policy| policy.required) || any(&root, Effect::Allow, request);
        any(&me, Effect::Allow, request) || (consent && any(&own, Effect::Allow, request))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_pattern_covers_what_it_covers_by_brute_force(pattern in pattern(), other in pattern()) {
        use nfplan_engine::access::text::Answer;
        use nfplan_engine::access::text::covers;
        use nfplan_engine::access::text::overlap;
        for text in texts() {
            prop_assert_eq!(covers(&pattern, &text), Answer::of(oracle::glob(&pattern, &text)));
        }
        let both = |text: &String| oracle::glob(&pattern, text) && oracle::glob(&other, text);
        match overlap(&pattern, &other) {
            Some(text) => prop_assert!(both(&text), "{text}"),
            None => prop_assert!(!texts().iter().any(both)),
        }
    }

    #[test]
    fn every_request_is_decided_as_by_brute_force(
        own in prop::collection::vec(policy(0.7), 0..3),
        resources in prop::collection::vec(resource_policy(), 0..3),
    ) {
        let principal = me(own.clone());
        let before: Vec<&ResourcePolicy> = resources.iter().collect();
        for request in requests(&contexts()) {
            let expected = oracle::allows(&own, &resources, &request);
            match decide(&principal, &before, &request) {
                Decision::Allowed(_) => prop_assert!(expected, "{request:?}"),
                Decision::Denied(_) | Decision::NotAllowed => prop_assert!(!expected, "{request:?}"),
                Decision::Unknown { .. } => prop_assert!(false, "everything is known: {request:?}"),
            }
        }
    }

    #[test]
    fn nothing_in_reach_is_called_out_of_reach_and_every_witness_holds(
        own in prop::collection::vec(policy(0.8), 0..3),
        resources in prop::collection::vec(resource_policy(), 0..2),
        pattern in pattern(),
        choices in prop::collection::vec(select(vec![None, Some("a"), Some("b"), Some("ab")]), 0..3),
    ) {
        let choices: Vec<Option<String>> = choices.iter().map(|one| one.map(str::to_owned)).collect();
        let key = (!choices.is_empty()).then_some(("k", Key::OneOf(choices.clone())));
        let target = Target { actions: &["s:A"], resource: pattern.clone(), keys: key.into_iter().collect() };
        let within = |request: &Request| {
            let value = request.context["k"].as_ref().map(|values| values[0].clone());
            request.action == "s:A"
                && oracle::glob(&pattern, &request.resource)
                && (choices.is_empty() || choices.contains(&value))
        };
        let allowed: Vec<Request> = requests(&contexts())
            .into_iter()
            .filter(|request| within(request) && oracle::allows(&own, &resources, request))
            .collect();
        let before: Vec<&ResourcePolicy> = resources.iter().collect();
        let plain = own.iter().flat_map(|policy| &policy.document.rules)
            .all(|rule| rule.effect == Effect::Allow && rule.conditions.len() < 2);
        let me = me(own.clone());
        let seeker = Seeker::new(&me, &[target.actions]);
        match reach(&seeker, &Guarded::new(&target, &before), &BTreeMap::new()) {
            Reach::None => prop_assert!(allowed.is_empty(), "{:?}", allowed[0]),
            Reach::Witness(mut request, _) => {
                for key in KEYS {
                    request.context.entry(key.to_owned()).or_insert(None);
                }
                prop_assert!(within(&request), "{request:?}");
                prop_assert!(oracle::allows(&own, &resources, &request), "{request:?}");
            }
            // What does not hang on several things at once is always decided.
            Reach::Unknown(_) => prop_assert!(!plain || !resources.is_empty()),
        }
    }
}

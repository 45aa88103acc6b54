//! Parts of nfplan's and of others, put together and told apart.

use std::collections::BTreeSet;

use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::proptest;

use super::Parts;
use crate::expr::Expr;
use crate::policy::canonical;
use crate::value::Attributes;
use crate::value::Value;

const STATEMENTS: Parts = Parts {
    title: "statement",
    list: Some("Statement"),
    entries: &["Version"],
    id: "Sid",
    own: "Own",
};

const RULES: Parts = Parts { title: "rule", list: None, entries: &[], id: "id", own: "own" };

fn statement(sid: Option<&str>, action: &str) -> Value {
    let sid = sid.map(|sid| ("Sid".into(), Value::text(sid)));
    let action = ("Action".into(), Value::list([action]));
    Value::Map(sid.into_iter().chain([action]).collect())
}

fn document(statements: impl IntoIterator<Item = Value>) -> Value {
    let statements = Value::List(statements.into_iter().collect());
    let version = ("Version".into(), Value::text("2012-10-17"));
    Value::Map(Attributes::from([version, ("Statement".into(), statements)]))
}

fn statements(document: &Value) -> Vec<Value> {
    document.as_map().unwrap()["Statement"].as_list().unwrap().to_vec()
}

fn is_own(statement: &Value) -> bool {
    let id = statement.as_map().unwrap().get("Sid");
    id.and_then(Value::as_text).is_some_and(|id| id.starts_with("Own"))
}

/// Statements of nfplan's, by numbers.
fn own(numbers: &BTreeSet<u8>, action: u8) -> Vec<Value> {
    let sids = numbers.iter().map(|number| format!("Own{number}"));
    sids.map(|sid| statement(Some(&sid), &format!("s3:{action}"))).collect()
}

/// Statements of others, some without an id, some whose ids are near nfplan's.
fn others() -> impl Strategy<Value = Vec<Value>> {
    let one = (any::<u8>(), 0_u8..4).prop_map(|(number, kind)| {
        let sid = match kind {
            0 => None,
            1 => Some(format!("own{number}")),
            2 => Some(String::new()),
            _ => Some(format!("Theirs{}", number % 3)),
        };
        statement(sid.as_deref(), &format!("s3:{}", number % 5))
    });
    proptest::collection::vec(one, 0..6)
}

fn numbers() -> impl Strategy<Value = BTreeSet<u8>> {
    proptest::collection::btree_set(0_u8..6, 0..5)
}

proptest! {
    #[test]
    fn what_others_have_stays_in_its_order_beside_what_is_wanted(
        before in numbers(), wanted in numbers(), action in 0_u8..3, others in others(),
    ) {
        let there = document(own(&before, 0).into_iter().chain(others.clone()));
        let wanted = own(&wanted, action);

        let merged = STATEMENTS.merged(&document(wanted.clone()).into(), Some(&there));

        let merged = merged.known().unwrap();
        prop_assert_eq!(statements(&merged), [wanted.clone(), others.clone()].concat());
        let again = STATEMENTS.merged(&document(wanted.clone()).into(), Some(&merged));
        prop_assert_eq!(again, Expr::Value(merged.clone()));
        prop_assert_eq!(STATEMENTS.moved(Some(&there), Some(&merged)), None);
        let rest = STATEMENTS.without_own(&merged).map_or_else(Vec::new, |rest| statements(&rest));
        prop_assert_eq!(&rest, &others);
        let alone = STATEMENTS.own_alone(&merged);
        prop_assert_eq!(statements(&alone), wanted.clone());
        prop_assert_eq!(STATEMENTS.as_noted(&merged, &there), merged.clone());
        // The same in the one form in which values are compared: there the whole list is sorted.
        let (there, merged) = (canonical(&there), canonical(&merged));
        let again = STATEMENTS.merged(&canonical(&document(wanted)).into(), Some(&there));
        prop_assert_eq!(canonical(&again.known().unwrap()), merged.clone());
        let theirs = |document: &Value| -> Vec<Value> {
            statements(document).into_iter().filter(|statement| !is_own(statement)).collect()
        };
        prop_assert_eq!(theirs(&merged), theirs(&there));
    }

    #[test]
    fn whatever_others_change_is_told_and_nothing_else(
        own_before in numbers(), own_after in numbers(), before in others(), after in others(),
    ) {
        let noted = document(own(&own_before, 0).into_iter().chain(before.clone()));
        let there = document(own(&own_after, 1).into_iter().chain(after.clone()));
        let told = STATEMENTS.moved(Some(&noted), Some(&there));
        let same = before.iter().all(|part| after.contains(part))
            && after.iter().all(|part| before.contains(part));
        prop_assert!(told.is_none() == same, "{told:?}");
    }
}

#[test]
fn what_is_wanted_and_not_known_yet_keeps_what_others_have() {
    let reference = Expr::Reference("kms.key/work#arn".parse().unwrap());
    let own = Expr::map([("Sid", "Own".into()), ("Resource", reference.clone())]);
    let wanted =
        Expr::map([("Version", "2012-10-17".into()), ("Statement", Expr::List(vec![own.clone()]))]);
    let theirs = statement(Some("Theirs"), "s3:x");
    let there = document([statement(Some("OwnOld"), "s3:y"), theirs.clone()]);
    let merged = STATEMENTS.merged(&wanted, Some(&there));
    let Expr::Map(entries) = &merged else { panic!("{merged:?}") };
    assert_eq!(entries["Statement"], Expr::List(vec![own, theirs.into()]));
    assert_eq!(STATEMENTS.merged(&wanted, None), wanted);
}

#[test]
fn what_stands_beside_the_list_is_others_but_for_what_is_nfplans() {
    let mut there = document([]).as_map().unwrap().clone();
    there.insert("Version".into(), "2008-10-17".into());
    there.insert("Id".into(), "Policy1".into());
    let there = Value::Map(there);
    let merged = STATEMENTS.merged(&document([]).into(), Some(&there)).known().unwrap();
    assert_eq!(merged.to_string(), r#"{"Id":"Policy1","Statement":[],"Version":"2012-10-17"}"#,);
    let told = STATEMENTS.moved(Some(&document([])), Some(&there));
    assert_eq!(told.as_deref(), Some("`Id` is not nfplan's: it is kept"));
    assert_eq!(STATEMENTS.without_own(&there), None, "no part of others is left");
}

#[test]
fn what_others_changed_is_told_by_its_ids() {
    let one = |id: &str, action: &str| statement(Some(id), action);
    let bare = |action: &str| statement(None, action);
    for (before, after, expected) in [
        (vec![], vec![one("A", "x")], "statement `A` is not nfplan's: it is kept"),
        (
            vec![],
            vec![one("A", "x"), one("B", "x"), bare("x")],
            "statements `A`, `B` and a statement without an id are not nfplan's: they are kept",
        ),
        (
            vec![],
            vec![bare("x"), bare("y")],
            "2 statements without an id are not nfplan's: they are kept",
        ),
        (
            vec![one("A", "x"), one("B", "x"), bare("x")],
            vec![one("A", "y"), bare("y")],
            "a statement without an id is not nfplan's: it is kept; \
             statement `A` changed and is not nfplan's: it is kept; \
             statement `B` and a statement without an id were not nfplan's and are gone: they are \
             not made again",
        ),
    ] {
        let told = STATEMENTS.moved(Some(&document(before)), Some(&document(after)));
        assert_eq!(told.as_deref(), Some(expected));
    }
    let rules: Value = serde_json::from_str(r#"[{"id":"own"},{"id":"theirs"}]"#).unwrap();
    let told = RULES.moved(Some(&rules), None);
    let expected = "rule `theirs` was not nfplan's and is gone: it is not made again";
    assert_eq!(told.as_deref(), Some(expected));
}

#[test]
fn parts_that_nobody_would_know_for_nfplans_are_no_wish() {
    let unknown =
        |list: Vec<Expr>| STATEMENTS.unknown(&Expr::map([("Statement", Expr::List(list))]));
    let id = |id: &str| Expr::map([("Sid", id.into())]);
    assert_eq!(unknown(vec![]), None);
    assert_eq!(unknown(vec![id("Own"), id("OwnToo")]), None);
    let expected = "has a statement whose `Sid` does not begin with `Own`";
    let nameless = Expr::map([("Effect", "Deny".into())]);
    for other in [id("Others"), nameless] {
        assert_eq!(unknown(vec![id("Own"), other]).as_deref(), Some(expected));
    }
    let reference = Expr::Reference("kms.key/work#arn".parse().unwrap());
    for opaque in [reference, Expr::map([("Statement", "x".into())]), Expr::Map([].into())] {
        assert_eq!(STATEMENTS.unknown(&opaque).as_deref(), Some("does not list its statements"));
    }
}

//! Exact leaves of small values, and that leaves tell the whole difference.

use nfplan_engine::value::Value;
use proptest::collection::btree_map;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn node(json: &str) -> Node {
    Node::from(&serde_json::from_str::<Value>(json).unwrap())
}

fn differences(before: &str, after: &str) -> Vec<String> {
    let leaves = compare(Some(&node(before)), Some(&node(after)));
    let shown = |node: &Option<Node>| node.as_ref().map_or("-".into(), |node| node.shown(80));
    let line = |leaf: &Leaf| match &leaf.difference {
        Difference::Set(old, new) => {
            format!("{}: {} → {}", leaf.path, shown(old), shown(new))
        }
        Difference::Added(item) => format!("{} + {}", leaf.path, item.shown(80)),
        Difference::Removed(item) => format!("{} - {}", leaf.path, item.shown(80)),
        Difference::Rewritten(..) => format!("{} rewritten", leaf.path),
    };
    leaves.iter().map(line).collect()
}

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#)
}

#[test]
fn only_the_leaf_that_changed_is_named() {
    let document = |resources: &str| {
        let first = r#"{"Sid":"A","Resource":["x"]}"#;
        policy(&format!(r#"[{first},{{"Sid":"B","Resource":{resources}}}]"#))
    };
    let (one, two) = (document(r#"["y"]"#), document(r#"["y","z"]"#));
    assert_eq!(differences(&one, &two), [r#".Statement[B].Resource + "z""#]);
    assert_eq!(differences(&two, &one), [r#".Statement[B].Resource - "z""#]);
}

#[test]
fn how_a_policy_is_written_is_no_change_of_its_meaning() {
    let a = policy(r#"{"Sid":"A","Effect":"Allow","Action":"a:B","Resource":["y","x","x"]}"#);
    let b = policy(r#"[{"Sid":"A","Effect":"Allow","Action":["a:B"],"Resource":["x","y"]}]"#);
    assert_eq!(differences(&a, &b), [" rewritten"]);
    let c = policy(
        r#"[{"Sid":"N","Effect":"Deny","Action":"a:B"},{"Sid":"A","Effect":"Allow","Action":"a:B","Resource":["x","y","z"]}]"#,
    );
    assert_eq!(
        differences(&a, &c),
        [
            r#".Statement[A].Resource + "z""#,
            r#".Statement[N].Action + "a:B""#,
            r#".Statement[N].Effect + "Deny""#,
        ]
    );
}

#[test]
fn conditions_are_compared_by_operator_and_key() {
    let document = |condition: &str| {
        policy(&format!(r#"[{{"Sid":"A","Effect":"Allow","Condition":{condition}}}]"#))
    };
    assert_eq!(
        differences(
            &document(r#"{"StringLike":{"batch:Image":"a"},"Bool":{"x":"true"}}"#),
            &document(r#"{"StringLike":{"batch:Image":["b","a"]},"StringEquals":{"y":"1"}}"#),
        ),
        [
            r#".Statement[A].Condition.Bool.x - "true""#,
            r#".Statement[A].Condition.StringEquals.y + "1""#,
            r#".Statement[A].Condition.StringLike.batch:Image + "b""#,
        ]
    );
}

#[test]
fn statements_without_a_name_are_compared_with_the_one_most_like_them() {
    let (read, write) = (
        r#"{"Effect":"Allow","Action":["s3:Get"],"Resource":["a"]}"#,
        r#"{"Effect":"Allow","Action":["s3:Put"],"Resource":["b"]}"#,
    );
    let wider = r#"{"Effect":"Allow","Action":["s3:Get"],"Resource":["a","c"]}"#;
    let other = r#"{"Effect":"Deny","Action":["iam:X"],"Resource":["d"]}"#;
    assert_eq!(
        differences(
            &policy(&format!("[{write},{read}]")),
            &policy(&format!("[{other},{wider},{write}]"))
        ),
        [
            r#".Statement[2].Resource + "c""#,
            r#".Statement[new 1].Action + "iam:X""#,
            r#".Statement[new 1].Effect + "Deny""#,
            r#".Statement[new 1].Resource + "d""#,
        ]
    );
}

#[test]
fn a_statement_that_is_new_is_shown_in_full() {
    let (before, after) =
        (r#"{"Statement":[]}"#, r#"{"Statement":[{"Sid":"A","Action":["b","c"]}]}"#);
    assert_eq!(
        differences(before, after),
        [r#".Statement[A].Action + "b""#, r#".Statement[A].Action + "c""#]
    );
    assert_eq!(differences(after, before).len(), 2);
}

#[test]
fn a_change_of_order_is_a_change() {
    assert_eq!(differences("[1,2]", "[2,1]"), [": [1, 2] → [2, 1]"]);
    assert_eq!(differences("[1,2]", "[2,1,3]"), [": [1, 2] → [2, 1, 3]"]);
    let (a, b) = (r#"{"id":"a"}"#, r#"{"id":"b"}"#);
    assert_eq!(differences(&format!("[{a},{b}]"), &format!("[{b},{a}]")).len(), 1);
}

#[test]
fn repeated_items_are_counted() {
    assert_eq!(differences("[1,1]", "[1]"), [" - 1"]);
    assert_eq!(differences(r#"{"a":1}"#, r#"{"a":1,"b c":2}"#), [r#"."b c" + 2"#]);
}

#[test]
fn to_be_empty_is_not_to_be_absent() {
    assert_eq!(differences(r#"{"a":["x"]}"#, r#"{"a":[]}"#), [r#".a: ["x"] → []"#]);
    assert_eq!(differences(r#"{"a":["x"]}"#, "{}"), [r#".a - ["x"]"#]);
    assert_eq!(differences(r#"{"a":"x"}"#, "{}"), [r#".a - "x""#]);
}

/// Small values of which many are alike, named items among them.
fn values() -> impl Strategy<Value = Node> {
    let text =
        || prop::sample::select(vec!["a", "b", "c"]).prop_map(|text| Node::Text(text.into()));
    let leaf = prop_oneof![text(), (0..3).prop_map(|number: i32| Node::Plain(number.to_string()))];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let keys = || prop::sample::select(vec!["k", "l", "m"]).prop_map(str::to_owned);
        let fields = || btree_map(keys(), inner.clone(), 0..3);
        let named = (text(), fields()).prop_map(|(name, mut fields)| {
            fields.insert("Sid".into(), name);
            Node::Map(fields)
        });
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Node::List),
            vec(named, 0..4).prop_map(Node::List),
            fields().prop_map(Node::Map),
        ]
    })
}

/// Policies of which many are alike, written in one of the ways that mean the same.
fn policies() -> impl Strategy<Value = Node> {
    let texts = || {
        let text = prop::sample::select(vec!["a", "b", "c"]);
        vec(text.prop_map(|text| Node::Text(text.into())), 1..4).prop_map(|mut items| {
            if items.len() == 1 { items.remove(0) } else { Node::List(items) }
        })
    };
    let by_key = move || {
        let keys = prop::sample::select(vec!["k", "l"]).prop_map(str::to_owned);
        btree_map(keys, texts(), 1..3).prop_map(Node::Map)
    };
    let field = prop_oneof![
        (Just("Action"), texts()),
        (Just("Resource"), texts()),
        (Just("Principal"), by_key()),
        (Just("Condition"), by_key().prop_map(|keys| Node::Map([("Op".into(), keys)].into()))),
        (Just("Sid"), prop::sample::select(vec!["A", "B"]).prop_map(|sid| Node::Text(sid.into()))),
    ];
    let effects = prop::sample::select(vec!["Allow", "Deny"]);
    let statement = (effects, vec(field, 0..5)).prop_map(|(effect, fields)| {
        let fields = fields.into_iter().chain([("Effect", Node::Text(effect.into()))]);
        Node::Map(fields.map(|(key, value)| (key.to_owned(), value)).collect())
    });
    vec(statement, 1..4).prop_map(|statements| {
        Node::Map([(policy::STATEMENT.to_owned(), Node::List(statements))].into())
    })
}

/// The value without what differences do not tell: the order of lists, and of policies how they
/// are written.
fn plain(node: &Node) -> Node {
    let node = policy::canonical(node).map_or_else(|| node.clone(), Node::Map);
    match node {
        Node::List(items) => {
            let mut items: Vec<Node> = items.iter().map(plain).collect();
            items.sort();
            Node::List(items)
        }
        Node::Map(entries) => {
            Node::Map(entries.iter().map(|(key, item)| (key.clone(), plain(item))).collect())
        }
        other => other,
    }
}

/// What the leaves make of a value. In policies, what is new has no place in the old list, so it
/// is collected by its place in the new one.
fn apply(before: &Node, leaves: &[Leaf]) -> Node {
    let old = policy::canonical(before).map_or_else(|| before.clone(), Node::Map);
    let mut root = Some(positioned(&old));
    for leaf in leaves {
        change(&mut root, &leaf.path.0, &leaf.difference);
    }
    unpositioned(&root.unwrap_or(Node::Map(BTreeMap::new())))
}

/// The value with lists of maps as maps by name or position, as paths name them.
fn positioned(node: &Node) -> Node {
    match node {
        Node::List(items)
            if !items.is_empty() && items.iter().all(|i| matches!(i, Node::Map(_))) =>
        {
            let names = policy::names(items);
            let place = |index: usize| {
                let name = names.iter().find(|(_, other)| **other == index);
                name.map_or(format!("#{}", index + 1), |(name, _)| format!("@{name}"))
            };
            let entries = items.iter().enumerate();
            Node::Map(entries.map(|(index, item)| (place(index), positioned(item))).collect())
        }
        Node::Map(entries) => Node::Map(
            entries.iter().map(|(key, item)| (format!(".{key}"), positioned(item))).collect(),
        ),
        other => other.clone(),
    }
}

fn unpositioned(node: &Node) -> Node {
    let Node::Map(entries) = node else { return node.clone() };
    let list = entries.keys().any(|key| !key.starts_with('.'));
    if !list {
        let entries = entries.iter();
        return Node::Map(
            entries.map(|(key, item)| (key[1..].into(), unpositioned(item))).collect(),
        );
    }
    Node::List(entries.values().map(unpositioned).collect())
}

fn change(node: &mut Option<Node>, path: &[Place], difference: &Difference) {
    let Some((place, rest)) = path.split_first() else {
        return replace(node, difference);
    };
    let key = match place {
        Place::Key(key) => format!(".{key}"),
        Place::Item(name) => format!("@{name}"),
        Place::Old(position) => format!("#{position}"),
        Place::New(position) => format!("#new {position}"),
    };
    let Node::Map(entries) = node.get_or_insert_with(|| Node::Map(BTreeMap::new())) else {
        // An empty list, which is no map yet.
        *node = None;
        return change(node, path, difference);
    };
    let fresh = !entries.contains_key(&key);
    let mut child = entries.remove(&key);
    change(&mut child, rest, difference);
    if let (Place::Item(name), Some(Node::Map(fields)), true) = (place, &mut child, fresh) {
        fields.insert(".Sid".into(), Node::Text(name.clone()));
    }
    let gone = |child: &Node| match child {
        // Of an item that is gone, at most the name stays, which its path says.
        Node::Map(fields) => {
            let removed = matches!(difference, Difference::Removed(_));
            let named = matches!(place, Place::Item(_));
            removed && (fields.is_empty() || named && fields.keys().eq([".Sid"]))
        }
        _ => false,
    };
    if let Some(child) = child.filter(|child| !gone(child)) {
        entries.insert(key, child);
    }
}

fn replace(node: &mut Option<Node>, difference: &Difference) {
    match difference {
        Difference::Set(_, after) => *node = after.as_ref().map(positioned),
        Difference::Rewritten(_, after) => *node = Some(positioned(after)),
        Difference::Added(item) => match node {
            Some(Node::List(items)) => items.push(item.clone()),
            Some(Node::Map(entries)) => {
                let position = format!("#new {}", entries.len() + 1);
                entries.insert(position, positioned(item));
            }
            // A set of one is a single value until there are more.
            Some(first) => *node = Some(Node::List(vec![first.clone(), item.clone()])),
            None => *node = Some(positioned(item)),
        },
        Difference::Removed(item) => match node {
            Some(Node::List(items)) if items.contains(item) && items.len() > 1 => {
                let at = items.iter().position(|other| other == item).unwrap();
                items.remove(at);
            }
            _ => *node = None,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn equal_values_have_no_leaves_and_others_have_some(a in values(), b in values()) {
        prop_assert_eq!(compare(Some(&a), Some(&a)), []);
        prop_assert_eq!(compare(Some(&a), Some(&b)).is_empty(), a == b);
    }

    #[test]
    fn the_leaves_of_two_policies_lead_from_one_to_the_other(a in policies(), b in policies()) {
        let leaves = compare(Some(&a), Some(&b));
        prop_assert_eq!(leaves.is_empty(), a == b);
        prop_assert_eq!(plain(&apply(&a, &leaves)), plain(&b), "{:?}", leaves);
        let rewritten = matches!(leaves.as_slice(), [Leaf { difference: Difference::Rewritten(..), .. }]);
        prop_assert_eq!(rewritten, a != b && plain(&a) == plain(&b));
    }
}

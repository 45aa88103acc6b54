//! What differs between two values, leaf by leaf.
//!
//! Items of lists that have a name each are compared by it; their order is only spoken of if
//! nothing else differs, because lists of named items (statements, rules) mean the same in any
//! order.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use super::value::Node;
use super::value::key_shown;

/// The keys by which items of a list are told apart.
const NAMES: [&str; 2] = ["Sid", "id"];

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leaf {
    /// Where in the attribute, as `.Statement[SubmitJobs].Resource`; empty for the whole.
    pub path: String,
    /// What differs there.
    pub difference: Difference,
}

impl Leaf {
    fn at(path: &str, difference: Difference) -> Self {
        Self { path: path.into(), difference }
    }
}

/// What differs at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Difference {
    /// One value takes the place of another; none where there is no value.
    Set(Option<Node>, Option<Node>),
    /// A value is added.
    Added(Node),
    /// A value is removed.
    Removed(Node),
}

/// All the differences. Two values that are not equal have at least one.
pub(super) fn compare(before: Option<&Node>, after: Option<&Node>) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    match (before, after) {
        (Some(before), Some(after)) => walk("", before, after, &mut leaves),
        _ => leaves.push(set("", before, after)),
    }
    leaves
}

/// The leaves of one value, as though all of it were added.
pub(super) fn spread(value: &Node) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    every("", value, Difference::Added, &mut leaves);
    leaves
}

fn set(path: &str, before: Option<&Node>, after: Option<&Node>) -> Leaf {
    Leaf::at(path, Difference::Set(before.cloned(), after.cloned()))
}

fn walk(path: &str, before: &Node, after: &Node, leaves: &mut Vec<Leaf>) {
    if before == after {
        return;
    }
    let first = leaves.len();
    match (before, after) {
        (Node::Map(old), Node::Map(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let path = format!("{path}.{}", key_shown(key));
                either(&path, old.get(key), new.get(key), leaves);
            }
        }
        (Node::List(old), Node::List(new)) => match (by_name(old), by_name(new)) {
            (Some(olds), Some(news)) => {
                for name in olds.iter().chain(&news).map(|(name, _)| *name).collect::<BTreeSet<_>>()
                {
                    let path = format!("{path}[{}]", key_shown(name));
                    named(&path, find(&olds, name), find(&news, name), leaves);
                }
            }
            _ => items(path, old, new, leaves),
        },
        _ => {}
    }
    if leaves.len() == first {
        leaves.push(set(path, Some(before), Some(after)));
    }
}

fn either(path: &str, before: Option<&Node>, after: Option<&Node>, leaves: &mut Vec<Leaf>) {
    match (before, after) {
        (Some(before), Some(after)) => walk(path, before, after, leaves),
        (None, Some(after)) => every(path, after, Difference::Added, leaves),
        (Some(before), None) => every(path, before, Difference::Removed, leaves),
        (None, None) => {}
    }
}

/// Compares items of the same name. One that stands alone is told without its name.
fn named(path: &str, before: Option<&Node>, after: Option<&Node>, leaves: &mut Vec<Leaf>) {
    if before.is_some() && after.is_some() {
        return either(path, before, after, leaves);
    }
    let (before, after) = (before.map(nameless), after.map(nameless));
    either(path, before.as_ref(), after.as_ref(), leaves);
}

/// One leaf for each value that `node` is made of.
fn every(path: &str, node: &Node, difference: fn(Node) -> Difference, leaves: &mut Vec<Leaf>) {
    match node {
        Node::Map(entries) if !entries.is_empty() => {
            for (key, item) in entries {
                every(&format!("{path}.{}", key_shown(key)), item, difference, leaves);
            }
        }
        Node::List(list) if !list.is_empty() => {
            let Some(named) = by_name(list) else {
                let leaf = |item: &Node| Leaf::at(path, difference(item.clone()));
                return leaves.extend(list.iter().map(leaf));
            };
            for (name, item) in named {
                let path = format!("{path}[{}]", key_shown(name));
                every(&path, &nameless(item), difference, leaves);
            }
        }
        _ => leaves.push(Leaf::at(path, difference(node.clone()))),
    }
}

/// Compares lists whose items have no names: what is gone and what is new. If what stays changed
/// its order, too, nothing is said, and the lists are shown whole.
fn items(path: &str, old: &[Node], new: &[Node], leaves: &mut Vec<Leaf>) {
    let (gone, stayed) = without(old, new);
    let (come, remained) = without(new, old);
    if stayed != remained {
        return;
    }
    let leaf = |difference| Leaf::at(path, difference);
    leaves.extend(gone.into_iter().cloned().map(Difference::Removed).map(leaf));
    leaves.extend(come.into_iter().cloned().map(Difference::Added).map(leaf));
}

/// The items of `list` that `other` does not have, each counted, and those that it has.
fn without<'a>(list: &'a [Node], other: &[Node]) -> (Vec<&'a Node>, Vec<&'a Node>) {
    let mut left: BTreeMap<&Node, usize> = BTreeMap::new();
    for item in other {
        *left.entry(item).or_default() += 1;
    }
    list.iter().partition(|item| match left.get_mut(item) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    })
}

/// The items by name, if each has one and no two have the same.
fn by_name(list: &[Node]) -> Option<Vec<(&str, &Node)>> {
    let named: Vec<_> =
        list.iter().map(|item| Some((name_of(item)?, item))).collect::<Option<_>>()?;
    let distinct: BTreeSet<&str> = named.iter().map(|(name, _)| *name).collect();
    (distinct.len() == named.len()).then_some(named)
}

fn name_of(item: &Node) -> Option<&str> {
    let Node::Map(entries) = item else { return None };
    match entries.get(name_key(entries)?) {
        Some(Node::Text(text)) => Some(text),
        _ => None,
    }
}

fn name_key(entries: &BTreeMap<String, Node>) -> Option<&'static str> {
    NAMES.into_iter().find(|key| matches!(entries.get(*key), Some(Node::Text(_))))
}

/// An item without the name that its path says already.
fn nameless(item: &Node) -> Node {
    let mut item = item.clone();
    if let Node::Map(entries) = &mut item
        && entries.len() > 1
        && let Some(key) = name_key(entries)
    {
        entries.remove(key);
    }
    item
}

fn find<'a>(list: &[(&str, &'a Node)], name: &str) -> Option<&'a Node> {
    list.iter().find(|(other, _)| *other == name).map(|(_, item)| *item)
}

#[cfg(test)]
mod tests {
    use nfplan_engine::value::Value;

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
        };
        leaves.iter().map(line).collect()
    }

    #[test]
    fn only_the_leaf_that_changed_is_named() {
        let policy = |resources: &str| {
            let first = r#"{"Sid":"A","Resource":["x"]}"#;
            format!(r#"{{"Statement":[{first},{{"Sid":"B","Resource":{resources}}}]}}"#)
        };
        assert_eq!(
            differences(&policy(r#"["y"]"#), &policy(r#"["y","z"]"#)),
            [r#".Statement[B].Resource + "z""#]
        );
        assert_eq!(
            differences(&policy(r#"["y"]"#), &policy(r#""y""#)),
            [r#".Statement[B].Resource: ["y"] → "y""#]
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
}

//! IAM policies: what of their writing means nothing, and which statements belong together.
//!
//! Follows the engine's rule of what is equal: a single value means the list of it, and the order
//! and repetition of actions, resources, principals, condition values and statements mean nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::compare::Leaf;
use super::compare::spread;
use super::value::Node;

/// The key of a policy's statements.
pub(super) const STATEMENT: &str = "Statement";
/// What else a policy may have.
const OTHERS: [&str; 2] = ["Version", "Id"];

/// The keys of a statement below which every list is a set.
pub(super) const SETS: [&str; 7] =
    ["Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];

/// A policy with every list as a set, or none if the value is no policy.
pub(super) fn canonical(value: &Node) -> Option<BTreeMap<String, Node>> {
    let Node::Map(fields) = value else { return None };
    let known = |key: &String| key == STATEMENT || OTHERS.contains(&key.as_str());
    let statements = as_list(fields.get(STATEMENT)?);
    let maps = statements.iter().all(|statement| matches!(statement, Node::Map(_)));
    if !maps || !fields.keys().all(known) {
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut list: Vec<Node> = statements.iter().map(canonical_statement).collect();
    list.retain(|statement| seen.insert(statement.clone()));
    let mut fields = fields.clone();
    fields.insert(STATEMENT.into(), Node::List(list));
    Some(fields)
}

fn canonical_statement(statement: &Node) -> Node {
    let Node::Map(fields) = statement else { return statement.clone() };
    let mut fields = fields.clone();
    for (key, value) in &mut fields {
        match key.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => *value = as_set(value),
            "Principal" | "NotPrincipal" => *value = sets_by_key(value),
            "Condition" => {
                if let Node::Map(operators) = value {
                    operators.values_mut().for_each(|keys| *keys = sets_by_key(keys));
                }
            }
            _ => {}
        }
    }
    Node::Map(fields)
}

fn sets_by_key(value: &Node) -> Node {
    let Node::Map(entries) = value else { return value.clone() };
    Node::Map(entries.iter().map(|(key, value)| (key.clone(), as_set(value))).collect())
}

fn as_set(value: &Node) -> Node {
    let items: BTreeSet<Node> = as_list(value).into_iter().collect();
    Node::List(items.into_iter().collect())
}

fn as_list(value: &Node) -> Vec<Node> {
    match value {
        Node::List(items) => items.clone(),
        single => vec![single.clone()],
    }
}

/// Which statements became which: positions in the old and the new list, those of equal statements
/// left out. First by name, then by what most of both is equal, then each by itself.
pub(super) fn pairs(old: &[Node], new: &[Node]) -> Vec<(Option<usize>, Option<usize>)> {
    let apart = |list: &[Node], other: &[Node]| -> BTreeSet<usize> {
        let other: BTreeSet<&Node> = other.iter().collect();
        (0..list.len()).filter(|index| !other.contains(&list[*index])).collect()
    };
    let (mut olds, mut news) = (apart(old, new), apart(new, old));
    let mut pairs = Vec::new();
    let mut pair = |olds: &mut BTreeSet<usize>, news: &mut BTreeSet<usize>, before, after| {
        if olds.contains(&before) && news.contains(&after) {
            olds.remove(&before);
            news.remove(&after);
            pairs.push((Some(before), Some(after)));
        }
    };
    let (old_names, new_names) = (names(old), names(new));
    for (name, before) in &old_names {
        if let Some(after) = new_names.get(name) {
            pair(&mut olds, &mut news, *before, *after);
        }
    }
    for (before, after) in likeness(old, new, &olds, &news) {
        pair(&mut olds, &mut news, before, after);
    }
    pairs.extend(olds.into_iter().map(|index| (Some(index), None)));
    pairs.sort_unstable();
    pairs.extend(news.into_iter().map(|index| (None, Some(index))));
    pairs
}

/// Positions of statements by the names that only one statement has.
pub(super) fn names(list: &[Node]) -> BTreeMap<&str, usize> {
    let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, statement) in list.iter().enumerate() {
        if let Some(name) = sid(statement) {
            positions.entry(name).or_default().push(index);
        }
    }
    let single = positions.into_iter().filter(|(_, indices)| indices.len() == 1);
    single.map(|(name, indices)| (name, indices[0])).collect()
}

fn sid(statement: &Node) -> Option<&str> {
    match statement {
        Node::Map(fields) => match fields.get("Sid") {
            Some(Node::Text(name)) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// Pairs of statements of which at least half is equal, the most alike first. Statements that have
/// different names are no pair.
fn likeness(
    old: &[Node],
    new: &[Node],
    olds: &BTreeSet<usize>,
    news: &BTreeSet<usize>,
) -> Vec<(usize, usize)> {
    let leaves = |list: &[Node], indices: &BTreeSet<usize>| -> Vec<(usize, BTreeSet<Leaf>)> {
        indices.iter().map(|index| (*index, spread(&list[*index]).into_iter().collect())).collect()
    };
    let (olds, news) = (leaves(old, olds), leaves(new, news));
    let mut found = Vec::new();
    for (before, a) in &olds {
        for (after, b) in &news {
            let (old_name, new_name) = (sid(&old[*before]), sid(&new[*after]));
            let renamed = old_name.is_some() && new_name.is_some() && old_name != new_name;
            let (common, all) = (a.intersection(b).count(), a.len() + b.len());
            if !renamed && 4 * common >= all {
                // In parts of a thousand, because floating point has no order.
                found.push((std::cmp::Reverse(2000 * common / all.max(1)), *before, *after));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, before, after)| (before, after)).collect()
}

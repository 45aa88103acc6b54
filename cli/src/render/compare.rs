//! What differs between two values, leaf by leaf, so that the leaves tell the whole difference.
//!
//! Items of lists that have a name each are compared by it; their order is only spoken of if
//! nothing else differs, because lists of named items (statements, rules) mean the same in any
//! order. Where in a list an item is new is not said. Policies are compared by what they mean.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Serialize;

use super::path::Path;
use super::path::Place;
use super::policy;
use super::value::Node;

/// The keys by which items of a list are told apart.
const NAMES: [&str; 2] = ["Sid", "id"];

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leaf {
    /// Where in the attribute; empty for the whole.
    pub path: Path,
    /// What differs there.
    pub difference: Difference,
}

impl Leaf {
    fn at(path: &Path, difference: Difference) -> Self {
        Self { path: path.clone(), difference }
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
    /// A value is written in another way that means the same.
    Rewritten(Node, Node),
}

impl Difference {
    /// The value as it shall be, if there is one.
    pub(super) fn after(&self) -> Option<&Node> {
        match self {
            Self::Set(_, after) => after.as_ref(),
            Self::Added(after) | Self::Rewritten(_, after) => Some(after),
            Self::Removed(_) => None,
        }
    }
}

/// All the differences. Two values that are not equal have at least one.
pub(super) fn compare(before: Option<&Node>, after: Option<&Node>) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    match (before, after) {
        (Some(before), Some(after)) => walk(&Path::default(), before, after, &mut leaves),
        _ => leaves.push(set(&Path::default(), before, after)),
    }
    leaves
}

/// The leaves of one value, as though all of it were added.
pub(super) fn spread(value: &Node) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    every(&Path::default(), value, Difference::Added, &mut leaves);
    leaves
}

fn set(path: &Path, before: Option<&Node>, after: Option<&Node>) -> Leaf {
    Leaf::at(path, Difference::Set(before.cloned(), after.cloned()))
}

fn walk(path: &Path, before: &Node, after: &Node, leaves: &mut Vec<Leaf>) {
    if before == after {
        return;
    }
    if let (Some(old), Some(new)) = (policy::canonical(before), policy::canonical(after)) {
        let first = leaves.len();
        policies(path, &old, &new, leaves);
        if leaves.len() == first {
            let same = Difference::Rewritten(before.clone(), after.clone());
            leaves.push(Leaf::at(path, same));
        }
        return;
    }
    let first = leaves.len();
    match (before, after) {
        // To be empty is not to be absent, which is what the leaves of a part would say.
        _ if !path.0.is_empty() && (before.is_empty() || after.is_empty()) => {}
        (Node::Map(old), Node::Map(new)) => {
            for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                either(&path.key(key), old.get(key), new.get(key), leaves);
            }
        }
        (Node::List(old), Node::List(new)) => match (by_name(old), by_name(new)) {
            (Some(olds), Some(news)) => {
                for name in olds.iter().chain(&news).map(|(name, _)| *name).collect::<BTreeSet<_>>()
                {
                    named(&path.item(name), find(&olds, name), find(&news, name), leaves);
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

fn either(path: &Path, before: Option<&Node>, after: Option<&Node>, leaves: &mut Vec<Leaf>) {
    match (before, after) {
        (Some(before), Some(after)) => walk(path, before, after, leaves),
        (None, Some(after)) => every(path, after, Difference::Added, leaves),
        (Some(before), None) => every(path, before, Difference::Removed, leaves),
        (None, None) => {}
    }
}

/// Compares items of the same name. One that stands alone is told without its name.
fn named(path: &Path, before: Option<&Node>, after: Option<&Node>, leaves: &mut Vec<Leaf>) {
    match (before, after) {
        (Some(old), Some(new)) if old != new && (is_bare(old) || is_bare(new)) => {
            leaves.push(set(path, before, after));
        }
        (Some(_), Some(_)) => either(path, before, after, leaves),
        _ => {
            let (before, after) = (before.map(nameless), after.map(nameless));
            either(path, before.as_ref(), after.as_ref(), leaves);
        }
    }
}

/// Whether an item has nothing but its name.
fn is_bare(item: &Node) -> bool {
    matches!(item, Node::Map(entries) if entries.len() == 1)
}

/// One leaf for each value that `node` is made of.
fn every(path: &Path, node: &Node, difference: fn(Node) -> Difference, leaves: &mut Vec<Leaf>) {
    match node {
        Node::Map(entries) if !entries.is_empty() => {
            for (key, item) in entries {
                every(&path.key(key), item, difference, leaves);
            }
        }
        Node::List(list) if !list.is_empty() => {
            let Some(named) = by_name(list) else {
                // A single item by itself would look like a value that is no list.
                if list.len() == 1 {
                    return leaves.push(Leaf::at(path, difference(node.clone())));
                }
                let leaf = |item: &Node| Leaf::at(path, difference(item.clone()));
                return leaves.extend(list.iter().map(leaf));
            };
            for (name, item) in named {
                every(&path.item(name), &nameless(item), difference, leaves);
            }
        }
        _ => leaves.push(Leaf::at(path, difference(node.clone()))),
    }
}

/// Compares lists whose items have no names: what is gone and what is new. If what stays changed
/// its order, too, nothing is said, and the lists are shown whole.
fn items(path: &Path, old: &[Node], new: &[Node], leaves: &mut Vec<Leaf>) {
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

/// Compares two policies in canonical form: statements in any order, by name or by likeness.
fn policies(path: &Path, old: &Entries, new: &Entries, leaves: &mut Vec<Leaf>) {
    for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        match (key.as_str(), old.get(key), new.get(key)) {
            (policy::STATEMENT, Some(Node::List(old)), Some(Node::List(new))) => {
                statements(&path.key(key), old, new, leaves);
            }
            (_, old, new) => either(&path.key(key), old, new, leaves),
        }
    }
}

type Entries = BTreeMap<String, Node>;

fn statements(path: &Path, old: &[Node], new: &[Node], leaves: &mut Vec<Leaf>) {
    let first = leaves.len();
    let (named_old, named_new) = (policy::names(old), policy::names(new));
    for (before, after) in policy::pairs(old, new) {
        let name = |names: &BTreeMap<&str, usize>, index: usize| {
            names
                .iter()
                .find(|(_, other)| **other == index)
                .map(|(name, _)| Place::Item((*name).into()))
        };
        let place = match (before, after) {
            (Some(index), _) => name(&named_old, index).unwrap_or(Place::Old(index + 1)),
            (None, Some(index)) => name(&named_new, index).unwrap_or(Place::New(index + 1)),
            (None, None) => continue,
        };
        let (before, after) = (before.map(|index| &old[index]), after.map(|index| &new[index]));
        match place {
            Place::Item(_) => named(&path.then(place), before, after, leaves),
            _ => either(&path.then(place), before, after, leaves),
        }
    }
    leaves[first..].iter_mut().for_each(singled);
}

/// Of a set, its only item: in a policy, that means the same.
fn singled(leaf: &mut Leaf) {
    let in_set = leaf.path.0.iter().any(|place| match place {
        Place::Key(key) => policy::SETS.contains(&key.as_str()),
        Place::Item(_) | Place::Old(_) | Place::New(_) => false,
    });
    if let (Difference::Added(node) | Difference::Removed(node), true) =
        (&mut leaf.difference, in_set)
        && let Node::List(items) = node
        && let [only] = items.as_slice()
    {
        *node = only.clone();
    }
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

fn name_key(entries: &Entries) -> Option<&'static str> {
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
mod tests;

//! A directed acyclic graph with a deterministic order.
//!
//! Wraps petgraph, which nothing else in the engine names. Nodes are keyed and ordered; an edge
//! means "needs". Both the order and a reported cycle depend on the keys alone, never on insertion.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

/// Which key needs which others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dag<K> {
    needs: BTreeMap<K, BTreeSet<K>>,
    order: Vec<K>,
}

/// Keys that need each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle<K>(
    /// The circle, starting at its smallest key; each needs the next and the last the first.
    pub Vec<K>,
);

impl<K: Ord + Clone> Dag<K> {
    /// Builds the graph from each key's needs. Needs of unknown keys are ignored.
    pub fn build(mut needs: BTreeMap<K, BTreeSet<K>>) -> Result<Self, Cycle<K>> {
        let keys: Vec<K> = needs.keys().cloned().collect();
        let index: BTreeMap<&K, usize> = keys.iter().zip(0..).collect();
        let mut graph = DiGraphMap::<usize, ()>::with_capacity(keys.len(), keys.len() * 2);
        for (key, wanted) in &needs {
            graph.add_node(index[key]);
            for other in wanted.iter().filter_map(|other| index.get(other)) {
                graph.add_edge(index[key], *other, ());
            }
        }
        if let Some(cycle) = find_cycle(&graph) {
            return Err(Cycle(cycle.into_iter().map(|i| keys[i].clone()).collect()));
        }
        let order = order(&graph, keys.len()).into_iter().map(|i| keys[i].clone()).collect();
        let known: BTreeSet<K> = keys.into_iter().collect();
        needs.values_mut().for_each(|wanted| wanted.retain(|other| known.contains(other)));
        Ok(Self { needs, order })
    }

    /// All keys, each after what it needs; ties by key.
    pub fn order(&self) -> &[K] {
        &self.order
    }

    /// What `key` needs directly.
    pub fn needs(&self, key: &K) -> impl Iterator<Item = &K> {
        self.needs.get(key).into_iter().flatten()
    }

    /// Keys with their direct needs.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &BTreeSet<K>)> {
        self.needs.iter()
    }
}

/// Kahn's algorithm with the smallest ready key first.
fn order(graph: &DiGraphMap<usize, ()>, count: usize) -> Vec<usize> {
    let mut waiting: Vec<usize> = (0..count).map(|i| graph.edges(i).count()).collect();
    let mut needed_by = vec![Vec::new(); count];
    for (from, to, ()) in graph.all_edges() {
        needed_by[to].push(from);
    }
    let mut ready: BTreeSet<usize> = (0..count).filter(|i| waiting[*i] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for &user in &needed_by[next] {
            waiting[user] -= 1;
            if waiting[user] == 0 {
                ready.insert(user);
            }
        }
    }
    order
}

/// A cycle, if there is one: walks within the first strongly connected component from its smallest
/// node, always to the smallest neighbour not yet on the path.
fn find_cycle(graph: &DiGraphMap<usize, ()>) -> Option<Vec<usize>> {
    let mut components = tarjan_scc(graph);
    components.retain(|c| c.len() > 1 || graph.contains_edge(c[0], c[0]));
    let component: BTreeSet<usize> =
        components.into_iter().min_by_key(|c| c.iter().min().copied())?.into_iter().collect();
    let mut path: Vec<usize> = Vec::new();
    let mut here = *component.first()?;
    loop {
        if let Some(start) = path.iter().position(|node| *node == here) {
            let mut cycle = path.split_off(start);
            let smallest = cycle.iter().zip(0..).min()?.1;
            cycle.rotate_left(smallest);
            return Some(cycle);
        }
        path.push(here);
        here = graph.neighbors(here).filter(|next| component.contains(next)).min()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(
        edges: &[(&'static str, &[&'static str])],
    ) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        edges.iter().map(|(key, wanted)| (*key, wanted.iter().copied().collect())).collect()
    }

    #[test]
    fn each_key_comes_after_its_needs_and_ties_go_by_key() {
        let dag =
            Dag::build(needs(&[("d", &["b"]), ("a", &["c"]), ("b", &[]), ("c", &[])])).unwrap();
        assert_eq!(dag.order(), ["b", "c", "a", "d"]);
    }

    #[test]
    fn a_cycle_is_named_from_its_smallest_key() {
        let edges: &[(&str, &[&str])] =
            &[("a", &["x"]), ("x", &["z"]), ("y", &["x"]), ("z", &["y"])];
        let cycle = Dag::build(needs(edges)).unwrap_err();
        assert_eq!(cycle.0, ["x", "z", "y"]);
        assert_eq!(Dag::build(needs(&[("a", &["a"])])).unwrap_err().0, ["a"]);
    }
}

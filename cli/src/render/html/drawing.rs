//! The steps of a plan as drawings: a box for each, from left to right in the order in which they
//! are done. Units with equal steps have one drawing.
//!
//! An edge that follows from others is left out, so that the order can be followed by eye.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::change::Action;
use nfplan_engine::plan::Plan;
use rust_sugiyama::configure::Config;
use rust_sugiyama::from_vertices_and_edges;
use serde::Serialize;

use super::document::Tone;
use crate::graphing::Cluster;
use crate::graphing::Graph;
use crate::graphing::Node;
use crate::graphing::Part;
use crate::graphing::of_plan;
use crate::render::graph::title;
use crate::render::name::symbol;
use crate::render::text::cut;
use crate::render::text::visible;

/// How many drawings there are at most.
const MOST: usize = 12;
/// Drawings of more boxes help nobody.
const MOST_NODES: usize = 80;
/// The characters of a line in a box.
const MOST_LETTERS: usize = 30;

/// The size of a box, and around it.
const LETTER: f64 = 6.7;
const HEIGHT: f64 = 38.0;
const PADDING: f64 = 20.0;
const BETWEEN: f64 = 14.0;
const MARGIN: f64 = 8.0;
/// How far boxes of neighbouring columns stand apart at least.
const ACROSS: f64 = 44.0;

/// A drawing.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    /// Whose steps they are.
    pub(super) title: String,
    width: String,
    height: String,
    boxes: Vec<Block>,
    edges: Vec<String>,
    /// How many steps there are, for those who do not see it.
    steps: usize,
}

#[derive(Debug, Serialize)]
struct Block {
    x: String,
    y: String,
    width: String,
    height: String,
    /// Where its texts begin.
    left: String,
    first_line: String,
    second_line: String,
    kind: String,
    name: String,
    /// What happens, in words.
    words: String,
    tone: Tone,
    part: &'static str,
}

/// The drawings of a plan, and how many do not fit.
pub(super) fn drawings(plan: &Plan) -> (Vec<Drawing>, usize) {
    let graph = of_plan(plan, false);
    let small = |cluster: &&Cluster| cluster.nodes.len() <= MOST_NODES;
    let drawn: Vec<Drawing> =
        graph.clusters.iter().filter(small).take(MOST).map(|one| drawing(one, &graph)).collect();
    let left = graph.clusters.len() - drawn.len();
    (drawn, left)
}

fn drawing(cluster: &Cluster, graph: &Graph) -> Drawing {
    let numbers: BTreeMap<&str, usize> =
        cluster.nodes.iter().zip(0..).map(|(node, number)| (node.id.as_str(), number)).collect();
    let edges: BTreeSet<(usize, usize)> = graph
        .edges
        .iter()
        .filter_map(|edge| {
            Some((*numbers.get(edge.from.as_str())?, *numbers.get(edge.to.as_str())?))
        })
        .collect();
    let edges = needed(&edges, cluster.nodes.len());
    let widths: Vec<f64> = cluster.nodes.iter().map(width).collect();
    let places = places(&widths, &edges);
    let right = places.iter().zip(&widths).map(|((x, _), width)| x + width).fold(0.0, f64::max);
    let bottom = places.iter().map(|(_, y)| y + HEIGHT).fold(0.0, f64::max);
    let curve = |(from, to): &(usize, usize)| {
        let ((x, y), (end_x, end_y)) = (places[*from], places[*to]);
        let (start, y, end_y) = (x + widths[*from], y + HEIGHT / 2.0, end_y + HEIGHT / 2.0);
        let bend = ((end_x - start) / 2.0).clamp(12.0, 60.0);
        let (one, other) = (start + bend, end_x - bend);
        format!("M{start:.1} {y:.1}C{one:.1} {y:.1} {other:.1} {end_y:.1} {end_x:.1} {end_y:.1}")
    };
    let boxes = cluster.nodes.iter().zip(places.iter().zip(&widths));
    Drawing {
        title: visible(&title(cluster)),
        width: format!("{:.0}", right + MARGIN),
        height: format!("{:.0}", bottom + MARGIN),
        boxes: boxes.map(|(node, (place, width))| block(node, *place, *width)).collect(),
        edges: edges.iter().map(curve).collect(),
        steps: cluster.nodes.len() - 1,
    }
}

/// The edges that do not follow from others.
fn needed(edges: &BTreeSet<(usize, usize)>, nodes: usize) -> Vec<(usize, usize)> {
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); nodes];
    for (from, to) in edges {
        after[*from].insert(*to);
    }
    let reaches = |from: usize, to: usize| {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<usize> =
            after[from].iter().copied().filter(|next| *next != to).collect();
        while let Some(node) = waiting.pop() {
            if node == to {
                return true;
            }
            if seen.insert(node) {
                waiting.extend(&after[node]);
            }
        }
        false
    };
    edges.iter().copied().filter(|(from, to)| !reaches(*from, *to)).collect()
}

/// The upper left corners of the boxes.
#[expect(clippy::cast_possible_truncation, reason = "there are few boxes")]
fn places(widths: &[f64], edges: &[(usize, usize)]) -> Vec<(f64, f64)> {
    // The layout goes from top to bottom; the drawing from left to right.
    let vertices: Vec<(u32, (f64, f64))> =
        widths.iter().zip(0..).map(|(width, id)| (id, (HEIGHT, width + ACROSS))).collect();
    let edges: Vec<(u32, u32)> =
        edges.iter().map(|(from, to)| (*from as u32, *to as u32)).collect();
    let config = Config { vertex_spacing: BETWEEN, ..Config::default() };
    let mut places = vec![(0.0, 0.0); widths.len()];
    let mut top = MARGIN;
    for (layout, _, _) in from_vertices_and_edges(&vertices, &edges, &config) {
        let least = |of: fn(&(usize, (f64, f64))) -> f64| {
            layout.iter().map(of).fold(f64::INFINITY, f64::min)
        };
        let (left, first) = (least(|(_, (_, y))| *y), least(|(_, (x, _))| *x));
        let widest = layout
            .iter()
            .filter(|(_, (_, y))| (y - left).abs() < 1.0)
            .map(|(id, _)| widths[*id])
            .fold(0.0, f64::max);
        let mut bottom = top;
        for (id, (x, y)) in layout {
            let corner = (y - left + (widest - widths[id]) / 2.0 + MARGIN, x - first + top);
            bottom = f64::max(bottom, corner.1 + HEIGHT + BETWEEN);
            places[id] = corner;
        }
        top = bottom;
    }
    places
}

fn width(node: &Node) -> f64 {
    let (kind, name) = texts(node);
    let letters = kind.chars().count().max(name.chars().count());
    #[expect(clippy::cast_precision_loss, reason = "there are few letters")]
    let letters = letters as f64;
    letters * LETTER + PADDING
}

/// The two lines in a box.
fn texts(node: &Node) -> (String, String) {
    let sign = node.action.map_or("", symbol);
    let (kind, name) = match &node.address {
        Some(address) => {
            let address = address.to_string();
            let (kind, name) = address.split_once('/').unwrap_or(("", &address));
            (kind.to_owned(), format!("{sign} {name}"))
        }
        None => ("commit".to_owned(), "point".to_owned()),
    };
    (cut(&visible(&kind), MOST_LETTERS), cut(&visible(&name), MOST_LETTERS))
}

fn block(node: &Node, (x, y): (f64, f64), width: f64) -> Block {
    let (kind, name) = texts(node);
    let words = match &node.address {
        Some(address) => format!("{address}: {}", node.words),
        None => "commit point: until here a failure is rolled back".into(),
    };
    Block {
        x: format!("{x:.1}"),
        y: format!("{y:.1}"),
        width: format!("{width:.1}"),
        height: format!("{HEIGHT:.0}"),
        left: format!("{:.1}", x + PADDING / 2.0),
        first_line: format!("{:.1}", y + 15.0),
        second_line: format!("{:.1}", y + 30.0),
        kind,
        name,
        words: visible(&words),
        tone: node.action.map_or(Tone::Calm, tone),
        part: match node.stage {
            Some(Part::Commit) => "commit",
            Some(Part::Retire) => "retire",
            Some(Part::Build) | None => "build",
        },
    }
}

/// How good an action is.
pub(super) fn tone(action: Action) -> Tone {
    match action {
        Action::Create | Action::Adopt => Tone::Good,
        Action::Update => Tone::Watch,
        Action::Replace | Action::ReplaceInSlot | Action::Delete => Tone::Bad,
        Action::Retain | Action::Forget => Tone::Calm,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_follows_from_other_edges_is_not_drawn() {
        let edges = BTreeSet::from([(0, 1), (1, 2), (0, 2), (0, 3), (3, 2)]);
        assert_eq!(needed(&edges, 4), [(0, 1), (0, 3), (1, 2), (3, 2)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn boxes_never_overlap_and_every_edge_leads_to_the_right(
            size in 1_u32..24,
            pairs in proptest::collection::btree_set((0_usize..24, 0_usize..24), 0..40),
        ) {
            let edges: BTreeSet<(usize, usize)> =
                pairs.into_iter().filter(|(a, b)| a < b && *b < size as usize).collect();
            let edges = needed(&edges, size as usize);
            let widths: Vec<f64> = (0..size).map(|n| 60.0 + 10.0 * f64::from(n % 7)).collect();
            let places = places(&widths, &edges);
            prop_assert_eq!(&places, &super::places(&widths, &edges));
            for (one, (x, y)) in places.iter().enumerate() {
                prop_assert!(*x >= 0.0 && *y >= 0.0);
                for (other, (left, top)) in places.iter().enumerate().skip(one + 1) {
                    let apart = x + widths[one] <= *left || left + widths[other] <= *x;
                    prop_assert!(
                        apart || y + HEIGHT <= *top || top + HEIGHT <= *y,
                        "{} {:?} {} {:?}", one, (x, y), other, (left, top)
                    );
                }
            }
            for (from, to) in edges {
                prop_assert!(places[from].0 + widths[from] < places[to].0);
            }
        }
    }
}

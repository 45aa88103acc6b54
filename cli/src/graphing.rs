//! Plans and units as graphs: what is done in which order, and what needs what.
//!
//! Nodes and edges are plain data with texts from outside in them; whoever draws them escapes them.
//! Units with equal graphs can be drawn as one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::DeleteCause;
use nfplan_engine::step::DropCause;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Step;
use nfplan_engine::step::StepId;
use serde::Serialize;

use crate::planning::Looked;
use crate::render::name::short;
use crate::render::name::who;
use crate::render::name::word;

/// `nfplan.graph/1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// Its format.
    pub format: &'static str,
    /// What its nodes are.
    pub of: Of,
    /// The units, equal ones together unless they are told apart.
    pub clusters: Vec<Cluster>,
    /// Within clusters and from platforms to their workspaces.
    pub edges: Vec<Edge>,
}

/// What nodes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// The steps of a plan; an edge leads from what has to be done first.
    Steps,
    /// The resources of units; an edge leads from what is needed to what needs it.
    Resources,
}

/// Units with equal graphs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// Its id, from which those of its nodes are made.
    pub id: String,
    /// The units; at least one.
    pub members: Vec<UnitId>,
    /// What people call the units, in the same order: user names as specs write them.
    pub names: Vec<String>,
    /// What is in it.
    pub nodes: Vec<Node>,
}

/// A step, the commit point, or a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its id, unique in the graph: letters and digits.
    pub id: String,
    /// When it is done; none for resources.
    pub stage: Option<Part>,
    /// What it is about; none for the commit point.
    pub address: Option<Address>,
    /// What happens to it; none if nothing does.
    pub action: Option<Action>,
    /// The same in words.
    pub words: String,
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Before the commit point: a failure rolls the unit back.
    Build,
    /// From here on a run only goes forward.
    Commit,
    /// After the commit point.
    Retire,
}

impl Part {
    /// As drawn.
    pub fn title(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Commit => "commit point",
            Self::Retire => "retire",
        }
    }
}

/// An edge between nodes, by their ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// What comes first.
    pub from: String,
    /// What comes after it.
    pub to: String,
}

/// One unit's graph; edges are pairs of node numbers, the earlier first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    unit: UnitId,
    name: String,
    nodes: Vec<Node>,
    edges: BTreeSet<(usize, usize)>,
}

/// The steps of a plan in their order, equal units together unless `expand`.
pub fn of_plan(plan: &Plan, expand: bool) -> Graph {
    let mut graph = join(Of::Steps, plan.units.iter().map(steps).collect(), expand);
    let platforms = platform_edges(&graph);
    graph.edges.extend(platforms);
    graph
}

/// The resources of units with what their plans do to them, equal units together unless `expand`.
pub fn of_units(units: &[Looked], expand: bool) -> Graph {
    let pieces = units.iter().map(resources).filter(|piece| !piece.nodes.is_empty());
    join(Of::Resources, pieces.collect(), expand)
}

/// Puts units together.
fn join(of: Of, pieces: Vec<Piece>, expand: bool) -> Graph {
    let mut groups: Vec<Vec<Piece>> = Vec::new();
    for piece in pieces {
        let same = |group: &&mut Vec<Piece>| {
            let other = &group[0];
            other.unit.user().is_some() == piece.unit.user().is_some()
                && (&other.nodes, &other.edges) == (&piece.nodes, &piece.edges)
        };
        match groups.iter_mut().find(same).filter(|_| !expand) {
            Some(group) => group.push(piece),
            None => groups.push(vec![piece]),
        }
    }
    let mut graph = Graph { format: "nfplan.graph/1", of, clusters: Vec::new(), edges: Vec::new() };
    for (index, group) in groups.iter().enumerate() {
        let id = format!("u{index}");
        let name = |number: usize| format!("{id}n{number}");
        let Piece { nodes, edges, .. } = &group[0];
        graph
            .edges
            .extend(edges.iter().map(|(from, to)| Edge { from: name(*from), to: name(*to) }));
        let nodes = nodes.iter().enumerate();
        let nodes = nodes.map(|(number, node)| Node { id: name(number), ..node.clone() }).collect();
        let members = group.iter().map(|piece| piece.unit.clone()).collect();
        let names = group.iter().map(|piece| piece.name.clone()).collect();
        graph.clusters.push(Cluster { id, members, names, nodes });
    }
    graph
}

fn steps(plan: &UnitPlan) -> Piece {
    let mut nodes: Vec<Node> = plan.steps.iter().map(step).collect();
    let commit = nodes.len();
    nodes.push(Node {
        id: String::new(),
        stage: Some(Part::Commit),
        address: None,
        action: None,
        words: Part::Commit.title().into(),
    });
    let number: BTreeMap<StepId, usize> =
        plan.steps.iter().zip(0..).map(|(step, number)| (step.id, number)).collect();
    let mut edges = BTreeSet::new();
    let mut needed = BTreeSet::new();
    for step in &plan.steps {
        let to = number[&step.id];
        for from in step.needs.iter().filter_map(|need| number.get(need)) {
            edges.insert((*from, to));
            needed.insert(*from);
        }
        if step.stage == Stage::Retire && step.needs.is_empty() {
            edges.insert((commit, to));
        }
    }
    let last = |step: &&Step| step.stage == Stage::Build && !needed.contains(&number[&step.id]);
    edges.extend(plan.steps.iter().filter(last).map(|step| (number[&step.id], commit)));
    Piece { unit: plan.unit.clone(), name: who(plan), nodes, edges }
}

fn step(step: &Step) -> Node {
    let (action, words) = match &step.operation {
        Operation::Create { generation: 1, .. } => (Action::Create, "create".to_owned()),
        Operation::Create { generation, .. } => {
            (Action::Create, format!("create generation {generation}"))
        }
        Operation::Adopt { .. } => (Action::Adopt, "adopt".into()),
        Operation::Update { changed, .. } => {
            let names: Vec<&str> = changed.iter().map(AsRef::as_ref).collect();
            (Action::Update, format!("update {}", names.join(", ")))
        }
        Operation::Delete { cause, .. } => {
            let why = match cause {
                DeleteCause::Unwanted => "not wanted any more",
                DeleteCause::Superseded => "superseded",
                DeleteCause::InSlot => "to make room for its successor",
                DeleteCause::Withdrawn => "suspended or revoked",
                DeleteCause::Deposed => "left or held by an earlier run",
            };
            (Action::Delete, format!("delete: {why}"))
        }
        Operation::Hold { until, .. } => (Action::Retain, format!("hold until {until}")),
        Operation::Drop { cause: DropCause::Retained, .. } => {
            (Action::Retain, "retain in the cloud".into())
        }
        Operation::Drop { cause: DropCause::Gone, .. } => {
            (Action::Forget, "forget: it is gone".into())
        }
    };
    let stage = match step.stage {
        Stage::Build => Part::Build,
        Stage::Retire => Part::Retire,
    };
    let address = Some(step.address.clone());
    Node { id: String::new(), stage: Some(stage), address, action: Some(action), words }
}

/// From the commit point of each platform that builds to what its workspaces do first.
fn platform_edges(graph: &Graph) -> Vec<Edge> {
    let later: BTreeSet<&str> = graph.edges.iter().map(|edge| edge.to.as_str()).collect();
    let mut edges = Vec::new();
    for platform in &graph.clusters {
        let builds = platform.nodes.iter().any(|node| node.stage == Some(Part::Build));
        let own = platform.members.iter().filter(|unit| unit.user().is_none());
        let places: BTreeSet<_> = own.map(UnitId::place).collect();
        let commit = platform.nodes.iter().find(|node| node.stage == Some(Part::Commit));
        let Some(commit) = commit.filter(|_| builds && !places.is_empty()) else { continue };
        let here = |cluster: &&Cluster| {
            cluster
                .members
                .iter()
                .any(|unit| unit.user().is_some() && places.contains(unit.place()))
        };
        for node in graph.clusters.iter().filter(here).flat_map(|cluster| &cluster.nodes) {
            if !later.contains(node.id.as_str()) {
                edges.push(Edge { from: commit.id.clone(), to: node.id.clone() });
            }
        }
    }
    edges
}

fn resources(looked: &Looked) -> Piece {
    let mut needs: BTreeMap<&Address, BTreeSet<&Address>> = BTreeMap::new();
    for (address, wanted) in looked.desired.dependencies().iter() {
        needs.entry(address).or_default().extend(wanted);
    }
    for (address, entry) in &looked.state.entries {
        let objects = entry.current.iter().chain(&entry.deposed).chain(&entry.parked);
        for object in objects {
            let known = needs.entry(address).or_default();
            if !looked.desired.resources().contains_key(address) {
                known.extend(&object.dependencies);
            }
        }
    }
    let number: BTreeMap<&Address, usize> = needs.keys().copied().zip(0..).collect();
    let edges = needs.iter().flat_map(|(address, wanted)| {
        let from = wanted.iter().filter_map(|need| number.get(need));
        from.map(|from| (*from, number[address])).collect::<Vec<_>>()
    });
    let edges = edges.collect();
    let plan = looked.planned.as_ref().ok().map(|planned| &planned.plan);
    let action = |address: &Address| {
        let mut changes = plan.into_iter().flat_map(|plan| &plan.changes);
        changes.find(|change| change.address == *address).map(|change| change.action)
    };
    let node = |address: &Address| {
        let action = action(address);
        let words = match (action, plan) {
            (Some(action), _) => word(action),
            (None, Some(_)) => "unchanged",
            (None, None) => "cannot be planned",
        };
        let (id, address) = (String::new(), Some(address.clone()));
        Node { id, stage: None, address, action, words: words.into() }
    };
    let nodes = needs.keys().map(|address| node(address)).collect();
    let unit = looked.desired.unit().clone();
    let user = looked.desired.source().user.as_ref();
    let name = user.map_or_else(|| short(&unit), ToString::to_string);
    Piece { unit, name, nodes, edges }
}

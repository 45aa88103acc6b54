//! Graphs in the languages of Graphviz and Mermaid.
//!
//! Every text is quoted and escaped, so that no name can end its label or add anything to the
//! drawing. What happens to a node is in its label as a sign and in words, never in colour alone.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::name::counted;
use super::name::symbol;
use super::text::visible;
use crate::graphing::Cluster;
use crate::graphing::Graph;
use crate::graphing::Node;
use crate::graphing::Part;

/// How many members of a cluster are named.
const MOST_MEMBERS: usize = 3;

/// In the language of Graphviz.
pub fn dot(graph: &Graph) -> String {
    let mut text = String::from("digraph nfplan {\n  rankdir=LR;\n  node [shape=box];\n");
    for cluster in &graph.clusters {
        let id = &cluster.id;
        let title = dot_quoted(&[&title(cluster)]);
        let _ = writeln!(text, "  subgraph cluster_{id} {{\n    label={title};");
        for part in parts(cluster) {
            let nodes = cluster.nodes.iter().filter(|node| node.stage == part);
            let stage = part.filter(|part| *part != Part::Commit);
            if let Some(stage) = stage {
                let title = stage.title();
                let _ = writeln!(text, "    subgraph cluster_{id}_{title} {{");
                let _ = writeln!(text, "      label=\"{title}\";");
            }
            for node in nodes {
                let indent = if stage.is_some() { "      " } else { "    " };
                let shape = if part == Some(Part::Commit) { ", shape=diamond" } else { "" };
                let lines = label(node);
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let _ =
                    writeln!(text, "{indent}{} [label={}{shape}];", node.id, dot_quoted(&lines));
            }
            if stage.is_some() {
                text.push_str("    }\n");
            }
        }
        text.push_str("  }\n");
    }
    for edge in &graph.edges {
        let _ = writeln!(text, "  {} -> {};", edge.from, edge.to);
    }
    text.push_str("}\n");
    text
}

/// In the language of Mermaid, as GitHub draws it.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    for cluster in &graph.clusters {
        let id = &cluster.id;
        let _ = writeln!(text, "  subgraph {id}[\"{}\"]", mermaid_escaped(&title(cluster)));
        for part in parts(cluster) {
            let nodes = cluster.nodes.iter().filter(|node| node.stage == part);
            let stage = part.filter(|part| *part != Part::Commit);
            if let Some(stage) = stage {
                let title = stage.title();
                let _ = writeln!(text, "    subgraph {id}{title}[\"{title}\"]");
            }
            for node in nodes {
                let indent = if stage.is_some() { "      " } else { "    " };
                let lines: Vec<String> =
                    label(node).iter().map(|line| mermaid_escaped(line)).collect();
                let label = lines.join("<br/>");
                let (open, close) =
                    if part == Some(Part::Commit) { ("{{", "}}") } else { ("[", "]") };
                let _ = writeln!(text, "{indent}{}{open}\"{label}\"{close}", node.id);
            }
            if stage.is_some() {
                text.push_str("    end\n");
            }
        }
        text.push_str("  end\n");
    }
    for edge in &graph.edges {
        let _ = writeln!(text, "  {} --> {}", edge.from, edge.to);
    }
    text
}

/// The parts of a run that a cluster has, in their order.
fn parts(cluster: &Cluster) -> BTreeSet<Option<Part>> {
    cluster.nodes.iter().map(|node| node.stage).collect()
}

pub(super) fn title(cluster: &Cluster) -> String {
    let workspaces = cluster.members.iter().all(|unit| unit.user().is_some());
    let kind = if workspaces { "workspace" } else { "platform" };
    match (cluster.members.as_slice(), cluster.names.as_slice()) {
        ([unit], [name]) if workspaces => format!("workspace {name} in {}", unit.place()),
        ([unit], _) => format!("platform of {}", unit.place()),
        (members, names) => {
            let more = if names.len() > MOST_MEMBERS { ", …" } else { "" };
            let some = names.iter().take(MOST_MEMBERS).cloned().collect::<Vec<_>>().join(", ");
            let count = counted(members.len() as u64, kind);
            format!("{count}, all alike: {some}{more}")
        }
    }
}

/// What stands in a node, line by line.
fn label(node: &Node) -> Vec<String> {
    let sign = node.action.map_or("", symbol);
    match &node.address {
        Some(address) if sign.is_empty() => vec![address.to_string(), node.words.clone()],
        Some(address) => vec![format!("{sign} {address}"), node.words.clone()],
        None => vec![node.words.clone()],
    }
}

/// Lines as one quoted text of Graphviz.
fn dot_quoted(lines: &[&str]) -> String {
    let escaped = |line: &&str| visible(line).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", lines.iter().map(escaped).collect::<Vec<_>>().join("\\n"))
}

/// A text for between the quotes of a Mermaid label: all that could mean something there, to
/// Markdown or to HTML is written as a number.
fn mermaid_escaped(line: &str) -> String {
    let mut escaped = String::new();
    let mut inside_word = false;
    for character in visible(line).chars() {
        let plain = character.is_ascii_alphanumeric()
            || (matches!(character, ' ' | '.' | '/' | ',' | ':'))
            || (inside_word && matches!(character, '-' | '_'));
        if plain {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "#{};", u32::from(character));
        }
        inside_word = character.is_ascii_alphanumeric();
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_labels() {
        assert_eq!(dot_quoted(&["a\"];b\\", "c\nd"]), r#""a\"];b\\\nc\\nd""#);
        assert_eq!(mermaid_escaped("a\"]<b>-- x_y"), "a#34;#93;#60;b#62;#45;#45; x_y");
        assert_eq!(mermaid_escaped("- `x` #quot;"), "#45; #96;x#96; #35;quot#59;");
    }
}

//! Plans and units drawn for Graphviz and Mermaid.

use std::collections::BTreeSet;

use layout::gv::DotParser;
use layout::gv::parser::ast::Graph as Dot;
use layout::gv::parser::ast::Stmt;
use serde_json::Value as Json;

use crate::kit::Answer;
use crate::kit::Project;

/// Names that try to get out of wherever they are put.
const HOSTILE: [&str; 5] = [r#"a"];-->b"#, "<b>", r#"\"];x\"#, "`end`%%{", "#quot;#34;"];

fn graph(project: &Project, arguments: &[&str]) -> Answer {
    project.unchanged_by(|project| project.run(&[&["graph"], arguments].concat())).exits(0)
}

/// A drawing: the ids of its nodes with their labels, and its edges.
type Drawing = (BTreeSet<(String, String)>, BTreeSet<(String, String)>);

/// What the document says is to be drawn; labels are lines joined by `|`.
fn expected(document: &Json) -> Drawing {
    let word = |value: &Json| value.as_str().unwrap().to_owned();
    let sign = |action: &Json| match action.as_str() {
        None => "",
        Some("create") => "+ ",
        Some("update") => "~ ",
        Some("delete") => "- ",
        Some("replace" | "replace_in_slot") => "± ",
        Some("adopt") => "< ",
        Some("retain") => "= ",
        Some(_) => "? ",
    };
    let clusters = document["clusters"].as_array().unwrap();
    let nodes = clusters.iter().flat_map(|cluster| cluster["nodes"].as_array().unwrap());
    let node = |node: &Json| {
        let words = word(&node["words"]);
        let label = match node["address"].as_str() {
            Some(address) => format!("{}{address}|{words}", sign(&node["action"])),
            None => words,
        };
        (word(&node["id"]), label)
    };
    let edges = document["edges"].as_array().unwrap();
    let edge = |edge: &Json| (word(&edge["from"]), word(&edge["to"]));
    (nodes.map(node).collect(), edges.iter().map(edge).collect())
}

/// What Graphviz is asked to draw, by an independent parser; and the titles of clusters.
fn dot(text: &str) -> (Drawing, Vec<String>) {
    let parsed = DotParser::new(text).process().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let (mut drawing, mut titles) = (Drawing::default(), Vec::new());
    walk(&parsed, &mut drawing, &mut titles);
    (drawing, titles)
}

fn walk(graph: &Dot, (nodes, edges): &mut Drawing, titles: &mut Vec<String>) {
    for statement in &graph.list.list {
        match statement {
            Stmt::Node(node) => {
                let label = node.list.iter().find(|(key, _)| key == "label").unwrap();
                nodes.insert((node.id.name.clone(), label.1.replace('\n', "|")));
            }
            Stmt::Edge(edge) => {
                assert_eq!(edge.to.len(), 1);
                edges.insert((edge.from.name.clone(), edge.to[0].0.name.clone()));
            }
            Stmt::SubGraph(inner) => {
                let mut own = (BTreeSet::new(), BTreeSet::new());
                walk(inner, &mut own, titles);
                nodes.extend(own.0);
                edges.extend(own.1);
            }
            Stmt::Attribute(attribute) => {
                let title = attribute.list.iter().find(|(key, _)| key == "label");
                titles.extend(title.map(|(_, title)| title.clone()));
            }
        }
    }
}

/// What Mermaid is asked to draw, by the few forms of lines that are allowed here.
fn mermaid(text: &str) -> (Drawing, Vec<String>) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    let ((mut nodes, mut edges), mut titles) = (Drawing::default(), Vec::new());
    let mut depth = 0;
    for line in lines.map(str::trim_start) {
        let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
        if line == "end" {
            depth -= 1;
        } else if let Some((from, to)) = line.split_once(" --> ") {
            assert!(is_id(from) && is_id(to), "{line}");
            edges.insert((from.to_owned(), to.to_owned()));
        } else if let Some(rest) = line.strip_prefix("subgraph ") {
            let (id, title) = rest.split_once("[\"").unwrap();
            assert!(is_id(id), "{line}");
            titles.push(unescaped(title.strip_suffix("\"]").unwrap()));
            depth += 1;
        } else {
            let forms = [("{{\"", "\"}}"), ("[\"", "\"]")];
            let (id, label) = forms
                .iter()
                .find_map(|(open, close)| {
                    let (id, rest) = line.split_once(open)?;
                    Some((id, rest.strip_suffix(close)?))
                })
                .unwrap_or_else(|| panic!("no line of Mermaid: {line}"));
            assert!(is_id(id), "{line}");
            let lines: Vec<String> = label.split("<br/>").map(unescaped).collect();
            nodes.insert((id.to_owned(), lines.join("|")));
        }
    }
    assert_eq!(depth, 0, "subgraphs that do not end");
    ((nodes, edges), titles)
}

/// A Mermaid text with its numbers read; nothing else in it may mean anything.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        if next == '#' {
            let (number, after) = rest.split_once(';').unwrap();
            plain.push(char::from_u32(number.parse().unwrap()).unwrap());
            rest = after;
            continue;
        }
        let means_nothing = next.is_ascii_alphanumeric() || " ./,:-_".contains(next);
        assert!(means_nothing, "`{next}` stands as it is in {text}");
        plain.push(next);
    }
    assert!(!text.starts_with(['-', '_']) && !text.contains(" -"), "{text}");
    plain
}

/// Asserts that both drawings show what the document says, and returns it with their titles.
#[track_caller]
fn drawn(project: &Project, arguments: &[&str]) -> (Json, Vec<String>) {
    let document = graph(project, &[arguments, &["--json"]].concat()).json();
    let expected = expected(&document);
    let text = graph(project, arguments).stdout;
    assert_eq!(text, graph(project, arguments).stdout, "drawn twice");
    let (found, titles) = dot(&text);
    assert_eq!(found, expected);
    let (found, same_titles) =
        mermaid(&graph(project, &[arguments, &["--format", "mermaid"]].concat()).stdout);
    assert_eq!(found, expected);
    let sorted = |titles: &[String]| titles.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&titles), sorted(&same_titles));
    (document, titles)
}

/// A project with something of everything: one to create, one to replace, one to suspend, one to
/// take away.
fn varied() -> Project {
    let project = Project::applied(&["alice", "bob", "carol", "dave"]);
    project.researcher("alice", "compute: { strategy: best_fit }");
    project.researcher("bob", "status: suspended, suspend: { release: true }");
    project.remove("workspaces/carol.yaml");
    project.researcher("erin", "");
    project.edit("nfplan.yaml", "expire_days: 30", "expire_days: 31");
    project
}

#[test]
fn a_plan_is_drawn_with_all_its_steps_and_what_each_waits_for() {
    let project = varied();
    let plan = project.plan(&[]);
    let (document, _) = drawn(&project, &["--expand"]);
    let clusters = document["clusters"].as_array().unwrap();
    let units = plan["units"].as_array().unwrap();
    assert_eq!(clusters.len(), units.len());
    let (_, edges) = expected(&document);
    for (cluster, unit) in clusters.iter().zip(units) {
        assert_eq!(cluster["members"][0], unit["unit"]);
        let (nodes, steps) =
            (cluster["nodes"].as_array().unwrap(), unit["steps"].as_array().unwrap());
        assert_eq!(nodes.len(), steps.len() + 1, "the steps and the commit point");
        let id =
            |number: &Json| nodes[usize::try_from(number.as_u64().unwrap()).unwrap()]["id"].clone();
        let text = |json: Json| json.as_str().unwrap().to_owned();
        for (node, step) in nodes.iter().zip(steps) {
            assert_eq!((&node["address"], &node["stage"]), (&step["address"], &step["stage"]));
            for need in step["needs"].as_array().unwrap() {
                assert!(edges.contains(&(text(id(need)), text(node["id"].clone()))));
            }
        }
    }
}

#[test]
fn every_build_step_leads_to_the_commit_point_and_that_to_every_retire_step() {
    let project = varied();
    let (document, _) = drawn(&project, &["--expand"]);
    let (_, edges) = expected(&document);
    for cluster in document["clusters"].as_array().unwrap() {
        let nodes = cluster["nodes"].as_array().unwrap();
        let of = |stage: &str| -> BTreeSet<String> {
            let nodes = nodes.iter().filter(|node| node["stage"] == stage);
            nodes.map(|node| node["id"].as_str().unwrap().to_owned()).collect()
        };
        let reach = |forward: bool| {
            let mut found = of("commit");
            assert_eq!(found.len(), 1);
            while let Some((from, to)) = edges.iter().find(|(from, to)| {
                let (start, end) = if forward { (from, to) } else { (to, from) };
                found.contains(start) && !found.contains(end)
            }) {
                found.insert(if forward { to.clone() } else { from.clone() });
            }
            found
        };
        assert!(reach(false).is_superset(&of("build")), "{cluster}");
        assert!(reach(true).is_superset(&of("retire")), "{cluster}");
    }
}

#[test]
fn equal_researchers_are_drawn_once_with_their_number_unless_each_is_asked_for() {
    let project = Project::applied(&["alice", "bob", "carol"]);
    project.edit("nfplan.yaml", "max_vcpus: 64", "max_vcpus: 65");
    let (document, titles) = drawn(&project, &[]);
    assert_eq!(document["clusters"].as_array().unwrap().len(), 1);
    assert_eq!(document["clusters"][0]["names"], serde_json::json!(["alice", "bob", "carol"]));
    let title = "3 workspaces, all alike: alice, bob, carol";
    assert!(titles.iter().any(|one| one == title), "{titles:?}");
    let (document, _) = drawn(&project, &["--expand"]);
    assert_eq!(document["clusters"].as_array().unwrap().len(), 3);
}

#[test]
fn all_resources_are_drawn_with_what_the_plan_does_to_them() {
    let project = varied();
    let (document, _) = drawn(&project, &["--all", "--expand"]);
    let mut found = BTreeSet::new();
    for cluster in document["clusters"].as_array().unwrap() {
        let unit = cluster["members"][0].as_str().unwrap();
        for node in cluster["nodes"].as_array().unwrap() {
            if let Some(action) = node["action"].as_str() {
                found.insert(format!("{unit} {} {action}", node["address"].as_str().unwrap()));
            }
        }
    }
    assert_eq!(found, project.changes().into_iter().collect());
    let (document, _) = drawn(&project, &["--all", "--select", "dave"]);
    let nodes = document["clusters"][0]["nodes"].as_array().unwrap();
    assert!(nodes.iter().all(|node| node["words"] == "unchanged"), "{document}");
    let edges = expected(&document).1;
    let id = |address: &str| {
        let node = nodes.iter().find(|node| node["address"] == address).unwrap();
        node["id"].as_str().unwrap().to_owned()
    };
    let needs = (id("batch.compute_environment/main"), id("batch.job_queue/main"));
    assert!(edges.contains(&needs));
}

#[test]
fn a_saved_plan_is_drawn_without_its_project() {
    let project = varied();
    let now = graph(&project, &[]).stdout;
    project.run(&["plan", "--out", "plan.json"]).exits(0);
    project.remove("nfplan.yaml");
    assert_eq!(graph(&project, &["plan.json"]).stdout, now);
    project.run(&["graph", "plan.json", "--all"]).exits(64);
}

#[test]
fn nothing_is_written_even_where_pins_are_missing() {
    let project = Project::of(&["alice"]);
    let text = graph(&project, &[]).stdout;
    assert!(text.contains("+ batch.job_queue/main"), "{text}");
    assert!(!project.path("nfplan.lock").exists());
}

#[test]
fn hostile_names_stay_in_their_labels() {
    let project = Project::of(&[]);
    let line = |name: &str| {
        let quoted = serde_json::to_string(name).unwrap();
        format!("{quoted}: {{ account: main, profile: standard }}\n")
    };
    project.write("workspaces/all.yaml", &HOSTILE.map(line).concat());
    for arguments in [&["--expand"][..], &["--all", "--expand"]] {
        let (document, _) = drawn(&project, arguments);
        let text = graph(&project, &[arguments, &["--format", "mermaid"]].concat()).stdout;
        let titles = mermaid(&text).1;
        for name in HOSTILE {
            let title = format!("workspace {name} in 111122223333.us-east-1");
            assert!(titles.contains(&title), "{title} in {titles:?}");
        }
        let names = document["clusters"].as_array().unwrap().iter();
        assert!(
            names.filter(|one| HOSTILE.contains(&one["names"][0].as_str().unwrap())).count() == 5
        );
    }
    let (document, _) = drawn(&project, &[]);
    assert_eq!(document["clusters"].as_array().unwrap().len(), 2, "platform and workspaces");
}

#[test]
fn a_drawing_that_github_refuses_is_said_to_be_too_large() {
    let users: Vec<String> = (0..20).map(|number| format!("user{number}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let project = Project::of(&users);
    let all = graph(&project, &["--format", "mermaid", "--expand"]);
    all.says("that GitHub draws");
    let few = graph(&project, &["--format", "mermaid"]);
    assert!(few.stderr.is_empty(), "{few}");
}

#[test]
fn a_plan_without_changes_says_that_there_is_nothing_to_draw() {
    let project = Project::applied(&["alice"]);
    let answer = graph(&project, &[]).says("nothing to draw");
    assert_eq!(dot(&answer.stdout).0, Drawing::default());
}

//! The configuration for Nextflow, read by a parser that knows nothing of nfplan.

use std::collections::BTreeMap;

use tree_sitter::Node;
use tree_sitter::Parser;

use crate::kit::Project;

/// What a configuration sets, by its path as in `aws.batch.jobRole`; and the plugins, by `plugins.id`.
fn settings(config: &str) -> BTreeMap<String, String> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_groovy::LANGUAGE.into()).unwrap();
    let tree = parser.parse(config, None).unwrap();
    assert!(!tree.root_node().has_error(), "{config}\n{}", tree.root_node().to_sexp());
    let mut found = BTreeMap::new();
    collect(tree.root_node(), config, &mut Vec::new(), &mut found);
    found
}

fn collect<'a>(
    node: Node<'_>,
    text: &'a str,
    path: &mut Vec<&'a str>,
    found: &mut BTreeMap<String, String>,
) {
    let text_of = |node: Node<'_>| &text[node.byte_range()];
    let mut cursor = node.walk();
    let children: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
    match (node.kind(), children.as_slice()) {
        ("assignment_expression" | "juxt_function_call", [name, value]) => {
            path.push(text_of(*name));
            // Only text in single quotes: Groovy fills nothing in there.
            let value = text_of(*value).strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
            found.insert(path.join("."), value.unwrap().to_owned());
            path.pop();
        }
        ("method_invocation", [name, closure]) => {
            path.push(text_of(*name));
            collect(*closure, text, path, found);
            path.pop();
        }
        _ => children.into_iter().for_each(|child| collect(child, text, path, found)),
    }
}

/// The configuration of alice, and what `nfplan output` says of her workspace.
fn of_alice(project: &Project) -> (BTreeMap<String, String>, impl Fn(&str) -> String) {
    let config = project.run(&["nextflow-config", "alice"]).exits(0).stdout;
    let output = |name: &str| {
        let value = project.run(&["output", name, "--select", "alice"]).exits(0).stdout;
        value.trim_end().to_owned()
    };
    (settings(&config), output)
}

#[test]
fn the_configuration_says_all_that_nextflow_needs_and_nothing_else() {
    let project = Project::applied(&["alice"]);
    let (settings, output) = of_alice(&project);
    let expected = [
        ("plugins.id", "nf-amazon".to_owned()),
        ("workDir", output("work_dir")),
        ("process.executor", "awsbatch".to_owned()),
        ("process.queue", output("queue")),
        ("aws.region", "us-east-1".to_owned()),
        ("aws.batch.jobRole", output("jobs_role_arn")),
        ("aws.batch.logsGroup", output("log_group")),
        // Both or none: `aws:kms` alone means another key, which the bucket refuses.
        ("aws.client.storageEncryption", "aws:kms".to_owned()),
        ("aws.client.storageKmsKeyId", output("kms_key_arn")),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(settings, expected.into());
}

#[test]
fn the_path_of_the_command_line_comes_from_the_spec_and_changes_nothing_in_the_cloud() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "compute: { cli_path: /opt/aws-cli/bin/aws }");
    project.run(&["plan", "--detailed-exitcode"]).exits(0);
    let (settings, _) = of_alice(&project);
    assert_eq!(settings["aws.batch.cliPath"], "/opt/aws-cli/bin/aws");
    let json = project.run(&["nextflow-config", "alice", "--json"]).exits(0).json();
    assert_eq!(json["cli_path"], "/opt/aws-cli/bin/aws");
}

#[test]
fn without_an_applied_workspace_or_its_queue_there_is_no_configuration() {
    let project = Project::applied(&["alice"]);
    project.researcher("bob", "");
    project.run(&["nextflow-config", "bob"]).exits(7).says("is not applied yet");
    project.researcher("alice", "status: suspended, suspend: { release: true }");
    project.apply(&[]).exits(0);
    let answer = project.run(&["nextflow-config", "alice"]).exits(7);
    assert!(answer.stdout.is_empty());
    answer.says("has no queue");
}

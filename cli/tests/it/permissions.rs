//! `nfplan permissions`, and that its table has every call of the provider.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nfplan_specs::permissions::NOT_GRANTED;
use nfplan_specs::permissions::calls;
use serde_json::Value as Json;

use crate::kit::Project;

/// What stands between quotation marks in these lines of Rust and reads as `service:Operation`.
fn operations(text: &str) -> BTreeSet<String> {
    let is_operation = |literal: &&str| {
        literal.split_once(':').is_some_and(|(service, name)| {
            !service.is_empty()
                && service.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                && name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    let literals = text.lines().flat_map(|line| line.split('"').skip(1).step_by(2));
    literals.filter(is_operation).map(ToOwned::to_owned).collect()
}

/// All operations in the sources of a folder.
fn operations_in(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(operations_in(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.extend(operations(&fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn every_call_of_the_provider_is_granted_or_left_out_with_a_reason() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers/src/aws");
    let sent = operations_in(&folder);
    assert!(sent.len() > 150, "{} operations were found", sent.len());
    let told: BTreeSet<String> =
        calls().into_iter().chain(NOT_GRANTED.map(|(call, _)| call)).map(Into::into).collect();
    let missing: Vec<&String> = sent.difference(&told).collect();
    assert!(missing.is_empty(), "specs/src/permissions has no row for: {missing:?}");
    let stale: Vec<&String> = told.difference(&sent).collect();
    assert!(stale.is_empty(), "the provider sends these no longer: {stale:?}");
}

#[test]
fn a_new_call_in_a_source_would_be_seen() {
    let source = "session.change(\"ec2:CreateNatGateway\", call).await?; // \"not: one\"";
    assert_eq!(operations(source), BTreeSet::from(["ec2:CreateNatGateway".to_owned()]));
}

/// The policies of a command line, as the document has them.
fn policies(project: &Project, words: &[&str]) -> Vec<Json> {
    let line = [&["permissions", "--json"], words].concat();
    let document = project.run(&line).exits(0).json();
    assert_eq!(document["format"], "nfplan.permissions/1");
    document["policies"].as_array().unwrap().clone()
}

#[test]
fn what_is_shown_is_what_the_document_has_each_under_what_it_is_for() {
    let project = Project::of(&["alice"]);
    let shown = project.run(&["permissions"]).exits(0).stdout;
    let (titles, rest): (Vec<&str>, Vec<&str>) =
        shown.lines().partition(|line| line.starts_with("# "));
    let rest = rest.join("\n");
    let documents = serde_json::Deserializer::from_str(&rest).into_iter::<Json>();
    let documents: Vec<Json> = documents.collect::<Result<_, _>>().unwrap();
    let policies = policies(&project, &[]);
    let wanted: Vec<Json> = policies.iter().map(|one| one["policy"].clone()).collect();
    assert_eq!(documents, wanted);
    assert_eq!(titles.len(), 2 * documents.len());
    for (title, policy) in titles.chunks(2).zip(&policies) {
        let name = policy["name"].as_str().unwrap();
        assert!(title[0].starts_with(&format!("# {name}: to ")), "{title:?}");
        assert!(title[1].contains("attach it to"), "{title:?}");
    }
    // Nothing was asked or written.
    assert!(!project.path(".nfplan").exists());
}

#[test]
fn accounts_are_named_by_name_id_or_place_and_a_mistyped_one_is_refused() {
    let project = Project::of(&["alice"]);
    let all = policies(&project, &[]);
    for name in ["main", "111122223333", "111122223333.us-east-1"] {
        assert_eq!(policies(&project, &[name]), all, "{name}");
    }
    let few = policies(&project, &["--kind", "read-only"]);
    assert_eq!(few.len(), 1, "{few:?}");
    assert_eq!(few[0]["policy"], all[0]["policy"]);
    project.run(&["permissions", "mian"]).exits(7).says("did you mean `main`?");
}

#[test]
fn the_runner_gets_into_accounts_and_at_states_with_a_policy_of_its_own() {
    let project = Project::of(&["alice"]);
    let role = "arn:aws:iam::111122223333:role/nfplan";
    let account = format!("provider: aws\n    assume_role: \"{role}\"");
    project.edit("nfplan.yaml", "provider: sim", &account);
    project.edit("nfplan.yaml", "environment:", "state: s3://example-state/prod\nenvironment:");
    let all = policies(&project, &[]);
    let (last, others) = all.split_last().unwrap();
    assert!(others.iter().all(|one| one["role"] == role), "{others:?}");
    assert_eq!(last["role"], Json::Null);
    let sids = |policy: &Json| {
        let statements = policy["policy"]["Statement"].as_array().unwrap();
        statements.iter().map(|one| one["Sid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let expected = [
        "AssumeAccountRoles",
        "ListStates",
        "ReadStates",
        "WriteStates",
        "ProbeBucket",
        "PruneStates",
    ];
    assert_eq!(sids(last), expected);
    assert!(last["policy"].to_string().contains(role));

    // Where the runner says, states are.
    let elsewhere = policies(&project, &["--state", "s3://other-state"]);
    let text = elsewhere.last().unwrap()["policy"].to_string();
    assert!(
        text.contains("arn:aws:s3:::other-state/*") && !text.contains("example-state"),
        "{text}"
    );
}

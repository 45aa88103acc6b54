//! Every setting with its value and where it comes from, and variables that mean nothing.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::kit::Answer;
use crate::kit::Project;

/// The document of `nfplan config` with these words and variables.
fn config(project: &Project, words: &[&str], variables: &[(&str, &str)]) -> Json {
    let mut command = project.command(&[&["config", "--json"], words].concat());
    Answer::of(command.envs(variables.iter().copied()).output().unwrap()).exits(0).json()
}

/// The value and source of a setting.
fn of(document: &Json, name: &str) -> (Json, String) {
    let settings = document["settings"].as_array().unwrap();
    let found = settings.iter().find(|setting| setting["name"] == name).unwrap();
    (found["value"].clone(), found["source"].as_str().unwrap().to_owned())
}

#[test]
fn a_flag_wins_over_its_variable_that_over_the_file_and_that_over_the_default() {
    let project = Project::of(&["alice"]);
    let state = |words: &[&str], variables: &[(&str, &str)]| {
        of(&config(&project, words, variables), "--state")
    };
    let variable = [("NFPLAN_STATE", "by-variable")];
    assert_eq!(state(&[], &[]), (".nfplan/state".into(), "default".into()));
    project.edit("nfplan.yaml", "accounts:", "state: by-file\naccounts:");
    assert_eq!(state(&[], &[]), ("by-file".into(), "file".into()));
    assert_eq!(state(&[], &variable), ("by-variable".into(), "variable".into()));
    let flag = ["--state", "by-flag"];
    assert_eq!(state(&flag, &variable), ("by-flag".into(), "flag".into()));
}

#[test]
fn what_config_says_is_what_a_command_does() {
    let project = Project::of(&["alice"]);
    for (value, json) in [("1", true), ("true", true), ("0", false), ("off", false), ("", false)] {
        let document = config(&project, &[], &[("NFPLAN_FULL", value), ("NFPLAN_JSON", value)]);
        assert_eq!(of(&document, "--full").0, json, "{value}");
        let mut command = project.command(&["validate"]);
        let answer = Answer::of(command.env("NFPLAN_JSON", value).output().unwrap()).exits(0);
        assert_eq!(answer.stdout.starts_with('{'), json, "{value}");
    }
    let users = config(&project, &[], &[("NFPLAN_SELECT", "alice,bob")]);
    assert_eq!(of(&users, "--select").0, serde_json::json!(["alice", "bob"]));
}

#[test]
fn every_variable_of_every_flag_is_listed() {
    let project = Project::empty();
    let document = config(&project, &[], &[]);
    let settings = document["settings"].as_array().unwrap();
    let listed: BTreeSet<&str> =
        settings.iter().filter_map(|setting| setting["variable"].as_str()).collect();
    let pages = nfplan_cli::help::PAGES.iter();
    let mut wanted = BTreeSet::new();
    for page in pages {
        let definition = nfplan_cli::help::definition(100);
        let words = page.command.split_whitespace();
        let command =
            words.fold(&definition, |command, word| command.find_subcommand(word).unwrap());
        for name in command.get_arguments().filter_map(clap::Arg::get_env) {
            wanted.insert(name.to_str().unwrap().to_owned());
        }
    }
    assert!(wanted.len() > 15);
    assert_eq!(listed, wanted.iter().map(String::as_str).collect());
}

#[test]
fn a_project_that_is_missing_or_broken_is_shown_as_far_as_it_can_be_read() {
    let project = Project::empty();
    assert_eq!(of(&config(&project, &[], &[]), "environment"), (Json::Null, "default".into()));
    project.write("nfplan.yaml", "nfplan: 99\nmax_deletes: 3\naccounts: 7\n");
    let document = config(&project, &[], &[]);
    assert_eq!(of(&document, "max_deletes"), ("3".into(), "file".into()));
    let deletes = document["settings"].as_array().unwrap();
    let deletes = deletes.iter().find(|setting| setting["name"] == "max_deletes").unwrap();
    assert_eq!(deletes["line"], 2);
    let bad = config(&project, &[], &[("NFPLAN_REFRESH", "sometimes")]);
    assert!(bad.to_string().contains("`sometimes` is none of none, bulk, deep"), "{bad}");
}

#[test]
fn nothing_is_shown_of_variables_that_are_not_nfplans() {
    let project = Project::of(&["alice"]);
    let canary = "canary-4711";
    let names = ["COLUMNS", "CI", "USER", "CI_JOB_URL", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"];
    for words in [&["config"][..], &["config", "-v"], &["config", "--json"]] {
        let mut command = project.command(words);
        command.envs(names.map(|name| (name, canary))).env("NFPLANX", canary);
        let answer = Answer::of(command.output().unwrap()).exits(0);
        assert!(answer.stdout.contains("CI_JOB_URL"), "{answer}");
        assert!(!answer.to_string().contains(canary), "{answer}");
    }
}

#[test]
fn a_variable_that_means_nothing_is_warned_of_once_and_changes_nothing() {
    let project = Project::of(&["alice"]);
    let run = |words: &[&str]| {
        let mut command = project.command(words);
        command.env("NFPLAN_LOCKD", "canary").env("NFPLAN_ZZZ", "1");
        Answer::of(command.output().unwrap()).exits(0)
    };
    for words in [&["validate"][..], &["plan"], &["version"], &["validate", "--json"]] {
        let answer = run(words).says("did you mean NFPLAN_LOCKED?").says("NFPLAN_ZZZ");
        assert_eq!(answer.stderr.matches("NFPLAN_LOCKD").count(), 1, "{answer}");
        assert!(!answer.to_string().contains("canary"), "{answer}");
    }
    assert_eq!(run(&["validate", "--quiet"]).stderr, "");
    let unknown = config(&project, &[], &[("NFPLAN_LOCKD", "1")])["unknown_variables"].clone();
    let expected = serde_json::json!([{ "name": "NFPLAN_LOCKD", "suggestion": "NFPLAN_LOCKED" }]);
    assert_eq!(unknown, expected);
}

/// Whoever runs nfplan with cargo has the variables of the build in its environment.
#[test]
fn no_variable_of_the_build_is_taken_for_a_setting() {
    let project = Project::of(&["alice"]);
    let mut command = project.command(&["validate"]);
    command.envs(std::env::vars());
    let said = Answer::of(command.output().unwrap()).exits(0);
    assert!(!said.stderr.contains("means nothing"), "{said}");
}

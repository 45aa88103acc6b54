//! Specs, pins and command lines that are wrong: which exit code, and what is said.

use std::fs;

#[cfg(feature = "aws")]
use crate::kit::Answer;
use crate::kit::Project;

#[test]
fn every_problem_of_every_file_is_told_with_its_line() {
    let project = Project::of(&["alice"]);
    project.edit("nfplan.yaml", "max_vcpus: 64", "max_vcpu: 64");
    project.write("workspaces/bob.yaml", "bob:\n  account: main\n  profile: standart\n");
    for command in [&["validate"][..], &["plan"], &["apply", "--auto-approve"]] {
        let answer = project.unchanged_by(|project| project.run(command)).exits(65);
        let answer = answer.says("nfplan.yaml:12:43").says("workspaces/bob.yaml:3:12");
        let answer = answer.says("max_vcpus").says("standard");
        assert_eq!(answer.stdout, "");
    }
}

#[test]
fn sound_specs_are_said_to_be_valid() {
    let project = Project::of(&["alice", "bob"]);
    let answer = project.unchanged_by(|project| project.run(&["validate"])).exits(0);
    assert_eq!(answer.stdout, "The specs are valid: 2 workspaces in 1 account.\n");
}

#[test]
fn a_folder_without_a_project_is_said_to_have_none() {
    let project = Project::empty();
    for command in ["plan", "validate", "show"] {
        project.unchanged_by(|project| project.run(&[command])).exits(65).says("nfplan init");
    }
}

#[cfg(feature = "aws")]
#[test]
fn an_account_on_aws_needs_credentials_and_says_which_ways_there_are() {
    let project = Project::of(&["alice"]);
    project.edit("nfplan.yaml", "    provider: sim\n", "");
    let answer = project.unchanged_by(|project| {
        let mut command = project.command(&["plan"]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", project.path("."));
        Answer::of(command.output().unwrap())
    });
    answer.exits(77).says("there are no credentials for AWS here").says("--profile");
}

#[cfg(not(feature = "aws"))]
#[test]
fn an_account_on_aws_is_refused_by_a_build_that_has_only_the_simulated_cloud() {
    let project = Project::of(&["alice"]);
    project.edit("nfplan.yaml", "    provider: sim\n", "");
    let answer = project.unchanged_by(|project| project.run(&["plan"])).exits(65);
    answer.says("the account `main` is on AWS").says("`provider: sim`");
}

#[test]
fn a_command_line_that_makes_no_sense_is_64_and_never_2() {
    let project = Project::of(&["alice"]);
    let lines: [&[&str]; 7] = [
        &[],
        &["frobnicate"],
        &["plan", "--frobnicate"],
        &["plan", "--refresh", "sometimes"],
        &["plan", "surplus"],
        &["apply", "--auto-approve", "--allow", "everything"],
        &["apply", "--auto-approve", "--replace", "nonsense"],
    ];
    for arguments in lines {
        let answer = project.unchanged_by(|project| project.run(arguments)).exits(64);
        assert!(!answer.stderr.is_empty() && answer.stdout.is_empty(), "{answer}");
    }
}

#[test]
fn changes_are_exit_code_2_only_if_that_is_asked_for() {
    let project = Project::of(&["alice"]);
    project.run(&["plan"]).exits(0);
    project.run(&["plan", "--detailed-exitcode"]).exits(2);
    project.apply(&[]).exits(0);
    project.run(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn pins_are_written_once_and_then_only_read() {
    let project = Project::of(&["alice"]);
    let locked = project.unchanged_by(|project| project.run(&["plan", "--locked"])).exits(65);
    locked.says("nfplan.lock lacks").says("without --locked");

    project.run(&["plan"]).exits(0);
    let lock = fs::read(project.path("nfplan.lock")).unwrap();
    project.unchanged_by(|project| project.run(&["plan", "--locked"])).exits(0);
    project.apply(&[]).exits(0);
    project.researcher("bob", "");
    project.apply(&[]).exits(0);
    assert_eq!(fs::read(project.path("nfplan.lock")).unwrap(), lock);

    project.remove("nfplan.lock");
    project.run(&["plan"]).exits(0);
    assert_eq!(fs::read(project.path("nfplan.lock")).unwrap(), lock);
}

#[test]
fn a_damaged_lock_file_is_an_error_and_is_not_replaced() {
    let project = Project::of(&["alice"]);
    project.write("nfplan.lock", "{\"format\":");
    project.unchanged_by(|project| project.run(&["plan"])).exits(65).says("nfplan.lock");
}

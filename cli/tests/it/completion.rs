//! How a line could go on: by the protocol between shell and program, and in a real bash.

use std::process::Command;

use crate::kit::Answer;
use crate::kit::NFPLAN;
use crate::kit::Project;
use crate::terminal::Session;

/// What bash is answered in the place of the last of these words.
fn answers(project: &Project, words: &[&str]) -> Vec<String> {
    let answer = asked(project, words);
    assert_eq!(answer.stderr, "", "{words:?}");
    answer.stdout.lines().map(Into::into).collect()
}

fn asked(project: &Project, words: &[&str]) -> Answer {
    let mut command = project.command(&["--", "nfplan"]);
    command.args(words).env("COMPLETE", "bash");
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n");
    Answer::of(command.output().unwrap())
}

#[test]
fn users_and_platforms_are_completed_wherever_units_are_selected() {
    let project = Project::of(&["alice", "alan", "bob"]);
    for command in [&["plan"][..], &["apply"], &["destroy"], &["show"], &["state", "list"]] {
        let at = |word| answers(&project, &[command, &["--select", word]].concat());
        assert_eq!(at(""), ["alan", "alice", "bob", "platform:main"], "{command:?}");
        assert_eq!(at("al"), ["alan", "alice"]);
        assert_eq!(at("bob,ali"), ["bob,alice"]);
        assert_eq!(at("platform:"), ["platform:main"]);
    }
    assert_eq!(answers(&project, &["plan", "--select=ali"]), ["--select=alice"]);
    assert_eq!(answers(&project, &["plan", "--expand", "b"]), ["bob"]);
}

#[test]
fn users_whose_specs_are_gone_are_completed_while_they_have_something() {
    let project = Project::applied(&["alice", "bob"]);
    project.remove("workspaces/alice.yaml");
    assert_eq!(answers(&project, &["show", "--select", "a"]), ["alice"]);
    project.apply(&[]).exits(0);
    assert_eq!(answers(&project, &["show", "--select", "a"]), [""; 0]);
}

#[test]
fn addresses_are_completed_from_the_states_of_the_selected_units() {
    let project = Project::applied(&["alice"]);
    let queue = ["batch.job_queue/main"];
    assert_eq!(answers(&project, &["state", "show", "batch.j"]), queue);
    assert_eq!(answers(&project, &["apply", "--replace", "batch.j"]), queue);
    let platform = ["state", "show", "--select", "platform:main", ""];
    let found = answers(&project, &platform);
    assert!(found.contains(&"s3.bucket/work".to_owned()), "{found:?}");
    assert!(!found.contains(&queue[0].to_owned()), "{found:?}");
}

#[test]
fn the_project_is_the_one_that_the_line_names() {
    let (project, elsewhere) = (Project::of(&["alice"]), Project::empty());
    let folder = project.path("");
    let folder = folder.to_str().unwrap();
    let at = |words: &[&str]| answers(&elsewhere, words);
    assert_eq!(at(&["-C", folder, "plan", "--select", "a"]), ["alice"]);
    assert_eq!(at(&["plan", "-C", folder, "--select", "a"]), ["alice"]);
    assert_eq!(at(&["-C", folder, "apply", "nfplan.y"]), ["nfplan.yaml"]);
    assert_eq!(at(&["plan", "--select", "a"]), [""; 0]);
    let mut command = elsewhere.command(&["--", "nfplan", "plan", "--select", "a"]);
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "3").env("NFPLAN_DIR", folder);
    assert_eq!(Answer::of(command.output().unwrap()).exits(0).stdout, "alice");
}

#[test]
fn values_that_never_change_are_completed_too() {
    let project = Project::empty();
    assert_eq!(answers(&project, &["pl"]), ["plan"]);
    assert_eq!(answers(&project, &["apply", "--allow", "mass"]), ["mass-destroy"]);
    assert_eq!(answers(&project, &["plan", "--refresh", "d"]), ["deep"]);
    assert_eq!(answers(&project, &["completions", "z"]), ["zsh"]);
    assert_eq!(answers(&project, &["plan", "--sel"]), ["--select"]);
}

#[test]
fn a_broken_project_completes_nothing_and_says_nothing() {
    let project = Project::applied(&["alice"]);
    let line = ["plan", "--select", ""];
    project.write(".nfplan/state/workspace/111122223333.us-east-1/zoe/head.json", "{");
    assert_eq!(answers(&project, &line), [""; 0]);
    project.write("workspaces/bob.yaml", "bob: [\n");
    assert_eq!(answers(&project, &line), [""; 0]);
    project.write("nfplan.yaml", "nfplan: 99\n");
    assert_eq!(answers(&project, &line), [""; 0]);
    project.remove("nfplan.yaml");
    assert_eq!(answers(&project, &line), [""; 0]);
    assert_eq!(answers(&project, &["--frobnicate", "plan", "--select", ""]), [""; 0]);
}

#[test]
fn every_shell_gets_a_script_that_asks_nfplan() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = project.run(&["completions", shell]).exits(0).stdout;
        assert!(script.contains("COMPLETE") && script.contains("nfplan"), "{script}");
        let mut command = project.command(&[]);
        let asked = Answer::of(command.env("COMPLETE", shell).output().unwrap()).exits(0);
        assert!(asked.stdout.contains("COMPLETE"), "{asked}");
    }
    project.run(&["completions", "tcsh"]).exits(64);
    let mut command = project.command(&[]);
    let unknown = Answer::of(command.env("COMPLETE", "tcsh").output().unwrap()).exits(64);
    assert_eq!(unknown.stdout, "");
    assert!(unknown.says("tcsh").stderr.contains("bash"));
}

/// An interactive bash with the script, and nothing of the caller's.
fn bash(project: &Project) -> Session {
    let binary = std::path::Path::new(NFPLAN).parent().unwrap().to_str().unwrap();
    let mut command = Command::new("bash");
    command.args(["--norc", "--noprofile", "-i"]).current_dir(project.path("")).env_clear();
    command.env("PATH", format!("{binary}:/usr/bin:/bin")).env("PS1", "> ");
    command.env("INPUTRC", "/dev/null").env("HISTFILE", "/dev/null");
    let mut session = Session::start(command, 100);
    session.wait_for("> ");
    session
        .type_in("bind 'set bell-style none'; source <(nfplan completions bash); echo rea'dy'\n");
    session.wait_for("\nready");
    session
}

#[test]
fn bash_completes_names_with_everything_that_readline_breaks_words_at() {
    let project = Project::of(&["alice", "bob"]);
    project.write(
        "workspaces/carol.yaml",
        "carol@example.org: { account: main, profile: standard }\n",
    );
    let mut bash = bash(&project);
    let lines = [
        ("nfplan plan --select al\t", "nfplan plan --select alice"),
        ("nfplan plan --select car\t", "nfplan plan --select carol@example.org"),
        ("nfplan plan --select carol@ex\t", "nfplan plan --select carol@example.org"),
        ("nfplan plan --select platform:m\t", "nfplan plan --select platform:main"),
        ("nfplan plan --select=bob,platf\t", "nfplan plan --select=bob,platform:main"),
        ("nfplan -C . pl\t--select al\t", "nfplan -C . plan --select alice"),
        ("nfplan plan --select=carol@\t", "nfplan plan --select=carol@example.org"),
    ];
    for (typed, shown) in lines {
        bash.type_in(typed);
        bash.wait_for(&format!("> {shown}"));
        // Ctrl-U takes the line away.
        bash.type_in("\x15clear; echo nex't'\n");
        bash.wait_for("next\n> ");
    }
    bash.type_in("exit\n");
    bash.finish();
}

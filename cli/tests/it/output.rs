//! What is written where, and in which shape.

use crate::kit::Answer;
use crate::kit::NFPLAN;
use crate::kit::Project;

/// Command lines that end well or badly once `alice` is applied and `bob` is new.
const LINES: [&[&str]; 19] = [
    &["plan"],
    &["plan", "--full"],
    &["show"],
    &["state", "list"],
    &["state", "show", "batch.compute_environment/main"],
    &["state", "show", "batch.compute_environment/other"],
    &["validate"],
    &["version"],
    &["output"],
    &["output", "queue", "--select", "bob"],
    &["explain", "E0305"],
    &["explain", "E0399"],
    &["explain", "alice:batch.compute_environment/main"],
    &["graph"],
    &["graph", "--all", "--format", "mermaid"],
    &["plan", "--select", "nobody"],
    &["apply"],
    &["apply", "--auto-approve", "--refresh", "none"],
    &["destroy", "--auto-approve", "--select", "platform:main"],
];

fn prepared() -> Project {
    let project = Project::applied(&["alice"]);
    project.researcher("bob", "compute: { type: ec2, strategy: best_fit }");
    project
}

#[test]
fn nothing_piped_has_colours_whatever_the_environment() {
    let project = prepared();
    for line in LINES {
        let mut command = project.command(line);
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color");
        let answer = Answer::of(command.output().unwrap());
        assert!(!answer.stdout.contains('\x1b') && !answer.stderr.contains('\x1b'), "{answer}");
    }
}

#[test]
fn no_color_and_its_flag_win_over_forced_colours() {
    let project = prepared();
    for flags in [&["plan"][..], &["plan", "--no-color"]] {
        let mut command = project.command(flags);
        command.env("CLICOLOR_FORCE", "1");
        if flags.len() > 1 {
            command.env_remove("NO_COLOR");
        }
        let answer = Answer::of(command.output().unwrap()).exits(0);
        assert!(!answer.stdout.contains('\x1b') && !answer.stderr.contains('\x1b'), "{answer}");
    }
}

#[test]
fn json_is_exactly_one_versioned_document_for_errors_too() {
    let project = prepared();
    for line in LINES {
        let answer = project.run(&[line, &["--json"]].concat());
        let format = answer.json()["format"].as_str().unwrap().to_owned();
        assert!(format.starts_with("nfplan.") && format.ends_with("/1"), "{format}");
        let failed = answer.code != Some(0);
        assert_eq!(format == "nfplan.error/1", failed, "{answer}");
        if failed {
            assert_eq!(answer.json()["exit"].as_i64(), answer.code.map(i64::from), "{answer}");
        }
    }
}

#[test]
fn json_is_one_document_for_units_that_cannot_be_planned_and_for_broken_specs() {
    let project = prepared();
    project.edit("nfplan.yaml", "environment: data.example.org", "environment: other.example.org");
    for command in [&["plan", "--json"][..], &["apply", "--auto-approve", "--json"]] {
        let answer = project.run(command).exits(7);
        assert_eq!(answer.json()["format"], "nfplan.error/1", "{answer}");
        assert!(answer.stdout.contains("was built for the environment"), "{answer}");
    }
    project.write("nfplan.yaml", "nfplan: 1\nfoo: 2\n");
    for command in [&["plan", "--json"][..], &["validate", "--json"]] {
        let answer = project.run(command).exits(65);
        assert!(answer.json()["diagnostics"].as_array().is_some_and(|list| list.len() > 1));
    }
}

#[test]
fn lines_fit_the_width_unless_one_word_is_longer() {
    let project = prepared();
    let run = |line: &[&str]| {
        let mut command = project.command(line);
        command.env("COLUMNS", "60");
        Answer::of(command.output().unwrap())
    };
    // Graphs are for programs that do not care.
    let lines = LINES.iter().copied().filter(|line| line[0] != "graph");
    for line in lines.chain([&["apply", "--auto-approve"][..]]) {
        let answer = run(line);
        // Problems in spec files are shown with the line as it was written.
        let own = |text: &&str| {
            !["warning[", " --> ", " | ", " = help"].iter().any(|mark| text.contains(mark))
        };
        let lines = answer.stdout.lines().chain(answer.stderr.lines()).filter(own);
        for text in lines.filter(|text| text.chars().count() > 60) {
            // The sign of a value stays with it.
            let words = text.split_whitespace().filter(|word| !["+", "-"].contains(word));
            assert!(words.count() <= 1, "{line:?} is wider than 60 columns:\n{text}");
        }
    }
}

#[test]
fn data_goes_to_standard_output_and_the_rest_to_standard_error() {
    let project = prepared();
    let plan = project.run(&["plan"]).exits(0);
    assert!(plan.stdout.contains("Plan: 30 to create."), "{plan}");
    assert!(plan.stderr.starts_with("warning[W0501]"), "{plan}");
    let refused = project.run(&["plan", "--select", "nobody"]).exits(7);
    assert_eq!(refused.stdout, "");
    let applied = project.apply(&["--quiet"]).exits(0);
    assert!(applied.stdout.contains("bob  applied"), "{applied}");
    assert!(!applied.stderr.contains("created"), "{applied}");
}

#[test]
fn version_and_help_say_what_this_is() {
    let project = Project::empty();
    let version = project.run(&["version"]).exits(0);
    let number = env!("CARGO_PKG_VERSION");
    snapbox::assert_data_eq!(
        version.stdout,
        format!("nfplan {number}\nclouds: sim\nstores: folder, s3\n")
    );
    assert_eq!(project.run(&["--version"]).exits(0).stdout, format!("nfplan {number}\n"));
    let help = project.run(&["--help"]).exits(0);
    for word in ["init", "validate", "plan", "apply", "destroy", "show", "state", "Exit codes"] {
        assert!(help.stdout.contains(word), "{word} is missing\n{help}");
    }
    for command in ["plan", "apply", "destroy", "show", "state"] {
        project.run(&[command, "--help"]).exits(0);
    }
}

#[test]
fn an_update_shows_what_was_and_what_will_be_and_the_line_that_asks_for_it() {
    let project = Project::applied(&["alice"]);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    let plan = project.run(&["plan"]).exits(0);
    plan.shows("max_vcpus").shows("64").shows("128").shows("workspaces/alice.yaml:1:66");
}

#[test]
fn states_list_every_object_once_and_show_one_in_full() {
    let project = prepared();
    let list = project.unchanged_by(|project| project.run(&["state", "list"])).exits(0);
    let words: Vec<&str> = list.stdout.split_whitespace().collect();
    for (resource_type, id) in project.existing() {
        let listed = words
            .windows(2)
            .filter(|pair| pair[0].starts_with(&format!("{resource_type}/")) && pair[1] == id);
        assert_eq!(listed.count(), 1, "{resource_type} {id}\n{list}");
    }
    let shown = project.run(&["state", "show", "batch.compute_environment/main"]).exits(0);
    shown.shows("data-example-org-nf-compute-env-alice").shows("max_vcpus: 64");
}

#[test]
fn a_pipe_that_closes_early_is_no_error() {
    let project = prepared();
    let script = format!("{NFPLAN} plan --full | head -n 1; exit ${{PIPESTATUS[0]}}");
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &script]).current_dir(project.path("")).env_clear();
    let answer = Answer::of(shell.env("PATH", "/usr/bin:/bin").output().unwrap());
    answer.exits(0);
}

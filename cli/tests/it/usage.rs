//! Command lines that make no sense, quiet and verbose ones, and manual pages.

use std::fs;
use std::process::Command;
use std::process::Stdio;

use crate::kit::Answer;
use crate::kit::Project;
use crate::terminal::Session;

/// Command lines that make no sense, and what each is answered.
const SENSELESS: [(&[&str], &str); 9] = [
    (&["destory"], "did you mean `destroy`?"),
    (&["state", "lst"], "did you mean `list`?"),
    (&["plan", "--selct", "alice"], "did you mean `--select`?"),
    (&["plan", "--refresh", "bluk"], "did you mean `bulk`?"),
    (&["apply", "--allow", "mass-destory"], "did you mean `mass-destroy`?"),
    (&["completions", "bsh"], "did you mean `bash`?"),
    (&["state", "show"], "<ADDRESS>"),
    (&["plan", "surplus"], "unexpected argument `surplus`"),
    (&["plan", "--out"], "a value is required"),
];

#[test]
fn mistakes_are_answered_with_what_was_meant() {
    let project = Project::of(&["alice"]);
    for (words, answer) in SENSELESS {
        let said = project.run(words).exits(64).says(answer).says("--help");
        assert!(said.stderr.starts_with("error: "), "{said}");
        assert_eq!(said.stdout, "");
    }
}

#[test]
fn with_json_a_mistake_is_one_document_too() {
    let project = Project::of(&["alice"]);
    for (words, answer) in SENSELESS.into_iter().chain([(&[][..], "needs a command")]) {
        let lines = [[&["--json"], words].concat(), [words, &["--json"]].concat()];
        let mut answers = lines.map(|line| project.run(&line)).to_vec();
        let mut command = project.command(words);
        answers.push(Answer::of(command.env("NFPLAN_JSON", "1").output().unwrap()));
        for said in answers {
            let said = said.exits(64);
            assert_eq!(said.json()["format"], "nfplan.error/1", "{said}");
            assert_eq!(said.json()["exit"], 64, "{said}");
            assert!(said.json().to_string().contains(answer), "{said}");
        }
    }
    let mut command = project.command(&["plan", "--frobnicate"]);
    let said = Answer::of(command.env("NFPLAN_JSON", "off").output().unwrap()).exits(64);
    assert_eq!(said.stdout, "");
    let mut command = project.command(&["validate", "--json"]);
    let said =
        Answer::of(command.env("NFPLAN_FULL", "x").env("NFPLAN_QUIET", "x").output().unwrap());
    assert_eq!(said.exits(64).json()["format"], "nfplan.error/1");
}

#[test]
fn names_that_match_nothing_are_answered_with_at_most_five_near_ones() {
    let users = ["anna", "annb", "annc", "annd", "anne", "annf", "zoe"];
    let project = Project::of(&users);
    project.run(&["plan", "--select", "Zoe"]).exits(7).says("did you mean `zoe`?");
    project.run(&["plan", "--select", "PLATFORM:main"]).exits(7).says("mean `platform:main`?");
    project.run(&["plan", "--expand", "Zoe"]).exits(64).says("did you mean `zoe`?");
    let said = project.run(&["plan", "--select", "annx"]).exits(7);
    let said = said.says("did you mean `anna`, `annb`, `annc`, `annd` or `anne`?");
    assert!(!said.stderr.contains("annf"));
    let said = project.run(&["plan", "--select", "somebody-else"]).exits(7);
    assert!(!said.stderr.contains("did you mean"), "{said}");
}

#[test]
fn an_address_that_nothing_is_at_is_not_replaced_in_silence() {
    let project = Project::applied(&["alice", "bob"]);
    let replace = |address: &str, user: &str| {
        let words = ["--replace", address, "--select", user];
        project.unchanged_by(|project| project.apply(&words)).exits(7)
    };
    replace("batch.job_queue/mian", "alice").says("did you mean `batch.job_queue/main`?");
    replace(&format!("{}:batch.job_queue/main", crate::kit::unit("bob")), "alice");
    replace("s3.bucket/work", "alice");
}

/// A line for each command that writes something to standard error if nobody objects.
const TALKATIVE: [&[&str]; 5] = [
    &["init", "-C", "new"],
    &["validate"],
    &["plan"],
    &["apply", "--auto-approve"],
    &["man", "--out", "pages"],
];

#[test]
fn quiet_leaves_results_only() {
    let project = Project::of(&["alice"]);
    project.researcher("bob", "compute: { type: ec2, strategy: best_fit }");
    for words in TALKATIVE {
        let loud = project.copied().run(words).exits(0);
        let quiet = project.copied().run(&[words, &["--quiet"]].concat()).exits(0);
        assert_ne!(loud.stderr, "", "{words:?}");
        assert_eq!(quiet.stderr, "", "{words:?}");
        let last = |text: &str| text.lines().last().map(ToOwned::to_owned);
        assert_eq!(last(&quiet.stdout), last(&loud.stdout), "{words:?}");
    }
}

#[test]
fn nobody_is_asked_to_approve_what_was_not_shown() {
    let project = Project::of(&["alice"]);
    let mut session = Session::start(project.command(&["apply", "--quiet"]), 100);
    session.wait_for("Type yes:");
    assert!(session.screen().text.join("\n").contains("Plan: 38 to create."));
    session.type_in("no\n");
    assert_eq!(session.finish().0, Some(7));
    for (flag, why) in [("--json", "--json is for programs"), ("--no-input", "--no-input forbids")]
    {
        let session = Session::start(project.command(&["apply", flag]), 100);
        let (code, screen, _) = session.finish();
        assert_eq!(code, Some(7), "{screen:?}");
        assert!(screen.text.join("\n").contains(why), "{screen:?}");
    }
}

#[test]
fn verbose_says_more_for_every_command() {
    let project = Project::applied(&["alice"]);
    project.run(&["plan", "--out", "a.plan"]).exits(0);
    project.write("a.state", &project.run(&["state", "pull", "alice"]).exits(0).stdout);
    for command in nfplan_cli::help::runnable(&nfplan_cli::help::definition(100)) {
        if ["comment", "reviewed"].contains(&command.as_str()) {
            // They need a forge; tests of their own say how much they tell.
            continue;
        }
        let mut words: Vec<&str> = command.split(' ').collect();
        words.extend(match command.as_str() {
            "accept" => &[
                "alice:batch.compute_environment/main#max_vcpus",
                "--reason=why",
                "--owner=us",
                "--expires=1d",
            ],
            "adopt" | "apply" | "destroy" => &["--auto-approve", "--allow=mass-destroy"][..],
            "completions" => &["zsh"],
            "diff" => &["a.plan", "a.plan"],
            "init" => &["-C", "new"],
            "explain" | "state show" => &["ec2.vpc/main"],
            "env" => &["alice", "--format=dotenv"],
            "can" => &["alice", "s3:GetObject", "s3://bucket/key"],
            "state forget" => &["ec2.vpc/main", "--reason=why"],
            "nextflow-config" | "resume" | "state pull" | "suspend" | "unlock" => &["alice"],
            "revoke" => &["alice", "--auto-approve"],
            "rotate" => &["alice", "--auto-approve", "--overlap=0s"],
            "state push" => &["a.state"],
            "state restore" => &["--serial=1", "--select=alice"],
            _ => &[],
        });
        let run = |words: &[&str]| {
            let project = project.copied();
            if command == "accept" {
                let environment = project.object("batch.compute_environment", "alice");
                project.tamper(&environment, "max_vcpus", 99.into());
            }
            project.run(words).exits(0)
        };
        let plain = run(&words);
        words.push("--verbose");
        let verbose = run(&words);
        assert!(verbose.stderr.len() > plain.stderr.len(), "{command}\n{verbose}");
        assert!(verbose.stderr.contains("took "), "{command}\n{verbose}");
        if command != "config" {
            assert_eq!(verbose.stdout, plain.stdout, "{command}");
        }
    }
}

#[test]
fn quiet_and_verbose_exclude_each_other_and_the_line_wins_over_the_variable() {
    let project = Project::of(&["alice"]);
    let is_verbose = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = project.command(&[&["validate"], words].concat());
        let answer = Answer::of(command.envs(variables.iter().copied()).output().unwrap());
        answer.exits(0).stderr.contains("took ")
    };
    project.run(&["-q", "validate", "-v"]).exits(64).says("exclude each other");
    assert!(is_verbose(&["-v"], &[("NFPLAN_QUIET", "1")]));
    assert!(!is_verbose(&["-q"], &[("NFPLAN_VERBOSE", "1")]));
    assert!(!is_verbose(&[], &[("NFPLAN_VERBOSE", "1"), ("NFPLAN_QUIET", "1")]));
}

#[test]
fn every_command_has_a_manual_page_that_names_all_its_flags() {
    let project = Project::empty();
    project.run(&["man", "--out", "pages"]).exits(0);
    let mut count = 0;
    for page in nfplan_cli::help::PAGES {
        let name = format!("nfplan {}", page.command).trim_end().replace(' ', "-");
        let text = fs::read_to_string(project.path(&format!("pages/{name}.1"))).unwrap();
        let shown = text.replace("\\-", "-");
        let words: Vec<&str> = page.command.split_whitespace().chain(["-h"]).collect();
        let help = project.run(&words).exits(0).stdout;
        let flags =
            help.split(|c: char| c.is_whitespace() || c == ',').filter(|w| w.starts_with("--"));
        for flag in flags {
            assert!(shown.contains(flag), "{name} lacks {flag}");
        }
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "\"EXIT STATUS\""]
        {
            assert!(text.contains(&format!(".SH {section}\n")), "{name} lacks {section}\n{text}");
        }
        assert_eq!(troff_warnings(&text), "", "{name}");
        count += 1;
    }
    assert_eq!(fs::read_dir(project.path("pages")).unwrap().count(), count);
    let top = fs::read_to_string(project.path("pages/nfplan.1")).unwrap();
    assert_eq!(project.run(&["man"]).exits(0).stdout, top);
}

/// What groff has to complain of, where it is installed.
fn troff_warnings(page: &str) -> String {
    use std::io::Write as _;
    let mut groff = Command::new("groff");
    groff.args(["-man", "-Tutf8", "-ww", "-z"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut groff) = groff.spawn() else { return String::new() };
    groff.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    String::from_utf8(groff.wait_with_output().unwrap().stderr).unwrap()
}

//! What every command shows: on a terminal of 100 and of 60 columns, and to another program.
//!
//! The texts are in `snapshots/`, one file for each case; `SNAPSHOTS=overwrite` brings them up to
//! date. A new command needs a line in [`CASES`]. Without colours a terminal shows the same, and no
//! terminal ever has to break a line: these are checked for every case, not recorded.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use snapbox::Data;

use crate::failure::fill_queues;
use crate::kit::Answer;
use crate::kit::Project;
use crate::kit::place;
use crate::terminal::Screen;
use crate::terminal::Session;

/// A command line, and what it is started in.
struct Case {
    name: &'static str,
    line: &'static [&'static str],
    stage: Stage,
    /// What a person answers on a terminal.
    typed: &'static str,
}

/// What a command line is started in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// A folder without a project.
    Nothing,
    /// alice is applied.
    Applied,
    /// alice is applied, and then wants more.
    Changed,
    /// alice is applied, bob is new, and the account has no room for another queue.
    Full,
    /// alice and bob are applied, and somebody did this and that to what they have.
    Drifted,
    /// Specs with mistakes of several kinds.
    Broken,
}

const fn case(name: &'static str, stage: Stage, line: &'static [&'static str]) -> Case {
    Case { name, line, stage, typed: "" }
}

const CASES: &[Case] = &[
    case("nothing", Stage::Nothing, &[]),
    case("init", Stage::Nothing, &["init"]),
    case("no-project", Stage::Nothing, &["plan"]),
    case("validate", Stage::Applied, &["validate"]),
    case("validate-verbose", Stage::Applied, &["validate", "--verbose"]),
    case("validate-mistakes", Stage::Broken, &["validate"]),
    case("plan-nothing", Stage::Applied, &["plan"]),
    case("plan-update", Stage::Changed, &["plan"]),
    case("plan-verbose", Stage::Changed, &["plan", "-v"]),
    case("plan-mistyped-user", Stage::Applied, &["plan", "--select", "Alcie,platform:mian"]),
    case("plan-mistyped-flag", Stage::Applied, &["plan", "--selct", "alice"]),
    case("plan-mistyped-value", Stage::Applied, &["plan", "--refresh", "bluk"]),
    case("plan-mistyped-unit", Stage::Changed, &["plan", "--expand", "alcie"]),
    case("mistyped-command", Stage::Nothing, &["destory"]),
    Case { typed: "yes\n", ..case("apply", Stage::Changed, &["apply"]) },
    Case { typed: "no\n", ..case("apply-not-approved", Stage::Changed, &["apply"]) },
    case("apply-approved", Stage::Changed, &["apply", "--auto-approve"]),
    case("apply-fails", Stage::Full, &["apply", "--auto-approve", "--quiet"]),
    case(
        "apply-stops",
        Stage::Full,
        &["apply", "--auto-approve", "--quiet", "--on-failure", "stop"],
    ),
    case("rollback", Stage::Applied, &["rollback"]),
    case("update", Stage::Applied, &["update"]),
    case("unlock", Stage::Applied, &["unlock", "alice"]),
    case("unlock-mistyped", Stage::Applied, &["unlock", "alcie"]),
    case("apply-quiet", Stage::Changed, &["apply", "--auto-approve", "-q"]),
    case("apply-mistyped-class", Stage::Changed, &["apply", "--allow", "mass-destory"]),
    case(
        "apply-mistyped-address",
        Stage::Changed,
        &["apply", "--replace", "batch.job_queue/mian", "--auto-approve"],
    ),
    case(
        "destroy",
        Stage::Applied,
        &["destroy", "--auto-approve", "--quiet", "--allow", "mass-destroy"],
    ),
    case(
        "destroy-refused",
        Stage::Applied,
        &["destroy", "--auto-approve", "--select", "platform:main"],
    ),
    case("drift", Stage::Drifted, &["drift"]),
    case("drift-bulk", Stage::Drifted, &["drift", "--refresh", "bulk"]),
    case("drift-nothing", Stage::Applied, &["drift"]),
    case(
        "accept-nothing",
        Stage::Applied,
        &[
            "accept",
            "alice:batch.job_queue/main#priority",
            "--reason",
            "why",
            "--owner",
            "ops@example.org",
            "--expires",
            "14d",
        ],
    ),
    case("comment-nowhere", Stage::Nothing, &["comment", "plan.md"]),
    case("reviewed-nowhere", Stage::Applied, &["reviewed"]),
    case("show", Stage::Applied, &["show", "--select", "platform:main"]),
    case("state-list", Stage::Applied, &["state", "list", "--select", "platform:main"]),
    case("state-show", Stage::Applied, &["state", "show", "batch.job_queue/main"]),
    case("state-show-mistyped", Stage::Applied, &["state", "show", "batch.job_queue/mian"]),
    case("state-history", Stage::Applied, &["state", "history"]),
    case("state-verify", Stage::Applied, &["state", "verify"]),
    case(
        "state-restore",
        Stage::Applied,
        &["state", "restore", "--serial", "1", "--select", "alice"],
    ),
    case(
        "state-restore-mistyped",
        Stage::Applied,
        &["state", "restore", "--serial", "9", "--select", "alice"],
    ),
    case("state-pull-mistyped", Stage::Applied, &["state", "pull", "alcie"]),
    case("state-push-mistyped", Stage::Applied, &["state", "push", "nfplan.yaml"]),
    case("state-prune", Stage::Applied, &["state", "prune", "--keep", "1"]),
    case(
        "state-forget",
        Stage::Applied,
        &["state", "forget", "batch.job_queue/main", "--reason", "handed over to the lab"],
    ),
    case("config", Stage::Applied, &["config"]),
    case("config-verbose", Stage::Broken, &["config", "-v", "--state", "elsewhere"]),
    case("graph", Stage::Changed, &["graph", "--format", "mermaid"]),
    case("output", Stage::Applied, &["output", "--select", "alice"]),
    case("output-mistyped", Stage::Applied, &["output", "quue"]),
    case("suspend", Stage::Applied, &["suspend", "alice"]),
    case("resume", Stage::Applied, &["resume", "alice"]),
    case("suspend-mistyped", Stage::Applied, &["suspend", "alcie", "alice"]),
    case("rotate", Stage::Applied, &["rotate", "alice", "--overlap", "0s", "--auto-approve"]),
    case("rotate-mistyped", Stage::Applied, &["rotate", "alice", "--overlap", "1 fortnight"]),
    case("rotate-finish", Stage::Applied, &["rotate", "alice", "--finish", "--auto-approve"]),
    case("revoke", Stage::Applied, &["revoke", "alice", "--auto-approve"]),
    case("revoke-lift", Stage::Applied, &["revoke", "alice", "--lift", "--auto-approve"]),
    case("adopt-nothing", Stage::Applied, &["adopt", "--auto-approve"]),
    case("env-mistyped", Stage::Applied, &["env", "alcie", "--format", "sh"]),
    case("env-without-format", Stage::Applied, &["env", "alice"]),
    case("nextflow-config", Stage::Applied, &["nextflow-config", "alice"]),
    case("nextflow-config-mistyped", Stage::Applied, &["nextflow-config", "alcie"]),
    case("can", Stage::Applied, &["can", "alice", "batch:TagResource"]),
    case("can-not", Stage::Applied, &["can", "alice", "s3:GetObject", "s3://data/bob/x"]),
    case("permissions", Stage::Applied, &["permissions", "--kind", "read-only"]),
    case("permissions-mistyped", Stage::Applied, &["permissions", "mian"]),
    case("can-mistyped", Stage::Applied, &["can", "alice", "s3-GetObject"]),
    case("explain-code", Stage::Nothing, &["explain", "E0305"]),
    case("explain-mistyped", Stage::Nothing, &["explain", "E0035"]),
    case("explain-resource", Stage::Changed, &["explain", "alice:batch.compute_environment/main"]),
    case("diff", Stage::Changed, &["diff", "small.plan", "large.plan"]),
    case("schema", Stage::Nothing, &["schema", "workspaces"]),
    case("schema-document", Stage::Nothing, &["schema", "apply"]),
    case("validate-annotations", Stage::Broken, &["validate", "-q", "--report", "github=-"]),
    case("completions", Stage::Nothing, &["completions", "bash", "-v"]),
    case("man", Stage::Nothing, &["man", "--out", "pages"]),
    case("version", Stage::Nothing, &["version"]),
];

impl Stage {
    fn prepare(self) -> Project {
        match self {
            Self::Nothing => Project::empty(),
            Self::Applied => Project::applied(&["alice"]),
            Self::Changed => {
                let project = Project::applied(&["alice"]);
                for (vcpus, plan) in [(256, "large.plan"), (128, "small.plan")] {
                    project.researcher("alice", &format!("compute: {{ max_vcpus: {vcpus} }}"));
                    project.run(&["plan", "--out", plan]).exits(0);
                }
                project
            }
            Self::Full => {
                let project = Project::applied(&["alice"]);
                fill_queues(&project, 0);
                project.researcher("bob", "");
                project
            }
            Self::Drifted => {
                let project = Project::applied(&["alice", "bob"]);
                tamper(&project);
                project
            }
            Self::Broken => {
                let project = Project::of(&["alice"]);
                project.edit("nfplan.yaml", "max_vcpus: 64", "max_vcpu: 64");
                let bob = "bob:\n  account: mian\n  profile: standard\n  status: paused\n";
                project.write("workspaces/bob.yaml", bob);
                project
            }
        }
    }
}

/// Does something of every kind.
fn tamper(project: &Project) {
    for user in ["alice", "bob"] {
        let environment = project.object("batch.compute_environment", user);
        project.tamper(&environment, "max_vcpus", 9_999_u32.into());
    }
    let queue = project.object("batch.job_queue", "bob").remote_id;
    project.somebody().delete_object(&place(), "batch.job_queue", queue.as_str()).unwrap();
    let block = project.object("s3.public_access_block", "");
    project.tamper(&block, "block_public_policy", false.into());
    let policy = project.object("iam.policy", "/data-example-org-nf-alice");
    let text = serde_json::to_string(&policy.attributes["document"]).unwrap();
    let wider = serde_json::from_str(&text.replace("batch:SubmitJob", "batch:*")).unwrap();
    project.tamper(&policy, "document", wider);
    project.researcher("alice", "compute: { max_vcpus: 128 }, read_buckets: []");
}

/// The cases of a stage, all of them compared before any is reported.
fn check(stage: Stage) {
    let prepared = stage.prepare();
    let mut wrong = Vec::new();
    for case in CASES.iter().filter(|case| case.stage == stage) {
        let shown = case.show(&prepared);
        wrong.extend(compare(case.name, &shown));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

impl Case {
    /// The command in a copy of the project, so that no case sees what another did.
    fn start(&self, prepared: &Project) -> (Project, Command) {
        let project = prepared.copied();
        let command = project.command(self.line);
        (project, command)
    }

    /// What it prints is read by programs, on a terminal too.
    fn is_script(&self) -> bool {
        let scripts =
            ["completions", "graph", "nextflow-config", "permissions", "validate-annotations"];
        scripts.contains(&self.name) || self.name.starts_with("schema")
    }

    fn on_terminal(&self, prepared: &Project, columns: u16) -> (Option<i32>, Screen) {
        let (project, command) = self.start(prepared);
        let mut session = Session::start(command, columns);
        self.answer(&mut session);
        let (code, screen, _) = session.finish();
        drop(project);
        (code, screen)
    }

    fn without_colours(&self, prepared: &Project, columns: u16) -> Screen {
        let (project, command) = self.start(prepared);
        let mut session = Session::start_without_colours(command, columns);
        self.answer(&mut session);
        let (_, screen, _) = session.finish();
        drop(project);
        screen
    }

    fn answer(&self, session: &mut Session) {
        if !self.typed.is_empty() {
            session.wait_for("Type yes:");
            session.type_in(self.typed);
        }
    }

    fn piped(&self, prepared: &Project) -> Answer {
        let (project, mut command) = self.start(prepared);
        command.env_remove("NO_COLOR").env_remove("COLUMNS").env("TERM", "xterm-256color");
        let answer = Answer::of(command.output().unwrap());
        drop(project);
        answer
    }

    /// Runs the case in every way, and puts together what is shown.
    fn show(&self, prepared: &Project) -> String {
        let (code, wide) = self.on_terminal(prepared, 100);
        let (_, narrow) = self.on_terminal(prepared, 60);
        for (screen, columns) in [(&wide, 100), (&narrow, 60)] {
            let may_be_broken = |row: &String| is_one_word(row) || is_of_a_file(row);
            let unfit = screen.broken.iter().find(|row| !may_be_broken(row) && !self.is_script());
            assert_eq!(unfit, None, "{}: wider than {columns} columns", self.name);
        }
        let mut plain = self.without_colours(prepared, 100);
        // The one thing that may be told apart: that the variable is set.
        plain.styled.retain(|row| !row.contains("NO_COLOR  no colours"));
        assert_eq!(timeless(&plain.styled), timeless(&wide.text), "{} without colours", self.name);
        let Answer { code: piped, stdout, stderr } = self.piped(prepared);
        let line = self.line.join(" ");
        let rows = |screen: &Screen| timeless(&screen.styled);
        let lines = |text: &str| timeless(&text.lines().map(Into::into).collect::<Vec<_>>());
        format!(
            "$ nfplan {line}\n\n=== a terminal of 100 columns, exit {}\n{}\
             \n=== a terminal of 60 columns\n{}\
             \n=== another program: standard output, exit {}\n{}\
             \n=== another program: standard error\n{}",
            code.unwrap(),
            rows(&wide),
            rows(&narrow),
            piped.unwrap(),
            lines(&stdout),
            lines(&stderr),
        )
    }
}

fn is_one_word(row: &str) -> bool {
    row.split_whitespace().count() == 1
}

/// A line of a spec file, as it was written or as it should be: `12 + max_vcpus: 64`.
fn is_of_a_file(row: &str) -> bool {
    let rest = row.trim_start_matches(|character: char| character.is_ascii_digit());
    rest != row && [" | ", " + ", " - ", " ~ "].iter().any(|mark| rest.starts_with(mark))
}

/// Lines without what differs from one call to the next.
fn timeless(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        let took = line.starts_with("took ");
        text.push_str(if took { "took (a while) s" } else { line });
        text.push('\n');
    }
    text
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots")
}

/// How a text differs from what is recorded under a name.
fn compare(name: &str, text: &str) -> Option<String> {
    let recorded = Data::read_from(&folder().join(format!("{name}.txt")), None).raw();
    let assert = snapbox::Assert::new().action_env("SNAPSHOTS");
    assert
        .try_eq(Some(&name), text.to_owned().into(), recorded)
        .err()
        .map(|error| error.to_string())
}

#[test]
fn without_a_project() {
    check(Stage::Nothing);
}

#[test]
fn with_everything_applied() {
    check(Stage::Applied);
}

#[test]
fn with_a_change_to_make() {
    check(Stage::Changed);
}

#[test]
fn with_what_somebody_did() {
    check(Stage::Drifted);
}

#[test]
fn with_an_account_that_is_full() {
    check(Stage::Full);
}

#[test]
fn with_mistakes_in_the_specs() {
    check(Stage::Broken);
}

#[test]
fn every_command_is_shown_and_every_text_is_used() {
    let commands = nfplan_cli::help::runnable(&nfplan_cli::help::definition(100));
    let lines: Vec<String> = CASES.iter().map(|case| case.line.join(" ")).collect();
    for command in &commands {
        assert!(lines.iter().any(|line| line.starts_with(command)), "no case shows `{command}`");
    }
    let names: Vec<String> = CASES.iter().map(|case| case.name.to_owned()).collect();
    let pages = nfplan_cli::help::PAGES.iter().map(|page| help_name(page.command));
    let known: BTreeSet<String> = names.iter().cloned().chain(pages).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name stands twice");
    let present = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let present: BTreeSet<String> =
        present.map(|name| name.to_str().unwrap().trim_end_matches(".txt").to_owned()).collect();
    assert_eq!(present, known);
}

fn help_name(command: &str) -> String {
    format!("help {command}").trim_end().replace(' ', "-")
}

#[test]
fn the_help_of_every_command() {
    let project = Project::empty();
    let mut wrong = BTreeMap::new();
    for page in nfplan_cli::help::PAGES {
        let words: Vec<&str> = page.command.split_whitespace().chain(["--help"]).collect();
        let at = |columns: usize| {
            let mut command = project.command(&words);
            let answer = command.env("COLUMNS", columns.to_string()).output().unwrap();
            let help = Answer::of(answer).exits(0).stdout;
            let wide = help.lines().find(|line| line.chars().count() > columns);
            assert_eq!(wide, None, "{} at {columns} columns", page.command);
            help
        };
        let text = format!("=== 100 columns\n{}\n=== 60 columns\n{}", at(100), at(60));
        let name = help_name(page.command);
        wrong.extend(compare(&name, &text).map(|difference| (name, difference)));
    }
    assert!(wrong.is_empty(), "{}", wrong.into_values().collect::<Vec<_>>().join("\n"));
}

#[test]
fn progress_is_shown_on_a_terminal_and_taken_away() {
    let project = Project::of(&["alice"]);
    let session = Session::start(project.command(&["apply", "--auto-approve"]), 100);
    let (code, screen, bytes) = session.finish();
    assert_eq!(code, Some(0));
    let written = String::from_utf8(bytes).unwrap();
    assert!(written.contains("/38 steps"), "{written}");
    let left = screen.text.iter().find(|row| row.contains("/38 steps"));
    assert_eq!(left, None);
    assert!(screen.text.last().unwrap().contains("38 steps = 38 done"));
}

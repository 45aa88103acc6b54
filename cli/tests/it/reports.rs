//! Reports beside what is shown, and what may stand in spec files.

use std::fs;

use crate::kit::Answer;
use crate::kit::Project;

const ALICE: &str = "::error file=workspaces/alice.yaml,line=1,endLine=1,col=19,endColumn=23,title=nfplan E0305::\
     the account `mian` does not exist in nfplan.yaml%0Ahelp: did you mean `main`? write: main\n";

fn broken() -> Project {
    let project = Project::of(&[]);
    project.write("workspaces/alice.yaml", "alice: { account: mian, profile: standard }\n");
    project
}

#[test]
fn problems_of_specs_are_annotations_on_request() {
    let project = broken();
    for command in ["validate", "plan"] {
        let answer =
            project.unchanged_by(|project| project.run(&[command, "--report", "github=-"]));
        let answer = answer.exits(65).says("error[E0305]");
        assert_eq!(answer.stdout, ALICE);
        let to_file = [command, "--report", "github=annotations", "--json"];
        let answer =
            project.changed_by(&["annotations"], |project| project.run(&to_file)).exits(65);
        assert_eq!(fs::read_to_string(project.path("annotations")).unwrap(), ALICE);
        assert!(answer.json()["diagnostics"].is_array());
        project.remove("annotations");
    }
}

#[test]
fn annotations_name_files_as_the_repository_does() {
    let project = broken();
    let above = project.path("").parent().unwrap().to_owned();
    let name = project.path("").file_name().unwrap().to_str().unwrap().to_owned();
    let mut command = project.command(&["validate", "--report", "github=-"]);
    let answer = Answer::of(command.env("GITHUB_WORKSPACE", &above).output().unwrap());
    let expected = ALICE.replace("file=workspaces", &format!("file={name}/workspaces"));
    assert_eq!(answer.stdout, expected);
    let mut command = project.command(&["-C", &name, "validate", "--report", "github=-"]);
    let answer = Answer::of(command.current_dir(&above).output().unwrap());
    assert_eq!(answer.stdout, expected);
}

#[test]
fn warnings_are_annotations_too_and_sound_specs_have_none() {
    let project = Project::of(&["alice"]);
    let report = ["validate", "--report", "github=-"];
    let sound = "The specs are valid: 1 workspace in 1 account.\n";
    assert_eq!(project.run(&report).exits(0).stdout, sound);
    project.researcher("alice", "compute: { strategy: best_fit }");
    let answer = project.run(&report).exits(0);
    assert!(answer.stdout.starts_with("::warning file=workspaces/alice.yaml,line=1,"), "{answer}");
    assert!(answer.stdout.ends_with(sound), "{answer}");
}

#[test]
fn reports_that_make_no_sense_are_refused() {
    let project = Project::of(&["alice"]);
    for report in ["github", "github=", "gitlab=-"] {
        let answer = project.unchanged_by(|project| project.run(&["plan", "--report", report]));
        answer.exits(64).says("write KIND=FILE");
    }
    project.run(&["validate", "--json", "--report", "github=-"]).exits(64).says("standard output");
}

#[test]
fn the_schema_of_each_kind_of_file_can_be_printed_and_so_can_the_reference() {
    let project = Project::empty();
    let schema = |arguments: &[&str]| project.run(&[&["schema"], arguments].concat()).exits(0);
    let of_project = schema(&[]).json();
    assert_eq!(of_project["title"], "nfplan.yaml");
    assert_eq!(of_project["properties"]["max_deletes"]["maximum"], u32::MAX);
    assert_eq!(schema(&["project"]).json(), of_project);
    let user = &schema(&["workspaces"]).json()["additionalProperties"];
    assert_eq!(user["required"], serde_json::json!(["account", "profile"]));
    let reference = schema(&["--format", "markdown"]).stdout;
    assert!(reference.contains("| `max_deletes` | a whole number from 0 | `10` |"), "{reference}");
    project.run(&["schema", "--format", "markdown", "--json"]).exits(64);
}

#[test]
fn all_reports_of_a_plan_are_of_the_same_one_and_cost_no_reads() {
    let project = Project::applied(&["alice"]);
    project.edit("nfplan.yaml", "max_vcpus: 64", "max_vcpus: 128");
    let reads = |answer: &Answer| {
        let told =
            answer.stderr.lines().find(|line| line.starts_with("calls: ")).map(str::to_owned);
        told.unwrap_or_else(|| panic!("{}", answer.stderr))
    };
    let plain = project.run(&["-v", "plan"]).exits(0);
    let files = ["plan.html", "plan.json", "plan.md", "plan.sarif"];
    let others = "json=plan.json,html=plan.html,sarif=plan.sarif";
    let line = ["-v", "plan", "--report", "md=plan.md", "--report", others];
    let answer = project.changed_by(&files, |project| project.run(&line));
    let answer = answer.exits(0).shows("To judge: 1 finding");
    assert_eq!(reads(&plain), reads(&answer));
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("plan.json")).unwrap();
    assert_eq!(json, project.plan(&[]));
    let digest = json["digest"].as_str().unwrap();
    let text = read("plan.md");
    assert!(text.starts_with("<!-- nfplan v=1 "), "{text}");
    assert!(text.contains("cost ceiling"), "{text}");
    for name in files {
        assert!(read(name).contains(digest), "{name}");
    }
    assert!(read("plan.html").contains(">cost ceiling<"));
}

#[test]
fn a_comment_leads_to_the_lines_of_the_commit_that_a_pipeline_checked_out() {
    let project = Project::applied(&["alice"]);
    project.edit("nfplan.yaml", "max_vcpus: 64", "max_vcpus: 128");
    for (variables, expected) in [
        (
            [
                ("GITHUB_SERVER_URL", "https://github.example.org"),
                ("GITHUB_REPOSITORY", "commons/specs"),
                ("GITHUB_SHA", "abc123"),
            ],
            "(https://github.example.org/commons/specs/blob/abc123/nfplan.yaml#L12)",
        ),
        (
            [
                ("CI_PROJECT_URL", "https://gitlab.example.org/c/s"),
                ("CI_COMMIT_SHA", "abc"),
                ("X", ""),
            ],
            "(https://gitlab.example.org/c/s/-/blob/abc/nfplan.yaml#L12)",
        ),
    ] {
        let mut command = project.command(&["plan", "--report", "md=-"]);
        let folder = std::fs::canonicalize(project.path("")).unwrap();
        let workspace = if variables[0].0.starts_with("GITHUB") {
            "GITHUB_WORKSPACE"
        } else {
            "CI_PROJECT_DIR"
        };
        command.envs(variables).env(workspace, folder);
        let answer = Answer::of(command.output().unwrap()).exits(0);
        assert!(answer.stdout.starts_with("<!-- nfplan v=1 "), "{}", answer.stdout);
        answer.shows(expected);
    }
}

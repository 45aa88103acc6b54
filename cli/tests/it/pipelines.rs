//! The pipelines that people copy: each step's script is run as the forge would run it, on the
//! simulated cloud and against a server that plays GitHub.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use nfplan_engine::value::Value;
use serde_json::Value as Json;
use serde_json::json;

use crate::github::ACTIONS;
use crate::github::Github;
use crate::kit::Answer;
use crate::kit::NFPLAN;
use crate::kit::Project;

/// The commit that is planned.
const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";

/// The commit that merges it.
const MERGE: &str = "fedcba9876543210fedcba9876543210fedcba98";

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").join(name)
}

fn yaml(name: &str) -> Json {
    serde_saphyr::from_str(&fs::read_to_string(shipped(name)).unwrap()).unwrap()
}

/// A repository on a forge whose project is alice's.
struct Commons {
    github: Github,
    project: Project,
    /// What the runner keeps beside the checked-out files.
    runner: tempfile::TempDir,
}

/// What a run of a job came to.
struct Ran {
    /// The exit code of the step that failed, or 0.
    code: i32,
    /// What was written to the log.
    log: String,
}

impl Ran {
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.log);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        let said: Vec<&str> = self.log.split_whitespace().collect();
        assert!(said.join(" ").contains(text), "`{text}` is not said\n{}", self.log);
        self
    }
}

/// Runs a script as forges do, with what is installed here and `nfplan`.
fn bash(script: &str, project: &Project, variables: &BTreeMap<String, String>) -> Answer {
    let programs = Path::new(NFPLAN).parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
    command.current_dir(project.path("")).env_clear().env("PATH", path).envs(variables);
    Answer::of(command.output().unwrap())
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

impl Commons {
    fn new() -> Self {
        let (github, runner) = (Github::start(), tempfile::tempdir().unwrap());
        Self { github, project: Project::applied(&["alice"]), runner }
    }

    fn set_vcpus(&self, vcpus: u32) {
        let environment = self.project.object("batch.compute_environment", "alice");
        self.project.tamper(&environment, "max_vcpus", Value::from(vcpus));
    }

    /// Runs a job of the workflow for an event, with what `${{ }}` stands for.
    fn runs(&self, job: &str, event: &str, inputs: [&str; 2]) -> Ran {
        let workflow = yaml("github/nfplan.yml");
        let mut known: BTreeMap<String, String> = [
            ("github.token", ACTIONS),
            ("github.event.pull_request.head.sha", HEAD),
            ("inputs.digest", inputs[0]),
            ("inputs.allow", inputs[1]),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let mut ran = Ran { code: 0, log: String::new() };
        for step in workflow["jobs"][job]["steps"].as_array().unwrap() {
            if step["run"].is_null() || !is_for(step, event) {
                continue;
            }
            let answer = self.step(step, event, &mut known);
            ran.log.push_str(&answer.to_string());
            ran.code = answer.code.unwrap();
            if ran.code != 0 {
                break;
            }
        }
        assert!(!ran.log.is_empty(), "{job} runs nothing");
        assert!(!ran.log.contains("canary"), "{}", ran.log);
        ran
    }

    fn step(&self, step: &Json, event: &str, known: &mut BTreeMap<String, String>) -> Answer {
        let file = |name: &str| self.runner.path().join(name).to_str().unwrap().to_owned();
        let (outputs, summary) = (file("outputs"), file("summary"));
        fs::write(&outputs, "").unwrap();
        let reference =
            if event == "pull_request" { "refs/pull/7/merge" } else { "refs/heads/main" };
        let workspace = fs::canonicalize(self.project.path("")).unwrap();
        let mut variables: BTreeMap<String, String> = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_API_URL", &*self.github.address),
            ("GITHUB_OUTPUT", &*outputs),
            ("GITHUB_REF", reference),
            ("GITHUB_REPOSITORY", crate::github::REPOSITORY),
            ("GITHUB_SHA", MERGE),
            ("GITHUB_STEP_SUMMARY", &*summary),
            ("GITHUB_WORKSPACE", workspace.to_str().unwrap()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            variables.insert(name.clone(), expanded(value.as_str().unwrap(), known));
        }
        let answer = bash(step["run"].as_str().unwrap(), &self.project, &variables);
        for line in fs::read_to_string(&outputs).unwrap().lines() {
            let (name, value) = line.split_once('=').unwrap();
            known.insert(format!("steps.{}.outputs.{name}", text(&step["id"])), value.to_owned());
        }
        answer
    }

    fn summary(&self) -> String {
        fs::read_to_string(self.runner.path().join("summary")).unwrap()
    }

    /// The pull request is merged.
    fn merges(&self) {
        let pull = json!({
            "number": 7, "merged_at": "2026-11-01T00:00:00Z", "merge_commit_sha": MERGE,
            "head": { "sha": HEAD },
        });
        self.github.world().pulls.insert(MERGE.to_owned(), pull);
    }

    /// The digest that the status of the pull request names.
    fn digest(&self) -> String {
        let world = self.github.world();
        let description = text(&world.statuses[HEAD].last().unwrap()["description"]);
        description.rsplit_once(' ').unwrap().1.to_owned()
    }
}

/// Whether a step is for an event. There is one condition that scripts have.
fn is_for(step: &Json, event: &str) -> bool {
    match &step["if"] {
        Json::Null => true,
        condition => {
            assert_eq!(condition, "github.event_name == 'pull_request'");
            event == "pull_request"
        }
    }
}

/// A value in which each `${{ }}` is known.
fn expanded(value: &str, known: &BTreeMap<String, String>) -> String {
    let Some(name) = value.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
        assert!(!value.contains("${{"), "{value}");
        return value.to_owned();
    };
    known.get(name).unwrap_or_else(|| panic!("nothing says what {name} is")).clone()
}

const NOTHING: [&str; 2] = ["", ""];

#[test]
fn what_a_pull_request_showed_is_applied_when_it_is_merged() {
    let commons = Commons::new();
    commons.project.researcher("alice", "compute: { max_vcpus: 128 }");
    commons.runs("plan", "pull_request", NOTHING).ends(0);
    let [(author, comment)]: [_; 1] = commons.github.comments().try_into().unwrap();
    assert_eq!(author, "github-actions[bot]");
    assert_eq!(comment, fs::read_to_string(commons.project.path("plan.md")).unwrap());
    assert_eq!(commons.summary(), comment);
    assert!(comment.contains(&commons.digest()), "{comment}");
    let report = fs::read_to_string(commons.project.path("plan.json")).unwrap();
    let report: Json = serde_json::from_str(&report).unwrap();
    assert_eq!(report["digest"], commons.digest());

    commons.merges();
    commons.runs("apply", "push", NOTHING).ends(0).says("alice applied");
    commons.project.is_as_wanted();
}

#[test]
fn nothing_is_applied_once_the_cloud_moved_and_the_difference_is_shown() {
    let commons = Commons::new();
    commons.project.researcher("alice", "compute: { max_vcpus: 128 }");
    commons.runs("plan", "pull_request", NOTHING).ends(0);
    commons.merges();
    commons.set_vcpus(99);
    let before = commons.project.existing();
    let ran = commons.runs("apply", "push", NOTHING).ends(7);
    ran.says("max_vcpus as it is: 64 in the saved plan, 99 now");
    assert_eq!(commons.project.existing(), before);
    // Somebody looks at it anew, and applies that.
    commons.runs("plan", "workflow_dispatch", NOTHING).ends(0);
    let digest = text(&commons.project.plan(&[])["digest"]);
    commons.runs("apply", "workflow_dispatch", [&digest, ""]).ends(0);
    commons.project.is_as_wanted();
}

#[test]
fn what_was_pushed_past_review_is_not_applied() {
    let commons = Commons::new();
    commons.project.researcher("alice", "compute: { max_vcpus: 128 }");
    let ran = commons.project.unchanged_by(|_| commons.runs("apply", "push", NOTHING));
    ran.ends(7).says("is not what a pull request was merged as");
    commons.merges();
    let ran = commons.project.unchanged_by(|_| commons.runs("apply", "push", NOTHING));
    ran.ends(7).says("no plan was reviewed");
}

#[test]
fn a_merge_alone_is_no_leave_for_what_needs_it() {
    let commons = Commons::new();
    commons.project.remove("workspaces/alice.yaml");
    commons.project.write("workspaces/none.yaml", "{}\n");
    commons.runs("plan", "pull_request", NOTHING).ends(0);
    commons.merges();
    commons.runs("apply", "push", NOTHING).ends(7).says("mass-destroy");
    let digest = commons.digest();
    commons.runs("apply", "workflow_dispatch", [&digest, "mass-destroy"]).ends(0);
    assert_eq!(commons.project.objects_of("batch.job_queue", ""), []);
}

#[test]
fn specs_that_are_wrong_are_annotated_and_neither_planned_nor_commented() {
    let commons = Commons::new();
    commons.project.researcher("bob", "compute: { max_vcpu: 128 }");
    let ran = commons.runs("validate", "pull_request", NOTHING).ends(65);
    ran.says("::error file=workspaces/bob.yaml,line=1,");
    commons.runs("plan", "pull_request", NOTHING).ends(65);
    assert_eq!(commons.github.comments(), []);
    assert!(!commons.github.world().statuses.contains_key(HEAD));
}

#[test]
fn drift_opens_an_issue_and_what_is_mended_closes_it() {
    let commons = Commons::new();
    let states = || -> Vec<String> {
        commons.github.world().issues.iter().map(|one| text(&one["state"])).collect()
    };
    commons.runs("drift", "schedule", NOTHING).ends(0);
    assert_eq!(states(), Vec::<String>::new());
    commons.set_vcpus(99);
    commons.runs("drift", "schedule", NOTHING).ends(0).says("created");
    assert_eq!(states(), ["open"]);
    assert!(commons.summary().contains("max_vcpus: wanted 64, applied 64, live 99"));
    commons.set_vcpus(64);
    commons.runs("drift", "schedule", NOTHING).ends(0).says("closed");
    assert_eq!(states(), ["closed"]);
}

#[test]
fn a_look_that_could_not_see_everything_fails_after_it_is_reported() {
    let commons = Commons { project: Project::of(&[]), ..Commons::new() };
    commons.project.researcher("alice", "credentials: { deliver: file }");
    commons.project.apply(&[]).exits(0);
    let file = commons.project.path(".nfplan/credentials/alice");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    commons.runs("drift", "schedule", NOTHING).ends(4).says("created");
    assert_eq!(commons.github.world().issues[0]["state"], "open");
    commons.project.write("nfplan.yaml", "nfplan: 1\n");
    commons.runs("drift", "schedule", NOTHING).ends(65);
}

#[test]
fn jobs_may_do_what_they_need_and_strangers_are_given_nothing() {
    let workflow = yaml("github/nfplan.yml");
    assert_eq!(workflow["permissions"], json!({}));
    let jobs = workflow["jobs"].as_object().unwrap();
    let may = |job: &str| {
        let all = jobs[job]["permissions"].as_object().unwrap();
        let all = all.iter().filter(|(_, level)| *level == "write");
        all.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(may("validate"), Vec::<&str>::new());
    assert_eq!(may("plan"), ["id-token", "pull-requests", "statuses"]);
    assert_eq!(may("apply"), ["id-token"]);
    assert_eq!(may("drift"), ["id-token", "issues"]);
    let condition = |job: &str| text(&jobs[job]["if"]);
    assert!(condition("plan").contains("head.repo.full_name == github.repository"));
    assert!(!condition("apply").contains("pull_request"));
    assert!(!condition("drift").contains("pull_request"));
    assert_eq!(jobs["apply"]["environment"], "production");
    for job in jobs.values() {
        assert!(job["timeout-minutes"].is_number());
        for step in job["steps"].as_array().unwrap() {
            if let Some(action) = step["uses"].as_str() {
                let commit = action.split_once('@').unwrap().1;
                assert_eq!(commit.len(), 40, "{action}");
                assert!(commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
            }
            // What others write is a variable, never a part of a script.
            assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step}");
            if step["name"] == "Check out" {
                assert_eq!(step["with"]["persist-credentials"], false);
            }
        }
    }
}

/// Runs a job of GitLab's pipeline.
fn gitlab(project: &Project, job: &str, more: &[(&str, &str)]) -> Answer {
    let all = yaml("gitlab/.gitlab-ci.yml");
    let script =
        |part: &Json| -> Vec<String> { part.as_array().into_iter().flatten().map(text).collect() };
    let mut lines = Vec::new();
    if let Some(base) = all[job]["extends"].as_str() {
        lines.extend(script(&all[base]["before_script"]));
    }
    lines.extend(script(&all[job]["script"]));
    let variables = [("NF_IDENTITY", "canary"), ("NF_ROLE", "role"), ("CI_JOB_ID", "1")];
    let variables = variables.iter().chain(more);
    let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let answer = bash(&lines.join("\n"), project, &variables.collect());
    assert!(!answer.to_string().contains("canary"), "{answer}");
    answer
}

#[test]
fn gitlab_applies_the_plan_that_the_job_before_showed() {
    let project = Project::applied(&["alice"]);
    gitlab(&project, "validate", &[]).exits(0);
    project.researcher("alice", "compute: { max_vcpus: 128 }");
    gitlab(&project, "plan", &[]).exits(0);
    let variable = fs::read_to_string(project.path("plan.env")).unwrap();
    let digest = variable.trim_end().strip_prefix("DIGEST=").unwrap();
    assert_eq!(digest, project.plan(&[])["digest"]);
    gitlab(&project, "apply", &[("DIGEST", digest)]).exits(0);
    project.is_as_wanted();
    gitlab(&project, "apply", &[("DIGEST", digest)]).exits(7);

    project.remove("workspaces/alice.yaml");
    project.write("workspaces/none.yaml", "{}\n");
    gitlab(&project, "plan", &[]).exits(0);
    let variable = fs::read_to_string(project.path("plan.env")).unwrap();
    let digest = ("DIGEST", variable.trim_end().strip_prefix("DIGEST=").unwrap());
    gitlab(&project, "apply", &[digest]).exits(7);
    gitlab(&project, "apply", &[digest, ("ALLOW", "mass-destroy")]).exits(0);
    project.write("nfplan.yaml", "nfplan: 1\n");
    gitlab(&project, "plan", &[]).exits(65);
}

#[test]
fn gitlab_and_kubernetes_tell_drift_by_the_exit_code() {
    let project = Project::applied(&["alice"]);
    let kubernetes = |project: &Project| {
        let all = fs::read_to_string(shipped("kubernetes/cronjob.yaml")).unwrap();
        let job: Json = serde_saphyr::from_str(all.split_once("\n---\n").unwrap().1).unwrap();
        let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let words: Vec<String> =
            pod["containers"][0]["command"].as_array().unwrap().iter().map(text).collect();
        assert_eq!((words[0].as_str(), words[2].as_str()), ("nfplan", "/srv/nfplan/specs"));
        let folder = project.path("").to_str().unwrap().to_owned();
        let words: Vec<&str> = words[1..]
            .iter()
            .map(|word| if word == "/srv/nfplan/specs" { folder.as_str() } else { word })
            .collect();
        project.unchanged_by(|project| project.run(&words))
    };
    kubernetes(&project).exits(0);
    gitlab(&project, "drift", &[]).exits(0);
    let environment = project.object("batch.compute_environment", "alice");
    project.tamper(&environment, "max_vcpus", Value::from(99_u32));
    kubernetes(&project).exits(2);
    gitlab(&project, "drift", &[]).exits(2);
    let pipeline = yaml("gitlab/.gitlab-ci.yml");
    assert_eq!(pipeline["drift"]["allow_failure"]["exit_codes"], json!([2]));
}

#[test]
fn the_image_is_built_with_the_compiler_that_is_pinned_and_runs_as_nobody() {
    let text = fs::read_to_string(shipped("container/Containerfile")).unwrap();
    let from = format!("FROM docker.io/library/rust:{}-", env!("CARGO_PKG_RUST_VERSION"));
    assert!(text.contains(&from), "{text}");
    assert!(text.contains("\nUSER 65532:65532\n"), "{text}");
}

#[test]
fn init_writes_a_pipeline_into_a_new_project_and_into_one_that_is_there() {
    for (forge, name, shipped_as) in [
        ("github", ".github/workflows/nfplan.yml", "github/nfplan.yml"),
        ("gitlab", ".gitlab-ci.yml", "gitlab/.gitlab-ci.yml"),
    ] {
        let project = Project::empty();
        project.run(&["init", "--ci", forge]).exits(0).says("set the variables");
        assert_eq!(fs::read(project.path(name)).unwrap(), fs::read(shipped(shipped_as)).unwrap());
        project.run(&["validate"]).exits(0);
        let again = project.unchanged_by(|project| project.run(&["init", "--ci", forge]));
        again.exits(7).says("nothing was written");
        project.remove(name);
        project.changed_by(&[name], |project| project.run(&["init", "--ci", forge])).exits(0);
    }
    Project::empty().run(&["init", "--ci", "gihtub"]).exits(64).says("did you mean `github`?");
}

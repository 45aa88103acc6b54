//! The secret access key is in the one place that was asked for, and nowhere else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use nfplan_providers::sim::Sim;
use secrecy::ExposeSecret as _;

use crate::kit::Answer;
use crate::kit::Project;

/// The secrets of all keys that exist or ever existed.
fn canaries(project: &Project) -> Vec<String> {
    let keys = project.objects_of("iam.access_key", "").into_iter();
    let secret = |id: &str| Sim::secret_access_key(id).expose_secret().to_owned();
    keys.map(|key| secret(key.remote_id.as_str())).collect()
}

/// The files that hold any of these texts.
fn holders(project: &Project, canaries: &[String]) -> Vec<PathBuf> {
    let files = project.files().into_iter();
    let holds = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        canaries.iter().any(|canary| text.contains(canary.as_str()))
    };
    files.filter(|(_, bytes)| holds(bytes)).map(|(path, _)| path).collect()
}

/// Everything that prints something, each answer once.
fn prints(project: &Project) -> Vec<Answer> {
    let key = "iam.access_key/client";
    let lines: [&[&str]; 9] = [
        &["plan", "--full", "--refresh", "deep"],
        &["plan", "--json", "--out", "plan.json"],
        &["state", "list", "--json"],
        &["state", "show", key],
        &["show"],
        &["output", "--select", "alice"],
        &["explain", key, "--full"],
        &["explain", "iam.user/client", "--full", "--json", "--refresh", "deep"],
        &["graph", "--all", "--json"],
    ];
    lines.iter().map(|line| project.run(line).exits(0)).collect()
}

#[track_caller]
fn assert_silent(answers: &[Answer], canaries: &[String]) {
    assert!(!canaries.is_empty());
    for answer in answers {
        let said =
            |canary: &String| answer.stdout.contains(canary) || answer.stderr.contains(canary);
        assert!(!canaries.iter().any(said), "{answer}");
    }
}

#[test]
fn a_secret_in_secrets_manager_is_in_no_file_and_no_output() {
    let project = Project::of(&["alice"]);
    let applied = project.apply(&["--verbose"]).exits(0);
    let canaries = canaries(&project);
    project.researcher("alice", "status: suspended");
    let mut answers = prints(&project);
    answers.extend([applied, project.apply(&["--json"]).exits(0)]);
    assert_silent(&answers, &canaries);
    assert_eq!(holders(&project, &canaries), Vec::<PathBuf>::new());
}

#[test]
fn a_secret_in_a_file_is_in_that_file_only_and_only_its_owner_reads_it() {
    let project = Project::of(&[]);
    project.researcher("alice", "credentials: { kind: access_key, deliver: file }");
    let applied = project.apply(&["--verbose"]).exits(0);
    let canaries = canaries(&project);
    let mut answers = prints(&project);
    answers.push(applied);
    assert_silent(&answers, &canaries);
    let file = project.path(".nfplan/credentials/alice");
    assert_eq!(holders(&project, &canaries), std::slice::from_ref(&file));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    project.is_as_wanted();

    project.remove("workspaces/alice.yaml");
    project.apply(&["--allow", "mass-destroy"]).exits(0);
    assert!(!file.exists());
}

#[test]
fn the_file_is_in_the_project_wherever_nfplan_is_started() {
    let (project, elsewhere) = (Project::of(&[]), Project::empty());
    project.researcher("alice", "credentials: { deliver: file }");
    let mut command = project.command(&["apply", "--auto-approve", "-C"]);
    command.arg(project.path("")).current_dir(elsewhere.path(""));
    Answer::of(command.output().unwrap()).exits(0);
    assert!(project.path(".nfplan/credentials/alice").exists());
    assert!(elsewhere.files().is_empty());
    project.unchanged_by(Project::is_as_wanted);
}

#[test]
fn a_lost_credentials_file_comes_back_with_a_new_key() {
    let project = Project::of(&[]);
    project.researcher("alice", "credentials: { deliver: file }");
    project.apply(&[]).exits(0);
    let key = project.object("iam.access_key", "").remote_id;
    project.remove(".nfplan/credentials/alice");
    project.apply(&[]).exits(5).shows("rotate the key");
    let arguments = ["--replace", "iam.access_key/client"];
    project.apply(&arguments).exits(0);
    assert_ne!(project.object("iam.access_key", "").remote_id, key);
    assert!(project.path(".nfplan/credentials/alice").exists());
    project.is_as_wanted();
}

/// Where states are in S3: what of the environment and its errors may be said.
#[cfg(feature = "aws")]
const LIST_IN_S3: [&str; 4] = ["state", "list", "--state", "s3://data-example-org-states/nfplan"];

#[cfg(feature = "aws")]
#[test]
fn a_password_in_the_endpoint_is_refused_and_not_repeated() {
    let project = Project::of(&["alice"]);
    let url = "https://somebody:pa55word@storage.example.org";
    let by_flag = project.run(&[&LIST_IN_S3[..], &["--endpoint-url", url]].concat());
    let mut command = project.command(&LIST_IN_S3);
    let by_environment = Answer::of(command.env("AWS_ENDPOINT_URL", url).output().unwrap());
    for answer in [by_flag, by_environment] {
        let answer = answer.exits(64).says("holds a user or a password");
        assert!(!answer.stderr.contains("pa55word") && !answer.stdout.contains("pa55word"));
    }
}

#[cfg(feature = "aws")]
#[test]
fn that_there_are_no_credentials_is_said_in_words() {
    let project = Project::of(&["alice"]);
    let mut command = project.command(&LIST_IN_S3);
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let answer = Answer::of(command.output().unwrap()).says("check the credentials");
    assert_ne!(answer.code, Some(0));
    assert!(!answer.stderr.contains("Failure("), "{answer}");
}

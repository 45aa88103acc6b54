//! The secret access key is in the one place that was asked for, and nowhere else.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use nfplan_providers::cloud::Cloud;
use nfplan_providers::sim::Sim;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use secrecy::ExposeSecret as _;

use crate::kit::Answer;
use crate::kit::Project;
use crate::kit::place;

/// The secrets of all keys that exist or ever existed.
fn canaries(project: &Project) -> Vec<String> {
    let keys = project.objects_of("iam.access_key", "").into_iter();
    let secret = |id: &str| Sim::secret_access_key(id).expose_secret().to_owned();
    keys.map(|key| secret(key.remote_id.as_str())).collect()
}

fn hexadecimal(digit: u8) -> char {
    char::from_digit(digit.into(), 16).unwrap()
}

/// All that a text may look like in what programs write.
fn disguises(canary: &str) -> Vec<String> {
    let json = serde_json::Value::from(canary).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let debug = format!("{canary:?}");
    let url = utf8_percent_encode(canary, NON_ALPHANUMERIC).to_string();
    let in_json_twice = serde_json::Value::from(json.as_str()).to_string();
    // Within a longer text, base64 has one of three forms, whose middle is always the same.
    let in_base64 = (0..3).map(|before| {
        let text = STANDARD_NO_PAD.encode(format!("{}{canary}", "x".repeat(before)));
        text[4..text.len() - 2].to_owned()
    });
    let plain = [
        canary.to_owned(),
        json,
        debug[1..debug.len() - 1].to_owned(),
        url.to_ascii_lowercase(),
        url,
        in_json_twice[1..in_json_twice.len() - 1].to_owned(),
        canary.bytes().flat_map(|byte| [byte >> 4, byte & 15]).map(hexadecimal).collect(),
    ];
    plain.into_iter().chain(in_base64).collect()
}

/// Whether any of these secrets is in a text, in whatever disguise.
fn tells(text: &str, canaries: &[String]) -> bool {
    canaries.iter().flat_map(|canary| disguises(canary)).any(|disguise| text.contains(&disguise))
}

/// The files that hold any of these texts.
fn holders(project: &Project, canaries: &[String]) -> Vec<PathBuf> {
    let files = project.files().into_iter();
    let holds = |bytes: &[u8]| tells(&String::from_utf8_lossy(bytes), canaries);
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
        assert!(!tells(&answer.stdout, canaries) && !tells(&answer.stderr, canaries), "{answer}");
    }
}

#[test]
fn a_planted_leak_is_found_in_every_disguise() {
    let project = Project::applied(&["alice"]);
    let canaries = canaries(&project);
    for (number, disguise) in disguises(&canaries[0]).into_iter().enumerate() {
        let name = format!("planted-{number}");
        project.write(&name, &format!("before{disguise}after"));
        assert_eq!(holders(&project, &canaries), [project.path(&name)], "{disguise}");
        project.remove(&name);
    }
}

#[test]
fn failures_tell_no_secret() {
    let project = Project::of(&["alice"]);
    project.researcher("bob", "credentials: { deliver: file }");
    project.apply(&[]).exits(0);
    let canaries = canaries(&project);
    let file = project.path(".nfplan/credentials/bob");
    project.write(".nfplan/credentials/bob", "not what nfplan wrote\n");
    project.researcher("bob", "credentials: { deliver: file }, status: suspended");
    project.remove("workspaces/alice.yaml");
    project.write("workspaces/carol.yaml", "carol: { account: mian }\n");
    let lines: [&[&str]; 4] = [
        &["plan", "-v"],
        &["apply", "--auto-approve", "-v"],
        &["env", "bob", "--format", "sh"],
        &["nonsense"],
    ];
    for lines in [lines, lines.map(|line| if line[0] == "plan" { &["drift", "-v"] } else { line })]
    {
        let answers: Vec<Answer> = lines.iter().map(|line| project.run(line)).collect();
        assert!(answers.iter().all(|answer| answer.code != Some(0)));
        assert_silent(&answers, &canaries);
        std::fs::write(project.path("workspaces/carol.yaml"), "").unwrap();
    }
    assert!(file.exists());
    assert_eq!(holders(&project, &canaries), Vec::<PathBuf>::new());
}

/// What `nfplan env` prints as JSON.
fn variables(project: &Project, user: &str) -> BTreeMap<String, String> {
    let answer = project.unchanged_by(|project| project.run(&["env", user, "--format", "json"]));
    serde_json::from_value(answer.exits(0).json()).unwrap()
}

#[test]
fn the_delivered_key_is_told_again_with_the_region() {
    let project = Project::of(&["alice"]);
    project.researcher("bob", "credentials: { deliver: file }");
    project.apply(&[]).exits(0);
    for user in ["alice", "bob"] {
        let told = variables(&project, user);
        let id = project.run(&["output", "access_key_id", "--select", user]).exits(0).stdout;
        assert_eq!(told["AWS_ACCESS_KEY_ID"], id.trim_end());
        let secret = Sim::secret_access_key(id.trim_end());
        assert_eq!(told["AWS_SECRET_ACCESS_KEY"], secret.expose_secret());
        assert_eq!([&told["AWS_REGION"], &told["AWS_DEFAULT_REGION"]], ["us-east-1"; 2]);
        assert_eq!(told.len(), 4);
        let document = project.run(&["env", user, "--format", "sh", "--json"]).exits(0).json();
        assert_eq!(document["format"], "nfplan.env/1");
        assert_eq!(document["variables"], serde_json::to_value(&told).unwrap());
        let line = ["env", user, "--format", "sh", "--verbose"];
        let lines = project.run(&line).exits(0);
        assert!(lines.stdout.lines().all(|line| line.starts_with("export AWS_")), "{lines}");
        assert!(!tells(&lines.stderr, &canaries(&project)), "{lines}");
    }
}

#[test]
fn what_is_not_the_workspaces_key_is_not_told() {
    let project = Project::of(&["alice"]);
    let role =
        "credentials: { kind: role, assumable_by: [\"arn:aws:iam::111122223333:role/hub\"] }";
    let hub = [("name".into(), "hub".into()), ("path".into(), "/".into())];
    project.somebody().put_object(&place(), "iam.role", hub.into()).unwrap();
    project.researcher("bob", role);
    project.researcher("carol", "credentials: { deliver: file }");
    project.researcher("dan", "");
    let refused = |user: &str, why: &str| {
        let answer = project.run(&["env", user, "--format", "dotenv"]).exits(7);
        assert!(answer.stdout.is_empty());
        answer.says(why);
    };
    refused("dan", "is not applied yet");
    project.apply(&[]).exits(0);
    refused("bob", "its client assumes a role");
    project.researcher("dan", "status: suspended");
    project.apply(&[]).exits(0);
    refused("dan", "has no access key");
    project.remove(".nfplan/credentials/carol");
    refused("carol", "there is no access key in .nfplan/credentials/carol");
    let foreign = "[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n";
    project.write(".nfplan/credentials/carol", foreign);
    refused("carol", "holds the key AKIAOTHER");
}

/// `nfplan` as talkative as its environment can make it.
fn loudest(project: &Project, line: &[&str]) -> Answer {
    let mut command = project.command(line);
    let loud = ["RUST_LOG", "AWS_LOG_LEVEL"].map(|name| (name, "trace"));
    command.envs(loud).env("NFPLAN_VERBOSE", "true").env("RUST_BACKTRACE", "full");
    Answer::of(command.output().unwrap())
}

#[test]
fn nothing_that_the_environment_turns_up_tells_a_secret() {
    let project = Project::of(&["alice"]);
    project.researcher("bob", "credentials: { deliver: file }");
    let mut answers = vec![loudest(&project, &["apply", "--auto-approve"]).exits(0)];
    let rotate = ["apply", "--auto-approve", "--replace", "iam.access_key/client"];
    let mut known = canaries(&project);
    answers.push(loudest(&project, &rotate).exits(0));
    known.extend(canaries(&project));
    let lines: [&[&str]; 6] = [
        &["plan", "--full", "--refresh", "deep"],
        &["drift"],
        &["state", "pull", "alice"],
        &["state", "verify"],
        &["output"],
        &["explain", "alice:iam.access_key/client", "--full", "--refresh", "deep"],
    ];
    answers.extend(lines.iter().map(|line| loudest(&project, line).exits(0)));
    assert!(answers[0].stderr.contains("calls:"), "{}", answers[0]);
    assert_silent(&answers, &known);
    for user in ["alice", "bob"] {
        let told = loudest(&project, &["env", user, "--format", "dotenv"]).exits(0);
        assert!(tells(&told.stdout, &known) && !tells(&told.stderr, &known), "{user}");
    }
    assert_eq!(holders(&project, &known), [project.path(".nfplan/credentials/bob")]);
}

#[test]
fn a_panic_over_a_key_that_is_held_does_not_tell_it() {
    let project = Project::applied(&["alice"]);
    let arn = project.run(&["output", "secret_arn", "--select", "alice"]).exits(0).stdout;
    let cloud = Cloud::simulated(project.sim());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let key = runtime.block_on(cloud.delivered_key(&place(), arn.trim())).unwrap().unwrap();
    let secret = key.secret.expose_secret().to_owned();
    let panic =
        std::panic::catch_unwind(move || panic!("the key is no good: {key:?}")).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("AccessKey"), "{message}");
    assert!(!tells(message, &[secret]));
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

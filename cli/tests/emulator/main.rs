//! The built `nfplan` with its states in a bucket, on a server that `tests/emulator/with` starts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../it/kit.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod kit;

#[path = "../it/github.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod github;

#[path = "../it/schemas.rs"]
mod schemas;

mod aws;
mod console;
mod hatchery;
mod policies;
mod review;
mod sharing;

use std::env;
use std::fs;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value as Json;
use serde_json::json;

use crate::kit::Answer;
use crate::kit::Project;

/// Faults are set for the whole server, so that one test runs at a time.
static SERVER: Mutex<()> = Mutex::new(());

fn server() -> MutexGuard<'static, ()> {
    SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn url() -> String {
    env::var("NFPLAN_TEST_AWS").expect("`tests/emulator/with` starts the server")
}

/// `nfplan` with the server in the place of AWS.
fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.command(arguments);
    command
        .env("AWS_ENDPOINT_URL", url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "eu-central-1");
    command
}

fn run(project: &Project, arguments: &[&str]) -> Answer {
    Answer::of(command(project, arguments).output().unwrap())
}

/// Starts a command of which a write hangs for so many milliseconds, and returns when it does.
fn begin_with_hung_write(project: &Project, arguments: &[&str], nth: usize, ms: u64) -> Child {
    let rule = json!([{ "service": "s3", "op": "PutObject", "nth": nth, "do": "delay", "ms": ms }]);
    faults(Some(&rule));
    let mut command = command(project, arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let writes = || faults(None).iter().filter(|call| *call == "PutObject").count();
    while writes() < nth && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(5));
    }
    child
}

/// Sets the ceiling of alice's environment.
fn set_vcpus(project: &Project, vcpus: usize) {
    let text = format!(
        "alice@example.org:\n  account: main\n  profile: standard\n  compute: {{ max_vcpus: {vcpus} }}\n"
    );
    project.write("workspaces/alice.yaml", &text);
}

/// The S3 requests since the rules were set; sets new ones if there are any.
fn faults(rules: Option<&Json>) -> Vec<String> {
    let body = rules.map(Json::to_string);
    let data = body.iter().flat_map(|body| ["--data", body]);
    let url = format!("{}/_faults", url());
    let output = Command::new("curl").args(["--silent", "--fail", &url]).args(data).output();
    let document: Json = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    let calls: Vec<[String; 3]> = serde_json::from_value(document["calls"].clone()).unwrap();
    let calls = calls.into_iter().filter(|[service, ..]| service == "s3");
    calls.map(|[_, operation, _]| operation).collect()
}

/// A project whose states are in a bucket of its own.
fn project(name: &str) -> (Project, String) {
    let bucket = format!("cli-{name}-{}", std::process::id());
    let project = Project::empty();
    let made = run(&project, &["init", "--state", &format!("s3://{bucket}/some/prefix")]).exits(0);
    assert!(made.stderr.contains(&format!("made the bucket {bucket}")), "{made}");
    (project, bucket)
}

#[test]
fn a_whole_life_with_states_in_a_bucket() {
    let _server = server();
    let (project, bucket) = project("life");
    let spec = fs::read_to_string(project.path("nfplan.yaml")).unwrap();
    assert!(spec.contains(&format!("\nstate: s3://{bucket}/some/prefix\n")), "{spec}");
    run(&project, &["apply", "--auto-approve", "-q"]).exits(0).shows("98 steps = 98 done");
    assert!(!project.path(".nfplan/state").exists());
    faults(Some(&json!([])));
    let again = run(&project, &["apply", "--auto-approve"]).exits(0).shows("No changes.");
    let seen = faults(None);
    assert!(seen.iter().all(|call| call.starts_with("Get")), "{seen:?}\n{again}");
    project.edit("workspaces/bob.yaml", "128", "64");
    run(&project, &["plan", "--out", "bob.plan"]).exits(0).shows("max_vcpus: 128 → 64");
    run(&project, &["apply", "bob.plan", "--auto-approve", "-q"]).exits(0);
    let states = run(&project, &["state", "list", "--json"]).exits(0).json();
    assert_eq!(states["units"].as_object().unwrap().len(), 4);
    run(&project, &["destroy", "--auto-approve", "-q"]).exits(0);
    run(&project, &["show"]).exits(0);
}

#[test]
fn a_bucket_that_is_there_is_looked_at_and_one_of_nobody_is_named() {
    let _server = server();
    let (project, bucket) = project("there");
    let state = format!("s3://{bucket}/other");
    let there = run(&project, &["init", "--state", &state]).exits(0);
    assert!(there.stderr.contains("is there; it is not changed"), "{there}");
    assert!(!there.stderr.contains("warning"), "{there}");
    assert!(there.stderr.contains(&format!("write `state: {state}`")), "{there}");
    let missing = ["plan", "--state", "s3://nobody-has-this-bucket/x"];
    run(&project, &missing).exits(1).says("NoSuchBucket").says("nfplan init --state");
}

#[test]
fn a_bucket_that_could_not_be_protected_is_not_passed_off_as_sound() {
    let _server = server();
    let refused =
        json!({ "op": "PutBucket:policy", "do": "error", "status": 403, "code": "AccessDenied" });
    faults(Some(&json!([refused])));
    let project = Project::empty();
    let state = format!("s3://cli-half-made-{}", std::process::id());
    let answer = run(&project, &["init", "--state", &state]);
    faults(Some(&json!([])));
    answer.exits(77).says("AccessDenied").says("the bucket was made and is not fully protected");
    assert!(!project.path("nfplan.yaml").exists());
}

#[test]
fn each_write_of_the_state_may_lose_its_answer_or_meet_a_fault() {
    let _server = server();
    let (project, _) = project("faults");
    let alice = ["--select", "alice@example.org", "--auto-approve", "-q"];
    let apply = |rules: &Json| {
        faults(Some(rules));
        let answer = run(&project, &[&["apply"], &alice[..]].concat());
        let seen = faults(None);
        faults(Some(&json!([])));
        (answer, seen.iter().filter(|call| *call == "PutObject").count())
    };
    let (first, _) = apply(&json!([]));
    first.exits(0);
    let mut vcpus = 64;
    let mut edit = |project: &Project| {
        vcpus += 1;
        set_vcpus(project, vcpus);
    };
    edit(&project);
    let (plain, puts) = apply(&json!([]));
    plain.exits(0);
    assert!(puts >= 6, "lease, plan, head, events, snapshot, head, lease: {puts}");
    for nth in 1..=puts {
        for fault in ["lose", "cut", "error"] {
            edit(&project);
            let rule = json!([{ "op": "PutObject", "nth": nth, "do": fault, "status": 503 }]);
            let (answer, _) = apply(&rule);
            assert_eq!(answer.code, Some(0), "write {nth}, {fault}\n{answer}");
            run(&project, &["plan", "--select", "alice@example.org", "--detailed-exitcode"])
                .exits(0);
        }
    }
}

const ALICE: [&str; 2] = ["--select", "alice@example.org"];

/// A project of alice alone, applied.
fn alice(name: &str) -> Project {
    let (project, _) = project(name);
    for user in ["bob", "carol"] {
        project.remove(&format!("workspaces/{user}.yaml"));
    }
    run(&project, &["apply", "--auto-approve", "-q"]).exits(0);
    project
}

#[test]
fn a_write_that_arrives_after_its_writer_was_killed_does_no_harm() {
    let _server = server();
    let project = alice("killed");
    let apply = ["apply", "--auto-approve"];
    let (mut killed, mut found, mut vcpus) = (0, 0, 64);
    for nth in (1..).take(12) {
        vcpus += 1;
        set_vcpus(&project, vcpus);
        let mut child = begin_with_hung_write(&project, &apply, nth, 400);
        child.kill().unwrap();
        if child.wait().unwrap().code().is_some() {
            break;
        }
        killed += 1;
        // The write may take effect now, or after the next process has taken the run over.
        if nth % 2 == 0 {
            thread::sleep(Duration::from_millis(500));
        }
        let answer = run(&project, &apply).exits(0);
        found += usize::from(answer.stderr.contains("ending the run that was interrupted"));
        thread::sleep(Duration::from_millis(400));
        let again = run(&project, &["plan", "--refresh", "deep", "--detailed-exitcode"]);
        assert_eq!(again.code, Some(0), "write {nth}\n{again}");
    }
    assert!(killed >= 6, "{killed} were killed");
    assert!(found * 10 >= killed * 3, "of {killed} that were killed, {found} left an open run");
    faults(Some(&json!([])));
}

#[test]
fn a_terminated_apply_does_not_wait_for_a_store_that_hangs() {
    let _server = server();
    let project = alice("hung");
    for nth in [2, 4, 5] {
        set_vcpus(&project, 70 + nth);
        let child = begin_with_hung_write(&project, &["apply", "--auto-approve"], nth, 20_000);
        let sent = Instant::now();
        let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let answer = Answer::of(child.wait_with_output().unwrap());
        assert!(
            sent.elapsed() < Duration::from_secs(2),
            "write {nth}: {:?}\n{answer}",
            sent.elapsed()
        );
        assert_eq!(answer.code, Some(143), "write {nth}\n{answer}");
        faults(Some(&json!([])));
        run(&project, &["apply", "--auto-approve"]).exits(0);
        run(&project, &[&["plan", "--detailed-exitcode"], &ALICE[..]].concat()).exits(0);
    }
}

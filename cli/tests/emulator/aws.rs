//! Accounts on the server that stands in for AWS, reached through roles.

use std::env;
use std::fs;
use std::process::Command;

use serde_json::Value as Json;
use serde_json::json;

use crate::kit::Answer;
use crate::kit::NFPLAN;
use crate::kit::Project;
use crate::run;
use crate::server;
use crate::url;

const MAIN: &str = "800000000001";
const LAB: &str = "800000000002";

/// What the specs say, but for the accounts.
const PROFILE: &str = "profiles:
  standard:
    compute: { type: spot, instance_types: [m5.large], min_vcpus: 0, max_vcpus: 64 }
    images: [\"quay.io/biocontainers/*\"]
    read_buckets: [ngi-igenomes]
    network: { mode: proxy, cidr: 192.168.0.0/16, allow_domains: [\".quay.io\"] }
    credentials: { kind: access_key, deliver: secrets_manager }
";

/// A project with two accounts, each behind a role, and its states on the same server.
pub(crate) fn project(name: &str) -> Project {
    project_in(name, [("aws", "us-east-1"), ("aws", "us-west-2")])
}

/// The same with the accounts in these partitions and regions.
fn project_in(name: &str, [main, lab]: [(&str, &str); 2]) -> Project {
    let (project, bucket) = crate::project(name);
    let account = |name: &str, id: &str, (partition, region): (&str, &str)| {
        let role = format!("arn:{partition}:iam::{id}:role/nfplan");
        format!(
            "  {name}: {{ id: \"{id}\", region: {region}, assume_role: \"{role}\", external_id: x1 }}\n"
        )
    };
    let accounts = account("main", MAIN, main) + &account("lab", LAB, lab);
    let text = format!(
        "nfplan: 1\nblueprint: 1\nenvironment: {name}.example.org\nstate: s3://{bucket}/prod\n\
         accounts:\n{accounts}{PROFILE}"
    );
    project.write("nfplan.yaml", &text);
    let _ = fs::remove_dir_all(project.path("workspaces"));
    fs::create_dir_all(project.path("workspaces")).unwrap();
    researcher(&project, "alice", "main", "");
    researcher(&project, "bob", "lab", "");
    project
}

fn researcher(project: &Project, user: &str, account: &str, fields: &str) {
    let text =
        format!("{user}@example.org: {{ account: {account}, profile: standard, {fields} }}\n");
    project.write(&format!("workspaces/{user}.yaml"), &text);
}

/// A request of somebody else's in the account `main`.
pub(crate) fn somebody(service: &str, method: &str, arguments: &Json) -> Json {
    somebody_in(MAIN, service, method, arguments)
}

pub(crate) fn somebody_in(account: &str, service: &str, method: &str, arguments: &Json) -> Json {
    let tools = env::var("NFPLAN_TEST_TOOLS").expect("`tests/emulator/with` says where they are");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/emulator/client.py");
    let output = Command::new(format!("{tools}/bin/python"))
        .args([script, &url(), account, "us-east-1", service, method, &arguments.to_string()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Sets rules for failures and returns the requests since the last ones were set, state apart.
pub(crate) fn requests(rules: Option<&Json>) -> Vec<(String, String)> {
    let document = get("_faults", rules);
    let calls: Vec<[String; 3]> = serde_json::from_value(document["calls"].clone()).unwrap();
    let calls = calls.into_iter().map(|[service, operation, _]| (service, operation));
    let of_state =
        |operation: &str| operation.contains("Object") || operation.contains("list-type");
    calls.filter(|(service, operation)| service != "s3" || !of_state(operation)).collect()
}

pub(crate) fn get(path: &str, body: Option<&Json>) -> Json {
    let body = body.map(Json::to_string);
    let data = body.iter().flat_map(|body| ["--data", body]);
    let url = format!("{}/{path}", url());
    let output = Command::new("curl").args(["--silent", "--fail", &url]).args(data).output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

fn is_change(operation: &str) -> bool {
    let name = operation.to_ascii_lowercase();
    !["describe", "get", "list", "head", "simulate", "assumerole"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

pub(crate) fn operations(requests: &[(String, String)]) -> Vec<&str> {
    let all = requests.iter().map(|(_, operation)| operation.as_str());
    all.filter(|operation| is_change(operation)).collect()
}

/// The key that AWS keeps is the one that the state knows, with a secret of AWS's form.
fn credentials_are_told_again(project: &Project) {
    let user = "alice@example.org";
    let told = run(project, &["env", user, "--format", "json"]).exits(0).json();
    let id = run(project, &["output", "access_key_id", "--select", user]).exits(0).stdout;
    assert_eq!(told["AWS_ACCESS_KEY_ID"], id.trim_end());
    assert_eq!(told["AWS_SECRET_ACCESS_KEY"].as_str().unwrap().len(), 40);
    assert_eq!(told["AWS_REGION"], "us-east-1");
}

#[test]
fn a_whole_life_in_two_accounts() {
    let _server = server();
    let project = project("aws-life");
    let apply = ["apply", "--auto-approve", "-q"];
    run(&project, &apply).exits(0).shows("76 steps = 76 done");
    requests(Some(&json!([])));
    run(&project, &apply).exits(0).shows("No changes.");
    assert_eq!(operations(&requests(None)), Vec::<&str>::new());
    run(&project, &["plan", "--refresh", "deep", "--detailed-exitcode"]).exits(0);
    run(&project, &["drift"]).exits(0).shows("No drift");
    credentials_are_told_again(&project);

    changes_in_place(&project);
    drift_by_somebody_else(&project);
    run(&project, &["destroy", "--auto-approve", "-q"]).exits(0);
    assert_eq!(get("_invalid", None), json!([]), "requests that the services would refuse");
}

#[test]
fn what_cannot_be_changed_is_replaced_and_what_is_suspended_comes_back() {
    let _server = server();
    let project = project("aws-back");
    fs::remove_file(project.path("workspaces/bob.yaml")).unwrap();
    let apply = ["apply", "--auto-approve", "-q"];
    run(&project, &apply).exits(0).shows("2 units = 2 applied");
    replacements(&project);
    researcher(&project, "alice", "main", "status: suspended");
    run(&project, &apply).exits(0);
    run(&project, &["plan", "--detailed-exitcode"]).exits(0);
    researcher(&project, "alice", "main", "");
    run(&project, &apply).exits(0);
    run(&project, &["drift"]).exits(0);

    run(&project, &["destroy", "--auto-approve", "-q"]).exits(0);
    let vpcs = somebody("ec2", "describe_vpcs", &json!({}));
    let ours = |vpc: &&Json| vpc["Tags"].to_string().contains("aws-back.example.org");
    assert_eq!(vpcs["Vpcs"].as_array().unwrap().iter().filter(ours).count(), 0);
    // Buckets, keys and logs stay, and the next apply finds them again.
    run(&project, &apply).exits(0);
    run(&project, &["destroy", "--auto-approve", "-q"]).exits(0);
    assert_eq!(get("_invalid", None), json!([]), "requests that the services would refuse");
}

#[test]
fn partitions_of_their_own_are_like_any_other() {
    let _server = server();
    let places = [("aws-us-gov", "us-gov-west-1"), ("aws-cn", "cn-north-1")];
    let project = project_in("aws-part", places);
    // One request at a time in each account: all the others wait for their turn.
    let apply = ["apply", "--auto-approve", "-q", "--parallelism", "2"];
    run(&project, &apply).exits(0);
    requests(Some(&json!([])));
    run(&project, &apply).exits(0).shows("No changes.");
    assert_eq!(operations(&requests(None)), Vec::<&str>::new());
    run(&project, &["drift"]).exits(0).shows("No drift");
    for (user, (partition, region)) in ["alice", "bob"].into_iter().zip(places) {
        let output = ["output", "--json", "--select", &format!("{user}@example.org")];
        let outputs = run(&project, &output).exits(0).stdout;
        let arns = outputs.matches("\"arn:").count();
        assert!(arns > 3 && outputs.matches(&format!("\"arn:{partition}:")).count() == arns);
        assert!(outputs.contains(region), "{outputs}");
    }
    run(&project, &["destroy", "--auto-approve", "-q"]).exits(0);
    assert_eq!(get("_invalid", None), json!([]), "requests that the services would refuse");
}

/// Each change is the requests that it takes, and no more.
fn changes_in_place(project: &Project) {
    let cases: [(&str, &[&str]); 4] = [
        ("compute: { max_vcpus: 96 }", &["updatecomputeenvironment"]),
        (
            "compute: { max_vcpus: 96, instance_types: [m5.large, c5.large] }",
            &["updatecomputeenvironment"],
        ),
        (
            "compute: { max_vcpus: 96 }, images: [\"quay.io/other/*\"]",
            &["CreatePolicyVersion", "updatecomputeenvironment"],
        ),
        ("", &["SetDefaultPolicyVersion", "updatecomputeenvironment"]),
    ];
    for (fields, expected) in cases {
        researcher(project, "alice", "main", fields);
        requests(Some(&json!([])));
        run(project, &["apply", "--auto-approve", "-q"]).exits(0);
        let seen = requests(None);
        let mut seen = operations(&seen);
        seen.sort_unstable();
        assert_eq!(seen, expected, "{fields}");
    }
    researcher(project, "alice", "main", "tags: { team: genomics }");
    run(project, &["apply", "--auto-approve", "-q"]).exits(0);
    run(project, &["drift"]).exits(0);
}

/// What AWS cannot change in place is made anew, the new one first.
fn replacements(project: &Project) {
    let fixed = "compute: { type: ec2, strategy: best_fit }";
    researcher(project, "alice", "main", fixed);
    run(project, &["apply", "--auto-approve", "-q"]).exits(0);
    let other = "compute: { type: ec2, strategy: best_fit, instance_types: [c5.large] }";
    researcher(project, "alice", "main", other);
    requests(Some(&json!([])));
    run(project, &["apply", "--auto-approve", "-q"]).exits(0);
    let seen = requests(None);
    let seen = operations(&seen);
    let position = |name| seen.iter().position(|operation| *operation == name);
    let switched = position("updatejobqueue");
    assert!(position("createcomputeenvironment") < switched, "{seen:?}");
    assert!(switched < position("deletecomputeenvironment"), "{seen:?}");
    let network = "network: { mode: proxy, cidr: 192.168.0.0/16, allow_domains: [\".docker.io\"] }";
    researcher(project, "alice", "main", network);
    run(project, &["apply", "--auto-approve", "-q"]).exits(0);
    run(project, &["drift"]).exits(0);
}

fn drift_by_somebody_else(project: &Project) {
    let environments =
        somebody("batch", "describe_compute_environments", &json!({}))["computeEnvironments"]
            .clone();
    let environment = environments[0]["computeEnvironmentName"].clone();
    let change =
        json!({ "computeEnvironment": environment, "computeResources": { "maxvCpus": 3 } });
    somebody("batch", "update_compute_environment", &change);
    std::thread::sleep(std::time::Duration::from_secs(1));
    let drift = run(project, &["drift"]).exits(2);
    drift.shows("max_vcpus").shows("changed outside");
    run(project, &["apply", "--auto-approve", "-q"]).exits(0);
    run(project, &["drift"]).exits(0);
    let forbidden = json!([{
        "service": "ec2", "op": "DescribeVpcs", "times": 0, "do": "error",
        "code": "UnauthorizedOperation", "status": 403
    }]);
    requests(Some(&forbidden));
    let unreadable = run(project, &["drift"]).exits(4).shows("UnauthorizedOperation");
    assert!(!unreadable.stdout.contains("No drift"), "{unreadable}");
    requests(Some(&json!([])));
}

#[test]
fn credentials_of_another_account_touch_nothing() {
    let _server = server();
    let project = project("aws-wrong");
    let spec = fs::read_to_string(project.path("nfplan.yaml")).unwrap();
    let role = format!(", assume_role: \"arn:aws:iam::{MAIN}:role/nfplan\", external_id: x1");
    // The runner's own credentials are of the server's own account.
    let wrong = spec.replace(&role, "");
    assert_ne!(wrong, spec);
    project.write("nfplan.yaml", &wrong);
    fs::remove_file(project.path("workspaces/bob.yaml")).unwrap();
    requests(Some(&json!([])));
    let answer = run(&project, &["apply", "--auto-approve"]).exits(77);
    answer.says("123456789012").says(MAIN).says("nothing was read or changed");
    let seen = requests(None);
    let seen: Vec<&str> = seen.iter().map(|(_, operation)| operation.as_str()).collect();
    assert_eq!(seen, ["GetCallerIdentity"]);
}

/// `tests/real-aws` on the server.
fn real_aws(arguments: &[&str]) -> Answer {
    let tools = env::var("NFPLAN_TEST_TOOLS").expect("`tests/emulator/with` says where they are");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/real-aws");
    let mut command = Command::new(format!("{tools}/bin/python"));
    let own = ["--account", "123456789012", "--nfplan", NFPLAN, "--pause", "0.2"];
    command.arg(script).args(own).args(arguments).env("AWS_ENDPOINT_URL", url());
    Answer::of(command.output().unwrap())
}

#[test]
fn the_script_for_a_real_account_does_nothing_unasked_and_cleans_up() {
    let _server = server();
    requests(Some(&json!([])));
    real_aws(&[]).exits(2).says("--i-accept-the-costs");
    assert_eq!(requests(None), []);
    let answer = real_aws(&["--i-accept-the-costs"]).exits(0);
    let answer = answer.shows("an update with unchanged values goes through: UPDATING → VALID");
    let environment = answer.stdout.split_whitespace().nth(1).unwrap().trim_end_matches(',');
    let listed = |service: &str, method: &str| {
        somebody_in("123456789012", service, method, &json!({})).to_string()
    };
    let vpcs = listed("ec2", "describe_vpcs");
    assert!(vpcs.contains("CidrBlock") && !vpcs.contains(environment), "{vpcs}");
    let buckets = listed("s3", "list_buckets");
    assert!(!buckets.contains(&environment.replace('.', "-")), "{buckets}");
}

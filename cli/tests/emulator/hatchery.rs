//! The way over from Hatchery: an account in which it worked, half-made workspaces included.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;

use serde_json::Value as Json;
use serde_json::json;

use crate::aws::get;
use crate::aws::somebody_in;
use crate::kit::Project;
use crate::run;
use crate::server;
use crate::sharing::Bucket;
use crate::url;

const ACCOUNT: &str = "800000000007";
/// An account in which it goes on.
const RESTLESS: &str = "800000000009";
/// An account for what nobody cleans up.
const CROWDED: &str = "800000000008";
const ENVIRONMENT: &str = "commons.example.org";

/// As Hatchery's configuration has it, so that what differs is Hatchery's doing.
const PROFILE: &str = "profiles:
  standard:
    compute: { type: ec2, strategy: best_fit_progressive, instance_types: [m5.large], max_vcpus: 9 }
    images: [\"quay.io/biocontainers/*\"]
    network: { mode: proxy, cidr: 192.168.0.0/16, allow_domains: [\".quay.io\"] }
";

/// Has Hatchery work for these users, some of whose launches end early; `--again` is for users who have
/// everything already.
fn hatchery(account: &str, users: &[&str]) {
    let tools = env::var("NFPLAN_TEST_TOOLS").expect("`tests/emulator/with` says where they are");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/emulator/hatchery.py");
    let mut command = Command::new(format!("{tools}/bin/python"));
    let output = command.args([script, &url(), account, ENVIRONMENT]).args(users).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn project(name: &str, account: &str, users: &[&str]) -> Project {
    let (project, bucket) = crate::project(name);
    let role = format!("arn:aws:iam::{account}:role/nfplan");
    let text = format!(
        "nfplan: 1\nblueprint: 1\nenvironment: {ENVIRONMENT}\nstate: s3://{bucket}/prod\naccounts:\n  \
         main: {{ id: \"{account}\", region: us-east-1, assume_role: \"{role}\" }}\n{PROFILE}"
    );
    project.write("nfplan.yaml", &text);
    fs::remove_dir_all(project.path("workspaces")).unwrap();
    fs::create_dir_all(project.path("workspaces")).unwrap();
    for user in users {
        project.researcher(user, "");
    }
    project
}

fn somebody(service: &str, method: &str, arguments: &Json) -> Json {
    somebody_in(ACCOUNT, service, method, arguments)
}

/// What Hatchery names in the account, by kind; data is not among it.
fn left() -> Vec<String> {
    let mine = |text: &Json| text.as_str().is_some_and(|text| text.contains("commons-example-org"));
    let mut found = Vec::new();
    let mut note = |service: &str, method: &str, list: &str, name: &str| {
        let answer = somebody(service, method, &json!({}));
        let items = answer[list].as_array().unwrap();
        let names = items.iter().map(|item| &item[name]).filter(|name| mine(name));
        found.extend(names.map(|name| name.as_str().unwrap().to_owned()));
    };
    note("batch", "describe_compute_environments", "computeEnvironments", "computeEnvironmentName");
    note("batch", "describe_job_queues", "jobQueues", "jobQueueName");
    note("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName");
    note("iam", "list_users", "Users", "UserName");
    note("iam", "list_roles", "Roles", "RoleName");
    note("iam", "list_policies", "Policies", "PolicyName");
    note("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName");
    let vpcs = somebody("ec2", "describe_vpcs", &json!({}));
    let vpcs = vpcs["Vpcs"].as_array().unwrap().iter();
    let is_network = |vpc: &&Json| vpc["Tags"].to_string().contains(ENVIRONMENT);
    found.extend(vpcs.filter(is_network).map(|vpc| vpc["VpcId"].as_str().unwrap().to_owned()));
    found.sort();
    found
}

#[test]
fn an_account_in_which_hatchery_worked_is_taken_over_repaired_and_let_go_of() {
    let _server = server();
    let users = ["alice", "carol", "dan"];
    hatchery(ACCOUNT, &["alice", "carol:environment", "dan:role"]);
    let project = project("hatchery", ACCOUNT, &users);
    let keys = |user: &str| {
        let name = format!("commons-example-org-nf-{user}");
        let keys = somebody("iam", "list_access_keys", &json!({ "UserName": name }));
        keys["AccessKeyMetadata"].as_array().unwrap().clone()
    };
    let old = keys("alice")[0]["AccessKeyId"].clone();
    let name = format!("commons-example-org-nf-{ACCOUNT}");
    let bucket = Bucket { account: ACCOUNT, name: name.clone() };
    bucket.meddle();

    run(&project, &["adopt", "--auto-approve"]).exits(0);
    run(&project, &["adopt", "--auto-approve"]).exits(0).says("nothing was found");
    assert_eq!(keys("alice")[0]["AccessKeyId"], old, "nothing but tags is changed");
    let plan = run(&project, &["plan", "--full", "--select", "alice"]).exits(0);
    let plan = plan.shows("ami").shows("batch.compute_environment/main").shows("s3.bucket_policy");
    for found in ["ec2.vpc/", "ec2.route_table/", "ec2.subnet/", "iam.user/", "kms.key/"] {
        assert!(!plan.stdout.contains(&format!("+ {found}")), "{found}\n{plan}");
    }

    run(&project, &["apply", "--auto-approve", "-q"]).exits(0);
    run(&project, &["plan", "--refresh", "deep", "--detailed-exitcode"]).exits(0);
    run(&project, &["drift"]).exits(0);
    let new = keys("alice");
    assert!(new.len() == 1 && new[0]["AccessKeyId"] != old, "{new:?}");
    bucket.assert_kept();

    project.researcher("alice", "status: suspended");
    run(&project, &["apply", "--auto-approve", "-q"]).exits(0);
    assert_eq!(keys("alice").len(), 0);
    project.researcher("alice", "");
    run(&project, &["apply", "--auto-approve", "-q"]).exits(0);
    run(&project, &["drift"]).exits(0);

    run(&project, &["destroy", "--auto-approve", "--allow", "mass-destroy", "-q"]).exits(0);
    // Hatchery's own instance role is of the whole account, and was never taken.
    let shared = "commons-example-org-nf-ecsInstanceRole";
    assert_eq!(left(), [shared, shared]);
    let buckets = somebody("s3", "list_buckets", &json!({})).to_string();
    assert!(buckets.contains(&name), "{buckets}");
    bucket.assert_kept();
    assert_eq!(get("_invalid", None), json!([]), "requests that the services would refuse");
}

#[test]
fn a_launch_that_ran_twice_at_once_is_not_taken_for_one() {
    let _server = server();
    hatchery(CROWDED, &["erin:network", "erin:network"]);
    let project = project("twice", CROWDED, &["erin"]);
    let answer = run(&project, &["adopt", "--select", "erin", "--auto-approve"]).exits(7);
    let answer = answer.says("ec2.vpc/main").says("several are called the same: vpc-");
    assert!(!answer.stdout.contains("applied"), "{answer}");
    run(&project, &["state", "list"]).exits(0);
    let vpcs = somebody_in(CROWDED, "ec2", "describe_vpcs", &json!({})).to_string();
    assert!(vpcs.contains("nf-vpc-erin") && !vpcs.contains("nfplan:unit"), "{vpcs}");
}

#[test]
fn a_launch_after_the_take_over_is_put_down_to_hatchery() {
    let _server = server();
    hatchery(RESTLESS, &["frank"]);
    let project = project("again", RESTLESS, &["frank"]);
    run(&project, &["adopt", "--auto-approve"]).exits(0);
    run(&project, &["apply", "--auto-approve", "-q"]).exits(0);
    run(&project, &["drift"]).exits(0);

    hatchery(RESTLESS, &["--again", "frank"]);
    let queue = json!({ "jobQueue": "commons-example-org-nf-job-queue-frank", "priority": 7 });
    somebody_in(RESTLESS, "batch", "update_job_queue", &queue);
    let shown = run(&project, &["drift"]).exits(2);
    let shown = shown.shows("it is still running against this account; see the cut-over guide");
    shown.shows("next: switch `nextflow.enabled` off in Hatchery's configuration");
    let found = run(&project, &["drift", "--json"]).exits(2).json();
    let units = found["units"].as_array().unwrap().iter();
    let findings = units.flat_map(|unit| unit["findings"].as_array().unwrap());
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let told = |cause: &str| -> BTreeSet<String> {
        let of_cause = findings.clone().filter(|finding| finding["cause"] == cause);
        of_cause.map(|f| format!("{}#{}", text(&f["address"]), text(&f["attribute"]))).collect()
    };
    let environment =
        ["image_type", "instance_profile", "instance_tags", "launch_template_version"];
    let environment = environment.map(|name| format!("batch.compute_environment/main#{name}"));
    let rest = [
        "iam.access_key/client#",
        "iam.policy/client#document",
        "iam.policy/jobs#document",
        "s3.bucket_lifecycle/work#rules",
        "s3.bucket_policy/work#policy",
    ];
    let rewritten = told("known_tool");
    let expected: BTreeSet<String> =
        rest.map(str::to_owned).into_iter().chain(environment).collect();
    assert!(rewritten.is_superset(&expected), "{found:#}");
    let others: Vec<&String> = rewritten.difference(&expected).collect();
    let image =
        ["image_id", "launch_template_id"].map(|n| format!("batch.compute_environment/main#{n}"));
    assert!(others.iter().all(|other| image.contains(*other)), "{others:?}");
    assert_eq!(told("changed_outside"), ["batch.job_queue/main#priority".to_owned()].into());
    let causes: Vec<&String> = found["summary"].as_object().unwrap().keys().collect();
    // Subnets that were taken over stay in their zones.
    assert_eq!(causes, ["changed_outside", "known_tool", "unapplied_spec"], "{found:#}");

    // Hatchery's new key stays beside nfplan's until somebody deletes it.
    run(&project, &["apply", "--refresh", "deep", "--auto-approve", "-q"]).exits(0);
    run(&project, &["drift"]).exits(2).shows("1 not made by nfplan").shows("nfplan did not make `");
}

//! What whoever runs nfplan is allowed, judged by the engine's evaluator.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::access::decision::Attached;
use nfplan_engine::access::decision::Decision;
use nfplan_engine::access::decision::Principal;
use nfplan_engine::access::decision::Request;
use nfplan_engine::access::decision::decide;
use nfplan_engine::access::document::Document as Judged;
use nfplan_engine::expr::Expr;
use nfplan_engine::value::Value;
use nfplan_specs::fleet::Fleet;
use nfplan_specs::permissions::Document;
use nfplan_specs::permissions::Kind;
use nfplan_specs::permissions::MOST_CHARACTERS;
use nfplan_specs::permissions::NOT_GRANTED;
use nfplan_specs::permissions::actions_of;
use nfplan_specs::permissions::calls;
use nfplan_specs::permissions::of_account;
use nfplan_specs::permissions::of_runner;
use nfplan_specs::project::Account;
use nfplan_specs::project::StateLocation;

use crate::kit::PROJECT;
use crate::kit::folder;
use crate::kit::sound;

/// How many managed policies IAM lets a role have (IAM user guide, "IAM and AWS STS quotas").
const MOST_POLICIES: usize = 10;

fn fleet(project: &str, workspaces: &str) -> Fleet {
    let folder = folder(&[
        ("nfplan.yaml", project.as_bytes()),
        ("workspaces/all.yaml", workspaces.as_bytes()),
    ]);
    sound(folder.path())
}

fn account<'f>(fleet: &'f Fleet, name: &str) -> &'f Account {
    fleet.accounts().find(|account| &*account.name == name).unwrap()
}

fn documents(project: &str, kind: Kind) -> Vec<Document> {
    let fleet = fleet(project, "");
    of_account(&fleet, account(&fleet, "main"), kind).unwrap()
}

fn runner(project: &str, kind: Kind) -> Vec<Document> {
    let fleet = fleet(project, "");
    let bucket = match fleet.state_location() {
        StateLocation::Bucket(bucket) => Some(bucket),
        StateLocation::Folder(_) => None,
    };
    let accounts: Vec<&Account> = fleet.accounts().collect();
    of_runner(fleet.environment(), &accounts, bucket, kind).unwrap()
}

/// Somebody who has these policies and no others.
fn operator(documents: &[Document]) -> Principal {
    let unit = "platform/111122223333.us-east-1".parse().unwrap();
    let policies = documents.iter().map(|document| Attached {
        object: document.name.clone(),
        document: Judged::read(&unit, &Expr::from(document.policy.clone())),
        origins: BTreeMap::new(),
    });
    Principal {
        account: "111122223333".into(),
        arn: "arn:aws:iam::111122223333:role/operator".into(),
        policies: policies.collect(),
        boundary: None,
    }
}

/// Whether these policies allow a request; of keys that are not given, it has none.
fn allows(documents: &[Document], action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
    const KEYS: [&str; 8] = [
        "aws:requesttag/nfplan:environment",
        "aws:resourcetag/nfplan:environment",
        "ec2:createaction",
        "iam:awsservicename",
        "iam:passedtoservice",
        "iam:permissionsboundary",
        "iam:policyarn",
        "s3:prefix",
    ];
    let mut all: BTreeMap<String, Option<Vec<String>>> =
        KEYS.iter().map(|&key| (key.to_owned(), None)).collect();
    let given =
        context.iter().map(|(key, value)| (key.to_lowercase(), Some(vec![(*value).into()])));
    all.extend(given);
    let request = Request { action: action.into(), resource: resource.into(), context: all };
    match decide(&operator(documents), &[], &request) {
        Decision::Allowed(_) => true,
        Decision::NotAllowed => false,
        other => panic!("{request}: {other:?}"),
    }
}

fn statements(document: &Document) -> &[Value] {
    document.policy.as_map().unwrap()["Statement"].as_list().unwrap()
}

fn actions(documents: &[Document]) -> BTreeSet<&str> {
    let all = documents.iter().flat_map(statements);
    let lists = all.flat_map(|one| one.as_map().unwrap()["Action"].as_list().unwrap());
    lists.map(|action| action.as_text().unwrap()).collect()
}

#[test]
fn what_is_for_looking_changes_nothing_and_shows_no_secret() {
    let read = documents(PROJECT, Kind::ReadOnly);
    for action in actions(&read) {
        let (_, name) = action.split_once(':').unwrap();
        let looks =
            ["Describe", "Get", "List", "Simulate"].iter().any(|verb| name.starts_with(verb));
        assert!(looks, "{action}");
        assert!(!["GetSecretValue", "GetObject"].contains(&name), "{action}");
    }
    let apply = documents(PROJECT, Kind::Apply);
    assert!(actions(&read).is_subset(&actions(&apply)));
}

#[test]
fn every_document_fits_into_a_managed_policy_and_all_onto_one_role() {
    // The longest names: of the environment, of a region, and of a partition.
    let long = PROJECT
        .replace("data.example.org", &format!("{}.example.org", "d".repeat(35)))
        .replace("us-east-1", "us-gov-west-1")
        .replace("standard: {}", "standard: { permissions_boundary: \"arn:aws-us-gov:iam::111122223333:policy/a/boundary\" }");
    for project in [PROJECT, &long] {
        for kind in [Kind::ReadOnly, Kind::Apply] {
            let all = documents(project, kind);
            assert!(all.len() <= MOST_POLICIES, "{}", all.len());
            let names: BTreeSet<&str> = all.iter().map(|document| &*document.name).collect();
            assert_eq!(names.len(), all.len());
            for document in &all {
                let (name, characters) = (&document.name, document.characters());
                assert!(characters <= MOST_CHARACTERS, "{name}: {characters}");
                assert!(name.len() <= 128, "{name}");
                let sids: Vec<String> = statements(document)
                    .iter()
                    .map(|one| one.as_map().unwrap()["Sid"].to_string())
                    .collect();
                assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), sids.len(), "{sids:?}");
            }
        }
    }
}

#[test]
fn more_roles_than_a_policy_can_name_are_spread_over_several() {
    let accounts: Vec<String> = (0..200)
        .map(|number| {
            let id = format!("{:012}", 500_000_000_000_u64 + number);
            format!(
                "  a{number}: {{ id: \"{id}\", region: us-east-1, assume_role: \"arn:aws:iam::{id}:role/nfplan\" }}\n"
            )
        })
        .collect();
    let project = PROJECT.replace("profiles:", &format!("{}profiles:", accounts.concat()));
    let all = runner(&project, Kind::Apply);
    assert!(all.len() > 1, "{}", all.len());
    for document in &all {
        assert!(document.characters() <= MOST_CHARACTERS, "{}", document.characters());
    }
    for id in ["500000000000", "500000000199"] {
        assert!(allows(&all, "sts:AssumeRole", &format!("arn:aws:iam::{id}:role/nfplan"), &[]));
        assert!(!allows(&all, "sts:AssumeRole", &format!("arn:aws:iam::{id}:role/admin"), &[]));
    }
}

/// Somebody may do this to the first of the resources, and to none of the others.
fn assert_own_only(documents: &[Document], action: &str, [own, others @ ..]: [&str; 3]) {
    assert!(allows(documents, action, own, &[]), "{action} on {own}");
    for other in others {
        assert!(!allows(documents, action, other, &[]), "{action} on {other}");
    }
}

#[test]
fn roles_users_and_policies_are_told_apart_by_their_names() {
    let all = documents(PROJECT, Kind::Apply);
    for (action, resources) in [
        (
            "iam:DeleteRole",
            [
                "role/data-example-org-hatchery-nf-bob/data-example-org-nf-jobs-bob",
                "role/admin",
                "role/other-hatchery-nf-bob/other-nf-bob",
            ],
        ),
        (
            "iam:CreateAccessKey",
            ["user/data-example-org-nf-bob", "user/admin", "user/data-example-com-nf-bob"],
        ),
        (
            "iam:CreatePolicyVersion",
            [
                "policy/data-example-org-hatchery-nf-bob/data-example-org-nf-bob",
                "policy/admins",
                "policy/data-example-org-nf-bob",
            ],
        ),
        (
            "iam:DeleteInstanceProfile",
            [
                "instance-profile/data-example-org-nf-ecsInstanceRole-bob",
                "instance-profile/ecsInstanceRole",
                "instance-profile/other-nf-ecsInstanceRole-bob",
            ],
        ),
    ] {
        let arns = resources.map(|name| format!("arn:aws:iam::111122223333:{name}"));
        assert_own_only(&all, action, arns.each_ref().map(String::as_str));
    }
}

#[test]
fn queues_buckets_secrets_and_logs_are_told_apart_by_their_names() {
    let all = documents(PROJECT, Kind::Apply);
    for (action, resources) in [
        (
            "batch:DeleteJobQueue",
            [
                "arn:aws:batch:us-east-1:111122223333:job-queue/data-example-org-nf-job-queue-bob",
                "arn:aws:batch:us-east-1:111122223333:job-queue/production",
                "arn:aws:batch:us-west-2:111122223333:job-queue/data-example-org-nf-job-queue-bob",
            ],
        ),
        (
            "batch:UpdateComputeEnvironment",
            [
                "arn:aws:batch:us-east-1:111122223333:compute-environment/data-example-org-nf-compute-env-bob-g2",
                "arn:aws:batch:us-east-1:111122223333:compute-environment/production",
                "arn:aws:batch:us-east-1:999988887777:compute-environment/data-example-org-nf-compute-env-bob",
            ],
        ),
        (
            "s3:PutBucketPolicy",
            [
                "arn:aws:s3:::data-example-org-nf-111122223333",
                "arn:aws:s3:::data-example-org-nf-444455556666",
                "arn:aws:s3:::production",
            ],
        ),
        (
            "secretsmanager:DeleteSecret",
            [
                "arn:aws:secretsmanager:us-east-1:111122223333:secret:data-example-org/nf/bob-AbCdEf",
                "arn:aws:secretsmanager:us-east-1:111122223333:secret:database-AbCdEf",
                "arn:aws:secretsmanager:us-east-1:111122223333:secret:data-example-org/x-AbCdEf",
            ],
        ),
        (
            "logs:DeleteLogGroup",
            [
                "arn:aws:logs:us-east-1:111122223333:log-group:/nfplan/data-example-org",
                "arn:aws:logs:us-east-1:111122223333:log-group:/aws/batch/job",
                "arn:aws:logs:us-east-1:111122223333:log-group:/nfplan/other",
            ],
        ),
    ] {
        assert_own_only(&all, action, resources);
    }
}

#[test]
fn what_is_in_the_data_bucket_is_the_researchers() {
    let all = documents(PROJECT, Kind::Apply);
    let object = "arn:aws:s3:::data-example-org-nf-111122223333/bob/reads.bam";
    for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
        assert!(!allows(&all, action, object, &[]), "{action}");
    }
}

const OWNED: &str = "aws:ResourceTag/nfplan:environment";
const REQUESTED: &str = "aws:RequestTag/nfplan:environment";

#[test]
fn what_has_no_name_is_told_apart_by_the_ownership_tag() {
    let all = documents(PROJECT, Kind::Apply);
    let instance = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
    let key = "arn:aws:kms:us-east-1:111122223333:key/1";
    for (action, resource) in [
        ("ec2:TerminateInstances", instance),
        ("ec2:DeleteVpc", "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1"),
        ("ec2:CreateTags", instance),
        ("kms:DisableKey", key),
        ("kms:PutKeyPolicy", key),
    ] {
        assert!(allows(&all, action, resource, &[(OWNED, "data.example.org")]), "{action}");
        assert!(!allows(&all, action, resource, &[(OWNED, "other.example.org")]), "{action}");
        assert!(!allows(&all, action, resource, &[]), "{action}");
        let claimed = [(REQUESTED, "data.example.org")];
        assert!(!allows(&all, action, resource, &claimed), "{action}");
    }
    assert!(!allows(&all, "kms:ScheduleKeyDeletion", key, &[(OWNED, "data.example.org")]));
}

#[test]
fn what_is_made_has_to_be_tagged_and_is_made_in_ones_own_only() {
    let all = documents(PROJECT, Kind::Apply);
    let ec2 = |kind: &str| format!("arn:aws:ec2:us-east-1:111122223333:{kind}/x-1");
    let tagged = [(REQUESTED, "data.example.org")];
    for (action, made, used) in [
        ("ec2:CreateSubnet", "subnet", &["vpc"][..]),
        ("ec2:CreateRouteTable", "route-table", &["vpc"]),
        ("ec2:CreateSecurityGroup", "security-group", &["vpc"]),
        ("ec2:CreateVpcEndpoint", "vpc-endpoint", &["vpc", "route-table"]),
        ("ec2:RunInstances", "instance", &["subnet", "security-group"]),
        ("ec2:CreateVpc", "vpc", &[]),
    ] {
        assert!(allows(&all, action, &ec2(made), &tagged), "{action}");
        assert!(!allows(&all, action, &ec2(made), &[]), "{action}");
        for used in used {
            // The request's own tags say nothing of what it uses.
            assert!(!allows(&all, action, &ec2(used), &tagged), "{action} in somebody's {used}");
            let own = [tagged[0], (OWNED, "data.example.org")];
            assert!(allows(&all, action, &ec2(used), &own), "{action} in its own {used}");
        }
        let tagging = |by: &'static str| [tagged[0], ("ec2:CreateAction", by)];
        let name = action.strip_prefix("ec2:").unwrap();
        assert!(allows(&all, "ec2:CreateTags", &ec2(made), &tagging(name)), "{action}");
        assert!(!allows(&all, "ec2:CreateTags", &ec2(made), &tagging("CreateNatGateway")));
    }
    assert!(allows(&all, "ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1", &tagged));
    assert!(allows(&all, "kms:CreateKey", "*", &tagged));
    assert!(!allows(&all, "kms:CreateKey", "*", &[]));
}

#[test]
fn rights_are_passed_on_only_as_nfplan_does() {
    let all = documents(PROJECT, Kind::Apply);
    let iam = "arn:aws:iam::111122223333:role";
    let instance = format!("{iam}/data-example-org-nf-ecsInstanceRole-bob");
    let jobs = format!("{iam}/data-example-org-hatchery-nf-bob/data-example-org-nf-jobs-bob");
    let to = |service: &'static str| [("iam:PassedToService", service)];
    assert!(allows(&all, "iam:PassRole", &instance, &to("ec2.amazonaws.com")));
    assert!(!allows(&all, "iam:PassRole", &instance, &to("lambda.amazonaws.com")));
    assert!(!allows(&all, "iam:PassRole", &jobs, &to("ecs-tasks.amazonaws.com")));
    assert!(!allows(&all, "iam:PassRole", &format!("{iam}/admin"), &to("ec2.amazonaws.com")));

    let policy = |arn: &'static str| [("iam:PolicyARN", arn)];
    let own = "arn:aws:iam::111122223333:policy/data-example-org-hatchery-nf-bob/data-example-org-nf-jobs-bob";
    assert!(allows(&all, "iam:AttachRolePolicy", &jobs, &policy(own)));
    let admin = policy("arn:aws:iam::aws:policy/AdministratorAccess");
    assert!(!allows(&all, "iam:AttachRolePolicy", &jobs, &admin));
    let containers = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role";
    assert!(allows(&all, "iam:AttachRolePolicy", &instance, &policy(containers)));

    let linked = format!("{iam}/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch");
    let service = |name: &'static str| [("iam:AWSServiceName", name)];
    let make = "iam:CreateServiceLinkedRole";
    assert!(allows(&all, make, &linked, &service("batch.amazonaws.com")));
    assert!(!allows(&all, make, &linked, &service("organizations.amazonaws.com")));
}

#[test]
fn a_boundary_that_every_profile_sets_is_demanded_and_cannot_be_taken_off() {
    let boundary = "arn:aws:iam::111122223333:policy/boundary";
    let bounded = format!("standard: {{ permissions_boundary: \"{boundary}\" }}");
    let project = PROJECT.replace("standard: {}", &bounded);
    let role =
        "arn:aws:iam::111122223333:role/data-example-org-hatchery-nf-bob/data-example-org-nf-bob";
    let with = |arn: &'static str| [("iam:PermissionsBoundary", arn)];
    let all = documents(&project, Kind::Apply);
    for action in ["iam:CreateRole", "iam:PutRolePermissionsBoundary"] {
        assert!(allows(&all, action, role, &with(boundary)), "{action}");
        assert!(!allows(&all, action, role, &with("arn:aws:iam::111122223333:policy/wide")));
        assert!(!allows(&all, action, role, &[]), "{action}");
    }
    assert!(!allows(&all, "iam:DeleteRolePermissionsBoundary", role, &with(boundary)));

    // As soon as somebody may be without, it cannot be demanded of anybody.
    let mixed = project.replace("profiles:\n", "profiles:\n  open: {}\n");
    let all = documents(&mixed, Kind::Apply);
    assert!(allows(&all, "iam:CreateRole", role, &[]));
    assert!(allows(&all, "iam:DeleteRolePermissionsBoundary", role, &with(boundary)));

    // A researcher's own boundary is one more.
    let other = "arn:aws:iam::111122223333:policy/other";
    let bob = format!(
        "bob@example.org: {{ account: main, profile: standard, permissions_boundary: \"{other}\" }}\n"
    );
    let fleet = fleet(&project, &bob);
    let all = of_account(&fleet, account(&fleet, "main"), Kind::Apply).unwrap();
    assert!(allows(&all, "iam:CreateRole", role, &with(boundary)));
    assert!(allows(&all, "iam:CreateRole", role, &with("arn:aws:iam::111122223333:policy/other")));
    let lab = of_account(&fleet, account(&fleet, "lab"), Kind::Apply).unwrap();
    let role = role.replace("111122223333", "444455556666");
    assert!(!allows(
        &lab,
        "iam:CreateRole",
        &role,
        &with("arn:aws:iam::111122223333:policy/other")
    ));
}

#[test]
fn partitions_have_arns_and_services_of_their_own() {
    let project = PROJECT.replace("us-east-1", "cn-north-1");
    let all = documents(&project, Kind::Apply);
    let role = "arn:aws-cn:iam::111122223333:role/data-example-org-nf-ecsInstanceRole-bob";
    let to = [("iam:PassedToService", "ec2.amazonaws.com.cn")];
    assert!(allows(&all, "iam:PassRole", role, &to));
    let text: String = all.iter().map(|document| document.policy.to_string()).collect();
    assert!(!text.contains("arn:aws:"), "{text}");
}

#[test]
fn states_are_read_written_and_pruned_under_their_prefix_only() {
    let project = format!("{PROJECT}state: s3://example-state/prod\n");
    let all = runner(&project, Kind::Apply);
    let bucket = "arn:aws:s3:::example-state";
    let head = format!("{bucket}/prod/workspace/x/head.json");
    let other = format!("{bucket}/staging/workspace/x/head.json");
    for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
        assert!(allows(&all, action, &head, &[]), "{action}");
        assert!(!allows(&all, action, &other, &[]), "{action}");
    }
    assert!(allows(&all, "s3:ListBucket", bucket, &[("s3:prefix", "prod/workspace/")]));
    assert!(!allows(&all, "s3:ListBucket", bucket, &[("s3:prefix", "staging/")]));
    // A missing object is told missing only to those who may list without a prefix.
    assert!(allows(&all, "s3:ListBucket", bucket, &[]));

    // Without the statement for pruning, only what the first write tries can be deleted.
    let mut kept = all.clone();
    for document in &mut kept {
        let Value::Map(fields) = &mut document.policy else { panic!() };
        let Some(Value::List(list)) = fields.get_mut("Statement") else { panic!() };
        list.retain(|one| one.as_map().unwrap()["Sid"].as_text() != Some("PruneStates"));
    }
    assert!(!allows(&kept, "s3:DeleteObject", &head, &[]));
    assert!(allows(&kept, "s3:DeleteObject", &format!("{bucket}/prod/probe/1.json"), &[]));

    let read = runner(&project, Kind::ReadOnly);
    assert!(allows(&read, "s3:GetObject", &head, &[]));
    for action in ["s3:PutObject", "s3:DeleteObject"] {
        assert!(!allows(&read, action, &head, &[]), "{action}");
    }
    assert_eq!(runner(PROJECT, Kind::Apply), []);
}

#[test]
fn a_key_of_the_state_bucket_is_used_through_s3_only() {
    let key = "arn:aws:kms:us-east-1:111122223333:key/1-2";
    let state = format!("state: {{ bucket: \"s3://example-state/prod\", kms_key: \"{key}\" }}\n");
    let all = runner(&format!("{PROJECT}{state}"), Kind::Apply);
    for action in ["kms:Decrypt", "kms:GenerateDataKey"] {
        let through = |service: &'static str| [("kms:ViaService", service)];
        assert!(allows(&all, action, key, &through("s3.us-east-1.amazonaws.com")));
        assert!(!allows(&all, action, key, &through("ec2.us-east-1.amazonaws.com")));
        let other = key.replace("1-2", "3-4");
        assert!(!allows(&all, action, &other, &through("s3.us-east-1.amazonaws.com")));
    }
}

#[test]
fn a_call_is_granted_or_left_out_with_a_reason_and_never_both() {
    for (call, reason) in NOT_GRANTED {
        assert_eq!(actions_of(call), None, "{call}");
        assert!(!reason.is_empty());
    }
    let seen = actions_of("ec2:createvpc").unwrap();
    assert_eq!(seen, BTreeSet::from(["ec2:CreateTags", "ec2:CreateVpc"]));
    assert_eq!(actions_of("s3:HeadBucket").unwrap(), BTreeSet::from(["s3:ListBucket"]));
    let all = documents(PROJECT, Kind::Apply);
    let granted = actions(&all);
    for call in calls() {
        let actions = actions_of(call).unwrap();
        assert!(actions.iter().all(|action| granted.contains(action)), "{call}: {actions:?}");
    }
}

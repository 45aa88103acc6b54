use nfplan_engine::address::Reference;
use nfplan_engine::expr::Expr;
use nfplan_engine::expr::Inputs;
use nfplan_engine::schema::OnChange;
use nfplan_engine::value::Attributes;

use super::*;
use crate::registry;

fn attributes(json: &str) -> Attributes {
    serde_json::from_str(json).unwrap()
}

fn created(resource_type: &str, json: &str) -> Vec<&'static str> {
    let inputs = attributes(json);
    requests(resource_type, &Deed::Create { inputs: Side::Known(&inputs) }).into_iter().collect()
}

fn updated(resource_type: &str, before: &str, after: &str) -> Vec<&'static str> {
    let (before, after) = (attributes(before), attributes(after));
    let names = before.keys().chain(after.keys()).cloned();
    let changed: BTreeSet<Box<str>> =
        names.filter(|name| before.get(name) != after.get(name)).collect();
    let (before, after) = (Side::Known(&before), Side::Known(&after));
    let deed = Deed::Update { before, after, changed: &changed };
    requests(resource_type, &deed).into_iter().collect()
}

fn deleted(resource_type: &str, json: &str) -> Vec<&'static str> {
    let before = attributes(json);
    requests(resource_type, &Deed::Delete { before: Side::Known(&before) }).into_iter().collect()
}

fn to_be_made() -> Reference {
    Reference { address: "ec2.vpc/main".parse().unwrap(), output: "id".into() }
}

#[test]
fn every_type_of_the_cloud_is_made_changed_and_deleted_by_some_request() {
    for schema in registry::schemas().iter() {
        let (name, nothing) = (schema.resource_type, Attributes::new());
        if name == "file.credentials" {
            continue;
        }
        let side = Side::Known(&nothing);
        assert!(!requests(name, &Deed::Create { inputs: side }).is_empty(), "{name}");
        assert!(!requests(name, &Deed::Delete { before: side }).is_empty(), "{name}");
        let changeable =
            schema.managed().filter(|(_, managed)| managed.on_change == OnChange::InPlace);
        for (attribute, _) in changeable {
            let inputs = Inputs::from([(
                attribute.name.into(),
                Expr::List(vec![Expr::Reference(to_be_made())]),
            )]);
            let changed = BTreeSet::from([attribute.name.into()]);
            let after = Side::Planned(&inputs);
            let deed = Deed::Update { before: side, after, changed: &changed };
            assert!(!requests(name, &deed).is_empty(), "{name}: {}", attribute.name);
        }
    }
}

#[test]
fn a_create_sends_what_its_first_request_cannot_carry() {
    let table: [(&str, &str, &[&str]); 8] = [
        ("ec2.vpc", r#"{"dns_support":true}"#, &["ec2:CreateVpc"]),
        ("ec2.vpc", r#"{"dns_hostnames":true}"#, &["ec2:CreateVpc", "ec2:ModifyVpcAttribute"]),
        (
            "iam.role",
            r#"{"policy_arns":["arn:aws:iam::aws:policy/a"],"permissions_boundary":"b"}"#,
            &["iam:AttachRolePolicy", "iam:CreateRole"],
        ),
        ("iam.access_key", r#"{"status":"Active"}"#, &["iam:CreateAccessKey"]),
        (
            "iam.access_key",
            r#"{"status":"Inactive","secret_id":"s"}"#,
            &["iam:CreateAccessKey", "iam:UpdateAccessKey", "secretsmanager:PutSecretValue"],
        ),
        ("kms.key", r#"{"enabled":true,"rotation":false}"#, &["kms:CreateKey"]),
        ("ec2.instance", r#"{"state":"stopped"}"#, &["ec2:RunInstances", "ec2:StopInstances"]),
        ("file.credentials", "{}", &[]),
    ];
    for (resource_type, inputs, expected) in table {
        assert_eq!(created(resource_type, inputs), expected, "{resource_type} {inputs}");
    }
}

#[test]
fn an_update_sends_what_differs_and_nothing_else() {
    let table: [(&str, &str, &str, &[&str]); 9] = [
        ("iam.user", r#"{"tags":{"a":"1"}}"#, r#"{"tags":{"a":"2"}}"#, &["iam:TagUser"]),
        ("iam.user", r#"{"tags":{"a":"1"}}"#, r#"{"tags":{}}"#, &["iam:UntagUser"]),
        ("s3.bucket", r#"{"tags":{"a":"1"}}"#, r#"{"tags":{}}"#, &["s3:PutBucketTagging"]),
        (
            "iam.user",
            r#"{"permissions_boundary":"a"}"#,
            "{}",
            &["iam:DeleteUserPermissionsBoundary"],
        ),
        ("logs.log_group", r#"{"retention_days":7}"#, "{}", &["logs:DeleteRetentionPolicy"]),
        (
            "ec2.security_group",
            r#"{"egress":[{"a":1}]}"#,
            r#"{"egress":[{"a":1},{"b":1}]}"#,
            &["ec2:AuthorizeSecurityGroupEgress"],
        ),
        ("kms.key", r#"{"enabled":true}"#, r#"{"enabled":false}"#, &["kms:DisableKey"]),
        ("batch.job_queue", r#"{"state":"A"}"#, r#"{"state":"B"}"#, &["batch:UpdateJobQueue"]),
        ("batch.job_queue", r#"{"drained":false}"#, r#"{"drained":true}"#, &["batch:TerminateJob"]),
    ];
    for (resource_type, before, after, expected) in table {
        assert_eq!(updated(resource_type, before, after), expected, "{resource_type} {after}");
    }
}

#[test]
fn a_delete_takes_off_first_what_is_attached() {
    let table: [(&str, &str, &[&str]); 5] = [
        ("iam.role", r#"{"policy_arns":[]}"#, &["iam:DeleteRole"]),
        ("iam.role", r#"{"policy_arns":["a"]}"#, &["iam:DeleteRole", "iam:DetachRolePolicy"]),
        (
            "iam.instance_profile",
            r#"{"role":"a"}"#,
            &["iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile"],
        ),
        ("batch.job_queue", "{}", &["batch:DeleteJobQueue", "batch:UpdateJobQueue"]),
        ("ec2.vpc", "{}", &["ec2:DeleteVpc"]),
    ];
    for (resource_type, inputs, expected) in table {
        assert_eq!(deleted(resource_type, inputs), expected, "{resource_type} {inputs}");
    }
}

#[test]
fn what_is_parked_is_switched_off() {
    let sent = requests("kms.key", &Deed::Disable { attribute: "enabled" });
    assert_eq!(sent, BTreeSet::from(["kms:DisableKey"]));
}

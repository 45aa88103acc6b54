//! What Hatchery writes when it launches again is put down to it, and nothing else is.

use std::collections::BTreeSet;

use nfplan_cli::drifting::FleetDrift;
use nfplan_cli::exit::Exit;
use nfplan_engine::drift::Cause;
use nfplan_engine::provider::Depth;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use nfplan_tests::site::Site;
use serde_json::Value as Json;
use serde_json::json;

use crate::drift_report::Found;
use crate::drift_report::applied;
use crate::drift_report::document;
use crate::drift_report::objects;
use crate::drift_report::text;

const ENVIRONMENT: &str = "batch.compute_environment/main";
const JOBS: &str = "iam.policy/jobs";
const CLIENT: &str = "iam.policy/client";
const KEY: &str = "iam.access_key/client";
const BUCKET: &str = "s3.bucket_policy/work";
const LIFECYCLE: &str = "s3.bucket_lifecycle/work";

fn value(json: Json) -> Value {
    serde_json::from_value(json).unwrap()
}

fn allow(sid: &str, actions: &[&str]) -> Json {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": ["arn:aws:x:::y"] })
}

fn policy(statements: &[Json]) -> Value {
    value(json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn folder() -> Vec<Json> {
    vec![
        allow("AllowListingBucketFolder", &["s3:ListBucket"]),
        allow("AllowManagingBucketFolder", &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
        allow("BucketEncryption", &["kms:GenerateDataKey", "kms:Decrypt"]),
    ]
}

fn client() -> Vec<Json> {
    let granular = ["DescribeJobQueues", "ListJobs", "SubmitJob", "CancelJob", "TerminateJob"];
    let granular: Vec<String> = granular.iter().map(|action| format!("batch:{action}")).collect();
    let granular = granular.iter().map(String::as_str).chain(["batch:TagResource"]);
    let own = vec![
        allow("AllowPassingNextflowJobsRole", &["iam:PassRole"]),
        allow("AllowBatchActionsWithGranularAuthz", &granular.collect::<Vec<_>>()),
        allow(
            "AllowBatchActionsWithoutGranularAuthz",
            &["batch:DescribeJobs", "batch:DescribeJobDefinitions"],
        ),
        allow("AllowWhitelistedImages", &["batch:RegisterJobDefinition"]),
        allow("AllowWhitelistedBuckets", &["s3:GetObject", "s3:ListBucket"]),
    ];
    own.into_iter().chain(folder()).collect()
}

fn bucket() -> Json {
    let condition =
        json!({ "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:::key/1" });
    json!({ "Sid": "RequireKMSEncryption", "Effect": "Deny", "Principal": "*",
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::x/*",
        "Condition": { "StringNotLikeIfExists": condition } })
}

fn lifecycle() -> Value {
    value(json!([{ "id": "MTIz", "prefix": "", "expire_days": 7 }]))
}

fn shared_profile() -> Value {
    "arn:aws:iam::111122223333:instance-profile/data-example-org-nf-ecsInstanceRole".into()
}

/// The update that Hatchery sends.
fn environment() -> Vec<(&'static str, Value)> {
    let name = "data-example-org-hatchery-nf-alice-40uchicago-2eedu";
    let tags = Attributes::from([("Name".into(), name.into())]);
    vec![
        ("allocation_strategy", "BEST_FIT_PROGRESSIVE".into()),
        ("image_id", "ami-00000000000000001".into()),
        ("image_type", "ECS_AL2".into()),
        ("instance_profile", shared_profile()),
        ("instance_tags", tags.into()),
        ("instance_types", Value::list(["m5.large"])),
        ("launch_template_version", "$Latest".into()),
        ("max_vcpus", 9_u32.into()),
    ]
}

fn found(site: &Site, address: &str) -> Found {
    objects(site).into_iter().find(|found| found.address.to_string() == address).unwrap()
}

fn set(site: &Site, address: &str, name: &str, value: Value) {
    found(site, address).set(site, name, Some(value));
}

/// What is put down to whom: the cause, and what of which resource.
fn told(found: &FleetDrift) -> BTreeSet<(Cause, String)> {
    let findings = found.findings().map(|finding| {
        assert_eq!(finding.tool.is_some(), finding.cause == Cause::KnownTool);
        let attribute = finding.attribute.map(|name| format!("#{name}")).unwrap_or_default();
        (finding.cause, format!("{}{attribute}", finding.address))
    });
    findings.collect()
}

#[test]
fn a_launch_is_put_down_to_hatchery_whole_and_what_somebody_else_did_is_not() {
    let site = applied();
    set(&site, JOBS, "document", policy(&folder()));
    set(&site, CLIENT, "document", policy(&client()));
    found(&site, KEY).delete(&site);
    set(&site, BUCKET, "policy", policy(&[bucket()]));
    set(&site, LIFECYCLE, "rules", lifecycle());
    for (name, value) in environment() {
        set(&site, ENVIRONMENT, name, value);
    }
    let mut expected: BTreeSet<(Cause, String)> = environment()
        .into_iter()
        .map(|(name, _)| (Cause::KnownTool, format!("{ENVIRONMENT}#{name}")))
        .collect();
    let rest = [(JOBS, "#document"), (CLIENT, "#document"), (KEY, ""), (BUCKET, "#policy")];
    let rest = rest.into_iter().chain([(LIFECYCLE, "#rules")]);
    expected.extend(rest.map(|(of, name)| (Cause::KnownTool, format!("{of}{name}"))));
    assert_eq!(told(&site.drift(Depth::Deep)), expected);

    set(&site, "batch.job_queue/main", "priority", 7_u32.into());
    set(&site, ENVIRONMENT, "security_group_ids", Value::list(["sg-00000000000000001"]));
    let others =
        ["batch.job_queue/main#priority", "batch.compute_environment/main#security_group_ids"];
    expected.extend(others.map(|other| (Cause::ChangedOutside, other.to_owned())));
    let drift = site.drift(Depth::Deep);
    assert_eq!(told(&drift), expected);
    assert_eq!(drift.exit(), Exit::Changes);

    let shown = text(&drift);
    assert_eq!(shown.matches("it is still running against this account").count(), 1, "{shown}");
    assert!(shown.contains("next: switch `nextflow.enabled` off"), "{shown}");
    let found = document(&drift);
    assert_eq!(found["summary"]["known_tool"], 13, "{found:#}");
    let tools = found["units"].to_string().matches(r#""tool":"Hatchery""#).count();
    assert_eq!(tools, 13, "{found:#}");
}

#[test]
fn what_could_be_anybodys_is_not_put_down_to_hatchery() {
    type Deed = (&'static str, &'static str, Value);
    let mut wider = folder();
    wider[1]["Action"] = json!(["s3:*"]);
    let mut more = client();
    more.push(allow("Another", &["s3:GetObject"]));
    let mut denied = bucket();
    denied["Condition"] = json!({ "Bool": { "aws:SecureTransport": "false" } });
    let own = "arn:aws:iam::111122223333:instance-profile/somebody-elses".into();
    let deeds: [Deed; 9] = [
        (JOBS, "document", policy(&wider)),
        (JOBS, "document", policy(&folder()[1..])),
        (CLIENT, "document", policy(&folder())),
        (CLIENT, "document", policy(&more)),
        (BUCKET, "policy", policy(&[denied])),
        (LIFECYCLE, "rules", lifecycle()),
        (ENVIRONMENT, "instance_profile", own),
        (ENVIRONMENT, "max_vcpus", 9_u32.into()),
        (ENVIRONMENT, "launch_template_version", "$Latest".into()),
    ];
    let site = applied();
    for (address, name, value) in deeds {
        let site = site.fork();
        set(&site, address, name, value);
        let expected = BTreeSet::from([(Cause::ChangedOutside, format!("{address}#{name}"))]);
        assert_eq!(told(&site.drift(Depth::Deep)), expected);
    }
    found(&site, KEY).delete(&site);
    let deleted = BTreeSet::from([(Cause::DeletedOutside, KEY.to_owned())]);
    assert_eq!(told(&site.drift(Depth::Deep)), deleted);
}

#[test]
fn a_deed_proves_nothing_of_another_one() {
    let site = applied();
    set(&site, JOBS, "document", policy(&folder()));
    set(&site, ENVIRONMENT, "max_vcpus", 9_u32.into());
    found(&site, KEY).delete(&site);
    let expected = [
        (Cause::DeletedOutside, KEY.to_owned()),
        (Cause::KnownTool, format!("{JOBS}#document")),
        (Cause::ChangedOutside, format!("{ENVIRONMENT}#max_vcpus")),
    ];
    assert_eq!(told(&site.drift(Depth::Deep)), BTreeSet::from(expected));
}

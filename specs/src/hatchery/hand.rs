//! What Hatchery writes whenever it launches Nextflow for a user who has a workspace already, and by
//! what it is known (uc-cdis/hatchery, `hatchery/nextflow.go`).
//!
//! A launch sends one update of the compute environment with all that Hatchery's configuration says,
//! puts its own policy and lifecycle on the bucket, makes a new version of both policies, and then
//! deletes all keys of the user to make one of its own. The names of the statements in its policies,
//! with just these actions, and the instance profile that all its users share are nobody else's. The
//! rest of a deed is put down to it only beside them: a value such as the most vCPUs could be
//! anybody's.

use nfplan_engine::address::UnitId;
use nfplan_engine::drift::hand::Change;
use nfplan_engine::drift::hand::Hand;
use nfplan_engine::drift::hand::Mark;
use nfplan_engine::drift::hand::Trace;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::blueprint::names::KnownAddress;
use crate::blueprint::names::WorkspaceNames;
use crate::blueprint::names::addresses;
use crate::blueprint::names::attributes;

/// Hatchery.
pub static HAND: Hand = Hand { tool: "Hatchery", mark };

/// Statements of a policy: what each is called, and what it allows.
type Statements = &'static [(&'static str, &'static [&'static str])];

const FOLDER: Statements = &[
    ("AllowListingBucketFolder", &["s3:ListBucket"]),
    ("AllowManagingBucketFolder", &["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]),
    ("BucketEncryption", &["kms:Decrypt", "kms:GenerateDataKey"]),
];

const CLIENT: Statements = &[
    ("AllowPassingNextflowJobsRole", &["iam:PassRole"]),
    (
        "AllowBatchActionsWithGranularAuthz",
        &[
            "batch:CancelJob",
            "batch:DescribeJobQueues",
            "batch:ListJobs",
            "batch:SubmitJob",
            "batch:TagResource",
            "batch:TerminateJob",
        ],
    ),
    (
        "AllowBatchActionsWithoutGranularAuthz",
        &["batch:DescribeJobDefinitions", "batch:DescribeJobs"],
    ),
    ("AllowWhitelistedImages", &["batch:RegisterJobDefinition"]),
];

/// Only where its configuration names other buckets.
const BUCKETS: Statements = &[("AllowWhitelistedBuckets", &["s3:GetObject", "s3:ListBucket"])];

fn mark(trace: &Trace<'_>) -> Option<Mark> {
    let is = |known: KnownAddress| known.is(trace.address);
    let proof = |deed, proves: bool| proves.then_some(Mark { deed, proves });
    let beside = |deed, fits: bool| fits.then_some(Mark { deed, proves: false });
    match trace.change {
        // It deletes the keys after it has written the client's policy.
        Change::Deleted => beside("client", is(addresses::ACCESS_KEY)),
        Change::Set(attributes::DOCUMENT, live) if is(addresses::JOBS_POLICY) => {
            proof("jobs", is_policy(live, &[FOLDER]))
        }
        Change::Set(attributes::DOCUMENT, live) if is(addresses::CLIENT_POLICY) => {
            proof("client", is_policy(live, &[FOLDER, CLIENT]))
        }
        Change::Set(attributes::POLICY, live) if is(addresses::BUCKET_POLICY) => {
            proof("bucket", is_bucket_policy(live))
        }
        Change::Set(attributes::RULES, live) if is(addresses::BUCKET_LIFECYCLE) => {
            beside("bucket", is_lifecycle(live))
        }
        Change::Set(name, live) if is(addresses::COMPUTE_ENVIRONMENT) => {
            environment(trace, name, live)
        }
        Change::Set(..) => None,
    }
}

/// The update of a compute environment sends all of this at once, and nothing of security groups.
fn environment(trace: &Trace<'_>, name: &str, live: Option<&Value>) -> Option<Mark> {
    let UnitId::Workspace(_, user) = trace.unit else { return None };
    let host = trace.environment.replace('.', "-");
    let text = live.and_then(Value::as_text);
    let is = |expected: &str| text == Some(expected);
    let deed = "environment";
    let fits = match name {
        attributes::INSTANCE_PROFILE => {
            let shared = format!(":instance-profile/{host}-nf-ecsInstanceRole");
            let proves = text.is_some_and(|arn| arn.ends_with(&shared));
            return proves.then_some(Mark { deed, proves });
        }
        attributes::STATE => is("ENABLED"),
        attributes::ALLOCATION_STRATEGY => is("BEST_FIT_PROGRESSIVE"),
        attributes::IMAGE_TYPE => is("ECS_AL2") || is("ECS_AL2_NVIDIA"),
        attributes::LAUNCH_TEMPLATE_VERSION => is("$Latest"),
        attributes::INSTANCE_TAGS => {
            let tags = live.and_then(Value::as_map);
            let name = tags.filter(|tags| tags.len() == 1).and_then(|tags| tags.get("Name"));
            let own = WorkspaceNames::new(host, user).tag();
            name.and_then(Value::as_text) == Some(own.as_str())
        }
        // Its configuration has one type.
        attributes::INSTANCE_TYPES => {
            live.and_then(Value::as_list).is_some_and(|types| types.len() == 1)
        }
        attributes::IMAGE_ID
        | attributes::LAUNCH_TEMPLATE_ID
        | attributes::MAX_VCPUS
        | attributes::MIN_VCPUS
        | attributes::SUBNET_IDS
        | attributes::TYPE => true,
        _ => false,
    };
    fits.then_some(Mark { deed, proves: false })
}

/// Whether a document has just these statements, each with just its actions.
fn is_policy(live: Option<&Value>, parts: &[Statements]) -> bool {
    let Some(statements) = statements(live) else { return false };
    let known = || parts.iter().copied().chain([BUCKETS]).flatten();
    let is_known = |statement: &Attributes| {
        known().any(|(sid, actions)| {
            text(statement, "Sid") == Some(sid)
                && text(statement, "Effect") == Some("Allow")
                && texts(statement, "Action") == *actions
        })
    };
    let there = |sid: &str| statements.iter().any(|statement| text(statement, "Sid") == Some(sid));
    statements.iter().all(|statement| is_known(statement))
        && parts.iter().copied().flatten().all(|(sid, _)| there(sid))
}

/// It denies uploads under other keys, also such as name none.
fn is_bucket_policy(live: Option<&Value>) -> bool {
    let Some(statements) = statements(live) else { return false };
    let [statement] = statements.as_slice() else { return false };
    let operators = statement.get("Condition").and_then(Value::as_map);
    let only = operators.filter(|operators| operators.len() == 1);
    text(statement, "Sid") == Some("RequireKMSEncryption")
        && text(statement, "Effect") == Some("Deny")
        && texts(statement, "Action") == ["s3:PutObject"]
        && only.is_some_and(|operators| operators.contains_key("StringNotLikeIfExists"))
}

/// One rule for everything in the bucket, of which AWS makes up the name.
fn is_lifecycle(live: Option<&Value>) -> bool {
    let Some([Value::Map(rule)]) = live.and_then(Value::as_list) else { return false };
    text(rule, attributes::PREFIX).unwrap_or_default().is_empty()
        && rule.contains_key(attributes::EXPIRE_DAYS)
        && !rule.contains_key(attributes::ABORT_MULTIPART_DAYS)
}

fn statements(document: Option<&Value>) -> Option<Vec<&Attributes>> {
    let statements = document?.as_map()?.get("Statement")?.as_list()?;
    statements.iter().map(Value::as_map).collect()
}

fn text<'a>(fields: &'a Attributes, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_text()
}

fn texts<'a>(fields: &'a Attributes, name: &str) -> Vec<&'a str> {
    let items = fields.get(name).and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(Value::as_text).collect()
}

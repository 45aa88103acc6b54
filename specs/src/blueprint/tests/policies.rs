//! Who may do what.

use nfplan_engine::desired::Expansion;
use nfplan_engine::value::Value;

use super::fixture::*;
use crate::blueprint::names::KnownAddress;
use crate::blueprint::names::addresses;
use crate::blueprint::names::attributes;
use crate::blueprint::platform;
use crate::settings::Credentials;

fn statements(policy: &Value) -> &[Value] {
    policy.as_map().unwrap()["Statement"].as_list().unwrap()
}

fn statement(expansion: &Expansion, known: KnownAddress, attribute: &str, sid: &str) -> String {
    let policy = policy(expansion, known, attribute);
    let found = statements(&policy).iter().find(|s| s.as_map().unwrap()["Sid"] == sid.into());
    found.unwrap_or_else(|| panic!("no {sid} in {policy}")).to_string()
}

fn jobs(expansion: &Expansion, sid: &str) -> String {
    statement(expansion, addresses::JOBS_POLICY, attributes::DOCUMENT, sid)
}

fn client(expansion: &Expansion, sid: &str) -> String {
    statement(expansion, addresses::CLIENT_POLICY, attributes::DOCUMENT, sid)
}

#[test]
fn jobs_reach_their_data_only_through_the_workspaces_own_endpoint() {
    let through = r#""aws:SourceVpce":["ec2.vpc_endpoint/s3#id"]"#;
    let expansion = expand(&settings());
    for sid in ["ListOwnData", "LocateBucket", "OwnData"] {
        assert!(jobs(&expansion, sid).contains(through), "{sid}");
        assert!(!client(&expansion, sid).contains("SourceVpce"), "{sid}");
    }
    let mut settings = settings();
    settings.network.value = existing();
    assert!(!jobs(&expand(&settings), "OwnData").contains("SourceVpce"));
}

#[test]
fn what_never_passes_through_the_endpoint_does_not_ask_for_it() {
    let expansion = expand(&settings());
    assert!(!jobs(&expansion, "DataKey").contains("SourceVpce"));
    assert!(!jobs(&expansion, "ReadBuckets").contains("SourceVpce"));
}

#[test]
fn data_access_ends_at_the_researchers_prefix() {
    let expansion = expand(&settings());
    for statement in [jobs, client].map(|of| of(&expansion, "OwnData")) {
        assert!(statement.contains(r#""Resource":["s3.bucket/work#arn/alice/*"]"#), "{statement}");
    }
    let list = client(&expansion, "ListOwnData");
    assert!(list.contains(r#""s3:prefix":["alice","alice/","alice/*"]"#), "{list}");
}

#[test]
fn the_key_is_of_use_through_s3_alone() {
    let key = jobs(&expand(&settings()), "DataKey");
    assert!(key.contains(r#""kms:ViaService":["s3.us-east-1.amazonaws.com"]"#), "{key}");
    assert!(key.contains(r#""Resource":["kms.key/work#arn"]"#), "{key}");
}

#[test]
fn the_client_submits_to_its_own_queue_and_passes_only_the_jobs_role() {
    let expansion = expand(&settings());
    let submit = client(&expansion, "SubmitJobs");
    let definitions = "arn:aws:batch:us-east-1:111122223333:job-definition/nf-*";
    let jobs = "arn:aws:batch:us-east-1:111122223333:job/*";
    let all = format!(r#""Resource":["batch.job_queue/main#arn","{definitions}","{jobs}"]"#);
    assert!(submit.contains(&all), "{submit}");
    let pass = client(&expansion, "PassJobsRole");
    assert!(pass.contains(r#""Resource":["iam.role/jobs#arn"]"#), "{pass}");
    assert!(pass.contains(r#""iam:PassedToService":["ecs-tasks.amazonaws.com"]"#), "{pass}");
}

#[test]
fn only_allowed_images_and_unprivileged_containers_are_registered() {
    let register = client(&expand(&settings()), "RegisterDefinitions");
    assert!(register.contains(r#""batch:Image":["quay.io/biocontainers/*"]"#), "{register}");
    assert!(register.contains(r#""BoolIfExists":{"batch:Privileged":["false"]}"#), "{register}");
    let mut settings = settings();
    settings.images.value.clear();
    assert!(!client(&expand(&settings), "RegisterDefinitions").contains("batch:Image"));
}

#[test]
fn without_readable_buckets_there_is_no_statement_about_them() {
    let mut settings = settings();
    settings.read_buckets.value.clear();
    let policy = policy(&expand(&settings), addresses::JOBS_POLICY, attributes::DOCUMENT);
    assert!(!policy.to_string().contains("ReadBuckets"));
}

#[test]
fn every_statement_has_a_name_of_its_own_and_no_action_is_a_service_wide_wildcard() {
    for (name, settings) in variants() {
        let expansion = expand(&settings);
        for known in [addresses::JOBS_POLICY, addresses::CLIENT_POLICY] {
            let policy = policy(&expansion, known, attributes::DOCUMENT);
            let mut sids: Vec<&str> = Vec::new();
            for statement in statements(&policy) {
                let fields = statement.as_map().unwrap();
                sids.push(fields["Sid"].as_text().unwrap());
                for action in fields["Action"].as_list().unwrap() {
                    assert!(!action.as_text().unwrap().contains('*'), "{name} {action}");
                }
            }
            let count = sids.len();
            sids.sort_unstable();
            sids.dedup();
            assert_eq!(sids.len(), count, "{name}");
        }
    }
}

#[test]
fn policies_with_long_lists_stay_within_the_limit_of_iam() {
    let mut settings = settings();
    let images = (0..25).map(|n| format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/lab/{n}:*"));
    settings.images.value = images.map(Into::into).collect();
    settings.read_buckets.value = (0..10).map(|n| format!("reference-data-{n}").into()).collect();
    let expansion = expand(&settings);
    for known in [addresses::JOBS_POLICY, addresses::CLIENT_POLICY] {
        let size = policy(&expansion, known, attributes::DOCUMENT).to_string().len();
        // Resolved ARNs are longer than the references that stand for them here.
        assert!(size < 6_144 - 600, "{} has {size} characters", known.address());
    }
}

#[test]
fn text_of_a_spec_stays_text_in_a_policy() {
    let hostile = r#"x"],"Effect":"Allow","Action":["*"],"Resource":["*"#;
    let mut settings = settings();
    settings.images.value = texts(&[hostile]);
    settings.read_buckets.value = texts(&[hostile]);
    settings.credentials.value = Credentials::Role(texts(&[hostile]));
    let expansion = expand(&settings);
    for (known, attribute) in [
        (addresses::CLIENT_POLICY, attributes::DOCUMENT),
        (addresses::JOBS_POLICY, attributes::DOCUMENT),
        (addresses::CLIENT_ROLE, attributes::TRUST),
    ] {
        let policy = policy(&expansion, known, attribute);
        let read_back: Value = serde_json::from_str(&policy.to_string()).unwrap();
        assert_eq!(read_back, policy);
        assert!(policy.to_string().contains(r#"x\"],\"Effect\""#), "{policy}");
        assert!(!policy.to_string().contains(r#""Action":["*"]"#), "{policy}");
    }
}

#[test]
fn roles_are_assumed_by_the_service_they_are_for() {
    let mut settings = settings();
    let hub = "arn:aws:iam::111122223333:role/hub";
    settings.credentials.value = Credentials::Role(texts(&[hub]));
    let expansion = expand(&settings);
    let trust = |known, sid| statement(&expansion, known, attributes::TRUST, sid);
    let jobs = trust(addresses::JOBS_ROLE, "Tasks");
    assert!(jobs.contains(r#""aws:SourceAccount":["111122223333"]"#), "{jobs}");
    assert!(jobs.contains(r#""aws:SourceArn":["arn:aws:ecs:us-east-1:111122223333:*"]"#), "{jobs}");
    let instances = trust(addresses::INSTANCE_ROLE, "Instances");
    assert!(instances.contains(r#"{"Service":["ec2.amazonaws.com"]}"#), "{instances}");
    let client = trust(addresses::CLIENT_ROLE, "Client");
    assert!(client.contains(&format!(r#"{{"AWS":["{hub}"]}}"#)), "{client}");
    assert!(find(&expansion, addresses::USER).is_none());
    assert!(find(&expansion, addresses::ACCESS_KEY).is_none());
}

#[test]
fn the_boundary_limits_every_role_and_user() {
    for (name, settings) in variants() {
        let wanted = settings.permissions_boundary.as_ref().map(|at| at.value.clone());
        for resource in expand(&settings).resources {
            if !["iam.role", "iam.user"].contains(&resource.address.resource_type.as_str()) {
                continue;
            }
            let found = resource.inputs.get(attributes::PERMISSIONS_BOUNDARY);
            let found = found.and_then(|expr| expr.known()?.as_text().map(Into::into));
            assert_eq!(found, wanted, "{name} {}", resource.address);
        }
    }
}

#[test]
fn the_bucket_refuses_other_keys_but_not_uploads_that_name_none() {
    let expansion = platform(&platform_settings());
    let of = |sid| statement(&expansion, addresses::BUCKET_POLICY, attributes::POLICY, sid);
    let header = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    let keys = of("NfplanDenyOtherKeys");
    assert!(keys.contains(&format!(r#""Null":{{"{header}":["false"]}}"#)), "{keys}");
    let other = format!(r#""StringNotEquals":{{"{header}":["kms.key/work#arn"]}}"#);
    assert!(keys.contains(&other), "{keys}");
    assert!(of("NfplanDenyPlainHttp").contains(r#""aws:SecureTransport":["false"]"#));
}

#[test]
fn the_account_keeps_the_key_in_every_partition() {
    for (region, arn) in [
        ("us-east-1", "arn:aws:iam::111122223333:root"),
        ("us-gov-west-1", "arn:aws-us-gov:iam::111122223333:root"),
        ("cn-north-1", "arn:aws-cn:iam::111122223333:root"),
    ] {
        let mut settings = platform_settings();
        settings.place.region = region.parse().unwrap();
        let expansion = platform(&settings);
        let key = statement(&expansion, addresses::KEY, attributes::POLICY, "AccountDecides");
        assert!(key.contains(&format!(r#"{{"AWS":["{arn}"]}}"#)), "{key}");
    }
}

//! What an active workspace, a suspended one and a released one differ in.

use nfplan_engine::expr::Expr;
use nfplan_engine::value::Value;

use super::fixture::*;
use crate::blueprint::names::addresses;
use crate::blueprint::names::attributes;
use crate::settings::Credentials;
use crate::settings::Delivery;

#[test]
fn suspending_disables_batch_and_stops_the_proxy() {
    let expansion = expand(&suspended());
    let environment = addresses::COMPUTE_ENVIRONMENT;
    assert_eq!(value(&expansion, environment, attributes::STATE), "DISABLED".into());
    assert_eq!(value(&expansion, environment, attributes::MIN_VCPUS), 0_u32.into());
    assert_eq!(value(&expansion, addresses::JOB_QUEUE, attributes::STATE), "DISABLED".into());
    assert_eq!(value(&expansion, addresses::JOB_QUEUE, attributes::DRAINED), true.into());
    assert_eq!(value(&expansion, addresses::PROXY_INSTANCE, attributes::STATE), "stopped".into());
}

#[test]
fn an_active_workspace_accepts_work() {
    let expansion = expand(&settings());
    let environment = addresses::COMPUTE_ENVIRONMENT;
    assert_eq!(value(&expansion, environment, attributes::STATE), "ENABLED".into());
    assert_eq!(value(&expansion, environment, attributes::MIN_VCPUS), 4_u32.into());
    assert_eq!(value(&expansion, addresses::JOB_QUEUE, attributes::STATE), "ENABLED".into());
    let queue = resource(&expansion, addresses::JOB_QUEUE);
    assert!(!queue.inputs.contains_key(attributes::DRAINED));
    assert_eq!(value(&expansion, addresses::PROXY_INSTANCE, attributes::STATE), "running".into());
}

#[test]
fn a_suspended_key_is_inactive_and_withdrawn_and_nothing_refers_to_it() {
    for delivery in [Delivery::SecretsManager, Delivery::File] {
        let mut settings = suspended();
        settings.credentials.value = Credentials::AccessKey(delivery);
        let expansion = expand(&settings);
        assert_eq!(value(&expansion, addresses::ACCESS_KEY, attributes::STATUS), "Inactive".into());
        assert!(resource(&expansion, addresses::ACCESS_KEY).lifecycle.withdraw);
        let key = addresses::ACCESS_KEY.address();
        assert!(expansion.resources.iter().all(|resource| !needs(resource).contains(&key)));
    }
}

#[test]
fn a_suspended_client_has_no_permissions_left_for_sessions_already_open() {
    let none = Value::List(Vec::new());
    let with_key = expand(&suspended());
    assert_eq!(value(&with_key, addresses::USER, attributes::POLICY_ARNS), none);

    let mut settings = suspended();
    settings.credentials.value = Credentials::Role(texts(&["arn:aws:iam::111122223333:role/hub"]));
    let with_role = expand(&settings);
    assert_eq!(value(&with_role, addresses::CLIENT_ROLE, attributes::POLICY_ARNS), none);
    let trust = policy(&with_role, addresses::CLIENT_ROLE, attributes::TRUST).to_string();
    assert!(trust.contains(r#""Effect":"Deny""#) && !trust.contains("Allow"), "{trust}");
}

#[test]
fn an_active_client_has_its_policy_before_its_key_is_made() {
    let expansion = expand(&settings());
    let policy = addresses::CLIENT_POLICY.output(attributes::ARN);
    let attached = &resource(&expansion, addresses::USER).inputs[attributes::POLICY_ARNS];
    assert_eq!(*attached, Expr::list([policy]));
    let before = prerequisites(&expansion, addresses::ACCESS_KEY);
    assert!(before.contains(&addresses::CLIENT_POLICY.address()));
}

#[test]
fn a_new_key_is_handed_out_after_everything_else() {
    for (delivery, last) in [
        (Delivery::SecretsManager, addresses::CURRENT_VERSION),
        (Delivery::File, addresses::CREDENTIALS_FILE),
    ] {
        let mut settings = settings();
        settings.credentials.value = Credentials::AccessKey(delivery);
        let expansion = expand(&settings);
        let needed = needs(resource(&expansion, last));
        assert_eq!(needed.len(), expansion.resources.len() - 1);
    }
}

#[test]
fn releasing_leaves_out_queue_and_compute_environment_and_what_they_are_named_in() {
    let mut settings = suspended();
    settings.release.value = true;
    let released = expand(&settings);
    assert!(find(&released, addresses::JOB_QUEUE).is_none());
    assert!(find(&released, addresses::COMPUTE_ENVIRONMENT).is_none());
    assert!(find(&released, addresses::JOBS_ROLE).is_some());
    let client = policy(&released, addresses::CLIENT_POLICY, attributes::DOCUMENT).to_string();
    assert!(!client.contains("SubmitJob"), "{client}");

    settings.status = super::fixture::settings().status;
    assert!(find(&expand(&settings), addresses::JOB_QUEUE).is_some());
}

#[test]
fn protection_goes_along_with_the_unit() {
    let mut settings = settings();
    assert!(!expand(&settings).source.protect);
    settings.protect.value = true;
    assert!(expand(&settings).source.protect);
}

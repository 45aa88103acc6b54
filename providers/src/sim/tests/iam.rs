//! Rules of IAM and of the delivery of access keys.

use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Target;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use secrecy::ExposeSecret;

use super::world::ROLE;
use super::world::World;
use super::world::attributes;
use crate::sim::Sim;

const POLICY: &str = r#"{"name":"x-nf-alice","path":"/x/","document":{"Version":"2012-10-17",
    "Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["*"]}]}}"#;

const USER: &str = r#"{"name":"x-nf-alice","path":"/","policy_arns":["{iam.policy/client#arn}"]}"#;

fn world() -> World {
    let mut world = World::new(Sim::in_memory());
    world.create("iam.policy/client", POLICY);
    world.create("iam.user/client", USER);
    world
}

fn policy(action: &str) -> String {
    POLICY.replace("s3:GetObject", action)
}

#[test]
fn iam_names_differ_in_more_than_case() {
    let mut world = World::new(Sim::in_memory());
    world.create("iam.role/instance", ROLE);
    world.incarnation = 2;
    let error = world.try_create("iam.role/jobs", &ROLE.replace("alice", "ALICE")).unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("EntityAlreadyExists", ErrorKind::Exists));
}

#[test]
fn names_of_the_wrong_form_are_refused() {
    let mut world = World::new(Sim::in_memory());
    for name in ["", "a b", &"x".repeat(65)] {
        let role = ROLE.replace("x-nf-ecsInstanceRole-alice", name);
        let error = world.try_create("iam.role/instance", &role).unwrap_err();
        assert_eq!((error.code.as_str(), error.kind), ("ValidationError", ErrorKind::Invalid));
    }
}

#[test]
fn a_policy_keeps_five_versions_and_the_oldest_spare_one_makes_room() {
    let mut world = world();
    let actions = ["s3:A", "s3:B", "s3:C", "s3:D", "s3:E", "s3:F"];
    for action in actions {
        let live = world.update("iam.policy/client", &policy(action));
        assert!(live.attributes["document"].to_string().contains(action));
    }
    let count = |operation: &str| world.writes().iter().filter(|name| **name == operation).count();
    assert_eq!(count("iam:CreatePolicyVersion"), 6);
    assert_eq!(count("iam:DeletePolicyVersion"), 2);
    world.sim.clear_call_log();
    world.update("iam.policy/client", &policy("s3:E"));
    assert_eq!(world.writes(), ["iam:SetDefaultPolicyVersion"]);
}

#[test]
fn a_policy_has_at_most_6144_characters() {
    let mut world = World::new(Sim::in_memory());
    let long = policy(&"a".repeat(6_200));
    let error = world.try_create("iam.policy/client", &long).unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("LimitExceeded", ErrorKind::Quota));
}

#[test]
fn what_is_attached_stays_until_it_is_detached() {
    let mut world = world();
    let error = world.delete("iam.policy/client").unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("DeleteConflict", ErrorKind::Conflict));
    let key = r#"{"user":"{iam.user/client}","status":"Active"}"#;
    world.create("iam.access_key/client", key);
    assert_eq!(world.delete("iam.user/client").unwrap_err().code, "DeleteConflict");
    world.delete("iam.access_key/client").unwrap();
    world.delete("iam.user/client").unwrap();
    world.delete("iam.policy/client").unwrap();
}

#[test]
fn a_policy_that_another_client_attached_is_not_detached() {
    let world = world();
    let foreign = Value::list(["arn:aws:iam::aws:policy/AdministratorAccess"]);
    let id = ("iam.user", "x-nf-alice");
    let other = world.sim.other_client();
    other.set_attribute(world.place(), id, "policy_arns", Some(foreign)).unwrap();
    assert_eq!(world.delete("iam.user/client").unwrap_err().code, "DeleteConflict");
}

#[test]
fn a_password_and_an_mfa_device_hold_a_user_and_show_in_a_deep_read() {
    let world = world();
    let set = |name: &str, value: Option<Value>| {
        let other = world.sim.other_client();
        other.set_attribute(world.place(), ("iam.user", "x-nf-alice"), name, value).unwrap();
    };
    set("login_profile", Some("2026-11-01T00:00:00Z".into()));
    set("mfa_devices", Some(Value::list(["arn:aws:iam::111122223333:mfa/phone"])));
    let seen = |depth| {
        let (id, inputs) = world.made["iam.user/client"].clone();
        let Sighting::Present(live) = world.read("iam.user/client", Target::Id(id, inputs), depth)
        else {
            panic!("the user exists");
        };
        let names = ["login_profile", "mfa_devices"];
        names.map(|name| live.attributes.contains_key(name))
    };
    assert_eq!((seen(Depth::Deep), seen(Depth::Bulk)), ([true, true], [false, false]));

    let refused = |words: &str| {
        let error = world.delete("iam.user/client").unwrap_err();
        assert_eq!((error.code.as_str(), error.kind), ("DeleteConflict", ErrorKind::Conflict));
        assert!(error.message.contains(words), "{error}");
    };
    refused(
        "`aws iam delete-login-profile --user-name x-nf-alice` and `aws iam deactivate-mfa-dev",
    );
    set("login_profile", None);
    refused("--serial-number arn:aws:iam::111122223333:mfa/phone`");
    set("mfa_devices", None);
    world.delete("iam.user/client").unwrap();
}

#[test]
fn a_role_is_held_by_its_profile() {
    let mut world = World::new(Sim::in_memory());
    world.base();
    assert_eq!(world.delete("iam.role/instance").unwrap_err().code, "DeleteConflict");
    world.delete("iam.instance_profile/instance").unwrap();
    world.delete("iam.role/instance").unwrap();
}

#[test]
fn a_user_has_two_keys_and_a_third_is_refused() {
    let mut world = world();
    let key = r#"{"user":"{iam.user/client}","status":"Active"}"#;
    let first = world.create("iam.access_key/client", key).remote_id;
    let second = world.create("iam.access_key/client", key).remote_id;
    assert_ne!(first, second);
    let error = world.try_create("iam.access_key/client", key).unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("LimitExceeded", ErrorKind::Quota));

    world.sim.other_client().use_access_key(world.place(), first.as_str()).unwrap();
    let target = Target::Siblings(attributes(r#"{"user":"x-nf-alice"}"#));
    let Sighting::Present(live) = world.read("iam.access_key/client", target, Depth::Deep) else {
        panic!("the user exists");
    };
    let mut ids = [first.as_str(), second.as_str()];
    ids.sort_unstable();
    assert_eq!(live.attributes["ids"], Value::list(ids));
    assert_eq!(live.attributes["unused"], Value::list([second.as_str()]));
}

#[test]
fn a_key_waits_in_the_secret_until_it_is_promoted() {
    let mut world = world();
    world.create("secretsmanager.secret/client", r#"{"name":"x/alice","description":"key"}"#);
    let key = r#"{"user":"{iam.user/client}","secret_id":"{secretsmanager.secret/client}","status":"Active"}"#;
    let key = world.create("iam.access_key/client", key).remote_id;
    let version = |key: &str| {
        format!(r#"{{"secret_id":"{{secretsmanager.secret/client}}","access_key_id":"{key}"}}"#)
    };
    let address = "secretsmanager.current_version/client";
    let error = world.try_create(address, &version("AKIAUNKNOWN")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let live = world.create(address, &version(key.as_str()));
    assert_eq!(live.remote_id, world.made["secretsmanager.secret/client"].0);
    assert_eq!(world.text(address, "access_key_id"), key.as_str());
}

#[test]
fn deleting_a_key_that_only_waits_discards_its_secret() {
    let mut world = world();
    world.create("secretsmanager.secret/client", r#"{"name":"x/alice","description":"key"}"#);
    let json = r#"{"user":"{iam.user/client}","secret_id":"{secretsmanager.secret/client}","status":"Active"}"#;
    let key = world.create("iam.access_key/client", json).remote_id;
    world.delete("iam.access_key/client").unwrap();
    let version =
        format!(r#"{{"secret_id":"{{secretsmanager.secret/client}}","access_key_id":"{key}"}}"#);
    let promoted = world.try_create("secretsmanager.current_version/client", &version);
    assert_eq!(promoted.unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_key_is_delivered_in_a_file_once_it_is_promoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let mut world = world();
    let json = format!(
        r#"{{"user":"{{iam.user/client}}","file":"{}","status":"Active"}}"#,
        path.display()
    );
    let key = world.create("iam.access_key/client", &json).remote_id;
    assert!(!path.exists());
    let file = format!(r#"{{"path":"{}","access_key_id":"{key}"}}"#, path.display());
    let live = world.create("file.credentials/client", &file);
    assert_eq!(live.remote_id.as_str(), path.to_str().unwrap());
    let secret = Sim::secret_access_key(key.as_str());
    assert!(std::fs::read_to_string(&path).unwrap().contains(secret.expose_secret()));
    assert_eq!(world.text("file.credentials/client", "access_key_id"), key.as_str());
    world.delete("file.credentials/client").unwrap();
    assert_eq!(world.live("file.credentials/client"), None);
}

#[test]
fn a_role_trusts_no_principal_that_does_not_exist() {
    let mut world = world();
    let trusts = |user: &str| {
        let principal = format!(r#"{{"AWS":["arn:aws:iam::111122223333:user/{user}"]}}"#);
        ROLE.replace(r#"{"Service":["ec2.amazonaws.com"]}"#, &principal)
    };
    let error = world.try_create("iam.role/client", &trusts("nobody")).unwrap_err();
    assert_eq!(error.code, "MalformedPolicyDocument");
    world.create("iam.role/client", &trusts("x-nf-alice"));
}

#[test]
fn tags_are_changed_by_requests_of_their_own() {
    let mut world = world();
    let mut tags = world.made["iam.user/client"].1["tags"].as_map().unwrap().clone();
    tags.insert("Name".into(), "alice".into());
    world.sim.clear_call_log();
    let change = Attributes::from([("tags".into(), tags.clone().into())]);
    let json = serde_json::to_string(&change).unwrap();
    let live = world.update("iam.user/client", &json.replace("\"tags\"", "\"policy_arns\":[\"{iam.policy/client#arn}\"],\"name\":\"x-nf-alice\",\"path\":\"/\",\"tags\""));
    assert_eq!(live.attributes["tags"], Value::Map(tags));
    assert_eq!(world.writes(), ["iam:TagUser"]);
}

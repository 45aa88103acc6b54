//! Buckets, keys and log groups, and the files of the simulated cloud itself.

use std::fs;
use std::io::Write as _;

use nfplan_engine::provider::ErrorKind;
use nfplan_engine::value::Value;

use super::world::VPC;
use super::world::World;
use crate::sim::Sim;
use crate::sim::SimError;

const BUCKET: &str = r#"{"name":"x-nf-bucket","object_ownership":"BucketOwnerEnforced"}"#;
const KEY: &str = r#"{"description":"work","enabled":true,"rotation":true,
    "policy":{"Version":"2012-10-17","Statement":[]}}"#;

fn platform(sim: &Sim, account: &str) -> World {
    World::of(sim.clone(), &format!("platform/{account}.us-east-1"))
}

#[test]
fn bucket_names_are_unique_among_all_accounts() {
    let sim = Sim::in_memory();
    let mut first = platform(&sim, "111122223333");
    first.create("s3.bucket/work", BUCKET);
    first.incarnation = 2;
    let error = first.try_create("s3.bucket/work", BUCKET).unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("BucketAlreadyOwnedByYou", ErrorKind::Exists));
    let mut second = platform(&sim, "444455556666");
    let error = second.try_create("s3.bucket/work", BUCKET).unwrap_err();
    assert_eq!((error.code.as_str(), error.kind), ("BucketAlreadyExists", ErrorKind::Exists));
}

#[test]
fn a_bucket_with_contents_stays_and_its_parts_go_with_it() {
    let sim = Sim::in_memory();
    let mut world = platform(&sim, "111122223333");
    world.create("s3.bucket/work", BUCKET);
    let block = r#"{"bucket":"x-nf-bucket","block_public_acls":true,"ignore_public_acls":true,"block_public_policy":true,"restrict_public_buckets":true}"#;
    let part = world.create("s3.public_access_block/work", block);
    assert_eq!(part.owner.unwrap().unit, world.unit);
    let other = sim.other_client();
    other.put_s3_object(world.place(), "x-nf-bucket", "alice/result").unwrap();
    assert_eq!(world.delete("s3.bucket/work").unwrap_err().code, "BucketNotEmpty");
    assert_eq!(other.s3_objects(world.place(), "x-nf-bucket").unwrap(), ["alice/result"]);
    other.delete_object(world.place(), "s3.public_access_block", "x-nf-bucket").unwrap();
    assert_eq!(world.live("s3.public_access_block/work"), None);
}

#[test]
fn a_bucket_policy_is_about_its_own_bucket() {
    let mut world = platform(&Sim::in_memory(), "111122223333");
    world.create("s3.bucket/work", BUCKET);
    let policy = |resource: &str| {
        format!(
            r#"{{"bucket":"x-nf-bucket","policy":{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"{resource}"}}]}}}}"#
        )
    };
    let wrong = policy("arn:aws:s3:::x-nf-bucket-two/*");
    let error = world.try_create("s3.bucket_policy/work", &wrong).unwrap_err();
    assert_eq!(error.code, "MalformedPolicy");
    world.create("s3.bucket_policy/work", &policy("arn:aws:s3:::x-nf-bucket/*"));
}

#[test]
fn a_key_is_switched_and_never_deleted() {
    let mut world = platform(&Sim::in_memory(), "111122223333");
    world.create("kms.key/work", KEY);
    assert_eq!(world.writes(), ["kms:CreateKey", "kms:EnableKeyRotation"]);
    world.create("kms.alias/work", r#"{"name":"alias/key-x","target_key_id":"{kms.key/work}"}"#);
    assert_eq!(world.delete("kms.key/work").unwrap_err().kind, ErrorKind::Invalid);
    let live = world.update("kms.key/work", r#"{"enabled":false}"#);
    assert_eq!(live.attributes["enabled"], Value::Bool(false));
}

#[test]
fn the_rotation_of_a_key_is_switched_while_the_key_is_enabled() {
    let mut world = platform(&Sim::in_memory(), "111122223333");
    world.create("kms.key/work", KEY);
    world.sim.clear_call_log();
    let off = world.update("kms.key/work", r#"{"enabled":false,"rotation":false}"#);
    assert_eq!(off.attributes["enabled"], Value::Bool(false));
    assert_eq!(world.writes(), ["kms:DisableKeyRotation", "kms:DisableKey"]);
    world.sim.clear_call_log();
    let turning = world.update("kms.key/work", r#"{"rotation":true}"#);
    assert_eq!(turning.attributes["rotation"], Value::Bool(true));
    assert_eq!(world.writes(), ["kms:EnableKey", "kms:EnableKeyRotation", "kms:DisableKey"]);
}

#[test]
fn a_log_group_keeps_for_the_days_that_aws_offers() {
    let mut world = platform(&Sim::in_memory(), "111122223333");
    let group = |days: u32| format!(r#"{{"name":"/x/jobs","retention_days":{days}}}"#);
    let error = world.try_create("logs.log_group/jobs", &group(31)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(
        world.create("logs.log_group/jobs", &group(30)).attributes["retention_days"],
        Value::Integer(30)
    );
}

#[test]
fn replaying_the_log_gives_the_same_cloud() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(Sim::in_folder(folder.path()).unwrap());
    world.compute();
    world.delete("batch.job_queue/main").unwrap();
    let again = Sim::in_folder(folder.path()).unwrap();
    assert_eq!(again.objects(world.place()).unwrap(), world.sim.objects(world.place()).unwrap());
    let account = &world.place().account;
    // Time passes with reads too, which leave no line, so only what objects say is compared.
    assert!(again.core().cloud(account).records().eq(world.sim.core().cloud(account).records()));
}

#[test]
fn two_handles_on_one_folder_see_each_others_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = World::new(Sim::in_folder(folder.path()).unwrap());
    let mut second =
        World::of(Sim::in_folder(folder.path()).unwrap(), "workspace/111122223333.us-east-1/bob");
    let a = first.create("ec2.vpc/main", VPC).remote_id;
    let b = second.create("ec2.vpc/main", VPC).remote_id;
    assert_ne!(a, b, "ids are counted in the log");
    assert_eq!(first.sim.objects(first.place()).unwrap().len(), 2);
    assert_eq!(
        first.sim.objects(first.place()).unwrap(),
        second.sim.objects(first.place()).unwrap()
    );
}

#[test]
fn a_read_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(Sim::in_folder(folder.path()).unwrap());
    world.create("ec2.vpc/main", VPC);
    let log = folder.path().join("111122223333.log");
    let before = fs::read(&log).unwrap();
    assert!(world.live("ec2.vpc/main").is_some());
    assert_eq!(fs::read(&log).unwrap(), before);
}

#[test]
fn a_torn_last_line_is_dropped_and_damage_in_the_middle_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(Sim::in_folder(folder.path()).unwrap());
    world.create("ec2.vpc/main", VPC);
    let log = folder.path().join("111122223333.log");
    for (incarnation, torn) in [(2, "{\"clock\":1"), (4, "{\"clock\":1\n")] {
        let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
        file.write_all(torn.as_bytes()).unwrap();
        let mut again = World::new(Sim::in_folder(folder.path()).unwrap());
        again.incarnation = incarnation;
        let before = again.sim.objects(again.place()).unwrap().len();
        again.create("ec2.vpc/main", VPC);
        let after = Sim::in_folder(folder.path()).unwrap().objects(again.place()).unwrap().len();
        assert_eq!(after, before + 1);
        again.incarnation = incarnation + 1;
        again.create("ec2.vpc/main", VPC);
    }
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&log, format!("{}\n{}\nrubbish\n{}\n", lines[0], lines[1], lines[2])).unwrap();
    let place = world.place();
    let objects = || Sim::in_folder(folder.path()).unwrap().objects(place);
    let error = objects().unwrap_err();
    assert!(matches!(error, SimError::Damaged { line: 3, .. }), "{error}");
    fs::write(&log, "{\"format\":\"nfplan.sim/2\"}\n").unwrap();
    assert!(matches!(objects().unwrap_err(), SimError::Format { .. }));
}

#[test]
fn no_secret_is_kept() {
    use secrecy::ExposeSecret as _;
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(Sim::in_folder(folder.path()).unwrap());
    world.create("iam.user/client", r#"{"name":"u","path":"/","policy_arns":[]}"#);
    world.create("secretsmanager.secret/client", r#"{"name":"x/alice","description":"key"}"#);
    let key = r#"{"user":"{iam.user/client}","secret_id":"{secretsmanager.secret/client}","status":"Active"}"#;
    let key = world.create("iam.access_key/client", key).remote_id;
    let log = fs::read_to_string(folder.path().join("111122223333.log")).unwrap();
    assert!(log.contains(key.as_str()));
    assert!(!log.contains(Sim::secret_access_key(key.as_str()).expose_secret()));
}

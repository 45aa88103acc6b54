//! `nfplan.lock` as a file.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use nfplan_engine::address::Place;
use nfplan_engine::provider::LookUp;
use nfplan_engine::value::Value;
use nfplan_specs::lock::Lock;
use nfplan_specs::lock::LockError;

use crate::kit;

const TEXT: &str = r#"{
  "format": "nfplan.lock/1",
  "pins": {
    "111122223333.us-east-1": {
      "image:ecs-al2023-x86_64": "ami-0123456789abcdef0",
      "zones:m5+optimal": [
        "use1-az1",
        "use1-az2"
      ]
    },
    "444455556666.us-west-2": {
      "image:ecs-al2023-x86_64": "ami-1123456789abcdef0"
    }
  }
}
"#;

fn place(text: &str) -> Place {
    text.parse().unwrap()
}

fn zones() -> LookUp {
    LookUp::Zones(vec!["m5".into(), "optimal".into()])
}

fn filled() -> Lock {
    let mut lock = Lock::default();
    let (main, lab) = (place("111122223333.us-east-1"), place("444455556666.us-west-2"));
    lock.insert(lab, &LookUp::EcsImage, Value::text("ami-1123456789abcdef0"));
    lock.insert(main.clone(), &zones(), Value::list(["use1-az1", "use1-az2"]));
    lock.insert(main, &LookUp::EcsImage, Value::text("ami-0123456789abcdef0"));
    lock
}

#[test]
fn what_is_saved_is_sorted_and_loads_as_it_was() {
    let folder = kit::folder(&[]);
    filled().save(folder.path()).unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("nfplan.lock")).unwrap(), TEXT);
    assert_eq!(Lock::load(folder.path()).unwrap(), filled());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing temporary stays");
}

#[test]
fn without_a_file_everything_is_missing() {
    let lock = Lock::load(kit::folder(&[]).path()).unwrap();
    let wanted = [LookUp::EcsImage, zones()];
    let missing = lock.missing(&place("111122223333.us-east-1"), &wanted);
    assert_eq!(missing, [&LookUp::EcsImage, &zones()]);
}

#[test]
fn only_what_is_used_is_kept() {
    let mut lock = filled();
    let main = place("111122223333.us-east-1");
    lock.retain(&BTreeMap::from([(main.clone(), BTreeSet::from([zones()]))]));
    assert_eq!(lock.get(&main, &zones()), Some(&Value::list(["use1-az1", "use1-az2"])));
    assert_eq!(lock.get(&main, &LookUp::EcsImage), None);
    assert!(lock.pins(&place("444455556666.us-west-2")).is_empty());
}

#[test]
fn a_newer_file_is_refused_with_advice() {
    let newer = br#"{"format": "nfplan.lock/2", "other": []}"#;
    let folder = kit::folder(&[("nfplan.lock", newer)]);
    let error = Lock::load(folder.path()).unwrap_err();
    assert!(matches!(&error, LockError::NewerFormat { found, .. } if found == "nfplan.lock/2"));
    assert!(error.to_string().contains("use a newer nfplan"), "{error}");
}

#[test]
fn a_broken_file_is_refused_at_its_place() {
    let conflict = TEXT.replace("    \"444", "<<<<<<< HEAD\n    \"444");
    let repeated = TEXT.replace("444455556666.us-west-2", "111122223333.us-east-1");
    let cases = [
        (conflict.as_str(), "line 11 column 1"),
        (repeated.as_str(), "the key `111122223333.us-east-1` stands twice at line 11 column 28"),
        (r#"{"format": "nfplan.lock/1", "pins": {"x": {}}}"#, "is not a place"),
        (r#"{"format": "nfplan.lock/1", "pins": {}, "more": 1}"#, "unknown field `more`"),
        (r#"{"format": "package-lock"}"#, "its format is `package-lock`"),
        ("", "line 1 column 0"),
    ];
    for (text, expected) in cases {
        let folder = kit::folder(&[("nfplan.lock", text.as_bytes())]);
        let error = Lock::load(folder.path()).unwrap_err();
        assert!(matches!(error, LockError::Broken { .. }), "{text}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

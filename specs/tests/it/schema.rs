//! The JSON Schema accepts what loading accepts, as an independent validator reads it.

use nfplan_specs::fleet::Fleet;
use nfplan_specs::fleet::LoadError;
use nfplan_specs::json_schema::SpecFile;
use nfplan_specs::json_schema::json_schema;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::kit;

/// What lies between values or files and not in the structure of one file: unknown references, ids
/// twice, names too long, strategies and vCPUs that do not fit, roles of other accounts.
const BEYOND: [&str; 7] = ["E0305", "E0306", "E0307", "E0308", "E0309", "E0310", "E0315"];

/// A project in which all keys are used.
fn project() -> Value {
    json!({
        "nfplan": 1, "blueprint": 1, "environment": "data.example.org",
        "state": {
            "bucket": "s3://example-state/prod", "region": "us-east-1", "bucket_owner": "111122223333",
            "kms_key": "arn:aws:kms:us-east-1:111122223333:key/k"
        },
        "approvals": ["destroy"], "max_deletes": 3,
        "accounts": {
            "main": { "id": "111122223333", "region": "us-east-1", "provider": "sim", "data": { "expire_days": 30 } },
            "lab": {
                "id": "444455556666", "region": "us-west-2", "external_id": "x",
                "assume_role": "arn:aws:iam::444455556666:role/nfplan"
            }
        },
        "profiles": { "a": settings(), "b": other_settings() },
    })
}

/// Every key that a profile and a researcher may have, with one choice of variants.
fn settings() -> Value {
    json!({
        "compute": {
            "type": "spot", "instance_types": ["optimal", "m5.large"], "min_vcpus": 0, "max_vcpus": 64,
            "strategy": "spot_capacity_optimized", "bid_percentage": 70, "ami": "ecs_optimized",
            "cli_path": "/opt/aws-cli/bin/aws"
        },
        "images": ["quay.io/x/{{username}}:*"],
        "read_buckets": ["ngi-igenomes"],
        "network": { "mode": "proxy", "cidr": "10.0.0.0/16", "allow_domains": [".quay.io"] },
        "credentials": { "kind": "access_key", "deliver": "file" },
        "suspend": { "release": true },
        "tags": { "team": "x", "empty": "" },
        "labels": { "team": "x" },
        "permissions_boundary": "arn:aws:iam::111122223333:policy/b",
        "protect": false
    })
}

/// The same with the other choice.
fn other_settings() -> Value {
    json!({
        "compute": { "type": "ec2", "ami": { "id": "ami-0123456789abcdef0" } },
        "network": {
            "mode": "existing", "vpc": "vpc-01234567", "subnets": ["subnet-01234567"],
            "security_groups": ["sg-01234567"]
        },
        "credentials": { "kind": "role", "assumable_by": ["arn:aws:iam::111122223333:root"] }
    })
}

/// Researchers with every key.
fn researchers() -> Value {
    let with = |mut settings: Value| {
        settings["account"] = json!("main");
        settings["profile"] = json!("p");
        settings["status"] = json!("suspended");
        settings
    };
    json!({ "alice@example.org": with(settings()), "bob": with(other_settings()) })
}

/// A change of a document.
#[derive(Debug, Clone)]
enum Edit {
    /// Puts a value in the place of another.
    Set(Value),
    /// Takes an entry or item away.
    Remove,
    /// Puts a value under a key of a map, or at the end of a list.
    Add(String, Value),
    /// Repeats the last item of a list.
    Repeat,
}

/// Values to put somewhere: of every type, sound in some places and in others not.
const VALUES: &str = r#"[
    null, true, 0, 1, 2, -1, 101, 1.5, 9007199254740993, "", "x", "64", "true", "spot", "ec2",
    "proxy", "existing", "role", "access_key", "aws", "sim", [], {}, ["x"], ["m5", "m5"], {
    "id": "ami-01234567" }, { "mode": "existing" }, { "kind": "role" }, { "type": "ec2" },
    "*.quay.io", "{{user}}", "10.0.0.0/8", "Data.Example.org", "vpc-01234567"
]"#;

/// Keys to add somewhere.
const KEYS: [&str; 21] = [
    "nfplan",
    "state",
    "account",
    "mode",
    "type",
    "kind",
    "id",
    "pipeline",
    "cidr",
    "vpc",
    "deliver",
    "assumable_by",
    "bid_percentage",
    "external_id",
    "assume_role",
    "provider",
    "Name",
    "aws:x",
    "é",
    "x",
    "",
];

fn edits() -> impl Strategy<Value = Vec<(Index, Edit)>> {
    let values = prop::sample::select(serde_json::from_str::<Vec<Value>>(VALUES).unwrap());
    let keys = prop::sample::select(&KEYS[..]);
    let edit = prop_oneof![
        3 => values.clone().prop_map(Edit::Set),
        3 => Just(Edit::Remove),
        2 => (keys, values).prop_map(|(key, value)| Edit::Add(key.into(), value)),
        1 => Just(Edit::Repeat),
    ];
    prop::collection::vec((any::<Index>(), edit), 0..4)
}

/// How many places a document has.
fn places(value: &Value) -> usize {
    let inside: usize = match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(entries) => entries.values().map(places).sum(),
        _ => 0,
    };
    inside + 1
}

/// Changes the place of this number; the whole document is number 0 and stays a map.
fn change(value: &mut Value, number: usize, edit: &Edit) {
    let mut at = 0;
    let mut found = None;
    walk(value, &mut String::new(), &mut |path| {
        if at == number {
            found = Some(path.to_owned());
        }
        at += 1;
    });
    let path = found.expect("there is a place of every number");
    let (parent, last) = path.rsplit_once('/').unwrap_or(("", ""));
    let last = last.replace("~1", "/").replace("~0", "~");
    match edit {
        Edit::Set(new) if !path.is_empty() => *value.pointer_mut(&path).unwrap() = new.clone(),
        Edit::Remove if !path.is_empty() => match value.pointer_mut(parent).unwrap() {
            Value::Object(entries) => drop(entries.remove(&last)),
            Value::Array(items) => drop(items.remove(last.parse().unwrap())),
            _ => unreachable!("only lists and maps have places in them"),
        },
        Edit::Add(key, new) => match value.pointer_mut(&path).unwrap() {
            Value::Object(entries) => drop(entries.insert(key.clone(), new.clone())),
            Value::Array(items) => items.push(new.clone()),
            _ => {}
        },
        Edit::Repeat => {
            if let Some(Value::Array(items)) = value.pointer_mut(&path) {
                items.extend(items.last().cloned());
            }
        }
        Edit::Set(_) | Edit::Remove => {}
    }
}

fn walk(value: &Value, path: &mut String, visit: &mut impl FnMut(&str)) {
    visit(path);
    let length = path.len();
    let mut inner = |name: &str, value: &Value| {
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        walk(value, path, visit);
        path.truncate(length);
    };
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| inner(&index.to_string(), item));
        }
        Value::Object(entries) => entries.iter().for_each(|(key, value)| inner(key, value)),
        _ => {}
    }
}

/// The codes of what loading finds wrong with the structure.
fn found(project: &Value, researchers: &Value) -> Vec<&'static str> {
    let (project, researchers) = (project.to_string(), researchers.to_string());
    let folder = kit::folder(&[
        ("nfplan.yaml", project.as_bytes()),
        ("workspaces/all.yaml", researchers.as_bytes()),
    ]);
    match Fleet::load(folder.path()) {
        Ok(_) => Vec::new(),
        Err(LoadError::Invalid(found)) => {
            let codes = found.iter().map(|problem| problem.code);
            codes.filter(|code| !BEYOND.contains(code) && !code.starts_with('W')).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

/// Whether a researcher loads with some profile below: the structure of a workspace depends on what
/// it inherits.
fn loads_over_some_profile(user: &str, researcher: &Value) -> bool {
    let file = json!({ user: researcher });
    let over = |profile: Value| {
        let mut project = project();
        project["profiles"] = json!({ "p": profile });
        found(&project, &file)
    };
    let plain = over(json!({}));
    if plain.is_empty() || !plain.iter().all(|code| ["E0202", "E0311"].contains(code)) {
        return plain.is_empty();
    }
    (0..8).any(|choice| {
        let mut profile = Map::new();
        for (bit, section) in ["compute", "network", "credentials"].into_iter().enumerate() {
            let settings = if choice >> bit & 1 == 0 { settings() } else { other_settings() };
            profile.insert(section.into(), settings[section].clone());
        }
        over(profile.into()).is_empty()
    })
}

fn validator(file: SpecFile) -> jsonschema::Validator {
    jsonschema::draft7::new(&json_schema(file)).unwrap()
}

fn edited(mut document: Value, edits: &[(Index, Edit)]) -> Value {
    for (index, edit) in edits {
        let number = index.index(places(&document));
        change(&mut document, number, edit);
    }
    document
}

#[test]
fn the_schemas_are_sound_and_accept_every_key() {
    for file in [SpecFile::Project, SpecFile::Workspaces] {
        assert!(jsonschema::draft7::meta::is_valid(&json_schema(file)));
    }
    assert!(validator(SpecFile::Project).is_valid(&project()));
    assert_eq!(found(&project(), &json!({})), [""; 0]);
    assert!(validator(SpecFile::Workspaces).is_valid(&researchers()));
}

#[test]
fn a_project_is_accepted_by_the_schema_if_and_only_if_it_loads() {
    let validator = validator(SpecFile::Project);
    let judged = kit::runner(4_000).run(&edits(), |edits| {
        let document = edited(project(), &edits);
        let loads = found(&document, &json!({})).is_empty();
        prop_assert_eq!(validator.is_valid(&document), loads, "{}", document);
        Ok(())
    });
    judged.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn researchers_are_accepted_by_the_schema_if_and_only_if_they_load() {
    let validator = validator(SpecFile::Workspaces);
    let judged = kit::runner(4_000).run(&edits(), |edits| {
        let document = edited(researchers(), &edits);
        let mut entries = document.as_object().unwrap().iter();
        let loads = entries.all(|(user, entry)| loads_over_some_profile(user, entry));
        prop_assert_eq!(validator.is_valid(&document), loads, "{}", document);
        Ok(())
    });
    judged.unwrap_or_else(|error| panic!("{error}"));
}

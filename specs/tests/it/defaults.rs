//! What the reference says of defaults is what holds.

use nfplan_specs::reference::reference;
use serde_json::Map;
use serde_json::Value;

use crate::kit;
use crate::kit::PROJECT;

/// The defaults in the reference: the path of the section, the key, and the default as a spec writes
/// it.
fn documented() -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in reference().lines() {
        if let Some(title) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            title.trim_matches('`').clone_into(&mut section);
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        if let [key, _, default, _] = cells.as_slice()
            && let Some(default) = default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'))
        {
            let key = key.trim_start_matches("| ").trim_matches('`');
            found.push((section.clone(), key.to_owned(), default.to_owned()));
        }
    }
    found
}

/// The settings without their places in the files, which differ.
fn without_origins(text: &str) -> String {
    let mut parts = text.split("origin: Origin {");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |whole, part| whole + part.split_once('}').unwrap().1)
}

#[test]
fn what_is_left_out_has_the_default_that_the_reference_names() {
    let documented = documented();
    assert!(documented.len() >= 15, "{documented:?}");
    let mut researcher = Map::new();
    for (section, key, default) in &documented {
        let path = match section.strip_prefix("profiles.NAME") {
            Some(inner) => inner.trim_start_matches('.'),
            None if section.starts_with("workspaces") => "",
            None => continue,
        };
        let value: Value = serde_yaml::from_str(default).unwrap();
        let map = match path {
            "" => &mut researcher,
            section => {
                let entry = researcher.entry(section).or_insert_with(|| Value::Object(Map::new()));
                entry.as_object_mut().unwrap()
            }
        };
        map.insert(key.clone(), value);
    }
    researcher.insert("account".into(), "lab".into());
    researcher.insert("profile".into(), "standard".into());
    let judge = |entry: Value| {
        let file = serde_json::json!({ "alice": entry }).to_string();
        without_origins(&format!("{:#?}", kit::settings(PROJECT, &file)))
    };
    let plain = judge(serde_json::json!({ "account": "lab", "profile": "standard" }));
    assert_eq!(judge(researcher.into()), plain);
}

#[test]
fn what_nfplan_yaml_leaves_out_has_the_default_that_the_reference_names() {
    let fleet = kit::sound(kit::folder(&[("nfplan.yaml", PROJECT.as_bytes())]).path());
    let account = fleet.accounts().next().unwrap();
    let held = [
        ("state", fleet.state_location().to_string()),
        ("max_deletes", fleet.max_deletes().to_string()),
        ("approvals", if fleet.approvals().is_empty() { "[]" } else { "some" }.to_owned()),
        ("expire_days", account.expire_days.value.to_string()),
        ("provider", format!("{:?}", account.access).to_lowercase()),
    ];
    let documented = documented();
    for (name, value) in held {
        let default = documented.iter().find(|(section, key, _)| {
            key == name && !section.starts_with("profiles") && !section.starts_with("work")
        });
        assert_eq!(default.map(|(_, _, default)| default.as_str()), Some(value.as_str()), "{name}");
    }
}

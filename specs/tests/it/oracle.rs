//! Sound specs mean what an independent YAML library says they mean.

use std::collections::BTreeMap;

use nfplan_specs::settings::ComputeKind;
use nfplan_specs::settings::Status;
use nfplan_specs::settings::WorkspaceSettings;
use proptest::prelude::*;
use serde_yaml::Mapping;
use serde_yaml::Value;

use crate::kit;
use crate::kit::PROJECT;

fn map(entries: impl IntoIterator<Item = (impl Into<Value>, Value)>) -> Value {
    Value::Mapping(entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<Mapping>())
}

/// A researcher's entry. The labels hold texts of every kind, as no rule limits them.
fn researcher() -> impl Strategy<Value = Value> {
    let text = || prop_oneof!["\\PC{1,12}", "[ -~\n]{1,12}", "[-+.0-9a-fxoe_:~#]{1,6}"];
    let labels = prop::collection::btree_map(text(), text(), 0..6);
    let images = prop::collection::btree_set("(/?[a-z0-9.:*-]){1,9}", 0..3);
    (labels, images, any::<bool>(), any::<bool>(), 1..1_000_000u32).prop_map(
        |(labels, images, active, spot, vcpus)| {
            let kind = if spot { "spot" } else { "ec2" };
            let compute = map([("type", Value::from(kind)), ("max_vcpus", Value::from(vcpus))]);
            let labels = labels.into_iter().map(|(key, text)| (key, Value::from(text)));
            map([
                ("account", Value::from("lab")),
                ("profile", Value::from("standard")),
                ("status", Value::from(if active { "active" } else { "suspended" })),
                ("compute", compute),
                ("images", images.into_iter().collect::<Vec<_>>().into()),
                ("labels", map(labels)),
                ("protect", Value::from(active)),
            ])
        },
    )
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_sequence().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

fn assert_same(found: &WorkspaceSettings, oracle: &Value) {
    let kind = match found.compute.kind.value {
        ComputeKind::Spot => "spot",
        ComputeKind::Ec2 => "ec2",
    };
    let status = match found.status.value {
        Status::Active => "active",
        Status::Suspended => "suspended",
    };
    assert_eq!(Some(status), oracle["status"].as_str());
    assert_eq!(Some(kind), oracle["compute"]["type"].as_str());
    let vcpus = oracle["compute"]["max_vcpus"].as_u64();
    assert_eq!(Some(u64::from(found.compute.max_vcpus.value)), vcpus);
    assert_eq!(Some(found.protect.value), oracle["protect"].as_bool());
    let images: Vec<&str> = found.images.value.iter().map(AsRef::as_ref).collect();
    assert_eq!(images, texts(&oracle["images"]));
    let labels: BTreeMap<&str, &str> =
        found.labels.iter().map(|(key, text)| (&**key, &**text)).collect();
    let entries = oracle["labels"].as_mapping().unwrap().iter();
    let expected = entries.map(|(key, text)| (key.as_str().unwrap(), text.as_str().unwrap()));
    assert_eq!(labels, expected.collect());
}

proptest! {
    #![proptest_config(kit::cases(128))]

    #[test]
    fn a_sound_spec_means_what_serde_yaml_says(spec in researcher()) {
        let file = map([("alice@example.org", spec)]);
        let block = serde_yaml::to_string(&file).unwrap();
        let flow = serde_json::to_string(&file).unwrap();
        for text in [block, flow] {
            let oracle: Value = serde_yaml::from_str(&text).unwrap();
            let found = kit::settings(PROJECT, &text);
            assert_same(&found[0], &oracle["alice@example.org"]);
        }
    }
}

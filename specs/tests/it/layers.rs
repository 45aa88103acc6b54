//! What a workspace, its profile and the defaults come to together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use nfplan_engine::provider::LookUp;
use nfplan_specs::look_up::look_ups;
use nfplan_specs::settings::Ami;
use nfplan_specs::settings::ComputeKind;
use nfplan_specs::settings::Credentials;
use nfplan_specs::settings::Delivery;
use nfplan_specs::settings::Network;
use nfplan_specs::settings::Status;
use nfplan_specs::settings::WorkspaceSettings;
use proptest::prelude::*;

use crate::kit;
use crate::kit::PROJECT;

/// The settings of one workspace with these two texts as its profile and as itself.
fn merged(profile: &str, own: &str) -> WorkspaceSettings {
    let project = PROJECT.replace("standard: {}", &format!("standard: {{ {profile} }}"));
    let text = format!("alice@x.org: {{ account: lab, profile: standard, {own} }}\n");
    kit::settings(&project, &text).remove(0)
}

#[test]
fn a_workspace_that_sets_nothing_has_the_defaults() {
    let found = merged("", "");
    assert_eq!(found.unit.to_string(), "workspace/444455556666.us-west-2/alice-40x-2eorg");
    assert_eq!(found.status.value, Status::Active);
    assert_eq!(found.compute.kind.value, ComputeKind::Spot);
    assert_eq!(*found.compute.strategy.value, *"SPOT_PRICE_CAPACITY_OPTIMIZED");
    assert_eq!(found.compute.instance_types.value, ["optimal".into()]);
    assert_eq!((found.compute.min_vcpus.value, found.compute.max_vcpus.value), (0, 64));
    assert_eq!(found.compute.bid_percentage, None);
    assert_eq!(found.compute.ami.value, Ami::EcsOptimized);
    let cidr = "192.168.0.0/16".parse().unwrap();
    assert_eq!(found.network.value, Network::Proxy { cidr, allow_domains: Vec::new() });
    assert_eq!(found.credentials.value, Credentials::AccessKey(Delivery::SecretsManager));
    assert!(found.images.value.is_empty() && found.read_buckets.value.is_empty());
    assert!(!found.release.value && !found.protect.value);
    let (file, line, column) = (found.origin.file, found.origin.line, found.origin.column);
    assert_eq!((&*found.files[file as usize], line, column), ("workspaces/all.yaml", 1, 1));
}

#[test]
fn on_demand_compute_has_a_strategy_of_its_own() {
    let found = merged("compute: { bid_percentage: 60 }", "compute: { type: ec2 }");
    assert_eq!(*found.compute.strategy.value, *"BEST_FIT_PROGRESSIVE");
    assert_eq!(found.compute.bid_percentage, None);
}

#[test]
fn a_network_of_another_mode_takes_nothing_from_the_profile() {
    let profile = "network: { mode: existing, vpc: vpc-01234567, subnets: [subnet-01234567], \
                   security_groups: [sg-01234567] }";
    let found = merged(profile, "network: { subnets: [subnet-89abcdef] }");
    let expected = Network::Existing {
        vpc: "vpc-01234567".into(),
        subnets: vec!["subnet-89abcdef".into()],
        security_groups: vec!["sg-01234567".into()],
    };
    assert_eq!(found.network.value, expected);
    let found = merged(profile, "network: { mode: proxy, allow_domains: [.quay.io] }");
    let cidr = "192.168.0.0/16".parse().unwrap();
    let expected = Network::Proxy { cidr, allow_domains: vec![".quay.io".into()] };
    assert_eq!(found.network.value, expected);
}

#[test]
fn credentials_of_another_kind_take_nothing_from_the_profile() {
    let role = "credentials: { kind: role, assumable_by: ['arn:aws:iam::111122223333:root'] }";
    let expected = Credentials::Role(vec!["arn:aws:iam::111122223333:root".into()]);
    assert_eq!(merged(role, "").credentials.value, expected);
    let found = merged(role, "credentials: { kind: access_key }");
    assert_eq!(found.credentials.value, Credentials::AccessKey(Delivery::SecretsManager));
    let found = merged("credentials: { deliver: file }", "credentials: { kind: access_key }");
    assert_eq!(found.credentials.value, Credentials::AccessKey(Delivery::File));
}

#[test]
fn the_escaped_user_name_is_filled_in() {
    let own = "images: ['quay.io/{{username}}/*'], read_buckets: ['lab-{{username}}']";
    let found = merged("", own);
    assert_eq!(found.images.value, ["quay.io/alice-40x-2eorg/*".into()]);
    assert_eq!(found.read_buckets.value, ["lab-alice-40x-2eorg".into()]);
}

#[test]
fn every_value_knows_its_line() {
    let project = PROJECT.replace("standard: {}", "standard:\n    compute:\n      max_vcpus: 8");
    let text = "alice:\n  account: lab\n  profile: standard\n  compute:\n    min_vcpus: 4\n";
    let found = kit::settings(&project, text).remove(0);
    let line = |origin: nfplan_engine::desired::Origin| {
        format!("{}:{}:{}", found.files[origin.file as usize], origin.line, origin.column)
    };
    assert_eq!(line(found.compute.max_vcpus.origin), "nfplan.yaml:10:18");
    assert_eq!(line(found.compute.min_vcpus.origin), "workspaces/all.yaml:5:16");
    assert_eq!(line(found.compute.ami.origin), "nfplan.yaml:9:5");
}

#[test]
fn only_what_a_workspace_needs_is_looked_up() {
    let zones = || LookUp::Zones(vec!["c5".into(), "m5".into()]);
    let types = "compute: { instance_types: [m5, c5] }";
    assert_eq!(look_ups(&merged(types, "")), [LookUp::EcsImage, zones()]);
    let arn = "arn:aws:imagebuilder:us-west-2:444455556666:image-pipeline/nf";
    let pipeline = format!("compute: {{ ami: {{ pipeline: '{arn}' }} }}");
    let image = LookUp::PipelineImage(arn.into());
    assert_eq!(look_ups(&merged(types, &pipeline)), [LookUp::EcsImage, image.clone(), zones()]);
    let existing = "network: { mode: existing, vpc: vpc-01234567, subnets: [subnet-01234567], \
                    security_groups: [sg-01234567] }";
    assert_eq!(look_ups(&merged(existing, &pipeline)), [image]);
    let fixed = "compute: { ami: { id: ami-01234567 } }";
    assert_eq!(look_ups(&merged(existing, fixed)), []);
}

#[test]
fn accounts_nobody_uses_have_no_platform() {
    let folder = kit::folder(&[
        ("nfplan.yaml", PROJECT.as_bytes()),
        ("workspaces/a.yaml", b"alice: { account: lab, profile: standard }\n"),
    ]);
    let fleet = kit::sound(folder.path());
    let places: Vec<String> = fleet.places().iter().map(ToString::to_string).collect();
    assert_eq!(places, ["444455556666.us-west-2"]);
    let platform = fleet.platform(fleet.places().first().unwrap());
    assert_eq!((platform.expire_days.value, platform.origin.line), (30, 6));
    assert_eq!(fleet.accounts().count(), 2);
}

/// Fields that a layer may set or not.
#[derive(Debug, Clone)]
struct Layer {
    min_vcpus: Option<u32>,
    max_vcpus: Option<u32>,
    bid: Option<u32>,
    images: Option<Vec<String>>,
    domains: Option<Vec<String>>,
    release: Option<bool>,
    protect: Option<bool>,
    tags: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

fn layer() -> impl Strategy<Value = Layer> {
    let words = || prop::collection::btree_set("[a-z]{1,6}", 0..4);
    let list = || prop::option::of(words().prop_map(|words| words.into_iter().collect::<Vec<_>>()));
    let map = || prop::collection::btree_map("[a-c]", "[a-z]{1,3}", 0..3);
    let flag = || prop::option::of(any::<bool>());
    let compute =
        (prop::option::of(0..8u32), prop::option::of(64..99u32), prop::option::of(1..101u32));
    (compute, list(), list(), (flag(), flag()), map(), map()).prop_map(
        |((min_vcpus, max_vcpus, bid), images, domains, (release, protect), tags, labels)| Layer {
            min_vcpus,
            max_vcpus,
            bid,
            images,
            domains,
            release,
            protect,
            tags,
            labels,
        },
    )
}

impl Layer {
    /// As the inside of a YAML flow map.
    fn yaml(&self) -> String {
        let mut text = String::from("compute: {");
        let numbers = [
            ("min_vcpus", self.min_vcpus),
            ("max_vcpus", self.max_vcpus),
            ("bid_percentage", self.bid),
        ];
        for (key, number) in numbers {
            number.iter().for_each(|number| write!(text, "{key}: {number}, ").unwrap());
        }
        text += "}, network: {";
        self.domains.iter().for_each(|names| write!(text, "allow_domains: {names:?}").unwrap());
        text += "}, suspend: {";
        self.release.iter().for_each(|flag| write!(text, "release: {flag}").unwrap());
        text += "}, ";
        self.images.iter().for_each(|names| write!(text, "images: {names:?}, ").unwrap());
        self.protect.iter().for_each(|flag| write!(text, "protect: {flag}, ").unwrap());
        let (tags, labels) = (json(&self.tags), json(&self.labels));
        write!(text, "tags: {tags}, labels: {labels}").unwrap();
        text
    }
}

fn json(map: &BTreeMap<String, String>) -> String {
    serde_json::to_string(map).unwrap()
}

fn texts(values: &[Box<str>]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(kit::cases(64))]

    #[test]
    fn each_field_is_the_workspaces_else_the_profiles_else_the_default(
        profile in layer(),
        own in layer(),
    ) {
        let found = merged(&profile.yaml(), &own.yaml());
        prop_assert_eq!(found.compute.min_vcpus.value, own.min_vcpus.or(profile.min_vcpus).unwrap_or(0));
        prop_assert_eq!(found.compute.max_vcpus.value, own.max_vcpus.or(profile.max_vcpus).unwrap_or(64));
        prop_assert_eq!(found.compute.bid_percentage.map(|at| at.value), own.bid.or(profile.bid));
        prop_assert_eq!(found.release.value, own.release.or(profile.release).unwrap_or(false));
        prop_assert_eq!(found.protect.value, own.protect.or(profile.protect).unwrap_or(false));
        prop_assert_eq!(texts(&found.images.value), own.images.or(profile.images).unwrap_or_default());
        let Network::Proxy { allow_domains, .. } = found.network.value else { panic!() };
        prop_assert_eq!(texts(&allow_domains), own.domains.or(profile.domains).unwrap_or_default());
        let mut tags = profile.tags;
        tags.extend(own.tags);
        let found_tags = found.tags.iter().map(|(key, at)| (key.to_string(), at.value.to_string()));
        prop_assert_eq!(found_tags.collect::<BTreeMap<_, _>>(), tags);
        let mut labels = profile.labels;
        labels.extend(own.labels);
        let found_labels = found.labels.iter().map(|(key, text)| (key.to_string(), text.to_string()));
        prop_assert_eq!(found_labels.collect::<BTreeMap<_, _>>(), labels);
    }
}

//! A plan's digest follows from what decides, and from nothing else.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::UnitId;
use nfplan_engine::asked::Asked;
use nfplan_engine::desired::Desired;
use nfplan_engine::digest::Digest;
use nfplan_engine::observed::Observed;
use nfplan_engine::observed::Remains;
use nfplan_engine::plan::Refresh;
use nfplan_engine::planner::PlanInput;
use nfplan_engine::planner::plan;
use nfplan_engine::state::State;
use nfplan_engine::value::Value;
use nfplan_specs::blueprint;
use nfplan_specs::look_up::look_ups;
use nfplan_tests::fleets::choice_table;
use nfplan_tests::site::Site;
use nfplan_tests::site::open;
use nfplan_tests::spec::FleetSpec;
use nfplan_tests::spec::Layout;
use serde_json::json;

const ALICE: &str = "alice@uchicago.edu";

fn digest(site: &Site) -> Digest {
    let planned = site.plan(Refresh::Bulk);
    assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
    planned.document(Refresh::Bulk).digest
}

fn fleet() -> FleetSpec {
    FleetSpec::of(ALICE, &[("tags", json!({"cost-center": "1", "pi": "x"}))])
        .with("bob", "lab", &[("compute", json!({"max_vcpus": 8, "min_vcpus": 1}))])
        .with("carol", "main", &[("images", json!([]))])
}

/// Two histories that make the same: specs laid out in one way or another, applied, edited.
fn edited(layout: Layout) -> Site {
    let site = Site::new(&FleetSpec::default());
    site.lay_out(layout);
    site.write(&fleet());
    site.apply_fully();
    site.write(&fleet().edited(ALICE, "tags", Some(json!({"pi": "y"}))));
    site
}

#[test]
fn the_digest_is_the_same_in_any_folder_any_layout_and_any_time_again() {
    let layouts = [
        Layout::FileEach,
        Layout::FileEachReversed,
        Layout::OneFile,
        Layout::FileNamed,
        Layout::FileEach,
    ];
    let sites = layouts.map(edited);
    let digests: BTreeSet<Digest> = sites.iter().chain(&sites).map(digest).collect();
    assert_eq!(digests.len(), 1);
}

#[test]
fn any_value_of_a_spec_that_reaches_a_resource_makes_another_digest() {
    let site = Site::new(&fleet());
    let mut digests = BTreeSet::from([digest(&site)]);
    let mut expected = 1;
    for (field, values) in choice_table() {
        // Labels are not sent to the cloud; these two values stand in the profile or are the
        // default already; suspension alone decides what `suspend` means.
        let same = |value: &serde_json::Value| {
            field == "labels" || field == "suspend" || *value == json!("active")
        };
        let mut seen: Vec<serde_json::Value> = Vec::new();
        for value in values {
            if seen.contains(&value) {
                continue;
            }
            site.write(&fleet().edited(ALICE, field, Some(value.clone())));
            let other = digest(&site);
            assert_eq!(digests.insert(other), !same(&value), "{field}: {value}");
            expected += usize::from(!same(&value));
            seen.push(value);
        }
    }
    for released in [true, false] {
        let suspended = fleet().edited(ALICE, "status", Some(json!("suspended")));
        let release = json!({"release": released});
        site.write(&suspended.edited(ALICE, "suspend", Some(release)));
        assert_eq!(digests.insert(digest(&site)), released);
        expected += usize::from(released);
    }
    let more = [
        FleetSpec { expire_days: 31, ..fleet() },
        FleetSpec { environment: "data.example.com".into(), ..fleet() },
        fleet().with("dan", "main", &[]),
        fleet().edited(ALICE, "protect", Some(json!(true))),
    ];
    for specs in more {
        site.write(&specs);
        assert!(digests.insert(digest(&site)), "{specs:#?}");
        expected += 1;
    }
    assert_eq!(digests.len(), expected);
}

#[test]
fn any_other_pin_makes_another_digest() {
    let site = Site::new(&fleet());
    let mut digests = BTreeSet::from([digest(&site)]);
    let project = site.project();
    let specs: Vec<_> = project.fleet.workspaces().collect();
    let mut pins = 0;
    for spec in &specs {
        for look_up in look_ups(&project.fleet.workspace(spec)) {
            let mut lock = project.lock.clone();
            let answer = match lock.get(spec.place(), &look_up).unwrap() {
                Value::List(zones) => Value::List(zones.iter().rev().cloned().collect()),
                _ => "ami-0fedcba9876543210".into(),
            };
            lock.insert(spec.place().clone(), &look_up, answer);
            lock.save(site.root()).unwrap();
            digests.insert(digest(&site));
            pins += 1;
        }
    }
    // Alice and carol share theirs.
    assert_eq!((pins, digests.len()), (6, 1 + 4));
    project.lock.save(site.root()).unwrap();
    assert!(digests.contains(&digest(&site)));
}

/// Plans alice against a state, without a look at the cloud.
fn unit_digest(site: &Site, state: &State) -> Digest {
    let project = open(site.root(), site.cloud.clone());
    let spec = project.spec(&state.unit).unwrap();
    let pins = project.lock.pins(spec.place());
    let expansion = blueprint::workspace(&project.fleet.workspace(spec), &pins).unwrap();
    let schemas = nfplan_providers::registry::schemas();
    let desired = Desired::build(expansion, &schemas).unwrap();
    let platform = site.state(&state.unit.platform()).unwrap();
    let externals = desired.externals().iter();
    let externals: BTreeMap<_, _> = externals
        .map(|external| (external.clone(), platform.output(&external.reference).unwrap().clone()))
        .collect();
    let input = PlanInput {
        state_digest: state.digest(),
        desired: &desired,
        state,
        observed: &Observed::new(),
        remains: &Remains::new(),
        externals: &externals,
        schemas: &schemas,
        asked: &Asked::default(),
    };
    plan(input).unwrap().plan.digest
}

fn alice(site: &Site) -> UnitId {
    site.units().into_iter().find(|unit| unit.to_string().contains("alice")).unwrap()
}

#[test]
fn any_other_byte_of_the_state_makes_another_digest() {
    let site = edited(Layout::FileEach);
    let state = site.state(&alice(&site)).unwrap();
    let mut digests = BTreeSet::from([unit_digest(&site, &state)]);
    let mut changes = 0;
    for address in state.entries.keys() {
        let edits: [fn(&mut nfplan_engine::state::Entry); 3] = [
            |entry| entry.incarnation += 1,
            |entry| {
                let object = entry.current.as_mut().unwrap();
                object.outputs.insert("arn".into(), "another".into());
            },
            |entry| entry.current.as_mut().unwrap().dependencies.clear(),
        ];
        for edit in edits {
            let mut other = state.clone();
            edit(other.entries.get_mut(address).unwrap());
            if other != state {
                digests.insert(unit_digest(&site, &other));
                changes += 1;
            }
        }
    }
    assert!(changes > 2 * state.entries.len());
    assert_eq!(digests.len(), 1 + changes);
}

#[test]
fn any_other_pre_image_of_a_touched_object_makes_another_digest() {
    let site = edited(Layout::FileEach);
    let unit = alice(&site);
    let state = site.state(&unit).unwrap();
    let planned = site.plan(Refresh::Bulk);
    let touched = planned.units[0].plan.touched();
    let mut digests = BTreeSet::from([digest(&site)]);
    let client = site.cloud.other_client();
    for address in &touched {
        let object = state.current(address).unwrap();
        let target = (address.resource_type.as_str(), object.remote_id.as_str());
        for name in ["tags", "description"] {
            let Some(before) = object.inputs.get(name) else { continue };
            let other = match before {
                Value::Map(tags) => {
                    let mut tags = tags.clone();
                    tags.insert("drifted".into(), "yes".into());
                    Value::Map(tags)
                }
                _ => "drifted".into(),
            };
            client.set_attribute(unit.place(), target, name, Some(other)).unwrap();
            assert!(digests.insert(digest(&site)), "{address} {name}");
            client.set_attribute(unit.place(), target, name, Some(before.clone())).unwrap();
        }
    }
    assert!(digests.len() > touched.len());
    assert!(digests.contains(&digest(&site)));
}

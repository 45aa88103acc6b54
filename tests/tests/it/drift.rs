//! Whatever somebody else changes is shown, at its place, and nothing else is.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use nfplan_cli::planning::FleetPlan;
use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_engine::refusal::RefusalKind;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Kind;
use nfplan_engine::schema::OnChange;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::state::State;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use nfplan_providers::registry::schemas;
use nfplan_tests::site::Site;
use nfplan_tests::spec::BOUNDARY;
use nfplan_tests::spec::FleetSpec;
use serde_json::json;

const ALICE: &str = "alice@uchicago.edu";

/// Attributes that nobody can change, or that this test changes in another way, and why.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("file.credentials", "path", "a file is looked for at its path: elsewhere it is another file"),
    ("file.credentials", "access_key_id", "the disk is no part of the simulated cloud"),
    ("batch.job_queue", "drained", "it is seen from the jobs, and wanted of suspended ones only"),
    (
        "s3.bucket_lifecycle",
        "transition_default_minimum_object_size",
        "it is about what only others want",
    ),
];

/// Attributes that a bulk read does not return although they are not marked as deep, and why.
const KEYS_ARE_NOT_LISTED: &str = "iam.access_key";

/// The places of one attribute of one type.
struct Case {
    unit: UnitId,
    address: Address,
    schema: &'static Schema,
    attribute: &'static Attribute,
}

/// Whether an attribute is not changed by setting it.
pub(crate) fn is_elsewhere(resource_type: &str, name: &str) -> bool {
    ELSEWHERE.iter().any(|(of, attribute, _)| (*of, *attribute) == (resource_type, name))
}

/// A workspace that has every type but the credentials file.
fn full() -> FleetSpec {
    FleetSpec::of(
        ALICE,
        &[
            ("compute", json!({"min_vcpus": 1, "bid_percentage": 70})),
            ("permissions_boundary", json!(BOUNDARY)),
            ("tags", json!({"cost-center": "42"})),
        ],
    )
}

/// One case for each attribute of each type, where possible of an object that has it.
fn cases(site: &Site) -> Vec<Case> {
    let mut cases: BTreeMap<(&str, &str), (bool, Case)> = BTreeMap::new();
    for unit in site.units() {
        for (address, entry) in site.state(&unit).unwrap().entries {
            let Some(object) = entry.current else { continue };
            let schema = schemas().find(&address.resource_type).unwrap();
            for (attribute, _) in schema.managed() {
                let has = object.inputs.contains_key(attribute.name);
                let case = Case { unit: unit.clone(), address: address.clone(), schema, attribute };
                let better = cases
                    .get(&(schema.resource_type, attribute.name))
                    .is_none_or(|(had, _)| has && !had);
                if better {
                    cases.insert((schema.resource_type, attribute.name), (has, case));
                }
            }
        }
    }
    cases.into_values().map(|(_, case)| case).collect()
}

/// Another value of the same shape.
pub(crate) fn other(shape: Shape, value: Option<&Value>) -> Value {
    match (shape, value) {
        (Shape::Bool, value) => (value.and_then(Value::as_bool) != Some(true)).into(),
        (Shape::Integer, value) => {
            Value::integer(value.and_then(Value::as_integer).unwrap_or(1) + 1).unwrap()
        }
        (Shape::Text, _) => "drifted".into(),
        (Shape::List(_) | Shape::Set(_), Some(Value::List(items))) if !items.is_empty() => {
            Value::List(items[1..].to_vec())
        }
        (Shape::List(item) | Shape::Set(item), _) => Value::List(vec![other(*item, None)]),
        (Shape::Map(item), value) => {
            let mut entries = value.and_then(Value::as_map).cloned().unwrap_or_default();
            entries.insert("drifted".into(), other(*item, None));
            Value::Map(entries)
        }
        (Shape::Object(fields), value) => {
            let mut entries = value.and_then(Value::as_map).cloned().unwrap_or_default();
            entries.insert(fields[0].0.into(), other(fields[0].1, None));
            Value::Map(entries)
        }
        (Shape::Policy, _) => {
            // In a bucket's policy it has to look like nfplan's own: those of others are kept.
            let statement = json!({"Sid": "NfplanOther", "Effect": "Deny", "Action": ["s3:*"],
                "Resource": ["*"]});
            serde_json::from_value(json!({"Version": "2012-10-17", "Statement": [statement]}))
                .unwrap()
        }
    }
}

/// All attributes of an object as they are in the cloud.
fn live(site: &Site, case: &Case) -> (String, Attributes) {
    let id = site.state(&case.unit).unwrap().current(&case.address).unwrap().remote_id.clone();
    let objects = site.cloud.objects(case.unit.place()).unwrap();
    let object = objects
        .into_iter()
        .find(|object| object.resource_type == case.schema.resource_type && object.remote_id == id);
    (id.to_string(), object.unwrap().attributes)
}

/// Whether an object needs another one, itself or through others.
fn rests_on(state: &State, address: &Address, other: &Address) -> bool {
    let needs = state.current(address).map(|object| &object.dependencies);
    needs
        .is_some_and(|needs| needs.iter().any(|need| need == other || rests_on(state, need, other)))
}

impl Case {
    fn name(&self) -> String {
        format!("{}:{} {}", self.unit, self.address, self.attribute.name)
    }

    fn is_elsewhere(&self) -> bool {
        is_elsewhere(self.schema.resource_type, self.attribute.name)
    }

    /// Expects a plan to show this drift and nothing but what rests on the object: what is replaced
    /// or updated changes what others are given.
    fn assert_shown(&self, site: &Site, planned: &FleetPlan) {
        let name = self.name();
        if let Some(refusals) = planned.refused.get(&self.unit) {
            let state = site.state(&self.unit).unwrap();
            let follows = refusals.iter().all(|refusal| {
                let address = refusal.address.as_ref().unwrap();
                let concerned =
                    *address == self.address || rests_on(&state, address, &self.address);
                concerned && refusal.kind == RefusalKind::Unchangeable
            });
            let shown = refusals.iter().any(|found| found.address.as_ref() == Some(&self.address));
            assert!(follows && shown && self.is_refused(), "{name}: {refusals:#?}");
            return;
        }
        let units: Vec<&UnitId> = planned.units.iter().map(|unit| &unit.plan.unit).collect();
        assert_eq!(units, [&self.unit], "{name}");
        for change in &planned.units[0].plan.changes {
            let names: Vec<&str> = change.attributes.iter().map(|found| &*found.name).collect();
            if change.address == self.address {
                assert_eq!(names, [self.attribute.name], "{name}");
                continue;
            }
            let follows = rests_on(&planned.units[0].state, &change.address, &self.address);
            assert!(follows && !names.is_empty(), "{name}: {change:#?}");
        }
        let mut addresses = planned.units[0].plan.changes.iter().map(|change| &change.address);
        assert!(addresses.any(|address| *address == self.address), "{name}: not shown");
    }

    /// Whether the change would take a replacement or an update that is not offered.
    fn is_refused(&self) -> bool {
        let Kind::Managed(managed) = self.attribute.kind else { return false };
        let retained = matches!(self.schema.removal, Removal::Retain(_));
        match managed.on_change {
            OnChange::Refused(_) => true,
            OnChange::CreateFirst | OnChange::InSlot => retained,
            OnChange::InPlace => false,
        }
    }
}

#[test]
fn a_change_of_any_attribute_of_any_type_is_shown_and_nothing_else() {
    let site = Site::new(&full());
    site.apply_fully();
    let cases = cases(&site);
    for case in cases.iter().filter(|case| !case.is_elsewhere()) {
        let (id, attributes) = live(&site, case);
        let before = attributes.get(case.attribute.name);
        let target = (case.schema.resource_type, &*id);
        let set = |value| {
            let client = site.cloud.other_client();
            client.set_attribute(case.unit.place(), target, case.attribute.name, value).unwrap();
        };
        set(Some(other(case.attribute.shape, before)));
        case.assert_shown(&site, &site.plan(Refresh::Deep));
        let bulk = site.plan(Refresh::Bulk);
        if case.attribute.deep || case.schema.resource_type == KEYS_ARE_NOT_LISTED {
            assert!(bulk.units.is_empty(), "{}: seen in bulk", case.name());
        } else {
            case.assert_shown(&site, &bulk);
        }
        set(before.cloned());
    }
    assert!(site.plan(Refresh::Deep).units.is_empty());
}

#[test]
fn together_the_cases_are_all_managed_attributes_of_all_types() {
    let site = Site::new(&full());
    site.apply_fully();
    let tried: BTreeSet<(&str, &str)> = cases(&site)
        .iter()
        .filter(|case| !case.is_elsewhere())
        .map(|case| (case.schema.resource_type, case.attribute.name))
        .collect();
    let elsewhere: BTreeSet<(&str, &str)> =
        ELSEWHERE.iter().map(|(t, name, _)| (*t, *name)).collect();
    let all: BTreeSet<(&str, &str)> = schemas()
        .iter()
        .flat_map(|schema| schema.managed().map(|(found, _)| (schema.resource_type, found.name)))
        .collect();
    assert!(tried.is_disjoint(&elsewhere));
    assert_eq!(tried.union(&elsewhere).copied().collect::<BTreeSet<_>>(), all);
}

/// The one address and attribute that a plan changes.
fn only_change(planned: &FleetPlan) -> (String, String) {
    assert_eq!(planned.units.len(), 1, "{planned:#?}");
    let changes = &planned.units[0].plan.changes;
    assert_eq!(changes.len(), 1, "{changes:#?}");
    let names: Vec<&str> = changes[0].attributes.iter().map(|found| &*found.name).collect();
    (changes[0].address.to_string(), names.join(" "))
}

#[test]
fn jobs_on_the_queue_of_a_suspended_workspace_are_shown_by_a_deep_plan_only() {
    let site = Site::new(&FleetSpec::of(ALICE, &[("status", json!("suspended"))]));
    site.apply_fully();
    let unit = site.units().into_iter().find(|unit| unit.user().is_some()).unwrap();
    let queue: Address = "batch.job_queue/main".parse().unwrap();
    let id = site.state(&unit).unwrap().current(&queue).unwrap().remote_id.clone();
    site.cloud.other_client().run_job(unit.place(), id.as_str()).unwrap();
    assert!(site.plan(Refresh::Bulk).units.is_empty());
    let change = only_change(&site.plan(Refresh::Deep));
    assert_eq!(change, ("batch.job_queue/main".into(), "drained".into()));
}

#[test]
fn jobs_on_the_queue_of_an_active_workspace_are_no_drift() {
    let site = Site::new(&full());
    site.apply_fully();
    let unit = site.units().into_iter().find(|unit| unit.user().is_some()).unwrap();
    let queue: Address = "batch.job_queue/main".parse().unwrap();
    let id = site.state(&unit).unwrap().current(&queue).unwrap().remote_id.clone();
    site.cloud.other_client().run_job(unit.place(), id.as_str()).unwrap();
    assert!(site.plan(Refresh::Deep).units.is_empty());
}

#[test]
fn another_key_in_the_credentials_file_is_shown() {
    let site = Site::new(&FleetSpec::of("bob", &[("credentials", json!({"deliver": "file"}))]));
    site.apply_fully();
    let path = site.root().join(".nfplan/credentials/bob");
    let text = fs::read_to_string(&path).unwrap();
    let key = text.lines().find_map(|line| line.strip_prefix("aws_access_key_id = ")).unwrap();
    fs::write(&path, text.replace(key, "AKIAOTHEROTHEROTHER2")).unwrap();
    for refresh in [Refresh::Bulk, Refresh::Deep] {
        let change = only_change(&site.plan(refresh));
        assert_eq!(change, ("file.credentials/client".into(), "access_key_id".into()));
    }
}

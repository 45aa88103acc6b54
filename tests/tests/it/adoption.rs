//! What something else made under the names that the specs come to is taken over: all of it, as it is,
//! and only if nobody else can have a claim to it.

use nfplan_cli::planning::FleetPlan;
use nfplan_cli::planning::Purpose;
use nfplan_engine::change::Action;
use nfplan_engine::plan::Refresh;
use nfplan_engine::refusal::RefusalKind;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use nfplan_tests::fleets::choice_table;
use nfplan_tests::passage::ALICE;
use nfplan_tests::passage::disown;
use nfplan_tests::picture::Picture;
use nfplan_tests::picture::assert_same;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::spec::FleetSpec;
use serde_json::json;

fn site(fields: &[(&'static str, serde_json::Value)]) -> Site {
    let site = Site::new(&FleetSpec::of(ALICE, fields));
    site.apply_fully();
    site
}

fn changes(planned: &FleetPlan) -> Vec<(String, Action)> {
    let changes = planned.units.iter().flat_map(|unit| &unit.plan.changes);
    changes.map(|change| (change.address.to_string(), change.action)).collect()
}

/// The only refusal of a plan: of which resource, and why.
fn refused(planned: &FleetPlan) -> (String, String) {
    let refusals: Vec<_> = planned.refused.values().flatten().collect();
    let [refusal] = refusals.as_slice() else { panic!("{refusals:#?}") };
    assert_eq!(refusal.kind, RefusalKind::Foreign);
    (refusal.address.as_ref().unwrap().to_string(), refusal.message.clone())
}

#[test]
fn whatever_specs_come_to_is_found_and_only_the_key_is_made_anew() {
    for (field, values) in choice_table() {
        let value = values.into_iter().next_back().unwrap();
        let fields = [(field, value)];
        let site = site(&fields);
        let before = Picture::of(&site);
        disown(&site);
        site.cloud.clear_call_log();

        assert_applied(&site.carry_out(site.plan_for(Purpose::Adopt)));

        let writes = site.cloud.call_log().into_iter().filter(|call| call.mutating);
        let others: Vec<&str> = writes
            .map(|call| call.operation)
            .filter(|operation| !operation.contains("Tag"))
            .collect();
        assert!(others.is_empty(), "{others:?}");
        // Where its secret went, nobody can tell.
        let keys = ["iam.access_key/", "secretsmanager.current_version/", "file.credentials/"];
        for (address, action) in changes(&site.plan(Refresh::Deep)) {
            assert!(keys.iter().any(|key| address.starts_with(key)), "{fields:?}: {address}");
            let is_key = address.starts_with(keys[0]);
            let anew = [Action::Replace, Action::Delete].contains(&action);
            assert!(!is_key || anew, "{fields:?}: {action:?}");
        }
        assert_applied(&site.apply());
        assert_same(&Picture::of(&site), &before, &format!("{fields:?}"));
        assert!(changes(&site.plan_for(Purpose::Adopt)).is_empty());
        assert!(changes(&site.plan(Refresh::Deep)).is_empty());
    }
}

#[test]
fn what_is_not_there_is_left_to_the_next_apply() {
    let site = site(&[]);
    let before = Picture::of(&site);
    disown(&site);
    let place = "111122223333.us-east-1".parse().unwrap();
    let queue = site.cloud.objects(&place).unwrap().into_iter();
    let queue = queue.filter(|object| object.resource_type == "batch.job_queue");
    for object in queue {
        let id = object.remote_id.as_str();
        site.cloud.other_client().delete_object(&place, "batch.job_queue", id).unwrap();
    }
    assert_applied(&site.carry_out(site.plan_for(Purpose::Adopt)));
    let created: Vec<String> = changes(&site.plan(Refresh::Deep))
        .into_iter()
        .filter(|(_, action)| *action == Action::Create)
        .map(|(address, _)| address)
        .collect();
    assert_eq!(created, ["batch.job_queue/main"]);
    assert_applied(&site.apply());
    assert_same(&Picture::of(&site), &before, "all is there again");
}

#[test]
fn of_two_that_are_called_the_same_none_is_taken() {
    let site = site(&[]);
    disown(&site);
    let place = "111122223333.us-east-1".parse().unwrap();
    let vpcs = site.cloud.objects(&place).unwrap().into_iter();
    let vpc = vpcs.clone().find(|object| object.resource_type == "ec2.vpc").unwrap();
    let mut twin: Attributes = vpc.attributes.clone();
    twin.remove("id");
    let twin = site.cloud.other_client().put_object(&place, "ec2.vpc", twin).unwrap();

    let (address, message) = refused(&site.plan_for(Purpose::Adopt));

    assert_eq!(address, "ec2.vpc/main");
    assert!(
        message.contains(twin.as_str()) && message.contains(vpc.remote_id.as_str()),
        "{message}"
    );
}

#[test]
fn a_second_key_is_not_taken_for_the_first() {
    let site = site(&[]);
    disown(&site);
    let place = "111122223333.us-east-1".parse().unwrap();
    let mut users = site.cloud.objects(&place).unwrap().into_iter();
    let user = users.find(|object| object.resource_type == "iam.user").unwrap();
    let client = site.cloud.other_client();
    let second = client.create_access_key(&place, user.remote_id.as_str()).unwrap();
    let (address, message) = refused(&site.plan_for(Purpose::Adopt));
    assert_eq!(address, "iam.access_key/client");
    assert!(message.contains(second.as_str()), "{message}");
}

#[test]
fn whoever_else_has_a_claim_keeps_what_he_has() {
    let place = "111122223333.us-east-1".parse().unwrap();
    let bob = "workspace/111122223333.us-east-1/bob";
    let name_tag = |name: &str| Value::Map([("Name".into(), Value::text(name))].into());
    let owned = Value::Map(
        [("nfplan:unit", bob), ("nfplan:address", "batch.job_queue/main")]
            .map(|(key, value)| (key.into(), Value::text(value)))
            .into(),
    );
    for (resource_type, attribute, value, why) in [
        ("batch.job_queue", "tags", owned, bob),
        ("batch.job_queue", "tags", name_tag("another"), "its tag `Name` is \"another\""),
        ("iam.role", "path", Value::text("/another/"), "its `path` is \"/another/\""),
    ] {
        let site = site(&[]);
        disown(&site);
        let mut objects = site.cloud.objects(&place).unwrap().into_iter();
        let object = objects.find(|object| object.resource_type == resource_type).unwrap();
        let target = (resource_type, object.remote_id.as_str());
        site.cloud.other_client().set_attribute(&place, target, attribute, Some(value)).unwrap();
        let (address, message) = refused(&site.plan_for(Purpose::Adopt));
        assert!(address.starts_with(resource_type), "{address}");
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn an_adopted_network_keeps_its_subnets() {
    let site = site(&[("network", json!({"cidr": "10.1.0.0/16"}))]);
    disown(&site);
    let place = "111122223333.us-east-1".parse().unwrap();
    let client = site.cloud.other_client();
    let objects = site.cloud.objects(&place).unwrap().into_iter();
    for (number, subnet) in objects.filter(|o| o.resource_type == "ec2.subnet").enumerate() {
        let cidr = format!("10.1.{}.0/18", 64 * number);
        let target = ("ec2.subnet", subnet.remote_id.as_str());
        client.set_attribute(&place, target, "cidr", Some(Value::from(cidr))).unwrap();
    }
    assert_applied(&site.carry_out(site.plan_for(Purpose::Adopt)));
    let planned = site.plan(Refresh::Deep);
    assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
    assert!(changes(&planned).iter().all(|(address, _)| !address.starts_with("ec2.")));
    assert_eq!(planned.notes.iter().filter(|(.., note)| note.contains("/18")).count(), 4);
}

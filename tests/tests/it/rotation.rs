//! Who gets in, changed at once: two keys for a while, and none at all.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use nfplan_cli::exit::Exit;
use nfplan_cli::planning::FleetPlan;
use nfplan_cli::planning::Purpose;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::step::Operation;
use nfplan_engine::value::Value;
use nfplan_providers::sim::Fault;
use nfplan_providers::sim::FaultMode;
use nfplan_providers::sim::FaultPoint;
use nfplan_tests::passage::ALICE;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::spec::FleetSpec;
use serde_json::json;

fn site(fields: &[(&'static str, serde_json::Value)]) -> Site {
    let site = Site::new(&FleetSpec::of(ALICE, fields));
    site.apply_fully();
    site
}

fn alice(site: &Site) -> UnitId {
    site.units().into_iter().find(|unit| unit.user().is_some()).unwrap()
}

/// Access keys in the cloud, and whether each works.
fn keys(site: &Site) -> BTreeMap<String, String> {
    let text = |value: Option<&Value>| value.and_then(Value::as_text).unwrap().to_owned();
    let objects = site.cloud.objects(alice(site).place()).unwrap().into_iter();
    let keys = objects.filter(|object| object.resource_type == "iam.access_key");
    keys.map(|key| (key.remote_id.to_string(), text(key.attributes.get("status")))).collect()
}

/// The policies of alice's user.
fn policies(site: &Site) -> usize {
    let objects = site.cloud.objects(alice(site).place()).unwrap().into_iter();
    let users = objects.filter(|object| object.resource_type == "iam.user");
    users.map(|user| user.attributes["policy_arns"].as_list().unwrap().len()).sum()
}

fn current_key(site: &Site) -> Option<String> {
    let state = site.state(&alice(site)).unwrap();
    let key = state.current(&"iam.access_key/client".parse().unwrap())?;
    Some(key.remote_id.to_string())
}

fn in_an_hour() -> Timestamp {
    Timestamp::now().checked_add(SignedDuration::from_hours(1)).unwrap()
}

fn rotate(site: &Site, until: Timestamp) {
    let planned = site.plan_for(Purpose::Rotate { hold_until: Some(until) });
    assert_applied(&site.carry_out(planned));
}

fn nothing(planned: &FleetPlan) {
    assert!(planned.units.is_empty() && planned.refused.is_empty(), "{planned:#?}");
}

fn both(site: &Site, old: &str) {
    let new = current_key(site).unwrap();
    assert_ne!(new, old);
    let expected = [old.to_owned(), new].map(|key| (key, "Active".to_owned()));
    assert_eq!(keys(site), BTreeMap::from(expected));
}

#[test]
fn two_keys_work_until_the_overlap_is_over_and_then_the_old_one_goes() {
    let site = site(&[]);
    let old = current_key(&site).unwrap();
    let until = in_an_hour();
    rotate(&site, until);
    both(&site, &old);
    let early = until.checked_sub(SignedDuration::from_secs(1)).unwrap();
    let planned = site.plan_at(early);
    nothing(&planned);
    assert!(planned.notes.iter().any(|(.., note)| note.contains(&old)), "{:?}", planned.notes);
    assert_eq!(site.drift(Depth::Deep).exit(), Exit::Fine);

    let planned = site.plan_at(until);
    site.cloud.clear_call_log();
    assert_applied(&site.carry_out(planned));

    let calls: Vec<&str> = site.cloud.call_log().into_iter().map(|call| call.operation).collect();
    let writes = calls.iter().filter(|call| call.ends_with("AccessKey"));
    assert!(writes.eq(&["iam:UpdateAccessKey", "iam:DeleteAccessKey"]), "{calls:?}");
    assert_eq!(keys(&site).into_keys().collect::<Vec<_>>(), [current_key(&site).unwrap()]);
    nothing(&site.plan_at(until));
}

#[test]
fn an_overlap_can_be_ended_and_ends_with_the_workspace() {
    type Ending<'a> = (&'a str, Box<dyn Fn(&Site) -> FleetPlan>, usize);
    let suspended = FleetSpec::of(ALICE, &[("status", json!("suspended"))]);
    let endings: [Ending<'_>; 4] = [
        ("ended", Box::new(|site| site.plan_for(Purpose::EndRotation)), 1),
        ("revoked", Box::new(|site| site.plan_for(Purpose::Revoke)), 0),
        (
            "suspended",
            Box::new(move |site| {
                site.write(&suspended);
                site.plan(Refresh::Bulk)
            }),
            0,
        ),
        ("destroyed", Box::new(Site::plan_destroy), 0),
    ];
    for (name, ending, left) in endings {
        let site = site(&[]);
        rotate(&site, in_an_hour());
        assert_applied(&site.carry_out(ending(&site)));
        assert_eq!(keys(&site).len(), left, "{name}");
    }
}

#[test]
fn a_rotation_leaves_everything_else_as_it_is() {
    let site = site(&[]);
    let changed = [("compute", json!({"max_vcpus": 128})), ("protect", json!(true))];
    site.write(&FleetSpec::of(ALICE, &changed));
    let before = site.state(&alice(&site)).unwrap();
    let old = current_key(&site).unwrap();
    rotate(&site, in_an_hour());
    both(&site, &old);
    let after = site.state(&alice(&site)).unwrap();
    assert_eq!(after.source, before.source);
    let others = |state: &nfplan_engine::state::State| {
        let mut entries = state.entries.clone();
        entries.retain(|address, _| {
            !["access_key", "current_version"].iter().any(|part| address.to_string().contains(part))
        });
        entries
    };
    assert_eq!(others(&after), others(&before));
    assert!(!site.plan(Refresh::Bulk).units.is_empty(), "the change still waits");
}

#[test]
fn who_is_shut_out_stays_so_until_that_is_lifted() {
    let site = site(&[]);
    assert_applied(&site.carry_out(site.plan_for(Purpose::Revoke)));
    assert_eq!((keys(&site).len(), policies(&site)), (0, 0));
    nothing(&site.plan(Refresh::Deep));
    assert_eq!(site.drift(Depth::Deep).exit(), Exit::Fine);
    nothing(&site.plan_for(Purpose::Revoke));

    // Whatever else changes is applied.
    site.write(&FleetSpec::of(ALICE, &[("compute", json!({"max_vcpus": 128}))]));
    let planned = site.plan(Refresh::Bulk);
    let found = planned.units.iter().flat_map(|unit| &unit.plan.changes);
    let changed: Vec<String> = found.map(|change| change.address.to_string()).collect();
    assert_eq!(changed, ["batch.compute_environment/main"]);
    assert_applied(&site.carry_out(planned));
    assert_eq!((keys(&site).len(), policies(&site)), (0, 0));

    assert_applied(&site.carry_out(site.plan_for(Purpose::Reinstate)));
    assert_eq!((keys(&site).len(), policies(&site)), (1, 1));
    nothing(&site.plan(Refresh::Deep));
}

#[test]
fn to_suspend_and_to_resume_by_the_specs_lets_in_again_who_was_shut_out() {
    let site = site(&[]);
    assert_applied(&site.carry_out(site.plan_for(Purpose::Revoke)));
    site.write(&FleetSpec::of(ALICE, &[("status", json!("suspended"))]));
    assert_applied(&site.apply());
    assert_eq!((keys(&site).len(), policies(&site)), (0, 0));
    site.write(&FleetSpec::of(ALICE, &[]));
    assert_applied(&site.apply());
    assert_eq!((keys(&site).len(), policies(&site)), (1, 1));
}

#[test]
fn a_client_that_assumes_a_role_is_shut_out_too() {
    let assumable = json!(["arn:aws:iam::111122223333:role/hub"]);
    let site = site(&[("credentials", json!({"kind": "role", "assumable_by": assumable}))]);
    let attached = |site: &Site| {
        let state = site.state(&alice(site)).unwrap();
        let role = state.current(&"iam.role/client".parse().unwrap()).unwrap();
        let trust = role.inputs["trust"].to_string();
        (role.inputs["policy_arns"].as_list().unwrap().len(), trust.contains("Deny"))
    };
    assert_eq!(attached(&site), (1, false));
    assert_applied(&site.carry_out(site.plan_for(Purpose::Revoke)));
    assert_eq!(attached(&site), (0, true));
    assert_applied(&site.carry_out(site.plan_for(Purpose::Reinstate)));
    assert_eq!(attached(&site), (1, false));
}

#[test]
fn what_the_specs_have_come_to_want_is_not_made_in_order_to_shut_somebody_out() {
    let site = site(&[]);
    let assumable = json!(["arn:aws:iam::111122223333:role/hub"]);
    let role = json!({"kind": "role", "assumable_by": assumable});
    site.write(&FleetSpec::of(ALICE, &[("credentials", role)]));
    let planned = site.plan_for(Purpose::Revoke);
    let steps = planned.units.iter().flat_map(|unit| &unit.plan.steps);
    let made = steps.filter(|step| matches!(step.operation, Operation::Create { .. })).count();
    assert_eq!(made, 0);
    assert_applied(&site.carry_out(planned));
    assert_eq!((keys(&site).len(), policies(&site)), (0, 0));
    // The next apply makes the role, and keeps it shut.
    assert_applied(&site.apply());
    let state = site.state(&alice(&site)).unwrap();
    let role = state.current(&"iam.role/client".parse().unwrap()).unwrap();
    assert!(role.inputs["trust"].to_string().contains("Deny"));
}

#[test]
fn one_way_in_that_cannot_be_closed_keeps_no_other_one_open() {
    for (denied, works, attached) in
        [("iam:DetachUserPolicy", &[][..], 1), ("iam:UpdateAccessKey", &["Active"], 0)]
    {
        let site = site(&[]);
        site.cloud.inject(Fault {
            at: FaultPoint::Operation { name: denied.into() },
            mode: FaultMode::BeforeEffect,
            kind: ErrorKind::Denied,
            times: 1,
        });
        let outcomes = site.carry_out(site.plan_for(Purpose::Revoke));
        assert_eq!(
            outcomes.values().next().unwrap().exit(),
            Exit::Leftovers,
            "{denied}: {outcomes:#?}"
        );
        assert!(site.state(&alice(&site)).unwrap().source.revoked, "{denied}");
        assert_eq!(keys(&site).into_values().collect::<Vec<_>>(), works, "{denied}");
        assert_eq!(policies(&site), attached, "{denied}");

        // Whoever applies next closes the rest, and opens nothing.
        assert_applied(&site.apply());
        assert_eq!((keys(&site).len(), policies(&site)), (0, 0), "{denied}");
    }
}

//! What IAM says of a plan before it is applied: the server answers by the policies that are attached.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_cli::planning::FleetPlan;
use nfplan_cli::preflight::asking::taken;
use nfplan_engine::plan::Refresh;
use nfplan_engine::preflight::Lack;
use nfplan_engine::preflight::Permissions;
use nfplan_engine::provider::Denial;
use nfplan_specs::permissions::Kind;
use nfplan_specs::permissions::of_account;
use nfplan_tests::spec::FleetSpec;
use serde_json::Value as Json;
use serde_json::json;

use crate::faults::assert_good;
use crate::faults::changes;
use crate::kit::block_on;
use crate::kit::calls;
use crate::kit::set_faults;
use crate::site::Site;

const ALICE: &str = "alice@example.org";

/// A site whose role is there, and has no policies yet.
fn site(account: &str) -> Site {
    let site = Site::in_account(account);
    site.write(&FleetSpec::of(ALICE, &[]));
    let trust = json!({ "Version": "2012-10-17", "Statement": [] });
    let role = json!({ "RoleName": "nfplan", "AssumeRolePolicyDocument": trust.to_string() });
    site.somebody("iam", "create_role", &role);
    site
}

/// What `nfplan permissions` prints for the site's account, by name.
fn printed(site: &Site, kind: Kind) -> BTreeMap<String, Json> {
    let project = block_on(site.open());
    let account = project.fleet.accounts().next().unwrap();
    let documents = of_account(&project.fleet, account, kind).unwrap().into_iter();
    let named = documents.map(|one| (one.name, serde_json::to_value(&one.policy).unwrap()));
    named.collect()
}

/// Gives the role these policies.
fn give(site: &Site, policies: &BTreeMap<String, Json>) {
    for (name, policy) in policies {
        let policy = policy.to_string();
        let given = json!({ "RoleName": "nfplan", "PolicyName": name, "PolicyDocument": policy });
        site.somebody("iam", "put_role_policy", &given);
    }
}

/// The same statements, those apart of which `keeps` says no; of each the actions that are left.
fn without(policies: BTreeMap<String, Json>, lost: &[&str]) -> BTreeMap<String, Json> {
    let mut policies = policies;
    for policy in policies.values_mut() {
        for statement in policy["Statement"].as_array_mut().unwrap() {
            let actions = statement["Action"].as_array_mut().unwrap();
            actions.retain(|action| !lost.contains(&action.as_str().unwrap()));
        }
        let statements = policy["Statement"].as_array_mut().unwrap();
        statements.retain(|statement| statement["Action"] != json!([]));
    }
    policies
}

/// A plan, and how many times IAM was asked for it.
fn planned(site: &Site) -> (FleetPlan, usize) {
    set_faults(&json!([]));
    let (_, planned) = block_on(site.plan(Refresh::Bulk));
    assert!(planned.refused.is_empty(), "{:#?}", planned.refused);
    let asked =
        calls().into_iter().filter(|[_, operation, _]| operation == "SimulatePrincipalPolicy");
    (planned, asked.count())
}

/// The requests that changed something since the plan was made. S3's have no names.
fn sent() -> BTreeSet<String> {
    let named = calls().into_iter().filter(|[service, operation, _]| {
        !["s3", "sts"].contains(&service.as_str()) && changes(operation)
    });
    named.map(|[service, operation, _]| format!("{service}:{operation}").to_lowercase()).collect()
}

fn only(planned: &FleetPlan) -> &Permissions {
    let [permissions] = &planned.permissions[..] else { panic!("{:#?}", planned.permissions) };
    permissions
}

fn actions<'p>(lacks: impl IntoIterator<Item = &'p Lack>) -> BTreeSet<&'p str> {
    lacks.into_iter().map(|lack| &*lack.action).collect()
}

#[test]
fn who_has_what_permissions_prints_may_do_and_undo_all_of_a_life() {
    let site = site("700000000021");
    give(&site, &printed(&site, Kind::Apply));
    let alice = FleetSpec::of(ALICE, &[]);
    let changed = alice.clone().edited(ALICE, "images", Some(json!(["quay.io/other/*"])));
    let changed = changed.edited(ALICE, "compute", Some(json!({ "max_vcpus": 128 })));
    let mut changed = changed.edited(ALICE, "tags", Some(json!({ "Lab": "one" })));
    changed.expire_days = 60;
    let suspended = changed.clone().edited(ALICE, "status", Some(json!("suspended")));
    let released = suspended.clone().edited(ALICE, "suspend", Some(json!({ "release": true })));
    for specs in [alice, changed, suspended, released, FleetSpec::default()] {
        site.write(&specs);
        let (planned, asked) = planned(&site);
        assert!(!planned.units.is_empty());
        assert_eq!(planned.permissions, []);
        assert!((1..=27).contains(&asked), "{asked} requests");
        let steps = planned.units.iter().flat_map(|unit| &unit.plan.steps).flat_map(taken);
        let told: BTreeSet<String> = steps.map(|(_, request)| request.to_lowercase()).collect();
        assert_good(&block_on(site.apply()), "an apply");
        let sent = sent();
        let untold: Vec<&String> = sent.difference(&told).collect();
        assert!(untold.is_empty() && !sent.is_empty(), "{untold:?}");
    }
    assert_eq!(planned(&site).1, 0);
}

#[test]
fn what_could_be_made_but_not_undone_is_known_before() {
    let site = site("700000000022");
    give(&site, &without(printed(&site, Kind::Apply), &["batch:DeleteJobQueue"]));
    let (first, _) = planned(&site);
    let permissions = only(&first);
    let [lack] = &permissions.denied[..] else { panic!("{permissions:#?}") };
    assert_eq!(permissions.principal.as_deref(), Some("arn:aws:iam::700000000022:role/nfplan"));
    assert_eq!((&*lack.action, lack.denial), ("batch:DeleteJobQueue", Denial::NotAllowed));
    assert_eq!((lack.forward.len(), lack.backward.len()), (0, 1));
    assert_eq!(permissions.unanswered, []);

    // What is checked beside the request that is sent; and what is denied, whatever is allowed.
    let lost = ["iam:PassRole", "ec2:CreateTags", "kms:CreateKey"];
    give(&site, &without(printed(&site, Kind::Apply), &lost));
    let denied = json!({ "Effect": "Deny", "Action": "iam:Delete*", "Resource": "*" });
    let denied = json!({ "Version": "2012-10-17", "Statement": [denied] });
    give(&site, &BTreeMap::from([("denied".to_owned(), denied)]));
    let (second, _) = planned(&site);
    let denied = &only(&second).denied;
    let (forbidden, not_allowed): (Vec<&Lack>, Vec<&Lack>) =
        denied.iter().partition(|lack| lack.denial == Denial::Forbidden);
    assert_eq!(actions(not_allowed.iter().copied()), BTreeSet::from(lost));
    assert!(not_allowed.iter().all(|lack| !lack.forward.is_empty()), "{not_allowed:#?}");
    assert!(actions(forbidden.iter().copied()).contains("iam:DeleteRole"), "{forbidden:#?}");
    assert!(forbidden.iter().all(|lack| lack.forward.is_empty()), "{forbidden:#?}");
}

#[test]
fn administrators_are_asked_about_once_and_onlookers_may_do_nothing() {
    let site = site("700000000023");
    give(&site, &printed(&site, Kind::ReadOnly));
    let (looked, asked) = planned(&site);
    assert!(only(&looked).denies_all(), "{:#?}", looked.permissions);
    assert!(asked <= 27, "{asked} requests");

    let whatever = |condition: Json| {
        let statement =
            json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        BTreeMap::from([("administrator".to_owned(), policy)])
    };
    give(&site, &whatever(json!({})));
    let (administrator, asked) = planned(&site);
    assert_eq!((&administrator.permissions[..], asked), (&[][..], 2));

    // Where they call from is not known: that is no answer, and refuses nobody.
    give(&site, &whatever(json!({ "StringEquals": { "aws:SourceIp": "192.0.2.1" } })));
    let (somewhere, _) = planned(&site);
    let permissions = only(&somewhere);
    assert_eq!(permissions.denied, []);
    let [open] = &permissions.unanswered[..] else { panic!("{permissions:#?}") };
    assert!(open.reason.contains("aws:SourceIp"), "{open:?}");
    assert!(open.actions.contains("iam:CreateRole"), "{open:?}");
}

#[test]
fn where_iam_cannot_be_asked_the_plan_says_so_and_goes_on() {
    let unasked = |planned: &FleetPlan| {
        let permissions = only(planned);
        assert_eq!((&permissions.principal, &permissions.denied[..]), (&None, &[][..]));
        let [open] = &permissions.unanswered[..] else { panic!("{permissions:#?}") };
        assert!(open.actions.is_empty(), "{open:?}");
        open.reason.clone()
    };
    // There is no such role: the server lets anybody in.
    let site = Site::in_account("700000000024");
    site.write(&FleetSpec::of(ALICE, &[]));
    let (planned, _) = planned(&site);
    let reason = unasked(&planned);
    assert!(reason.contains("NoSuchEntity"), "{reason}");

    let refused = json!({
        "service": "iam", "op": "SimulatePrincipalPolicy", "times": 0, "do": "error",
        "code": "AccessDenied", "status": 403,
    });
    set_faults(&json!([refused]));
    let (_, planned) = block_on(site.plan(Refresh::Bulk));
    set_faults(&json!([]));
    let reason = unasked(&planned);
    assert!(reason.contains("AccessDenied") && reason.contains("nfplan permissions"), "{reason}");
}

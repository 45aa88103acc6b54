//! A workspace's whole life, and whether the printed policies allow every request of it. What IAM would
//! check of each request is worked out by the server, independently of the table that policies are made
//! of; the engine's evaluator decides.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::access::decision::Attached;
use nfplan_engine::access::decision::Decision;
use nfplan_engine::access::decision::Principal;
use nfplan_engine::access::decision::Request;
use nfplan_engine::access::decision::decide;
use nfplan_engine::access::document::Document;
use nfplan_engine::expr::Expr;
use nfplan_engine::plan::Refresh;
use nfplan_specs::permissions::Kind;
use nfplan_specs::permissions::actions_of;
use nfplan_specs::permissions::of_account;
use nfplan_tests::spec::FleetSpec;
use serde_json::json;

use crate::faults::assert_good;
use crate::kit::Check;
use crate::kit::block_on;
use crate::kit::checks;
use crate::kit::set_faults;
use crate::site::Site;

const ALICE: &str = "alice@example.org";

/// Condition keys of the policies. A request of which the server does not know one lacks it.
const KEYS: [&str; 7] = [
    "aws:requesttag/nfplan:environment",
    "aws:resourcetag/nfplan:environment",
    "ec2:createaction",
    "iam:awsservicename",
    "iam:passedtoservice",
    "iam:permissionsboundary",
    "iam:policyarn",
];

/// Statements that the life below can do without: it has no image of a pipeline, no permissions boundary
/// that goes, and no job.
const IDLE: [&str; 3] = ["EndJobs", "FreePrincipals", "LookUpPipelines"];

/// Somebody who has what `nfplan permissions` prints for the site's account, and nothing else.
fn operator(site: &Site, kind: Kind) -> Principal {
    let project = block_on(site.open());
    let account = project.fleet.accounts().next().unwrap();
    let unit = format!("platform/{}", account.place).parse().unwrap();
    let documents = of_account(&project.fleet, account, kind).unwrap().into_iter();
    let policies = documents.map(|document| Attached {
        object: document.name,
        document: Document::read(&unit, &Expr::from(document.policy)),
        origins: BTreeMap::new(),
    });
    Principal {
        account: site.account().into(),
        arn: format!("arn:aws:iam::{}:role/nfplan", site.account()),
        policies: policies.collect(),
        boundary: None,
    }
}

/// The checks that this principal does not pass.
fn refused<'c>(principal: &Principal, checks: &'c BTreeSet<Check>) -> Vec<&'c Check> {
    let passes = |check: &&Check| {
        let lacks = KEYS.iter().map(|&key| (key.to_owned(), None));
        let mut context: BTreeMap<String, Option<Vec<String>>> = lacks.collect();
        let given = check.context.iter();
        context.extend(given.map(|(key, value)| (key.to_lowercase(), Some(vec![value.clone()]))));
        let (action, resource) = (check.action.clone(), check.resource.clone());
        let request = Request { action, resource, context };
        matches!(decide(principal, &[], &request), Decision::Allowed(_))
    };
    checks.iter().filter(|check| !passes(check)).collect()
}

/// The checks of what is done meanwhile.
fn checked(site: &Site, work: impl FnOnce()) -> BTreeSet<Check> {
    set_faults(&json!([]));
    work();
    let found: BTreeSet<Check> = checks(site.account()).into_iter().collect();
    assert!(!found.is_empty(), "nothing was asked of AWS");
    found
}

/// Makes a workspace, changes it, mends what somebody else did to it, suspends and resumes it, releases
/// its queue, and takes everything away.
fn live(site: &Site) {
    let apply = |specs: &FleetSpec, case: &str| {
        site.write(specs);
        assert_good(&block_on(site.apply()), case);
    };
    let alice = FleetSpec::of(ALICE, &[]);
    apply(&alice, "the first");
    let changed = alice.edited(ALICE, "images", Some(json!(["quay.io/other/*"])));
    let changed = changed.edited(ALICE, "compute", Some(json!({ "max_vcpus": 128 })));
    let mut changed = changed.edited(ALICE, "tags", Some(json!({ "Lab": "one" })));
    changed.expire_days = 60;
    apply(&changed, "a change");
    apply(&changed.clone().edited(ALICE, "tags", None), "tags that go");

    // Somebody's requests are among those that are checked; nfplan sends the same ones.
    let user = json!({ "UserName": "data-example-org-nf-alice-40example-2eorg" });
    let attached = site.somebody("iam", "list_attached_user_policies", &user);
    let policy = &attached["AttachedPolicies"][0]["PolicyArn"];
    let detach = json!({ "UserName": user["UserName"], "PolicyArn": policy });
    site.somebody("iam", "detach_user_policy", &detach);
    assert!(block_on(site.drift()).findings().count() > 0);
    apply(&changed, "what somebody else did is mended");

    let suspended = changed.clone().edited(ALICE, "status", Some(json!("suspended")));
    apply(&suspended, "suspended");
    apply(&changed, "resumed");
    let released = suspended.edited(ALICE, "suspend", Some(json!({ "release": true })));
    apply(&released, "released");
    apply(&changed, "taken back");
    assert_good(&block_on(site.destroy()), "a destroy");
}

/// The principal without the statements of this name.
fn without(principal: &Principal, sid: &str) -> Principal {
    let mut principal = principal.clone();
    for policy in &mut principal.policies {
        policy.document.rules.retain(|rule| rule.name != sid);
    }
    principal
}

#[test]
fn a_whole_life_is_allowed_by_the_policies_for_apply_and_each_statement_is_needed() {
    let site = Site::in_account("700000000007");
    site.write(&FleetSpec::of(ALICE, &[]));
    let operator = operator(&site, Kind::Apply);
    let checks = checked(&site, || live(&site));
    assert_eq!(refused(&operator, &checks), Vec::<&Check>::new());

    // The table says of each call at least what the server does. S3's requests have no names.
    let named = checks.iter().filter(|check| !check.call.starts_with("s3:"));
    let untold: Vec<&Check> = named
        .filter(|check| {
            let known = actions_of(&check.call).unwrap_or_default();
            !known.iter().any(|action| action.eq_ignore_ascii_case(&check.action))
        })
        .collect();
    assert!(untold.is_empty(), "{untold:#?}");

    let rules = operator.policies.iter().flat_map(|policy| &policy.document.rules);
    let sids: BTreeSet<&str> = rules.map(|rule| rule.name.as_str()).collect();
    assert!(IDLE.iter().all(|sid| sids.contains(sid)), "{sids:?}");
    for sid in sids {
        let hang_on_it = !refused(&without(&operator, sid), &checks).is_empty();
        assert_ne!(hang_on_it, IDLE.contains(&sid), "{sid}");
    }
}

#[test]
fn plans_and_drift_are_allowed_by_the_policies_for_looking_and_an_apply_is_not() {
    let site = Site::in_account("700000000008");
    let mut specs = FleetSpec::of(ALICE, &[]);
    site.write(&specs);
    let onlooker = operator(&site, Kind::ReadOnly);
    let look = || {
        for refresh in [Refresh::Bulk, Refresh::Deep] {
            block_on(site.plan(refresh));
        }
        block_on(site.drift());
    };
    let nothing_there = checked(&site, look);
    assert_eq!(refused(&onlooker, &nothing_there), Vec::<&Check>::new());

    let apply = checked(&site, || assert_good(&block_on(site.apply()), "an apply"));
    assert_ne!(refused(&onlooker, &apply), Vec::<&Check>::new());

    // Where there is a password, its devices are asked for.
    let user = "data-example-org-nf-alice-40example-2eorg";
    let password = json!({ "UserName": user, "Password": "S3cret-or-so" });
    site.somebody("iam", "create_login_profile", &password);
    // Few objects are asked for one by one, many in listings of whole accounts.
    let one = checked(&site, look);
    for user in ["bob", "carol", "dan", "erin"] {
        specs = specs.with(&format!("{user}@example.org"), "main", &[]);
    }
    site.write(&specs);
    assert_good(&block_on(site.apply()), "many");
    let many = checked(&site, look);
    for checks in [one, many] {
        assert!(checks.iter().any(|check| check.call == "iam:ListMFADevices"), "{checks:#?}");
        assert_eq!(refused(&onlooker, &checks), Vec::<&Check>::new());
    }
}

//! No apply fails for want of a permission that IAM could have told of: what it takes, and what undoing
//! it would take, is asked before anything is changed.

use std::collections::BTreeSet;

use nfplan_cli::planning::FleetPlan;
use nfplan_cli::preflight::asking::taken;
use nfplan_cli::preflight::refuse;
use nfplan_engine::address::Place;
use nfplan_engine::plan::Refresh;
use nfplan_engine::preflight::Direction;
use nfplan_engine::preflight::Lack;
use nfplan_engine::preflight::Permissions;
use nfplan_engine::provider::Denial;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::refusal::RefusalKind;
use nfplan_providers::sim::Fault;
use nfplan_providers::sim::FaultMode;
use nfplan_providers::sim::FaultPoint;
use nfplan_specs::permissions::NOT_GRANTED;
use nfplan_specs::permissions::actions_of;
use nfplan_specs::permissions::calls;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::spec::FleetSpec;
use serde_json::json;

const ASK: &str = "iam:SimulatePrincipalPolicy";

fn main() -> Place {
    "111122223333.us-east-1".parse().unwrap()
}

fn researchers(users: &[&str]) -> FleetSpec {
    users.iter().fold(FleetSpec::default(), |specs, user| specs.with(user, "main", &[]))
}

/// A project with these researchers applied.
fn applied(users: &[&str]) -> Site {
    let site = Site::new(&researchers(users));
    site.apply_fully();
    site
}

/// How often IAM was asked since the log of calls was cleared.
fn asked(site: &Site) -> usize {
    site.cloud.call_log().iter().filter(|call| call.operation == ASK).count()
}

fn only(planned: &FleetPlan) -> &Permissions {
    let [permissions] = &planned.permissions[..] else { panic!("{:#?}", planned.permissions) };
    permissions
}

/// Refused units and why, once the plan is to be applied.
fn refused(mut planned: FleetPlan) -> Vec<(String, String)> {
    refuse(&mut planned);
    let refusals = planned.refused.iter().flat_map(|(unit, refusals)| {
        refusals.iter().map(move |refusal| {
            assert_eq!(refusal.kind, RefusalKind::Permission, "{unit}: {refusal}");
            (unit.to_string(), refusal.to_string())
        })
    });
    refusals.collect()
}

/// The requests of a plan's steps in these directions.
fn told(planned: &FleetPlan, directions: &[Direction]) -> BTreeSet<&'static str> {
    let steps = planned.units.iter().flat_map(|unit| &unit.plan.steps);
    let all = steps.flat_map(taken).filter(|(direction, _)| directions.contains(direction));
    all.map(|(_, request)| request).collect()
}

/// The requests that changed something since the log of calls was cleared, those apart that are about
/// the machine that nfplan runs on.
fn sent(site: &Site) -> BTreeSet<&'static str> {
    let log = site.cloud.call_log();
    let changing = log.iter().filter(|call| call.mutating && !call.operation.starts_with("file:"));
    changing.map(|call| call.operation).collect()
}

/// Carries out what the specs come to, and holds what is sent against what was told.
fn live(site: &Site, specs: &FleetSpec, case: &str) {
    site.write(specs);
    let planned = site.plan(Refresh::Bulk);
    let told = told(&planned, &[Direction::Forward]);
    site.cloud.clear_call_log();
    assert_applied(&site.carry_out(planned));
    let sent = sent(site);
    let untold: Vec<&&str> = sent.difference(&told).collect();
    assert!(untold.is_empty() && !sent.is_empty(), "{case}: {untold:?} of {sent:?}");
}

#[test]
fn whatever_is_sent_in_a_whole_life_was_told_before() {
    let alice = researchers(&["alice"]);
    let site = Site::new(&alice);
    live(&site, &alice, "the first");
    let changed = alice.clone().edited("alice", "images", Some(json!(["quay.io/other/*"])));
    let changed = changed.edited("alice", "compute", Some(json!({ "max_vcpus": 128 })));
    let mut changed = changed.edited("alice", "tags", Some(json!({ "Lab": "one" })));
    changed.expire_days = 60;
    live(&site, &changed, "a change");
    live(&site, &changed.clone().edited("alice", "tags", None), "tags that go");
    let suspended = changed.clone().edited("alice", "status", Some(json!("suspended")));
    live(&site, &suspended, "suspended");
    live(&site, &changed, "resumed");
    let released = suspended.edited("alice", "suspend", Some(json!({ "release": true })));
    live(&site, &released, "released");
    live(&site, &changed, "taken back");
    live(&site, &FleetSpec::default(), "everybody gone");
}

#[test]
fn whatever_a_rollback_sends_was_told_before() {
    for operation in ["batch:CreateJobQueue", "iam:CreateAccessKey", "ec2:RunInstances"] {
        let site = Site::new(&researchers(&["alice"]));
        let planned = site.plan(Refresh::Bulk);
        let told = told(&planned, &[Direction::Forward, Direction::Backward]);
        let at = FaultPoint::Operation { name: operation.into() };
        let (mode, times) = (FaultMode::BeforeEffect, 1);
        site.cloud.inject(Fault { at, mode, kind: ErrorKind::Denied, times });
        site.cloud.clear_call_log();
        site.carry_out(planned);
        let sent = sent(&site);
        let untold: Vec<&&str> = sent.difference(&told).collect();
        assert!(untold.is_empty() && sent.contains("ec2:DeleteVpc"), "{operation}: {untold:?}");
    }
}

#[test]
fn both_clouds_call_their_requests_alike() {
    let site = applied(&["alice"]);
    let granted = calls();
    let known =
        |call: &&str| granted.contains(call) || NOT_GRANTED.iter().any(|(not, _)| not == call);
    let unknown: BTreeSet<&str> = site
        .cloud
        .call_log()
        .iter()
        .map(|call| call.operation)
        .filter(|call| !known(call))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn what_could_be_made_but_not_undone_is_refused_before_it_is_made() {
    let site = Site::new(&researchers(&["alice", "bob"]));
    site.cloud.deny(&main().account, &["batch:DeleteJobQueue"]);
    let planned = site.plan(Refresh::Bulk);
    let [lack] = &only(&planned).denied[..] else { panic!("{:#?}", planned.permissions) };
    let Lack { action, denial, forward, backward } = lack;
    assert_eq!((&**action, *denial), ("batch:DeleteJobQueue", Denial::NotAllowed));
    assert_eq!((forward.len(), backward.len()), (0, 2));
    // Whoever plans need not be who applies, and a check is no part of the digest.
    assert!(planned.refused.is_empty());
    let digest = planned.document(Refresh::Bulk).digest;
    let [(first, why), (second, _)] = &refused(planned)[..] else { panic!("both are refused") };
    assert!(first.ends_with("/alice") && second.ends_with("/bob"), "{first} {second}");
    assert_eq!(
        why,
        "the unit could be made, but not undone: IAM says arn:aws:iam::111122223333:user/nfplan may \
         not do what a rollback takes: batch:DeleteJobQueue (no policy allows it); `nfplan \
         permissions 111122223333` prints policies that allow it"
    );
    site.cloud.deny(&main().account, &[]);
    let planned = site.plan(Refresh::Bulk);
    assert_eq!(
        (&planned.permissions[..], planned.document(Refresh::Bulk).digest),
        (&[][..], digest)
    );
    assert_applied(&site.carry_out(planned));
}

#[test]
fn what_may_not_be_done_is_refused_for_the_units_that_take_it() {
    let site = applied(&["alice"]);
    site.write(&researchers(&["alice", "bob"]).edited(
        "alice",
        "compute",
        Some(json!({"max_vcpus": 128})),
    ));
    site.cloud.deny(&main().account, &["iam:CreateRole", "iam:DeleteRole"]);
    let planned = site.plan(Refresh::Bulk);
    let [(who, forward), (_, backward)] = &refused(planned)[..] else { panic!("bob, twice") };
    assert!(who.ends_with("/bob") && forward.contains("may not do: iam:CreateRole"), "{forward}");
    assert!(backward.contains("not undone") && backward.contains("iam:DeleteRole"), "{backward}");
    // And it is true.
    let outcomes = site.carry_out(site.plan(Refresh::Bulk));
    assert!(format!("{outcomes:?}").contains("iam:CreateRole"), "{outcomes:?}");
}

#[test]
fn iam_is_asked_once_for_each_account_and_only_where_something_changes() {
    let site = applied(&["alice"]);
    let asks = |plan: &dyn Fn() -> FleetPlan| {
        site.cloud.clear_call_log();
        assert!(plan().permissions.is_empty());
        asked(&site)
    };
    assert_eq!(asks(&|| site.plan(Refresh::Deep)), 0);
    assert_eq!(asks(&|| site.plan_destroy()), 0);
    let users: Vec<String> = (0..20).map(|number| format!("u{number:02}")).collect();
    let more =
        users.iter().fold(researchers(&["alice"]), |specs, user| specs.with(user, "main", &[]));
    site.write(&more.clone());
    assert_eq!(asks(&|| site.plan(Refresh::None)), 0);
    assert_eq!(asks(&|| site.plan(Refresh::Bulk)), 1);
    site.write(&more.with("zoe", "lab", &[]));
    assert_eq!(asks(&|| site.plan(Refresh::Bulk)), 2);
}

#[test]
fn who_may_not_ask_is_told_so_and_stopped_by_nothing() {
    let site = Site::new(&researchers(&["alice"]));
    site.cloud.deny(&main().account, &[ASK]);
    let planned = site.plan(Refresh::Bulk);
    let permissions = only(&planned);
    assert_eq!((&permissions.principal, &permissions.denied[..]), (&None, &[][..]));
    let [open] = &permissions.unanswered[..] else { panic!("{permissions:#?}") };
    assert!(open.actions.is_empty() && open.reason.contains(ASK), "{open:?}");
    assert!(open.reason.contains("`nfplan permissions 111122223333` prints"), "{open:?}");
    assert_eq!(planned.document(Refresh::Bulk).permissions, planned.permissions);
    assert_eq!(refused(planned), []);
    assert_applied(&site.apply());
}

#[test]
fn whoever_may_only_look_may_do_nothing_of_a_plan() {
    let site = Site::new(&researchers(&["alice"]));
    let told = told(&site.plan(Refresh::Bulk), &[Direction::Forward, Direction::Backward]);
    let all: BTreeSet<&str> = told.into_iter().filter_map(actions_of).flatten().collect();
    site.cloud.deny(&main().account, &Vec::from_iter(all));
    let planned = site.plan(Refresh::Bulk);
    assert!(only(&planned).denies_all());
    assert!(planned.refused.is_empty());
}

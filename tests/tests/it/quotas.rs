//! No plan runs into a quota of AWS: who there is no room for is told before anything is made.

use nfplan_cli::planning::FleetPlan;
use nfplan_engine::address::EscapedUser;
use nfplan_engine::address::Place;
use nfplan_engine::headroom::Headroom;
use nfplan_engine::plan::Refresh;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::refusal::RefusalKind;
use nfplan_engine::value::Attributes;
use nfplan_providers::sim::Fault;
use nfplan_providers::sim::FaultMode;
use nfplan_providers::sim::FaultPoint;
use nfplan_tests::pacing::Weather;
use nfplan_tests::pacing::apply;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::spec::FleetSpec;
use serde_json::json;

const QUEUE: &str = "batch.job_queue";
const ENVIRONMENT: &str = "batch.compute_environment";

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

/// Somebody else makes so many of a type.
fn fill(site: &Site, resource_type: &str, count: usize) {
    let client = site.cloud.other_client();
    for number in 0..count {
        let name = format!("somebodys-{number}").into();
        let attributes = Attributes::from([("name".into(), name)]);
        client.put_object(&main(), resource_type, attributes).unwrap();
    }
}

/// Who is refused for want of room, and why.
fn refused(planned: &FleetPlan) -> Vec<(String, String)> {
    let refusals = planned.refused.iter().flat_map(|(unit, refusals)| {
        refusals.iter().map(move |refusal| {
            assert_eq!(refusal.kind, RefusalKind::Quota, "{unit}: {refusal}");
            (unit.user().unwrap().to_string(), refusal.to_string())
        })
    });
    refusals.collect()
}

fn changing(planned: &FleetPlan) -> Vec<&str> {
    planned.units.iter().filter_map(|unit| unit.plan.unit.user()).map(EscapedUser::as_str).collect()
}

/// In use now, at most, in the end.
fn counts(planned: &FleetPlan, resource_type: &str) -> (u64, u64, u64) {
    let of_type = |quota: &&Headroom| &*quota.resource_type == resource_type;
    let quota = planned.quotas.touched.iter().find(of_type).unwrap();
    (quota.used, quota.peak, quota.after)
}

/// Whether anything was counted since the log of calls was cleared.
fn surveyed(site: &Site) -> bool {
    site.cloud.call_log().iter().any(|call| call.operation == "iam:GetAccountSummary")
}

#[test]
fn the_fifty_first_queue_is_refused_and_all_else_stays_planned() {
    let site = applied(&["alice"]);
    fill(&site, QUEUE, 48);
    let specs = researchers(&["alice", "bob", "carol"]);
    site.write(&specs.clone().edited("alice", "compute", Some(json!({"max_vcpus": 128}))));
    let planned = site.plan(Refresh::Bulk);
    let [(who, why)] = &refused(&planned)[..] else { panic!("{:#?}", planned.refused) };
    assert_eq!(who, "carol");
    assert_eq!(
        why,
        "the unit would need 51 of 50 job queues of 111122223333.us-east-1 (49 in use): destroy a \
         workspace, release suspended ones (`suspend: { release: true }`), or use another account"
    );
    assert_eq!(changing(&planned), ["alice", "bob", "carol"]);
    assert_eq!(counts(&planned, QUEUE), (49, 51, 51));

    // A check is no part of the digest, and nobody else's business.
    let digest = planned.document(Refresh::Bulk).digest;
    assert_eq!(site.plan(Refresh::None).document(Refresh::Bulk).digest, digest);
    let mut elsewhere = specs.with("dan", "lab", &[]);
    elsewhere.researchers.remove("carol");
    site.write(&elsewhere);
    assert_eq!(refused(&site.plan(Refresh::Bulk)), []);
    assert_applied(&site.apply());
    assert_eq!(
        site.cloud.objects(&main()).unwrap().iter().filter(|o| o.resource_type == QUEUE).count(),
        50
    );
}

#[test]
fn what_is_taken_away_makes_room_for_the_next_wave() {
    let site = applied(&["alice", "bob"]);
    fill(&site, QUEUE, 48);
    site.write(&researchers(&["alice", "carol"]));
    let planned = site.plan(Refresh::Bulk);
    assert_eq!(refused(&planned), []);
    assert_eq!(turns(&planned), [("bob", 1), ("carol", 2)]);
    assert_eq!(counts(&planned, QUEUE), (50, 50, 50));
    assert_applied(&site.apply());
}

/// Whose turn it is when.
fn turns(planned: &FleetPlan) -> Vec<(&str, u32)> {
    let units = planned.units.iter();
    units.filter_map(|unit| Some((unit.plan.source.user.as_deref()?, unit.wave))).collect()
}

#[test]
fn a_replacement_of_everybody_goes_in_waves_and_never_takes_more_than_there_may_be() {
    let users = ["alice", "bob", "carol", "dan", "erin"];
    let fleet = |bid: u32| {
        let compute = json!({"strategy": "best_fit", "bid_percentage": bid});
        let specs = researchers(&users);
        users.iter().fold(specs, |specs, user| specs.edited(user, "compute", Some(compute.clone())))
    };
    let site = Site::new(&fleet(60));
    site.apply_fully();
    fill(&site, ENVIRONMENT, 43);
    site.write(&fleet(70));
    let planned = site.plan(Refresh::Bulk);
    assert_eq!(refused(&planned), []);
    let expected = [("alice", 1), ("bob", 1), ("carol", 2), ("dan", 2), ("erin", 3)];
    assert_eq!(turns(&planned), expected);
    assert_eq!(counts(&planned, ENVIRONMENT), (48, 50, 48));
    let document = planned.document(Refresh::Bulk);
    assert_eq!(document.waves.values().copied().collect::<Vec<_>>(), [2, 2, 3]);
    // Calls take time, so that units really go side by side; and the simulated cloud refuses the
    // fifty-first environment.
    let weather = Weather { at_once: 32, ..Weather::default() };
    apply(planned, (&site.store(), &site.cloud), weather);
    assert_eq!(site.plan(Refresh::Deep).units.len(), 0);
}

#[test]
fn a_replacement_needs_room_for_the_old_one_and_the_new_one() {
    // With this strategy every change of the machines takes another compute environment.
    let alice = |bid: u32| {
        let compute = json!({"strategy": "best_fit", "bid_percentage": bid});
        researchers(&["alice"]).edited("alice", "compute", Some(compute))
    };
    let site = Site::new(&alice(60));
    site.apply_fully();
    fill(&site, ENVIRONMENT, 48);
    site.write(&alice(70));
    let planned = site.plan(Refresh::Bulk);
    assert_eq!(refused(&planned), []);
    assert_eq!(counts(&planned, ENVIRONMENT), (49, 50, 49));
    let attributes = Attributes::from([("name".into(), "the-fiftieth".into())]);
    site.cloud.other_client().put_object(&main(), ENVIRONMENT, attributes).unwrap();
    let planned = site.plan(Refresh::Bulk);
    let [(who, why)] = &refused(&planned)[..] else { panic!("{:#?}", planned.refused) };
    assert_eq!(who, "alice");
    assert!(why.contains("51 of 50 compute environments"), "{why}");
    assert!(why.contains("the new one and the old one side by side"), "{why}");
    assert_eq!(counts(&planned, ENVIRONMENT), (50, 51, 50));
}

#[test]
fn what_makes_room_for_itself_needs_none() {
    let site = applied(&["alice"]);
    fill(&site, QUEUE, 49);
    let planned = site.plan_replacing(vec!["batch.job_queue/main".parse().unwrap()]);
    assert_eq!(planned.units.len(), 1);
    assert_eq!(refused(&planned), []);
    assert_applied(&site.carry_out(planned));
}

#[test]
fn suspending_with_release_gives_room_to_somebody_else() {
    let site = applied(&["alice"]);
    fill(&site, QUEUE, 49);
    let both = researchers(&["alice", "bob"]).edited("alice", "status", Some(json!("suspended")));
    site.write(&both);
    assert_eq!(refused(&site.plan(Refresh::Bulk)).len(), 1);
    let released = both.edited("alice", "suspend", Some(json!({"release": true})));
    site.write(&FleetSpec {
        researchers: released
            .researchers
            .clone()
            .into_iter()
            .filter(|(user, _)| user == "alice")
            .collect(),
        ..released.clone()
    });
    assert_applied(&site.apply());
    site.write(&released);
    let planned = site.plan(Refresh::Bulk);
    assert_eq!((refused(&planned), counts(&planned, QUEUE)), (Vec::new(), (49, 50, 50)));
    assert_applied(&site.carry_out(planned));
}

#[test]
fn quotas_that_aws_raises_are_to_be_raised() {
    let site = applied(&["alice"]);
    // The account has a network of somebody else's, too.
    site.cloud.set_quota(&main().account, "ec2.vpc", 2).unwrap();
    site.write(&researchers(&["alice", "bob"]));
    let planned = site.plan(Refresh::Bulk);
    let [(who, why)] = &refused(&planned)[..] else { panic!("{:#?}", planned.refused) };
    assert_eq!(who, "bob");
    assert!(why.contains("would need 3 of 2 VPCs"), "{why}");
    assert!(why.contains("have AWS raise the quota"), "{why}");
}

#[test]
fn nothing_is_counted_for_plans_that_make_nothing() {
    let site = applied(&["alice", "bob"]);
    let nothing_said = |planned: &FleetPlan| {
        assert!(planned.quotas.touched.is_empty() && !surveyed(&site));
    };
    site.cloud.clear_call_log();
    nothing_said(&site.plan(Refresh::Bulk));
    site.write(&researchers(&["alice"]));
    nothing_said(&site.plan(Refresh::Bulk));
    nothing_said(&site.plan_destroy());
    site.write(&researchers(&["alice", "bob", "carol"]));
    nothing_said(&site.plan(Refresh::None));
    let planned = site.plan(Refresh::Bulk);
    assert!(!planned.quotas.touched.is_empty() && surveyed(&site));
}

#[test]
fn quotas_that_may_not_be_read_are_named_and_stop_nobody() {
    let site = applied(&["alice"]);
    site.write(&researchers(&["alice", "bob"]));
    let at = FaultPoint::Operation { name: "iam:GetAccountSummary".into() };
    let (mode, times) = (FaultMode::BeforeEffect, 1);
    site.cloud.inject(Fault { at, mode, kind: ErrorKind::Denied, times });
    let planned = site.plan(Refresh::Bulk);
    assert_eq!((refused(&planned), changing(&planned)), (Vec::new(), vec!["bob"]));
    assert_eq!(planned.unreadable, []);
    let document = planned.document(Refresh::Bulk);
    assert!(document.quotas.is_empty());
    assert!(document.quotas_unreadable[&main()].contains("iam:GetAccountSummary"));
}

#[test]
fn counting_takes_few_requests_however_many_researchers_come() {
    let users: Vec<String> = (0..40).map(|number| format!("u{number:02}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let requests = |users: &[&str]| {
        let site = Site::new(&researchers(users));
        // Pins are looked up once.
        site.plan(Refresh::None);
        site.cloud.clear_call_log();
        site.plan(Refresh::Bulk);
        assert!(surveyed(&site));
        site.cloud.call_count().reads
    };
    let many = requests(&users);
    assert_eq!(many, requests(&users[..20]));
    assert!(many <= 30, "{many} requests");
}

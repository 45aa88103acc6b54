//! A call that fails, whichever it is and however it fails, leaves everything or nothing.

use nfplan_cli::applying::Outcomes;
use nfplan_cli::planning::FleetPlan;
use nfplan_engine::address::UnitId;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::report::UnitResult;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Undo;
use nfplan_providers::sim::Fault;
use nfplan_providers::sim::FaultMode;
use nfplan_providers::sim::FaultPoint;
use nfplan_tests::fleets::Edit;
use nfplan_tests::fleets::cases;
use nfplan_tests::fleets::edits;
use nfplan_tests::fleets::fleets;
use nfplan_tests::picture::Picture;
use nfplan_tests::picture::assert_same;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::result;
use nfplan_tests::site::rolled_back;
use nfplan_tests::spec::FleetSpec;
use proptest::prelude::Strategy;
use proptest::proptest;
use proptest::sample::select;
use serde_json::json;

use crate::convergence::from_scratch;

const ALICE: &str = "alice@uchicago.edu";

/// From which specs to which ones.
struct Passage {
    before: FleetSpec,
    after: FleetSpec,
}

/// Attributes that a rollback leaves changed on purpose, because they make things safer.
fn kept(plan: &UnitPlan) -> Vec<(String, String)> {
    let kept = plan.steps.iter().filter(|step| step.undo == Undo::Keep);
    let changed = kept.filter_map(|step| match &step.operation {
        Operation::Update { changed, .. } => Some((&step.address, changed)),
        _ => None,
    });
    let pairs = changed.flat_map(|(address, names)| names.iter().map(move |name| (address, name)));
    pairs
        .map(|(address, name)| match address.resource_type.as_str() {
            "iam.access_key" => ("iam.access_key <key>".to_owned(), name.to_string()),
            _ => (address.to_string(), name.to_string()),
        })
        .collect()
}

fn inject(site: &Site, number: u64, mode: FaultMode) {
    let at = FaultPoint::NthMutatingCall(number);
    site.cloud.inject(Fault { at, mode, kind: ErrorKind::Internal, times: 1 });
}

/// Carries a plan out with the call of this number failing. Units that were rolled back must be as
/// before; those that were applied are looked at when everything is applied.
fn carry_out_with_fault(site: &Site, planned: FleetPlan, number: u64, mode: FaultMode) -> Outcomes {
    let context = format!("call {number}, {mode:?}");
    let masks: Vec<(UnitId, Vec<_>)> =
        planned.units.iter().map(|unit| (unit.plan.unit.clone(), kept(&unit.plan))).collect();
    let before = Picture::of(site);
    inject(site, number, mode);
    let outcomes = site.carry_out(planned);
    site.cloud.clear_faults();
    let after = Picture::of(site);
    for unit in rolled_back(&outcomes) {
        let masked = masks.iter().find(|(of, _)| *of == unit).map(|(_, masked)| &**masked);
        let only = |picture: &Picture| {
            let mut alone = picture.clone().without(&unit, masked.unwrap_or_default());
            alone.0.retain(|of, _| *of == unit.to_string());
            alone.0.retain(|_, objects| !objects.is_empty());
            alone
        };
        assert_same(&only(&after), &only(&before), &format!("{context}: {unit}"));
    }
    for (unit, outcome) in &outcomes {
        let blocked = rolled_back(&outcomes).contains(&unit.platform()) && unit.user().is_some();
        let whole = match result(outcome) {
            Some(UnitResult::Stuck(_) | UnitResult::Interrupted | UnitResult::Stopped) => false,
            Some(_) => true,
            None => blocked,
        };
        assert!(whole, "{context}: {unit}: {outcome:#?}");
    }
    outcomes
}

impl Passage {
    /// Tries every mutating call of the way with this kind of failure.
    fn fail_everywhere(&self, mode: FaultMode) {
        let site = Site::new(&self.before);
        site.apply_fully();
        let before = Picture::of(&site);
        let after = from_scratch(&self.after);
        let calls = self.count_calls();
        let mut undone = 0;
        for number in 1..=calls {
            site.write(&self.after);
            let planned = site.plan(Refresh::Bulk);
            let outcomes = carry_out_with_fault(&site, planned, number, mode);
            undone += rolled_back(&outcomes).len();
            let context = format!("call {number}, {mode:?}");
            if number % 4 == 0 || rolled_back(&outcomes).is_empty() {
                assert_applied(&site.apply());
                assert_same(&Picture::of(&site), &after, &format!("{context}, applied again"));
            }
            site.write(&self.before);
            assert_applied(&site.apply());
            assert_same(&Picture::of(&site), &before, &format!("{context}, taken back"));
        }
        // What a lost answer leaves half-made is undone; what it leaves whole is kept.
        let few = undone * 3 < usize::try_from(calls).unwrap();
        assert_eq!(mode == FaultMode::AnswerLost, few, "{undone} of {calls} were rolled back");
    }

    fn count_calls(&self) -> u64 {
        let site = Site::new(&self.before);
        site.apply_fully();
        site.write(&self.after);
        let planned = site.plan(Refresh::Bulk);
        site.cloud.clear_call_log();
        assert_applied(&site.carry_out(planned));
        site.cloud.call_count().writes
    }
}

/// A workspace is created where the platform is already there.
fn create() -> Passage {
    let other = FleetSpec::of("zoe", &[("network", site_network())]);
    Passage { after: other.clone().with(ALICE, "main", &[]), before: other }
}

/// Updates, a replacement of the compute environment, and changes of who may get in.
fn edit() -> Passage {
    let before = FleetSpec::of(ALICE, &[("compute", json!({"strategy": "best_fit"}))]);
    let after = before
        .clone()
        .edited(ALICE, "compute", Some(json!({"max_vcpus": 128, "min_vcpus": 2})))
        .edited(ALICE, "images", Some(json!(["docker.io/library/*"])))
        .edited(ALICE, "credentials", Some(json!({"deliver": "file"})));
    Passage { before, after }
}

fn site_network() -> serde_json::Value {
    Site::new(&FleetSpec::default()).network("main")
}

#[test]
fn whichever_call_of_a_create_is_refused_all_is_as_before() {
    create().fail_everywhere(FaultMode::BeforeEffect);
}

#[test]
fn whichever_call_of_a_create_fails_after_its_effect_all_is_as_before() {
    create().fail_everywhere(FaultMode::AfterEffect);
}

#[test]
fn whichever_answer_of_a_create_is_lost_it_is_made_or_all_is_as_before() {
    create().fail_everywhere(FaultMode::AnswerLost);
}

#[test]
fn whichever_call_of_an_edit_is_refused_all_is_as_before() {
    edit().fail_everywhere(FaultMode::BeforeEffect);
}

#[test]
fn whichever_call_of_an_edit_fails_after_its_effect_all_is_as_before() {
    edit().fail_everywhere(FaultMode::AfterEffect);
}

#[test]
fn whichever_answer_of_an_edit_is_lost_it_is_made_or_all_is_as_before() {
    edit().fail_everywhere(FaultMode::AnswerLost);
}

fn destroy_with_failures(mode: FaultMode) {
    let specs = FleetSpec::of(ALICE, &[]);
    let site = Site::new(&specs);
    site.apply_fully();
    site.cloud.clear_call_log();
    assert_applied(&site.destroy());
    let calls = site.cloud.call_count().writes;
    for number in 1..=calls {
        site.apply_fully();
        let planned = site.plan_destroy();
        inject(&site, number, mode);
        let outcomes = site.carry_out(planned);
        site.cloud.clear_faults();
        assert_only_named_leftovers(&site, &outcomes, &format!("call {number}, {mode:?}"));
        assert_applied(&site.destroy());
        assert!(Picture::of(&site).workspaces().is_empty());
        assert!(site.plan_destroy().units.is_empty());
    }
}

fn assert_only_named_leftovers(site: &Site, outcomes: &Outcomes, context: &str) {
    let picture = Picture::of(site);
    for (unit, outcome) in outcomes.iter().filter(|(unit, _)| unit.user().is_some()) {
        let named = match result(outcome) {
            Some(UnitResult::Applied) => Vec::new(),
            Some(UnitResult::AppliedWithLeftovers(leftovers)) => {
                leftovers.iter().map(|leftover| &leftover.address).collect()
            }
            other => panic!("{context}: {unit}: {other:?}"),
        };
        for object in picture.unit(unit).keys() {
            let is_named = |address: &&nfplan_engine::address::Address| {
                // Objects without tags are called by their ids; a version goes with its secret.
                object == &address.to_string()
                    || object.starts_with(&format!("{} ", address.resource_type))
                    || address.resource_type.as_str() == "secretsmanager.secret"
                        && object.starts_with("secretsmanager.current_version ")
            };
            assert!(named.iter().any(is_named), "{context}: {object} is left");
        }
    }
}

#[test]
fn whichever_call_of_a_destroy_is_refused_the_rest_is_named_and_goes_next_time() {
    destroy_with_failures(FaultMode::BeforeEffect);
}

#[test]
fn whichever_call_of_a_destroy_fails_after_its_effect_the_rest_is_named_and_goes_next_time() {
    destroy_with_failures(FaultMode::AfterEffect);
}

#[test]
fn whichever_answer_of_a_destroy_is_lost_the_rest_is_named_and_goes_next_time() {
    destroy_with_failures(FaultMode::AnswerLost);
}

fn modes() -> impl Strategy<Value = FaultMode> {
    select(vec![FaultMode::BeforeEffect, FaultMode::AfterEffect, FaultMode::AnswerLost])
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn units_of_any_fleet_are_changed_wholly_or_not_at_all(
        first in fleets(),
        edits in edits(3),
        number in 1_u64..60,
        mode in modes(),
    ) {
        let site = Site::new(&FleetSpec::default());
        for specs in [first.clone(), edits.iter().fold(first, |specs, edit: &Edit| edit.apply(specs))] {
            site.write(&specs);
            let planned = site.plan(Refresh::Bulk);
            carry_out_with_fault(&site, planned, number, mode);
            assert_applied(&site.apply());
            let (mut found, expected) = (Picture::of(&site), from_scratch(&specs));
            found.0.retain(|unit, _| {
                !unit.starts_with("platform/") || expected.0.contains_key(unit)
            });
            assert_same(&found, &expected, &format!("call {number}, {mode:?}"));
        }
    }
}

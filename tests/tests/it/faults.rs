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

use crate::convergence::from_scratch;

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

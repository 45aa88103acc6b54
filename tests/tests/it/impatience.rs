//! A call that is never answered holds up nobody who interrupts: neither an apply nor a rollback;
//! and what they leave open is ended by the next one.

use nfplan_cli::applying::UnitOutcome;
use nfplan_engine::plan::Refresh;
use nfplan_engine::report::UnitResult;
use nfplan_tests::site::Site;
use nfplan_tests::spec::FleetSpec;

/// The workspace's run stays open.
fn is_interrupted(outcome: &UnitOutcome) -> bool {
    matches!(outcome, UnitOutcome::Ran(report) if report.result == UnitResult::Interrupted)
}

#[test]
fn a_rollback_of_which_a_call_hangs_can_be_interrupted_anywhere() {
    let mut interrupted = 0;
    for calls in 0.. {
        let site = Site::new(&FleetSpec::of("alice@example.org", &[]));
        let applied = site.apply_until(30);
        assert!(applied.values().any(is_interrupted), "{applied:#?}");
        let rolled_back = site.roll_back_until(calls);
        if !rolled_back.values().any(is_interrupted) {
            break;
        }
        interrupted += 1;
        site.apply_fully();
        assert_eq!(site.plan(Refresh::Deep).units.len(), 0, "after {calls} calls");
    }
    assert!(interrupted >= 10, "a rollback has more calls than {interrupted}");
}

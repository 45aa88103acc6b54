//! Runs: opened, journalled, taken over, closed.

use nfplan_engine::event::Event;
use nfplan_engine::journal::Journal as _;
use nfplan_engine::journal::JournalError;

use super::faulty::Fault;
use super::kit::fold;
use super::kit::gone_holder;
use super::kit::holder;
use super::kit::mark;
use super::kit::plan_from;
use super::kit::trace;
use super::site::Site;
use crate::run::Run;
use crate::run::RunError;
use crate::unit::StateError;
use crate::unit::list_units;

#[test]
fn what_a_closed_run_did_is_the_next_state_and_serials_count_runs() {
    let site = Site::new();
    let first = site.apply(&[1]).unwrap();
    let second = site.apply(&[2, 3]).unwrap();
    let loaded = site.load();
    assert_eq!(loaded.base, second);
    let state = loaded.state.unwrap();
    assert!([1, 2, 3].iter().all(|number| state.entries.contains_key(&trace(*number))));
    assert_eq!(state.predecessor, first.state_digest());
    let (first, second) = (first.head.unwrap().head, second.head.unwrap().head);
    assert_eq!((first.serial, second.serial), (1, 2));
    assert_eq!(first.lineage, second.lineage);
    assert!(second.epoch > first.epoch);
    assert_eq!(second.open_run, None);
    assert_eq!(site.clock.run(list_units(&site.store)).unwrap(), std::slice::from_ref(&site.unit));
}

#[test]
fn an_apply_takes_seven_writes_beside_its_appends() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    let before = site.store.inner.usage();
    site.apply(&[2]).unwrap();
    // Lease, plan, head; the append; snapshot, head, lease.
    assert_eq!(site.store.inner.usage().puts - before.puts, 7);
}

#[test]
fn a_run_opens_only_from_the_very_head_that_was_planned_from() {
    let site = Site::new();
    let planned = site.load().base;
    let plan = plan_from(&planned);
    site.apply(&[1]).unwrap();
    let lease = site.acquire(holder("late"));
    let stale = RunError::Stale { unit: site.unit.clone() };
    let now = site.load().base;
    for base in [&planned, &now] {
        let error = site.clock.run(Run::open(&lease, base, &plan)).unwrap_err();
        assert_eq!(error, stale);
    }
    assert_eq!(site.load().base, now);
}

#[test]
fn while_a_run_is_open_no_other_opens() {
    let site = Site::new();
    site.die_in_run(&[1]);
    let lease = site.acquire(holder("next"));
    let error = site.open(&lease).unwrap_err();
    let run = site.load().open_run.unwrap().id;
    assert!(error.to_string().ends_with("`nfplan apply` ends it"), "{error}");
    assert_eq!(error, RunError::Open { unit: site.unit.clone(), run });
}

#[test]
fn an_open_run_is_loaded_with_its_plan_and_its_whole_journal() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    let plan = plan_from(&site.load().base);
    site.die_in_run(&[2, 3, 4]);
    let open = site.load().open_run.unwrap();
    assert_eq!(open.plan, plan);
    assert_eq!(open.batches.iter().map(|batch| batch.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(open.events().cloned().collect::<Vec<_>>(), [mark(2), mark(3), mark(4)]);
}

#[test]
fn a_holder_that_was_overtaken_can_neither_append_nor_close() {
    let site = Site::new();
    let old_lease = site.acquire(gone_holder("old"));
    let begun_from = site.load();
    let mut old = site.open(&old_lease).unwrap();
    site.append(&mut old, &[mark(1)]).unwrap();
    let new_lease = site.acquire(holder("new"));
    let loaded = site.load();
    // Between the new holder's look and its seal, the old one still gets something through.
    site.append(&mut old, &[mark(2)]).unwrap();
    let (new, open) = site.adopt(&new_lease, &loaded).unwrap();
    let events: Vec<Event> = open.events().cloned().collect();
    assert_eq!(events, [mark(1), mark(2), Event::Sealed], "nothing acknowledged is lost");
    assert_eq!(open.batches.last().unwrap().epoch, new_lease.epoch());

    assert!(old.may_send(), "it does not know yet");
    let error = site.append(&mut old, &[mark(3)]).unwrap_err();
    assert!(matches!(error, JournalError::Lost { .. }), "{error:?}");
    assert!(!old.may_send());
    let error = site.clock.run(old.close(&fold(&begun_from, &[mark(1)]))).unwrap_err();
    assert_eq!(error, RunError::Overtaken { unit: site.unit.clone() });

    site.clock.run(new.close(&fold(&loaded, &events))).unwrap();
    let state = site.load().state.unwrap();
    assert!([1, 2].iter().all(|number| state.entries.contains_key(&trace(*number))));
    assert!(!state.entries.contains_key(&trace(3)));
}

#[test]
fn a_run_that_died_before_its_first_append_can_be_taken_over() {
    let site = Site::new();
    let old_lease = site.acquire(gone_holder("old"));
    let mut old = site.open(&old_lease).unwrap();
    let base = site.recover().unwrap();
    assert_eq!(base.head.unwrap().head.serial, 1);
    let error = site.append(&mut old, &[mark(1)]).unwrap_err();
    assert!(matches!(error, JournalError::Lost { .. }), "{error:?}");
}

#[test]
fn of_two_that_take_a_run_over_the_later_lease_wins() {
    let site = Site::new();
    site.die_in_run(&[1]);
    let slow = site.acquire(gone_holder("slow"));
    let seen = site.load();
    let quick = site.acquire(holder("quick"));
    site.adopt(&quick, &site.load()).unwrap();
    let error = site.adopt(&slow, &seen).unwrap_err();
    assert_eq!(error, RunError::Stale { unit: site.unit.clone() });
    let error = site.adopt(&slow, &site.load()).unwrap_err();
    assert_eq!(error, RunError::Overtaken { unit: site.unit.clone() });
}

#[test]
fn a_lost_answer_or_a_refusal_without_cause_is_no_conflict() {
    for fault in [Fault::AnswerLost, Fault::Echo, Fault::Refused] {
        for part in ["lease", "plan", "head", "events", "snapshots"] {
            let site = Site::new();
            site.apply(&[1]).unwrap();
            site.store.arm(part, fault);
            site.apply(&[2]).unwrap_or_else(|error| panic!("{part}, {fault:?}: {error}"));
            assert!(site.store.has_happened());
            assert_eq!(site.load().base.head.unwrap().head.serial, 2);
        }
    }
}

#[test]
fn a_crash_between_snapshot_and_head_is_recovered_to_the_same_snapshot() {
    let site = Site::new();
    site.die_in_run(&[1]);
    let lease = site.acquire(gone_holder("unlucky"));
    let loaded = site.load();
    let (run, open) = site.adopt(&lease, &loaded).unwrap();
    let state = fold(&loaded, open.events());
    site.store.arm("head.json", Fault::NotDone);
    let error = site.clock.run(run.close(&state)).unwrap_err();
    assert!(matches!(error, RunError::State(StateError::Store(_))), "{error:?}");
    assert!(site.load().open_run.is_some());
    let snapshots = site.keys("snapshots/");
    assert_eq!(snapshots.len(), 1);
    site.recover().unwrap();
    assert_eq!(site.keys("snapshots/"), snapshots);
    assert_eq!(site.load().state, Some(state));
}

#[test]
fn after_a_failed_append_nothing_more_may_be_sent() {
    let site = Site::new();
    let lease = site.acquire(holder("a"));
    let mut run = site.open(&lease).unwrap();
    assert!(run.may_send());
    site.store.arm("events", Fault::NotDone);
    let error = site.append(&mut run, &[mark(1)]).unwrap_err();
    assert!(matches!(error, JournalError::Unavailable { .. }), "{error:?}");
    assert!(!run.may_send());
}

#[test]
fn a_state_that_does_not_follow_is_not_committed() {
    let site = Site::new();
    site.apply(&[1]).unwrap();
    let lease = site.acquire(holder("a"));
    let run = site.open(&lease).unwrap();
    let mut state = site.load().state.unwrap();
    state.predecessor = None;
    let error = site.clock.run(run.close(&state)).unwrap_err();
    assert!(matches!(error, RunError::NotSuccessor { .. }), "{error:?}");
    assert!(site.load().open_run.is_some());
    assert_eq!(site.keys("snapshots/").len(), 1);
}

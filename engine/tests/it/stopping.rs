//! Runs that were asked to stop where a step fails: nothing is undone until somebody says so.

use nfplan_engine::apply::OnFailure;
use nfplan_engine::event::Event;
use nfplan_engine::event::Settlement;
use nfplan_engine::provider::Left;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;

use crate::mishaps::FAULTS;
use crate::mishaps::Fault;
use crate::wish::CHANGED;
use crate::wish::FULL;
use crate::wish::NOTHING;
use crate::wish::Wish;
use crate::world::Outcome;
use crate::world::World;
use crate::world::comparable;

/// A world in which an apply of `to` stopped at the call of this number; none if it did not stop
/// there.
fn stopped(from: &Wish, to: &Wish, number: u32, fault: Fault) -> Option<World> {
    let mut world = World::with(from);
    world.on_failure = OnFailure::Stop;
    let call = world.toy.calls.get() + number;
    world.toy.faults.borrow_mut().insert(call, fault);
    let outcome = world.apply(to);
    world.toy.faults.borrow_mut().clear();
    if *outcome.result() != UnitResult::Stopped {
        return None;
    }
    let events = world.open.as_ref().expect("a stopped run stays open").events.borrow().clone();
    let turned = |event: &Event| matches!(event, Event::RollingBack { .. } | Event::Committed);
    assert!(!events.iter().any(turned), "{events:#?}");
    Some(world)
}

/// Whether a failed step is known to have left an object half-done.
fn left_something(world: &World) -> bool {
    let events = world.open.as_ref().expect("it is open").events.borrow().clone();
    events.iter().any(|event| match event {
        Event::Failed { error, .. } => matches!(error.left, Left::Object(_)),
        Event::Settled { outcome, .. } => matches!(outcome, Settlement::Partial(_)),
        _ => false,
    })
}

#[test]
fn a_run_that_stopped_is_rolled_back_or_resumed_by_the_next_process() {
    let (mut rolled_back, mut resumed, mut turned) = (0, 0, 0);
    for (from, to) in [(NOTHING, FULL), (FULL, CHANGED)] {
        let goal = World::with(&to);
        for (fault, number) in FAULTS.into_iter().flat_map(|f| (0..24).map(move |n| (f, n))) {
            let Some(world) = stopped(&from, &to, number, fault) else { continue };
            let context = format!("{fault:?} of call {number}");

            let mut back = world.again();
            back.on_failure = OnFailure::RollBack;
            let outcome = back.recover(Recovery::RollBack);
            let undone = matches!(outcome.result(), UnitResult::RolledBack(_));
            assert!(undone && back.open.is_none(), "{context}: {outcome:?}");
            rolled_back += 1;

            let mut on = world.again();
            on.on_failure = OnFailure::RollBack;
            let outcome = on.recover(Recovery::Resume);
            match outcome.result() {
                UnitResult::Applied => resumed += 1,
                // What is half-done can only be undone.
                UnitResult::RolledBack(_) if left_something(&world) => turned += 1,
                _ => panic!("{context}: {outcome:?}"),
            }
            on.reach(&to);
            assert_eq!(comparable(&on.toy, &to), comparable(&goal.toy, &to), "{context}");
        }
    }
    assert!(rolled_back > 40 && resumed > 20 && turned > 5, "{rolled_back} {resumed} {turned}");
}

#[test]
fn a_run_that_is_resumed_may_stop_again_and_loses_nothing() {
    let mut world = stopped(&NOTHING, &FULL, 4, Fault::BeforeEffect).unwrap();
    for later in [1, 2] {
        let call = world.toy.calls.get() + later;
        world.toy.faults.borrow_mut().insert(call, Fault::BeforeEffect);
        let outcome = world.recover(Recovery::Resume);
        assert_eq!(*outcome.result(), UnitResult::Stopped, "{outcome:?}");
        let Outcome::Ended(report) = outcome else { unreachable!("it has a result") };
        assert_eq!(report.failures.len(), 1, "the news alone: {report:?}");
    }
    let outcome = world.recover(Recovery::Resume);
    assert_eq!(*outcome.result(), UnitResult::Applied);
    world.assert_settled(&FULL);
}

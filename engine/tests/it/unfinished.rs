//! Calls that have more to send than they have time for.

use nfplan_engine::event::Event;
use nfplan_engine::report::UnitResult;

use crate::mishaps::Fault;
use crate::wish::CHANGED;
use crate::wish::FULL;
use crate::wish::NOTHING;
use crate::wish::Wish;
use crate::world::World;
use crate::world::comparable;

/// More than any of these plans has calls.
const CALLS: u32 = 40;

/// More often than a call is sent again.
const MANY: u32 = 2_000;

fn run_out_of_time(world: &World, calls: std::ops::Range<u32>) {
    let first = world.toy.calls.get();
    for number in calls {
        world.toy.faults.borrow_mut().insert(first + number, Fault::OutOfTime);
    }
}

#[test]
fn a_call_that_runs_out_of_time_is_sent_again_and_the_run_goes_on() {
    let plans: [(Wish, Wish); 3] = [(NOTHING, FULL), (FULL, CHANGED), (CHANGED, NOTHING)];
    for (from, to) in plans {
        let mut goal = World::with(&from);
        let before = goal.toy.calls.get();
        goal.apply(&to);
        let calls = goal.toy.calls.get() - before;
        assert!(calls < CALLS);
        for number in 0..calls {
            let mut world = World::with(&from);
            run_out_of_time(&world, number..number + 3);
            let outcome = world.apply(&to);
            assert_eq!(*outcome.result(), UnitResult::Applied, "call {number}");
            assert_eq!(world.toy.calls.get() - before, calls + 3, "call {number}");
            let (made, wanted) = (comparable(&world.toy, &to), comparable(&goal.toy, &to));
            assert_eq!(made, wanted, "call {number}");
        }
    }
}

#[test]
fn a_call_that_never_ends_fails_at_last() {
    let mut world = World::with(&NOTHING);
    run_out_of_time(&world, 3..MANY);
    let outcome = world.apply(&FULL);
    assert_ne!(*outcome.result(), UnitResult::Applied);
    assert!(world.toy.calls.get() < MANY);
    world.toy.faults.borrow_mut().clear();
    let open = world.open.as_ref().map(|open| open.events.borrow().clone()).unwrap_or_default();
    assert!(!open.iter().any(|event| matches!(event, Event::Committed)), "{open:#?}");
}

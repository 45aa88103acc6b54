//! Calls that the cloud took and still works on at the deadline, and reads that fail.

use nfplan_engine::address::Address;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::report::UnitResult;
use nfplan_engine::state::Status;
use nfplan_engine::step::Operation;

use crate::wish::FULL;
use crate::wish::NOTHING;
use crate::wish::Wish;
use crate::world::Outcome;
use crate::world::World;

const WORDS: &str = "CREATING: waiting for instances";

fn settle_slowly(world: &World, address: &str) {
    world.toy.moods.settling.borrow_mut().insert(address.into(), WORDS.into());
}

fn status(world: &World, address: &str) -> Status {
    let address: Address = address.parse().unwrap();
    world.state.current(&address).unwrap().status
}

#[test]
fn what_others_need_and_is_not_ready_rolls_back_with_the_clouds_words() {
    let mut world = World::default();
    settle_slowly(&world, "toy.farm/main");

    let Outcome::Ended(report) = world.apply(&FULL) else { panic!() };

    assert!(matches!(report.result, UnitResult::RolledBack(_)), "{report:?}");
    assert_eq!(report.failures.len(), 1);
    let failure = &report.failures[0];
    assert_eq!(failure.address.to_string(), "toy.farm/main");
    assert_eq!(failure.error.kind, ErrorKind::Timeout);
    assert!(failure.error.message.contains(WORDS), "{}", failure.error.message);
    assert!(failure.error.message.contains("toy.queue/main"), "{}", failure.error.message);
    assert!(!world.toy.essence().contains_key("<toy.farm/main>"), "nothing of it stays");
    world.toy.moods.settling.borrow_mut().clear();
    world.reach(&FULL);
}

#[test]
fn what_nobody_needs_commits_and_is_a_leftover_until_a_plan_sees_it_ready() {
    let mut world = World::default();
    settle_slowly(&world, "toy.queue/main");

    let Outcome::Ended(report) = world.apply(&FULL) else { panic!() };

    let UnitResult::AppliedWithLeftovers(left) = &report.result else { panic!("{report:?}") };
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].address.to_string(), "toy.queue/main");
    assert_eq!(left[0].remote_id.as_ref().unwrap().as_str(), "alice-queue");
    assert_eq!(status(&world, "toy.queue/main"), Status::Settling);
    world.assert_settled(&FULL);

    world.toy.moods.settling.borrow_mut().clear();
    let plan = world.plan_for(&FULL);
    assert_eq!(plan.steps.len(), 1, "{plan:#?}");
    assert!(matches!(plan.steps[0].operation, Operation::Adopt { .. }));
    let calls = world.toy.calls.get();
    assert_eq!(*world.apply_plan(plan).result(), UnitResult::Applied);
    assert_eq!(world.toy.calls.get(), calls, "the state alone changes");
    assert_eq!(status(&world, "toy.queue/main"), Status::Ready);
    world.assert_settled(&FULL);
}

#[test]
fn what_settled_otherwise_than_wanted_is_mended_and_ready() {
    let mut world = World::default();
    settle_slowly(&world, "toy.queue/main");
    world.apply(&FULL);
    world.toy.moods.settling.borrow_mut().clear();
    world.toy.change_by_hand("toy.queue/main", "state", "broken");

    world.reach(&FULL);

    assert_eq!(status(&world, "toy.queue/main"), Status::Ready);
}

#[test]
fn what_is_not_wanted_any_more_goes_though_it_was_never_seen_ready() {
    let mut world = World::default();
    settle_slowly(&world, "toy.queue/main");
    world.apply(&FULL);

    world.reach(&NOTHING);

    assert!(!world.toy.essence().contains_key("<toy.queue/main>"));
}

#[test]
fn siblings_that_cannot_be_listed_fail_the_step_and_nothing_else() {
    let mut world = World::with(&Wish { token: 0, ..FULL });
    let reason = "iam:ListAccessKeys is not allowed";
    world.toy.moods.unreadable.borrow_mut().insert("toy.token/main".into(), reason.into());
    let (plan, calls) = (world.plan_for(&FULL), world.toy.calls.get());

    let Outcome::Ended(report) = world.apply_plan(plan) else { panic!() };

    assert!(matches!(report.result, UnitResult::RolledBack(_)), "{report:?}");
    assert_eq!(report.failures.len(), 1);
    assert_eq!(report.failures[0].error.left, Left::Nothing);
    assert_eq!(report.failures[0].error.message, reason);
    assert_eq!((report.ledger.failed, report.ledger.stuck), (1, 0));
    assert_eq!(world.toy.calls.get(), calls, "nothing was sent");
    assert_eq!(world.state.entries.get(&"toy.token/main".parse().unwrap()), None);
    world.toy.moods.unreadable.borrow_mut().clear();
    world.reach(&FULL);
}

#[test]
fn a_create_that_only_waits_for_a_listing_does_not_begin_once_another_step_failed() {
    for tempo in 0..20 {
        for deny in ["create toy.guard/main", "create toy.secret/main", "create toy.net/main"] {
            let mut world = World::with(&NOTHING);
            world.toy.tempo.set(tempo);
            world.toy.denied.borrow_mut().insert(deny.into());
            let outcome = world.apply(&Wish { boxes: 0, ..FULL });
            let Outcome::Ended(report) = &outcome else { panic!("{outcome:?}") };
            assert!(matches!(report.result, UnitResult::RolledBack(_)), "{tempo} {deny}");
            assert_eq!(report.failures.len(), 1, "{tempo} {deny}");
        }
    }
}

//! What an earlier run left behind is looked at again before it is deleted.

use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::change::Action;
use nfplan_engine::observed::Owner;
use nfplan_engine::report::UnitResult;
use nfplan_engine::step::DropCause;
use nfplan_engine::step::Operation;

use crate::toy::Key;
use crate::wish::CHANGED;
use crate::wish::FULL;
use crate::wish::unit;
use crate::world::Outcome;
use crate::world::World;

/// A network is replaced, and the delete of the old one is refused.
fn left_behind() -> (World, Key) {
    let mut world = World::with(&FULL);
    world.toy.denied.borrow_mut().insert("delete toy.net/main".into());
    world.apply(&CHANGED);
    world.toy.denied.borrow_mut().clear();
    let id = deposed(&world)[0].clone();
    (world, ("toy.net".into(), id))
}

fn deposed(world: &World) -> Vec<RemoteId> {
    let address: Address = "toy.net/main".parse().unwrap();
    let deposed = world.state.entries[&address].deposed.iter();
    deposed.map(|object| object.remote_id.clone()).collect()
}

fn set_owner(world: &World, key: &Key, owner: Option<Owner>) {
    world.toy.things.borrow_mut().get_mut(key).unwrap().owner = owner;
}

/// Owners that what was left behind does not have.
fn other_owners(world: &World, key: &Key) -> [Option<Owner>; 4] {
    let own = world.toy.things.borrow()[key].owner.clone().unwrap();
    let bob = unit().to_string().replace("alice", "bob").parse().unwrap();
    [
        None,
        Some(Owner { unit: bob, ..own.clone() }),
        Some(Owner { address: "toy.net/other".parse().unwrap(), ..own.clone() }),
        Some(Owner { incarnation: Some(7), ..own }),
    ]
}

#[test]
fn what_is_somebody_elses_by_now_is_named_and_stays() {
    let (start, key) = left_behind();
    for owner in other_owners(&start, &key) {
        let mut world = start.again();
        world.lost_state = true;
        set_owner(&world, &key, owner.clone());

        let plan = world.plan_for(&CHANGED);

        let [step] = plan.steps.as_slice() else { panic!("{owner:?}: {plan:#?}") };
        assert!(
            matches!(&step.operation, Operation::Drop { remote_id, cause: DropCause::Gone } if *remote_id == key.1),
            "{owner:?}: {step:?}"
        );
        let [change] = plan.changes.as_slice() else { panic!("{owner:?}: {plan:#?}") };
        assert_eq!(change.action, Action::Forget);
        assert!(change.reasons[0].contains(key.1.as_str()), "{owner:?}: {change:?}");
        let calls = world.toy.calls.get();
        assert_eq!(*world.apply_plan(plan).result(), UnitResult::Applied, "{owner:?}");
        assert_eq!(world.toy.calls.get(), calls, "{owner:?}: nothing was sent");
        assert!(world.toy.things.borrow().contains_key(&key), "{owner:?}");
        world.assert_settled(&CHANGED);
    }
}

#[test]
fn what_becomes_somebody_elses_after_the_plan_is_not_deleted_and_is_a_leftover() {
    let (start, key) = left_behind();
    for owner in other_owners(&start, &key) {
        let mut world = start.again();
        world.lost_state = true;
        let plan = world.plan_for(&CHANGED);
        set_owner(&world, &key, owner.clone());

        let Outcome::Ended(report) = world.apply_plan(plan) else { panic!("{owner:?}") };

        let UnitResult::AppliedWithLeftovers(left) = &report.result else {
            panic!("{owner:?}: {report:?}")
        };
        assert_eq!(left[0].remote_id.as_ref(), Some(&key.1), "{owner:?}");
        assert_eq!(report.failures[0].error.code, "NotProved", "{owner:?}");
        assert!(world.toy.things.borrow().contains_key(&key), "{owner:?}");
        assert!(deposed(&world).contains(&key.1), "{owner:?}: it stays recorded");
        world.reach(&CHANGED);
        assert!(deposed(&world).is_empty(), "{owner:?}");
        assert!(world.toy.things.borrow().contains_key(&key), "{owner:?}");
    }
}

#[test]
fn what_somebody_changed_is_planned_as_it_is_and_deleted() {
    let (mut world, key) = left_behind();
    let note = |world: &World| {
        let mut things = world.toy.things.borrow_mut();
        things.get_mut(&key).unwrap().attributes.insert("note".into(), "by hand".into());
    };
    let before = world.plan_for(&CHANGED);
    note(&world);

    let plan = world.plan_for(&CHANGED);

    assert_ne!(
        plan.digest, before.digest,
        "whoever approved the plan before approves this one anew"
    );
    assert_eq!(plan.steps[0].pre_image().unwrap().get("note"), Some(&"by hand".into()));
    let outcome = world.apply_plan(before);
    let Outcome::Stale(refusals) = outcome else { panic!("{outcome:?}") };
    assert!(refusals[0].to_string().contains("`note`"), "{refusals:?}");
    assert!(world.toy.things.borrow().contains_key(&key));
    assert_eq!(*world.apply_plan(plan).result(), UnitResult::Applied);
    assert!(!world.toy.things.borrow().contains_key(&key));
    world.assert_settled(&CHANGED);
}

#[test]
fn what_is_gone_is_dropped_and_that_it_goes_after_the_plan_is_no_obstacle() {
    let (start, key) = left_behind();
    let remove = |world: &World| world.toy.things.borrow_mut().remove(&key).unwrap();
    let (mut early, mut late) = (start.again(), start.again());

    remove(&early);
    let plan = early.plan_for(&CHANGED);
    assert!(matches!(plan.steps[0].operation, Operation::Drop { .. }), "{plan:#?}");
    assert_eq!(*early.apply_plan(plan).result(), UnitResult::Applied);

    let plan = late.plan_for(&CHANGED);
    remove(&late);
    assert_eq!(*late.apply_plan(plan).result(), UnitResult::Applied);

    for world in [early, late] {
        world.assert_settled(&CHANGED);
        assert!(deposed(&world).is_empty());
    }
}

#[test]
fn what_cannot_be_read_is_not_deleted_and_keeps_nobody_from_going_on() {
    let (mut world, key) = left_behind();
    let reason = "ec2:DescribeVpcs is not allowed";
    world.toy.moods.unreadable.borrow_mut().insert("toy.net/main".into(), reason.into());

    let plan = world.plan_for(&CHANGED);

    assert_eq!(plan.unreadable.values().collect::<Vec<_>>(), [reason]);
    let outcome = world.apply_plan(plan);
    assert!(matches!(outcome.result(), UnitResult::AppliedWithLeftovers(_)), "{outcome:?}");
    assert!(world.toy.things.borrow().contains_key(&key));
    world.toy.moods.unreadable.borrow_mut().clear();
    world.reach(&CHANGED);
    assert!(!world.toy.things.borrow().contains_key(&key));
}

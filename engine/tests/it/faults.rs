//! Calls that go wrong: a failed apply leaves the cloud as it was.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::apply::RunError;
use nfplan_engine::event::Event;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use proptest::prelude::any;
use proptest::test_runner::Config;

use crate::foresight::recover_as_foreseen;
use crate::mishaps::FAULTS;
use crate::mishaps::Fault;
use crate::wish::CHANGED;
use crate::wish::FULL;
use crate::wish::NOTHING;
use crate::wish::SUSPENDED;
use crate::wish::Wish;
use crate::wish::wishes;
use crate::world::Outcome;
use crate::world::World;
use crate::world::comparable;
use crate::world::comparable_without;

/// Paths without in-slot replacement: there every build step can be undone.
const PATHS: [(Wish, Wish); 6] = [
    (NOTHING, FULL),
    (FULL, CHANGED),
    (CHANGED, FULL),
    (FULL, SUSPENDED),
    (CHANGED, NOTHING),
    (FULL, Wish { best: true, machine: 3, data: 1, ..FULL }),
];

/// The cloud without what a rollback may leave: parked objects, and what was tightened.
fn undoable(world: &World, wish: &Wish) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut skipped = BTreeSet::new();
    for (address, entry) in &world.state.entries {
        let vault = entry.deposed.iter().filter(|_| address.name.as_str() == "main");
        let vault = vault.filter(|_| address.resource_type.as_str() == "toy.vault");
        for parked in entry.parked.iter().chain(vault) {
            let key = (address.resource_type.to_string(), parked.remote_id.clone());
            assert!(world.toy.things.borrow().contains_key(&key), "what is parked exists");
            skipped.insert(key);
        }
    }
    let mut essence = comparable_without(&world.toy, wish, &skipped);
    essence.entry("<toy.guard/main>".into()).and_modify(|guard| {
        guard.remove("block");
    });
    essence.entry("<toy.token/main>".into()).and_modify(|token| {
        token.remove("status");
    });
    essence
}

/// A change of the spec, with the cloud before it and what it shall be like afterwards.
struct Path {
    from: Wish,
    to: Wish,
    start: World,
    plan: UnitPlan,
    goal: World,
}

impl Path {
    fn new(from: Wish, to: Wish) -> Self {
        let (start, goal) = (World::with(&from), World::with(&to));
        Self { from, to, plan: start.plan_for(&to), start, goal }
    }
}

/// Applies with faults and checks what must hold of the result; whether a fault was hit.
fn check(path: &Path, faults: &[(u32, Fault)], context: &str) -> bool {
    let Path { from, to, start, plan, goal } = path;
    let mut world = start.clone();
    let before = undoable(&world, from);
    let calls = world.toy.calls.get();
    let faults: BTreeMap<u32, Fault> = faults.iter().map(|(n, f)| (calls + n, *f)).collect();
    let hit = *faults.keys().next().unwrap();
    *world.toy.faults.borrow_mut() = faults;
    let outcome = world.apply_plan(plan.clone());
    let result = match &outcome {
        Outcome::Unchanged => return false,
        outcome => outcome.result().clone(),
    };
    match result {
        UnitResult::RolledBack(_) => {
            assert!(world.open.is_none(), "{context}");
            let after = undoable(&world, from);
            for (address, attributes) in &after {
                assert_eq!(before.get(address), Some(attributes), "{context}: {address}");
            }
            assert_eq!(after.len(), before.len(), "{context}: {outcome:?}");
        }
        UnitResult::Applied => {
            assert_eq!(comparable(&world.toy, to), comparable(&goal.toy, to), "{context}");
        }
        UnitResult::AppliedWithLeftovers(left) => {
            assert!(world.open.is_none() && !left.is_empty(), "{context}");
        }
        UnitResult::Stuck(_) | UnitResult::Interrupted | UnitResult::Stopped => {
            panic!("{context}: {outcome:?} {:?}", world.open);
        }
    }
    let was_hit = world.toy.calls.get() > hit;
    world.reach(to);
    assert_eq!(comparable(&world.toy, to), comparable(&goal.toy, to), "{context}");
    was_hit
}

#[test]
fn whatever_call_fails_the_cloud_is_as_before_or_as_wanted() {
    for (index, (from, to)) in PATHS.iter().enumerate() {
        let path = Path::new(*from, *to);
        for fault in FAULTS {
            for number in 0.. {
                let context = format!("path {index}, {fault:?} of call {number}");
                if !check(&path, &[(number, fault)], &context) {
                    assert!(number > 3, "there are calls to fail");
                    break;
                }
            }
        }
    }
}

#[test]
fn an_undo_that_fails_is_tried_again_by_the_next_process() {
    let to = Wish { secret: false, vault: 0, token: 0, ..FULL };
    for fault in FAULTS {
        for later in 1..8 {
            let mut world = World::with(&NOTHING);
            // The fault hits the queue, which comes late, and one of the calls after it.
            let number = 9;
            let faults = [(number, Fault::BeforeEffect), (number + later, fault)];
            *world.toy.faults.borrow_mut() = faults.into();
            let outcome = world.apply(&to);
            world.toy.faults.borrow_mut().clear();
            let context = format!("{fault:?} {later} calls after the failure: {outcome:?}");
            if let UnitResult::Stuck(left) = outcome.result() {
                assert!(!left.is_empty() && world.open.is_some(), "{context}");
                let again = world.recover(Recovery::RollBack);
                assert!(matches!(again.result(), UnitResult::RolledBack(_)), "{context} {again:?}");
            }
            assert!(undoable(&world, &NOTHING).is_empty(), "{context}");
            world.reach(&to);
        }
    }
}

#[test]
fn a_failed_in_slot_replacement_ends_stuck_but_closed_and_the_next_apply_mends_it() {
    let to = Wish { path: 1, data: 1, ..FULL };
    let path = Path::new(FULL, to);
    for fault in FAULTS {
        for number in 0..6 {
            let mut world = path.start.clone();
            let faults = [(world.toy.calls.get() + number, fault)];
            *world.toy.faults.borrow_mut() = faults.into();
            let outcome = world.apply(&to);
            let context = format!("{fault:?} of call {number}: {outcome:?}");
            assert!(world.open.is_none(), "{context}");
            world.reach(&to);
            assert_eq!(comparable(&world.toy, &to), comparable(&path.goal.toy, &to));
        }
    }
}

#[test]
fn a_delete_that_fails_leaves_the_object_deposed_and_the_next_apply_deletes_it() {
    let mut world = World::with(&FULL);
    world.toy.denied.borrow_mut().insert("delete toy.net/main".into());

    let outcome = world.apply(&CHANGED);

    let UnitResult::AppliedWithLeftovers(left) = outcome.result() else { panic!("{outcome:?}") };
    assert_eq!(left.len(), 1);
    let address = "toy.net/main".parse().unwrap();
    assert_eq!(world.state.entries[&address].deposed.len(), 1);
    let plan = world.plan_for(&CHANGED);
    assert_eq!(plan.steps.len(), 1, "{plan:#?}");
    world.reach(&CHANGED);
    assert!(world.state.entries[&address].deposed.is_empty());
}

#[test]
fn an_object_whose_delete_failed_is_taken_back_when_it_is_wanted_again() {
    for kind in ["toy.queue/main", "toy.net/main", "toy.farm/main"] {
        let mut world = World::with(&FULL);
        world.toy.denied.borrow_mut().insert(format!("delete {kind}"));
        let outcome = world.apply(&NOTHING);
        assert!(matches!(outcome.result(), UnitResult::AppliedWithLeftovers(_)), "{outcome:?}");
        world.toy.denied.borrow_mut().clear();

        world.reach(&FULL);

        assert_eq!(comparable(&world.toy, &FULL), comparable(&World::with(&FULL).toy, &FULL));
    }
}

#[test]
fn a_deposed_object_that_is_gone_does_not_take_its_successor_of_the_same_name_along() {
    let mut world = World::with(&FULL);
    world.toy.denied.borrow_mut().insert("delete toy.queue/main".into());
    world.apply(&Wish { queue: 0, ..FULL });
    world.toy.remove_by_hand("toy.queue/main");

    world.reach(&FULL);

    assert!(world.toy.essence().contains_key("<toy.queue/main>"));
}

#[test]
fn a_process_that_lost_its_lease_sends_nothing() {
    let mut world = World { may_send: false, ..World::default() };

    let outcome = world.apply(&FULL);

    assert!(matches!(outcome, Outcome::Broke(RunError::LeaseRanOut(_))), "{outcome:?}");
    assert_eq!(world.toy.calls.get(), 0);
    world.may_send = true;
    world.reach(&FULL);
}

#[test]
fn an_interrupted_run_stays_recoverable_whatever_the_moment() {
    let start = World::with(&FULL);
    for recovery in [Recovery::RollBack, Recovery::Resume] {
        for turns in 0.. {
            let mut world = start.clone();
            world.interrupt = Some(turns);
            let outcome = world.apply(&CHANGED);
            if *outcome.result() == UnitResult::Applied && world.open.is_none() && turns > 20 {
                break;
            }
            if world.open.is_some() {
                assert_eq!(*outcome.result(), UnitResult::Interrupted, "{turns}");
                match recovery {
                    Recovery::RollBack => recover_as_foreseen(&mut world, &format!("{turns}")),
                    Recovery::Resume => world.recover(recovery),
                };
                assert!(world.open.is_none(), "{turns}");
            }
            world.reach(&CHANGED);
        }
    }
}

#[test]
fn a_platform_output_that_moves_before_the_commit_point_rolls_the_run_back() {
    let mut world = World::default();
    let plan = world.plan_for(&FULL);
    let known = world.externals.0.borrow()[0].clone();
    let moved = known.keys().map(|external| (external.clone(), "k2".into())).collect();
    *world.externals.0.borrow_mut() = vec![known, moved];

    let outcome = world.apply_plan(plan);

    assert!(matches!(outcome.result(), UnitResult::RolledBack(_)), "{outcome:?}");
    assert!(undoable(&world, &NOTHING).is_empty());
    world.reach(&FULL);
}

#[test]
fn every_prefix_of_a_run_folds_and_its_counters_never_fall() {
    let mut world = World::with(&FULL);
    let plan = world.plan_for(&Wish { path: 1, ..CHANGED });
    let before = world.state.clone();
    world.toy.faults.borrow_mut().insert(world.toy.calls.get() + 12, Fault::AnswerLost);
    world.interrupt = Some(25);
    world.apply_plan(plan.clone());
    let events: Vec<Event> = world.open.as_ref().unwrap().events.borrow().clone();
    assert!(events.len() > 10, "the run got somewhere: {}", events.len());
    let mut last = before.clone();
    for length in 0..=events.len() {
        let schemas = nfplan_engine::provider::Reader::schemas(&world.toy);
        let state =
            nfplan_engine::fold::fold(&before, None, &plan, &events[..length], schemas).unwrap();
        for (address, entry) in &last.entries {
            assert!(state.entries[address].incarnation >= entry.incarnation, "{address}");
        }
        last = state;
    }
}

proptest::proptest! {
    #![proptest_config(Config { cases: 40, max_shrink_iters: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_fault_on_any_path_ends_cleanly(
        from in wishes(),
        to in wishes(),
        number in 0_u32..40,
        fault in 0_usize..4,
        tempo in any::<u32>(),
    ) {
        let to = Wish { path: from.path, ..to };
        let path = Path::new(from, to);
        path.start.toy.tempo.set(tempo);
        check(&path, &[(number, FAULTS[fault])], &format!("{from:?} {to:?}"));
    }
}

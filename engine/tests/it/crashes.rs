//! Processes that are killed: whatever the moment, plain commands lead to a clean end.

use nfplan_engine::plan::UnitPlan;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;

use crate::foresight::recover_as_foreseen;
use crate::wish::CHANGED;
use crate::wish::FULL;
use crate::wish::NOTHING;
use crate::wish::SUSPENDED;
use crate::wish::Wish;
use crate::world::Outcome;
use crate::world::World;
use crate::world::comparable;

const PATHS: [(Wish, Wish); 5] = [
    (NOTHING, FULL),
    (FULL, CHANGED),
    (FULL, SUSPENDED),
    (CHANGED, NOTHING),
    (FULL, Wish { path: 1, best: true, machine: 3, ..FULL }),
];

/// Kills the apply of `plan` at boundary `at`; whether that boundary exists.
fn killed(start: &World, plan: &UnitPlan, at: u32) -> (World, bool) {
    let mut world = start.clone();
    world.toy.crash.arm(Some(at));
    let outcome = world.apply_plan(plan.clone());
    let died = matches!(outcome, Outcome::Dead);
    assert!(died || *outcome.result() == UnitResult::Applied, "{outcome:?}");
    world.toy.crash.arm(None);
    (world, died)
}

fn finish(mut world: World, to: &Wish, goal: &World, context: &str) {
    world.reach(to);
    assert_eq!(comparable(&world.toy, to), comparable(&goal.toy, to), "{context}");
}

#[test]
fn a_killed_run_is_recovered_from_every_moment() {
    for (index, (from, to)) in PATHS.iter().enumerate() {
        let (start, goal) = (World::with(from), World::with(to));
        let plan = start.plan_for(to);
        for recovery in [Recovery::RollBack, Recovery::Resume] {
            for at in 0.. {
                let (mut world, died) = killed(&start, &plan, at);
                if !died {
                    assert!(at > 10, "there are moments to die at");
                    break;
                }
                let context = format!("path {index}, {recovery:?}, boundary {at}");
                let outcome = match recovery {
                    Recovery::RollBack => recover_as_foreseen(&mut world, &context),
                    Recovery::Resume => world.recover(recovery),
                };
                assert!(world.open.is_none(), "{context}: {outcome:?}");
                let (result, opened) = (outcome.result().clone(), at > 1);
                match recovery {
                    Recovery::Resume if opened => {
                        // A key whose call has no outcome is of no use: that rolls back.
                        assert!(
                            matches!(result, UnitResult::Applied) || lost_token(&result, to),
                            "{context}: {outcome:?}"
                        );
                    }
                    Recovery::Resume | Recovery::RollBack => {}
                }
                finish(world, to, &goal, &context);
            }
        }
    }
}

fn lost_token(result: &UnitResult, to: &Wish) -> bool {
    matches!(result, UnitResult::RolledBack(_)) && to.token == 1
}

#[test]
fn a_recovery_that_is_killed_is_recovered_from_every_moment() {
    let from = Wish { boxes: 1, key: false, secret: false, vault: 0, guard: 0, ..FULL };
    let to = Wish { cidr: 1, data: 1, token: 2, ..from };
    let (start, goal) = (World::with(&from), World::with(&to));
    let plan = start.plan_for(&to);
    for recovery in [Recovery::RollBack, Recovery::Resume] {
        for at in (0..).step_by(5) {
            let (dead, died) = killed(&start, &plan, at);
            if !died {
                break;
            }
            for again in 0.. {
                let mut world = dead.again();
                world.toy.crash.arm(Some(again));
                if !matches!(world.recover(recovery), Outcome::Dead) {
                    break;
                }
                world.toy.crash.arm(None);
                let context = format!("{recovery:?}, boundaries {at} and {again}");
                let outcome = match recovery {
                    Recovery::RollBack => recover_as_foreseen(&mut world, &context),
                    Recovery::Resume => world.recover(recovery),
                };
                assert!(world.open.is_none(), "{context}: {outcome:?}");
                if recovery == Recovery::Resume && at > 1 {
                    assert_eq!(*outcome.result(), UnitResult::Applied, "{context}");
                }
                finish(world, &to, &goal, &context);
            }
        }
    }
}

#[test]
fn a_create_that_is_cut_between_its_requests_is_never_taken_for_whole() {
    let goal = World::with(&FULL);
    let start = World::default();
    start.toy.in_two.set(true);
    let plan = start.plan_for(&FULL);
    for recovery in [Recovery::RollBack, Recovery::Resume] {
        let mut cut = 0;
        for at in 0.. {
            let (mut world, died) = killed(&start, &plan, at);
            if !died {
                break;
            }
            let context = format!("{recovery:?}, boundary {at}");
            cut += halves(&world, &goal);
            // The lost state knows of nothing: all that there is is found by its identity.
            if at % 3 == 0 && recovery == Recovery::RollBack {
                let (open, lost_state) = (None, true);
                let mut lost = World { open, lost_state, ..world.again() };
                lost.toy.remove_by_hand("toy.token/main");
                lost.toy.crash.arm(None);
                lost.apply(&FULL);
                finish(lost, &FULL, &goal, &format!("{context}, the state is lost"));
            }
            let outcome = world.recover(recovery);
            assert!(world.open.is_none(), "{context}: {outcome:?}");
            finish(world, &FULL, &goal, &context);
        }
        assert!(cut >= 5, "{recovery:?}: {cut} objects were found half-made");
    }
}

/// How many objects are not as they shall be.
fn halves(world: &World, goal: &World) -> usize {
    let goal = comparable(&goal.toy, &FULL);
    let found = comparable(&world.toy, &FULL);
    found.iter().filter(|(name, attributes)| goal.get(*name) != Some(attributes)).count()
}

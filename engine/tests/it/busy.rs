//! Objects that still do work for somebody are not torn away, whichever way a run goes.

use std::collections::BTreeSet;

use nfplan_engine::event::Event;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::step::Undo;

use crate::foresight::recover_as_foreseen;
use crate::wish::FULL;
use crate::wish::Wish;
use crate::world::Outcome;
use crate::world::World;
use crate::world::comparable;

const FARM: &str = "toy.farm/main";

/// Another farm takes over, in another network.
const TO: Wish = Wish { best: true, cidr: 1, script: 1, ..FULL };

fn set_busy(world: &World, busy: bool) {
    let mut set = world.toy.moods.busy.borrow_mut();
    if busy {
        set.insert(FARM.into())
    } else {
        set.remove(FARM)
    };
}

/// The addresses at which something awaits deletion.
fn awaiting(world: &World) -> BTreeSet<String> {
    let entries = world.state.entries.iter().filter(|(_, entry)| !entry.deposed.is_empty());
    entries.map(|(address, _)| address.to_string()).collect()
}

#[test]
fn what_took_work_stays_when_its_run_is_rolled_back_with_all_that_it_needs() {
    let mut world = World::with(&FULL);
    world.toy.denied.borrow_mut().insert("update toy.queue/main".into());
    set_busy(&world, true);

    let Outcome::Ended(report) = world.apply(&TO) else { panic!() };

    assert!(matches!(report.result, UnitResult::RolledBack(_)), "{report:?}");
    let undoing: Vec<_> = report.failures.iter().filter(|failure| failure.undoing).collect();
    let [failure] = undoing.as_slice() else { panic!("{report:?}") };
    assert_eq!((&*failure.address.to_string(), failure.error.kind), (FARM, ErrorKind::Busy));
    assert_eq!(report.ledger.stuck, 0, "{report:?}");
    let left = awaiting(&world);
    assert!(left.contains(FARM) && left.contains("toy.net/main"), "{left:?}");
    world.toy.denied.borrow_mut().clear();

    let again = world.apply(&TO);
    let UnitResult::AppliedWithLeftovers(named) = again.result() else { panic!("{again:?}") };
    assert!(named.iter().any(|one| one.address.to_string() == FARM), "{named:?}");

    set_busy(&world, false);
    world.reach(&TO);
    assert_eq!(awaiting(&world), BTreeSet::new());
    assert_eq!(comparable(&world.toy, &TO), comparable(&World::with(&TO).toy, &TO));
}

#[test]
fn whenever_a_run_dies_what_took_work_is_found_again() {
    let (start, goal) = (World::with(&FULL), World::with(&TO));
    let plan = start.plan_for(&TO);
    let (mut stayed, mut known) = (0, 0);
    for at in 0.. {
        let mut world = start.again();
        world.toy.crash.arm(Some(at));
        if !matches!(world.apply_plan(plan.clone()), Outcome::Dead) {
            break;
        }
        set_busy(&world, true);
        for again in 0.. {
            let mut world = world.again();
            world.toy.crash.arm(Some(again));
            let alive = !matches!(world.recover(Recovery::RollBack), Outcome::Dead);
            world.toy.crash.arm(None);
            if !alive {
                // That work is left is foreseen once it was found.
                if knows(&world) {
                    known += 1;
                    recover_as_foreseen(&mut world, &format!("boundaries {at} and {again}"));
                } else {
                    world.recover(Recovery::RollBack);
                }
            }
            assert!(world.open.is_none(), "boundaries {at} and {again}");
            stayed += usize::from(awaiting(&world).contains(FARM));
            set_busy(&world, false);
            world.reach(&TO);
            assert_eq!(comparable(&world.toy, &TO), comparable(&goal.toy, &TO), "{at} {again}");
            if alive || again > 30 {
                break;
            }
        }
    }
    assert!(stayed > 10 && known > 10, "{stayed} {known}");
}

/// Whether the open run has recorded that something stays.
fn knows(world: &World) -> bool {
    let open = world.open.as_ref().unwrap();
    let events = open.events.borrow();
    events.iter().any(|event| match event {
        Event::Undone { step, made: Some(_) } => {
            open.plan.steps[step.0 as usize].undo == Undo::Delete
        }
        _ => false,
    })
}

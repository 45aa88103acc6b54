//! What an open run is expected to come to is what recovering it comes to.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::event::Event;
use nfplan_engine::event::Phase;
use nfplan_engine::event::RunState;
use nfplan_engine::event::StepStatus;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::Reader;
use nfplan_engine::recover::prospect;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::schema::Kind;
use nfplan_engine::state::Entry;
use nfplan_engine::state::State;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Step;
use nfplan_engine::step::Undo;

use crate::mishaps::FAULTS;
use crate::mishaps::Fault;
use crate::wish::CHANGED;
use crate::wish::FULL;
use crate::wish::Wish;
use crate::wish::build;
use crate::world::Open;
use crate::world::Outcome;
use crate::world::World;

/// What only recovery itself can find out, and a prospect therefore may have otherwise:
///
/// - outputs that an update may change: undoing or retiring is an update, and reads them again;
/// - all outputs of an object that was left half-made and is then parked: parking reads them;
/// - what stands at the address of a build step of unknown outcome, if the step took effect after
///   all and its effect stays: what is parked, kept because it tightens, or irreversible, and then
///   whatever it needed.
fn foreseeable(state: &State, open: &Open, world: &World) -> State {
    let mut state = state.clone();
    let uncertain = uncertain(open);
    let half_made = half_made(open);
    for (address, entry) in &mut state.entries {
        if uncertain.contains(address) {
            *entry = Entry { incarnation: entry.incarnation, ..Entry::default() };
        }
        let schema = world.toy.schemas().find(&address.resource_type).unwrap();
        let parked = entry.parked.iter_mut().chain(&mut entry.deposed);
        parked.filter(|_| half_made.contains(address)).for_each(|object| object.outputs.clear());
        let objects = entry.current.iter_mut().chain(&mut entry.parked).chain(&mut entry.deposed);
        for object in objects {
            object.outputs.retain(|name, _| match schema.attribute(name).map(|a| a.kind) {
                Some(Kind::Computed(computed)) => !computed.changes_on_update,
                _ => true,
            });
        }
    }
    state
}

fn uncertain(open: &Open) -> BTreeSet<Address> {
    let mut run = RunState::default();
    open.events.borrow().iter().for_each(|event| run.apply(event).unwrap());
    let build = open.plan.steps.iter().filter(|step| step.stage == Stage::Build);
    let stays = build.filter(|step| match &step.undo {
        Undo::Park { .. } | Undo::Keep | Undo::Irreversible { .. } => run.phase != Phase::Retiring,
        Undo::Delete | Undo::Restore | Undo::Release | Undo::NotNeeded => false,
    });
    let is_unknown =
        |step: &Step| matches!(run.status(step.id), StepStatus::Started | StepStatus::Unknown);
    let mut waiting: Vec<&Step> = stays.filter(|step| is_unknown(step)).collect();
    let mut found = BTreeSet::new();
    while let Some(step) = waiting.pop() {
        found.insert(step.address.clone());
        if matches!(step.undo, Undo::Irreversible { .. }) || !is_unknown(step) {
            waiting.extend(step.needs.iter().map(|need| &open.plan.steps[need.0 as usize]));
        }
    }
    found
}

fn half_made(open: &Open) -> BTreeSet<Address> {
    let events = open.events.borrow();
    let halves = events.iter().filter_map(|event| match event {
        Event::Failed { step, error } if matches!(error.left, Left::Object(_)) => Some(*step),
        _ => None,
    });
    halves.map(|step| open.plan.steps[step.0 as usize].address.clone()).collect()
}

/// Recovers the open run by default and compares with what was expected of it.
pub(crate) fn recover_as_foreseen(world: &mut World, context: &str) -> Outcome {
    let open = world.again().open.unwrap();
    let (before, schemas) = (Some(world.state.digest()), world.toy.schemas());
    let events = open.events.borrow().clone();
    let expected = prospect(&world.state, before, &open.plan, &events, schemas).unwrap();
    let outcome = world.recover(Recovery::RollBack);
    let expected = foreseeable(&expected, &open, world);
    let come = foreseeable(&world.state, &open, world);
    for (address, entry) in &come.entries {
        assert_eq!(expected.entries.get(address), Some(entry), "{context}: {address}, {outcome:?}");
    }
    assert_eq!(expected, come, "{context}: {outcome:?}");
    outcome
}

#[test]
fn a_run_that_died_of_a_fault_comes_to_what_was_expected() {
    let from = Wish { boxes: 1, ..FULL };
    let (start, to) = (World::with(&from), Wish { boxes: 1, key_note: 0, ..CHANGED });
    let plan = start.plan_for(&to);
    let first = start.toy.calls.get();
    for fault in FAULTS {
        for number in (0..20).step_by(3) {
            for at in (10..60).step_by(7) {
                let mut world = start.clone();
                world.toy.faults.borrow_mut().insert(first + number, fault);
                world.toy.crash.arm(Some(at));
                let outcome = world.apply_plan(plan.clone());
                world.toy.crash.arm(None);
                world.toy.faults.borrow_mut().clear();
                if matches!(outcome, Outcome::Dead) {
                    let context = format!("{fault:?} of call {number}, dead at boundary {at}");
                    recover_as_foreseen(&mut world, &context);
                    assert!(world.open.is_none(), "{context}");
                }
            }
        }
    }
}

#[test]
fn what_an_irreversible_step_needed_is_expected_to_stay() {
    let start = World::with(&FULL);
    let mut renamed = Wish { size: 1, best: true, ..FULL }.resources();
    let queue = renamed.iter_mut().find(|r| r.address.resource_type.as_str() == "toy.queue");
    queue.unwrap().inputs.insert("name".into(), "other-queue".into());
    let plan = start.plan(&build(renamed)).unwrap();
    let mut stuck = 0;
    for at in 0..60 {
        let mut world = start.clone();
        world.toy.crash.arm(Some(at));
        let died = matches!(world.apply_plan(plan.clone()), Outcome::Dead);
        world.toy.crash.arm(None);
        if died {
            let outcome = recover_as_foreseen(&mut world, &format!("boundary {at}"));
            stuck += u32::from(matches!(outcome.result(), UnitResult::Stuck(_)));
        }
    }
    assert!(stuck > 0, "some moments are past the delete");
}

#[test]
fn an_interrupted_recovery_reports_nothing_of_what_failed_before_it() {
    let start = World::with(&FULL);
    let plan = start.plan_for(&CHANGED);
    let failing = start.toy.calls.get() + 6;
    let mut silent = 0;
    for turns in (0..200).step_by(5) {
        let mut world = start.clone();
        world.toy.faults.borrow_mut().insert(failing, Fault::BeforeEffect);
        world.interrupt = Some(turns);
        world.apply_plan(plan.clone());
        let Some(open) = &world.open else { continue };
        let failed = open.events.borrow().iter().any(|e| matches!(e, Event::Failed { .. }));
        if !failed {
            continue;
        }
        world.interrupt = Some(2);
        let Outcome::Ended(report) = world.recover(Recovery::RollBack) else { panic!() };
        assert_eq!(report.failures, []);
        silent += u32::from(report.result == UnitResult::Interrupted);
    }
    assert!(silent > 0, "some were interrupted while rolling back a failure");
}

//! What plans say, and that they come true.

use std::collections::BTreeMap;

use nfplan_engine::address::Address;
use nfplan_engine::change::Action;
use nfplan_engine::desired::Desired;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::Reader;
use nfplan_engine::refusal::RefusalKind;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Undo;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use proptest::prelude::Just;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::test_runner::Config;

use crate::mishaps::Fault;
use crate::wish::CHANGED;
use crate::wish::FULL;
use crate::wish::NOTHING;
use crate::wish::SUSPENDED;
use crate::wish::Wish;
use crate::wish::expansion;
use crate::wish::external;
use crate::wish::wishes;
use crate::world::Outcome;
use crate::world::World;
use crate::world::comparable;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn action(plan: &UnitPlan, at: &str) -> Option<Action> {
    plan.changes.iter().find(|change| change.address == address(at)).map(|change| change.action)
}

fn refusals(world: &World, desired: &Desired) -> Vec<RefusalKind> {
    world.plan(desired).unwrap_err().into_iter().map(|refusal| refusal.kind).collect()
}

proptest::proptest! {
    #![proptest_config(Config {
        cases: 60, max_shrink_iters: 60, failure_persistence: None, ..Config::default()
    })]

    #[test]
    fn from_anywhere_to_anywhere_one_apply_is_enough_and_history_leaves_no_trace(
        path in proptest::collection::vec(wishes(), 2..4),
        tempo in any::<u32>(),
    ) {
        let mut world = World::default();
        world.toy.tempo.set(tempo);
        for wish in &path {
            world.reach(wish);
        }
        let last = path.last().unwrap();
        assert_eq!(comparable(&world.toy, last), comparable(&World::with(last).toy, last));
    }

    #[test]
    fn the_order_of_the_spec_means_nothing(
        (from, to, shuffled) in (wishes(), wishes()).prop_flat_map(|(from, to)| {
            (Just(from), Just(to), Just(to.resources()).prop_shuffle())
        }),
    ) {
        let world = World::with(&from);
        let expected = world.plan(&crate::wish::build(to.resources())).unwrap();
        let plan = world.plan(&crate::wish::build(shuffled)).unwrap();
        assert_eq!(plan, expected);
        assert_eq!(plan.digest, plan.decision_digest());
    }

    #[test]
    fn a_step_needs_only_earlier_steps_of_its_own_stage(from in wishes(), to in wishes()) {
        let plan = World::with(&from).plan_for(&to);
        for (step, number) in plan.steps.iter().zip(0..) {
            assert_eq!(step.id.0, number);
            for need in &step.needs {
                assert!(*need < step.id);
                assert_eq!(plan.steps[need.0 as usize].stage, step.stage);
            }
        }
    }

    #[test]
    fn another_wish_has_another_digest(from in wishes(), one in wishes(), two in wishes()) {
        let world = World::with(&from);
        let (first, second) = (world.plan_for(&one), world.plan_for(&two));
        assert_eq!(first.digest == second.digest, first.steps == second.steps);
    }
}

#[test]
fn a_change_of_state_pin_or_live_pre_image_changes_the_digest() {
    let world = World::with(&FULL);
    let digest = world.plan_for(&CHANGED).digest;
    assert_eq!(world.plan_for(&CHANGED).digest, digest, "the same gives the same");

    let mut other = world.clone();
    other.state.entries.entry(address("toy.net/main")).or_default().incarnation += 1;
    assert_ne!(other.plan_for(&CHANGED).digest, digest, "state");

    let other = world.clone();
    other.toy.change_by_hand("toy.role/work", "trust", "by-hand");
    assert_ne!(other.plan_for(&CHANGED).digest, digest, "live pre-image");

    let mut pinned = expansion(CHANGED.resources());
    pinned.pins.insert("image".into(), "ami-1".into());
    let desired = Desired::build(pinned, world.toy.schemas()).unwrap();
    assert_ne!(world.plan(&desired).unwrap().digest, digest, "pin");
}

#[test]
fn drift_of_a_managed_attribute_is_mended_and_of_a_volatile_one_ignored() {
    let mut world = World::with(&FULL);
    world.toy.change_by_hand("toy.net/main", "load", "idle");
    world.assert_settled(&FULL);
    world.toy.change_by_hand("toy.role/work", "trust", "everybody");
    let plan = world.plan_for(&FULL);
    let change = &plan.changes[0].attributes[0];
    assert_eq!(change.before, Some("everybody".into()));
    assert_eq!(change.applied, Some("trust-0".into()));
    world.reach(&FULL);
}

#[test]
fn what_somebody_else_hung_on_an_object_is_told_and_holds_its_slot() {
    let mut world = World::with(&FULL);
    let role = address("toy.role/work");
    let id = world.state.current(&role).unwrap().remote_id.to_string();
    world.toy.change_by_hand("toy.role/work", "doors", &id);
    assert!(world.plan_for(&FULL).notes.is_empty(), "what the state knows is no stranger");
    world.toy.change_by_hand("toy.role/work", "doors", "back door");
    let told = format!("back door let into `{id}`");
    for wish in [&FULL, &NOTHING] {
        let plan = world.plan_for(wish);
        assert_eq!(plan.notes, BTreeMap::from([(role.clone(), told.clone())]));
    }
    world.assert_settled(&FULL);

    world.asked.replace.insert(role.clone());
    let refused = world.plan(&FULL.desired()).unwrap_err();
    let [refusal] = refused.as_slice() else { panic!("{refused:#?}") };
    assert_eq!((refusal.kind, refusal.address.as_ref()), (RefusalKind::Unchangeable, Some(&role)));
    assert!(refusal.message.ends_with(&told), "{}", refusal.message);
}

#[test]
fn what_does_not_change_on_its_own_is_left_alone_and_carried_along_by_a_replacement() {
    let world = World::with(&FULL);
    let mut moved = FULL.resources();
    let boxes = moved.iter_mut().filter(|r| r.address.resource_type.as_str() == "toy.box");
    boxes.for_each(|r| drop(r.inputs.insert("zone".into(), "b".into())));
    let desired = crate::wish::build(moved.clone());
    let plan = world.plan(&desired).unwrap();
    assert!(plan.steps.is_empty());
    let notes: Vec<String> = plan.notes.keys().map(ToString::to_string).collect();
    assert_eq!(notes, ["toy.box/b0", "toy.box/b1"]);
    let note = r#"`zone` stays "a", although the specs now come to "b": rebuild it"#;
    assert_eq!(plan.notes[&address("toy.box/b0")], note);

    moved[0].inputs.insert("cidr".into(), "other".into());
    let plan = world.plan(&crate::wish::build(moved)).unwrap();
    assert_eq!(action(&plan, "toy.box/b0"), Some(Action::Replace));
}

#[test]
fn what_does_not_change_on_its_own_stands_in_the_way_of_nothing_else() {
    let world = World::with(&FULL);
    let mut moved = Wish { script: 1, ..FULL }.resources();
    let item = moved.iter_mut().find(|r| r.address.to_string() == "toy.box/b0");
    item.unwrap().inputs.insert("zone".into(), "b".into());

    let plan = world.plan(&crate::wish::build(moved)).unwrap();

    let change = plan.changes.iter().find(|change| change.address == address("toy.box/b0"));
    let names: Vec<&str> = change.unwrap().attributes.iter().map(|a| &*a.name).collect();
    assert_eq!(names, ["script"]);
}

#[test]
fn what_somebody_changed_and_nfplan_cannot_change_back_is_refused_by_name() {
    let world = World::with(&FULL);
    world.toy.change_by_hand("toy.box/b0", "zone", "b");
    let desired = Wish { script: 1, ..FULL }.desired();

    let refusals = world.plan(&desired).unwrap_err();

    let messages: Vec<&str> = refusals.iter().map(|refusal| refusal.message.as_str()).collect();
    assert_eq!(messages, ["`zone` cannot change: rebuild it"]);
}

#[test]
fn an_attribute_whose_change_replaces_is_attached_in_place_where_there_was_none() {
    let bare = Wish { gateway: 0, ..FULL };
    let mut world = World::with(&bare);
    let plan = world.plan_for(&FULL);
    assert_eq!(action(&plan, "toy.box/b0"), Some(Action::Update));
    world.reach(&FULL);
    assert_eq!(action(&world.plan_for(&bare), "toy.box/b0"), Some(Action::Replace));
}

#[test]
fn an_escalated_change_creates_first_with_the_next_generation() {
    let best = Wish { best: true, ..FULL };
    let mut world = World::with(&best);
    let bigger = Wish { size: 1, ..best };
    assert_eq!(action(&world.plan_for(&bigger), "toy.farm/main"), Some(Action::Replace));
    world.reach(&bigger);
    let farm = world.state.current(&address("toy.farm/main")).unwrap().clone();
    assert_eq!((farm.generation, farm.remote_id.as_str()), (2, "alice-farm-g2"));
    // A failed attempt leaves no gap and no clash.
    world.toy.denied.borrow_mut().insert("update toy.queue/main".into());
    let outcome = world.apply(&Wish { size: 2, ..best });
    assert!(matches!(outcome.result(), UnitResult::RolledBack(_)), "{outcome:?}");
    world.reach(&Wish { size: 2, ..best });
    let farm = world.state.current(&address("toy.farm/main")).unwrap();
    assert_eq!((farm.generation, farm.remote_id.as_str()), (3, "alice-farm-g3"));
}

#[test]
fn an_in_slot_replacement_deletes_in_the_build_stage_and_is_irreversible() {
    let world = World::with(&FULL);
    let plan = world.plan_for(&Wish { path: 1, ..FULL });
    let role = address("toy.role/work");
    let steps: Vec<_> = plan.steps.iter().filter(|step| step.address == role).collect();
    assert_eq!(action(&plan, "toy.role/work"), Some(Action::ReplaceInSlot));
    assert_eq!(steps.len(), 2);
    assert!(matches!(steps[0].operation, Operation::Delete { .. }));
    assert!(matches!(steps[0].undo, Undo::Irreversible { .. }));
    assert!(matches!(steps[1].operation, Operation::Create { .. }));
    assert!(steps[1].needs.contains(&steps[0].id));
}

#[test]
fn what_is_asked_to_be_replaced_is_replaced() {
    let mut world = World::with(&FULL);
    world.asked.replace.insert(address("toy.net/main"));
    world.asked.replace.insert(address("toy.role/work"));
    let plan = world.plan_for(&FULL);
    assert_eq!(action(&plan, "toy.net/main"), Some(Action::Replace));
    assert_eq!(action(&plan, "toy.role/work"), Some(Action::ReplaceInSlot));
    let outcome = world.apply_plan(plan);
    assert_eq!(*outcome.result(), UnitResult::Applied, "{outcome:?}");
    world.asked.replace.clear();
    world.assert_settled(&FULL);
}

#[test]
fn a_tightening_is_kept_by_a_rollback_and_the_rest_is_restored() {
    let mut world = World::with(&FULL);
    world.toy.denied.borrow_mut().insert("update toy.queue/main".into());
    let to = Wish { guard: 2, token: 2, trust: 1, queue: 2, ..FULL };
    let outcome = world.apply(&to);
    assert!(matches!(outcome.result(), UnitResult::RolledBack(_)), "{outcome:?}");
    let essence = world.toy.essence();
    assert_eq!(essence["<toy.role/work>"]["trust"], "\"trust-0\"");
    // The guard and the token came before the failure or were never begun.
    let things = world.toy.log.borrow().clone();
    let blocked = things.iter().any(|call| call == "update toy.guard/main");
    assert_eq!(essence["<toy.guard/main>"]["block"], blocked.to_string());
    world.reach(&to);
}

#[test]
fn a_value_that_ends_work_waits_for_the_commit_point() {
    let plan = World::with(&FULL).plan_for(&SUSPENDED);
    let stages = |at: &str| -> Vec<Stage> {
        let steps = plan.steps.iter().filter(|step| step.address == address(at));
        steps.map(|step| step.stage).collect()
    };
    assert_eq!(stages("toy.machine/main"), [Stage::Retire]);
    assert_eq!(stages("toy.token/main"), [Stage::Build, Stage::Retire]);
    assert_eq!(stages("toy.queue/main"), [Stage::Build, Stage::Retire, Stage::Retire]);
}

#[test]
fn what_is_withdrawn_comes_to_rest_before_it_is_deleted() {
    let world = World::with(&FULL);
    let plan = world.plan_for(&SUSPENDED);
    let queue = address("toy.queue/main");
    let mut steps = plan.steps.iter().filter(|s| s.address == queue && s.stage == Stage::Retire);
    let (drain, delete) = (steps.next().unwrap(), steps.next().unwrap());
    assert!(matches!(drain.operation, Operation::Update { .. }), "{drain:?}");
    assert!(matches!(delete.operation, Operation::Delete { .. }), "{delete:?}");
    assert!(delete.needs.contains(&drain.id), "its jobs end before it goes");
}

#[test]
fn a_value_that_waits_for_the_commit_point_does_not_undo_one_that_was_unknown() {
    let mut world = World::with(&FULL);
    world.reach(&Wish { cidr: 1, machine: 2, ..FULL });
}

#[test]
fn a_parked_object_is_recorded_and_reused() {
    let mut world = World::default();
    // The guard comes late: its failure undoes a key and a secret that were made by halves or whole.
    world.toy.denied.borrow_mut().insert("create toy.guard/main".into());
    let wish = Wish { vault: 0, ..FULL };
    let outcome = world.apply(&wish);
    assert!(matches!(outcome.result(), UnitResult::RolledBack(_)), "{outcome:?}");
    let parked = world.state.entries.values().filter(|entry| entry.parked.is_some()).count();
    let ids: Vec<_> = world.toy.things.borrow().keys().cloned().collect();
    assert_eq!(parked, ids.len(), "{ids:?}");
    world.reach(&wish);
    for id in ids {
        assert!(world.toy.things.borrow().contains_key(&id), "{id:?} is reused");
    }
    assert!(world.state.entries.values().all(|entry| entry.parked.is_none()));
}

#[test]
fn an_object_made_by_halves_is_parked_too() {
    for number in 0..20 {
        let mut world = World::default();
        world.toy.faults.borrow_mut().insert(number, Fault::HalfWay);
        world.apply(&FULL);
        assert!(world.open.is_none(), "{number}");
        world.reach(&FULL);
    }
}

#[test]
fn retained_data_stays_when_the_unit_goes_and_is_found_again() {
    let mut world = World::with(&FULL);
    world.reach(&NOTHING);
    assert!(world.state.is_vacant(), "{:#?}", world.state);
    let left: Vec<String> = world.toy.essence().into_keys().collect();
    assert_eq!(left, ["<toy.key/work>"]);
    assert_eq!(action(&world.plan_for(&FULL), "toy.key/work"), Some(Action::Adopt));
    world.reach(&FULL);
    assert_eq!(comparable(&world.toy, &FULL), comparable(&World::with(&FULL).toy, &FULL));
}

#[test]
fn objects_of_this_unit_that_the_state_lost_are_adopted_and_never_deleted_by_undo() {
    let mut world = World::with(&Wish { token: 0, ..FULL });
    let wish = Wish { token: 0, trust: 1, ..FULL };
    world.state = World::default().state;
    world.lost_state = true;
    let before = world.toy.essence();
    world.toy.denied.borrow_mut().insert("update toy.role/work".into());
    let outcome = world.apply(&wish);
    assert!(matches!(outcome.result(), UnitResult::RolledBack(_)), "{outcome:?}");
    assert_eq!(world.toy.essence(), before);
    world.reach(&wish);
}

#[test]
fn a_foreign_object_of_the_same_name_is_refused() {
    let world = World::default();
    let role = Attributes::from([("name".into(), "alice-role".into())]);
    world.toy.add_foreign("toy.role", "alice-role", role);
    assert_eq!(refusals(&world, &FULL.desired()), [RefusalKind::Foreign]);
}

#[test]
fn an_object_that_vanished_is_made_again_and_its_old_record_deletes_nothing() {
    for gone in ["toy.role/work", "toy.queue/main", "toy.template/main", "toy.secret/main"] {
        let mut world = World::with(&FULL);
        world.toy.remove_by_hand(gone);
        world.reach(&FULL);
        assert!(world.toy.essence().contains_key(&format!("<{gone}>")), "{gone}");
    }
}

#[test]
fn an_object_that_vanished_and_is_not_wanted_is_forgotten() {
    let mut world = World::with(&FULL);
    world.toy.remove_by_hand("toy.queue/main");
    let wish = Wish { queue: 0, ..FULL };
    assert_eq!(action(&world.plan_for(&wish), "toy.queue/main"), Some(Action::Forget));
    world.reach(&wish);
}

#[test]
fn a_protected_unit_refuses_to_delete_and_to_replace_but_not_to_update() {
    let mut world = World::with(&FULL);
    world.state.source.protect = true;
    assert!(refusals(&world, &NOTHING.desired()).iter().all(|k| *k == RefusalKind::Protected));
    assert!(!refusals(&world, &Wish { cidr: 1, ..FULL }.desired()).is_empty());
    assert!(world.plan(&Wish { trust: 1, ..FULL }.desired()).is_ok());
}

#[test]
fn another_environment_is_refused_while_there_are_objects() {
    let mut other = expansion(FULL.resources());
    other.source.environment = "elsewhere.example.org".into();
    let world = World::with(&FULL);
    let desired = Desired::build(other, world.toy.schemas()).unwrap();
    assert_eq!(refusals(&world, &desired), [RefusalKind::EnvironmentChanged]);
    assert!(World::default().plan(&desired).is_ok());
}

#[test]
fn a_platform_output_is_a_literal_when_known_and_resolved_at_opening_when_not() {
    let mut world = World::default();
    let known = world.externals.0.replace(vec![BTreeMap::new()]);
    let plan = world.plan_for(&FULL);
    assert_eq!(plan.externals, BTreeMap::from([(external(), None)]));
    let change = plan.changes.iter().find(|c| c.address == address("toy.guard/main")).unwrap();
    let note = change.attributes.iter().find(|a| &*a.name == "note").unwrap();
    assert!(note.because.as_ref().unwrap().contains("toy.key/work"), "{note:?}");

    *world.externals.0.borrow_mut() = known;
    let outcome = world.apply_plan(plan);
    assert_eq!(*outcome.result(), UnitResult::Applied, "{outcome:?}");
    assert_eq!(world.toy.essence()["<toy.guard/main>"]["note"], "\"for k1\"");
    assert_eq!(world.state.externals.get(&external()), Some(&Value::text("k1")));
    world.assert_settled(&FULL);
}

#[test]
fn a_run_that_is_recovered_uses_the_platform_outputs_that_it_was_opened_with() {
    let mut world = World::default();
    world.toy.crash.arm(Some(9));
    world.apply(&FULL);
    world.toy.crash.arm(None);
    world.recover(Recovery::Resume);
    assert_eq!(world.toy.essence()["<toy.guard/main>"]["note"], "\"for k1\"");
}

#[test]
fn an_output_that_the_cloud_does_not_return_fails_what_needs_it() {
    let mut world = World::default();
    world.toy.mute.set(true);
    let outcome = world.apply(&Wish { key: false, secret: false, vault: 0, ..FULL });
    assert!(matches!(outcome.result(), UnitResult::RolledBack(_)), "{outcome:?}");
    assert!(world.toy.essence().is_empty());
}

#[test]
fn an_object_that_moved_since_the_plan_is_refused_before_any_call() {
    let mut world = World::with(&FULL);
    let plan = world.plan_for(&CHANGED);
    world.toy.change_by_hand("toy.role/work", "trust", "by-hand");
    let calls = world.toy.calls.get();
    let outcome = world.apply_plan(plan);
    let Outcome::Stale(refusals) = outcome else { panic!("{outcome:?}") };
    assert_eq!(refusals[0].address, Some(address("toy.role/work")));
    assert_eq!(world.toy.calls.get(), calls);
}

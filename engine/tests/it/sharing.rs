//! An object in which others have parts, too: a door with rules of everybody's.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::change::Action;
use nfplan_engine::desired::Desired;
use nfplan_engine::drift::Cause;
use nfplan_engine::drift::DriftInput;
use nfplan_engine::drift::Finding;
use nfplan_engine::drift::drift;
use nfplan_engine::expr::Expr;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::Reader;
use nfplan_engine::refusal::RefusalKind;
use nfplan_engine::report::UnitResult;
use nfplan_engine::step::Operation;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::test_runner::Config;

use crate::wish::build;
use crate::wish::resource;
use crate::world::Outcome;
use crate::world::World;

const DOOR: &str = "toy.door/main";

fn door() -> Address {
    DOOR.parse().unwrap()
}

fn rule(id: &str, what: &str) -> Value {
    let id = (!id.is_empty()).then(|| ("id".into(), Value::text(id)));
    Value::Map(id.into_iter().chain([("what".into(), Value::text(what))]).collect())
}

/// As the cloud keeps it.
fn rules(list: impl IntoIterator<Item = Value>) -> Value {
    let set: BTreeSet<Value> = list.into_iter().collect();
    Value::List(set.into_iter().collect())
}

/// A door with these rules of nfplan's, each with what it says.
fn wish(own: &[(&str, &str)]) -> Desired {
    let own = own.iter().map(|(id, what)| Expr::Value(rule(id, what)));
    let inputs = [("name", "the door".into()), ("rules", Expr::List(own.collect()))];
    build(vec![resource(DOOR, inputs)])
}

fn applied(own: &[(&str, &str)]) -> World {
    let mut world = World::default();
    world.go(&wish(own));
    world
}

impl World {
    fn go(&mut self, desired: &Desired) -> UnitPlan {
        let plan = self.plan(desired).unwrap();
        match self.apply_plan(plan.clone()) {
            Outcome::Unchanged => {}
            outcome => assert_eq!(*outcome.result(), UnitResult::Applied, "{outcome:?}"),
        }
        assert!(self.plan(desired).unwrap().steps.is_empty());
        let findings = self.findings(desired);
        assert!(findings.iter().all(|finding| !finding.cause.is_drift()), "{findings:#?}");
        plan
    }

    fn live(&self) -> Value {
        let things = self.toy.things.borrow();
        let door = things.iter().find(|((kind, _), _)| kind == "toy.door");
        door.unwrap().1.attributes["rules"].clone()
    }

    fn set_by_hand(&self, rules: Value) {
        let mut things = self.toy.things.borrow_mut();
        let door = things.iter_mut().find(|((kind, _), _)| kind == "toy.door");
        door.unwrap().1.attributes.insert("rules".into(), rules);
    }

    fn findings(&self, desired: &Desired) -> Vec<Finding> {
        let input = DriftInput {
            desired: Some(desired),
            state: &self.state,
            observed: &self.observed(desired),
            externals: &BTreeMap::new(),
            schemas: self.toy.schemas(),
            open: None,
            hands: &[],
        };
        drift(input).findings
    }

    fn noted(&self) -> Value {
        self.state.current(&door()).unwrap().inputs["rules"].clone()
    }
}

fn reasons(plan: &UnitPlan) -> (Action, String) {
    let [change] = plan.changes.as_slice() else { panic!("{plan:#?}") };
    (change.action, change.reasons.join(" | "))
}

#[test]
fn what_others_added_is_taken_note_of_and_the_cloud_is_left_alone() {
    let desired = wish(&[("own", "x")]);
    let mut world = applied(&[("own", "x")]);
    let all = rules([rule("own", "x"), rule("theirs", "y"), rule("", "z")]);
    world.set_by_hand(all.clone());

    let findings = world.findings(&desired);
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    assert_eq!((finding.cause, finding.attribute), (Cause::ChangedOutside, Some("rules")));
    assert_eq!(finding.wanted, Some(Expr::Value(all.clone())));
    assert_eq!(finding.applied, Some(rules([rule("own", "x")])));
    assert_eq!(finding.live, Some(all.clone()));
    let told = "rule `theirs` and a rule without an id are not nfplan's: they are kept";
    assert_eq!(finding.note.as_deref(), Some(told));

    let calls = world.toy.calls.get();
    let plan = world.go(&desired);
    assert_eq!(world.toy.calls.get(), calls);
    assert_eq!(reasons(&plan), (Action::Adopt, told.to_owned()));
    let noted = &plan.changes[0].attributes[0];
    assert_eq!(noted.before.clone().map(Expr::Value), noted.after);
    assert_eq!(noted.applied, Some(rules([rule("own", "x")])));
    assert!(
        matches!(&plan.steps[0].operation, Operation::Adopt { before, .. } if before["rules"] == all)
    );
    assert_eq!((world.noted(), world.live()), (all.clone(), all));

    world.set_by_hand(rules([rule("own", "x"), rule("theirs", "changed")]));
    let plan = world.go(&desired);
    let told = "rule `theirs` changed and is not nfplan's: it is kept; \
                a rule without an id was not nfplan's and is gone: it is not made again";
    assert_eq!(reasons(&plan), (Action::Adopt, told.into()));
}

#[test]
fn what_is_nfplans_changes_beside_what_others_have_and_a_rollback_restores_both() {
    let mut world = applied(&[("own", "x"), ("own-old", "x")]);
    // A rollback brings back what was there, which was not what had been applied.
    world.lost_state = true;
    let before = rules([rule("own", "by hand"), rule("own-old", "x"), rule("theirs", "y")]);
    world.set_by_hand(before.clone());
    let state = world.state.clone();
    // The net comes after the door, and cannot be made.
    let with_net = |own: &[(&str, &str)]| {
        let door = wish(own).resources()[&door()].clone();
        let mut net = resource("toy.net/main", [("cidr", "c".into())]);
        net.depends_on.insert(door.address.clone());
        build(vec![door, net])
    };
    let desired = with_net(&[("own", "new")]);
    let after = rules([rule("own", "new"), rule("theirs", "y")]);

    let plan = world.plan(&desired).unwrap();
    let Operation::Update { before: from, after: to, .. } = &plan.steps[0].operation else {
        panic!("{plan:#?}")
    };
    assert_eq!((&from["rules"], &to["rules"]), (&before, &Expr::Value(after.clone())));
    let told = "rule `theirs` is not nfplan's: it is kept";
    assert_eq!(plan.changes[0].reasons, [told]);

    world.toy.denied.borrow_mut().insert("create toy.net/main".into());
    let outcome = world.apply_plan(plan);
    assert!(matches!(outcome.result(), UnitResult::RolledBack(_)), "{outcome:?}");
    assert_eq!(world.live(), before);
    assert_eq!(world.state.current(&door()), state.current(&door()));

    world.toy.denied.borrow_mut().clear();
    world.go(&desired);
    assert_eq!((world.noted(), world.live()), (after.clone(), after));
}

#[test]
fn what_is_not_known_yet_is_put_beside_what_others_have() {
    let mut world = applied(&[("own", "x")]);
    let theirs = rule("theirs", "y");
    world.set_by_hand(rules([rule("own", "x"), theirs.clone()]));
    let id = Expr::Reference("toy.net/main#id".parse().unwrap());
    let own = Expr::List(vec![Expr::map([("id", "own".into()), ("what", id)])]);
    let inputs = [("name", "the door".into()), ("rules", own)];
    let net = resource("toy.net/main", [("cidr", "c".into())]);
    world.go(&build(vec![net, resource(DOOR, inputs)]));
    let live = world.live();
    let list = live.as_list().unwrap();
    assert!(list.contains(&theirs) && list.len() == 2, "{list:?}");
    assert_eq!(world.noted(), live);
}

#[test]
fn a_door_that_the_state_does_not_know_is_taken_over_with_what_others_have_in_it() {
    let mut world = applied(&[("own", "x")]);
    let theirs = rule("theirs", "y");
    world.set_by_hand(rules([theirs.clone()]));
    world.state = World::default().state;
    world.lost_state = true;
    let plan = world.go(&wish(&[("own", "x")]));
    let told = "it exists and carries this unit's ownership tags | \
                rule `theirs` is not nfplan's: it is kept";
    assert_eq!(reasons(&plan), (Action::Update, told.into()));
    assert_eq!(world.live(), rules([rule("own", "x"), theirs]));
}

#[test]
fn a_door_that_others_made_since_the_plan_is_not_made_again() {
    let mut world = World::default();
    let plan = world.plan(&wish(&[("own", "x")])).unwrap();
    let theirs = [("name".into(), "the door".into()), ("rules".into(), rules([rule("a", "b")]))];
    world.toy.add_foreign("toy.door", "the door", Attributes::from(theirs));
    let calls = world.toy.calls.get();
    let Outcome::Stale(refusals) = world.apply_plan(plan) else { panic!("it is made") };
    assert_eq!(refusals[0].address, Some(door()));
    assert!(refusals[0].message.contains("others may have parts in it"), "{refusals:?}");
    assert_eq!(world.toy.calls.get(), calls);
}

#[test]
fn a_door_that_vanished_is_made_again_without_what_others_had_in_it() {
    let mut world = applied(&[("own", "x")]);
    world.set_by_hand(rules([rule("own", "x"), rule("theirs", "y")]));
    world.go(&wish(&[("own", "x")]));
    world.toy.remove_by_hand(DOOR);
    let plan = world.go(&wish(&[("own", "x")]));
    let told = "`the door` no longer exists in the cloud | \
                rule `theirs` was not nfplan's and is gone: it is not made again";
    assert_eq!(reasons(&plan), (Action::Create, told.into()));
}

#[test]
fn what_does_not_fit_beside_what_others_have_is_refused_with_how_much_is_theirs() {
    let world = applied(&[("own", "x")]);
    let theirs = (0..6).map(|number| rule(&format!("theirs-{number}"), "y"));
    world.set_by_hand(rules(theirs.chain([rule("own", "x")])));
    assert!(world.plan(&wish(&[("own", "x"), ("own-2", "x")])).is_ok());
    let refusals = world.plan(&wish(&[("own", "x"), ("own-2", "x"), ("own-3", "x")])).unwrap_err();
    let [refusal] = refusals.as_slice() else { panic!("{refusals:#?}") };
    assert_eq!(refusal.kind, RefusalKind::TooLarge);
    let told =
        "`rules` has 9 items; AWS takes at most 8: 6 of them are not nfplan's: make room in AWS";
    assert_eq!(refusal.message, told);
    // What is there and stays as it is was not too much for AWS.
    let theirs = (0..8).map(|number| rule(&format!("theirs-{number}"), "y"));
    world.set_by_hand(rules(theirs.chain([rule("own", "x")])));
    assert!(world.plan(&wish(&[("own", "x")])).is_ok());
}

/// Rules by number, each with what it says.
type Rules = Vec<(u8, u8)>;

/// Rules of nfplan's and of others.
fn everybodys() -> impl Strategy<Value = (Rules, Rules)> {
    let some = || proptest::collection::vec((0_u8..3, 0_u8..3), 0..3);
    (some(), some())
}

fn is_own(rule: &Value) -> bool {
    let id = rule.as_map().unwrap().get("id").and_then(Value::as_text);
    id.is_some_and(|id| id.starts_with("own"))
}

proptest::proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_others_do_meanwhile_one_apply_keeps_it_and_nothing_is_left_to_do(
        path in proptest::collection::vec((everybodys(), any::<bool>()), 1..4),
    ) {
        let mut world = applied(&[("own", "x")]);
        for ((own, theirs), meddled) in path {
            let name = |id: u8| if id == 0 { String::new() } else { format!("theirs-{id}") };
            let theirs = theirs.iter().map(|(id, what)| rule(&name(*id), &what.to_string()));
            let theirs: BTreeSet<Value> = theirs.collect();
            let own: BTreeMap<String, String> =
                own.iter().map(|(id, what)| (format!("own-{id}"), what.to_string())).collect();
            let own: Vec<(&str, &str)> = own.iter().map(|(id, what)| (&**id, &**what)).collect();
            let meddled = meddled.then(|| rule("own-meddled", "x"));
            world.set_by_hand(rules(theirs.iter().cloned().chain(meddled)));

            world.go(&wish(&own));

            let own = own.iter().map(|(id, what)| rule(id, what));
            assert_eq!(world.live(), rules(own.chain(theirs.clone())));
            // What is nfplan's and was brought about by hand is not applied, nor taken note of.
            let noted = world.noted();
            let noted = noted.as_list().unwrap().iter().filter(|rule| !is_own(rule));
            assert!(noted.eq(&theirs), "{:?}", world.noted());
        }
    }
}

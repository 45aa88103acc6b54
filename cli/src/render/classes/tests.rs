//! What is put together, and that nothing is lost by it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::plan::Refresh;
use nfplan_engine::step::DeleteCause;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Step;
use nfplan_engine::step::Undo;
use proptest::prelude::*;

use super::super::samples::attribute;
use super::super::samples::change;
use super::super::samples::create_step;
use super::super::samples::update;
use super::super::samples::workspace;
use super::*;

/// Texts that hold users' names, parts of them, marks and other names.
fn texts(user: &'static str) -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        user,
        "nf-",
        "-x",
        "/",
        "a",
        "s3",
        " ",
        "<user>",
        "111122223333",
        "us-east-1",
        "<",
        "user>",
        "bob",
    ]);
    prop::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

fn units() -> impl Strategy<Value = Vec<UnitPlan>> {
    let users = ["a", "bob", "s3", "alice@x", "us", "user", "x-40y"];
    let unit = |user: &'static str| {
        let change = (texts(user), texts(user), prop::sample::select(vec!["name", "path"]));
        let changes = prop::collection::vec(change, 0..3);
        changes.prop_map(move |changes| {
            let mut unit = workspace(user, Vec::new());
            for (index, (before, after, name)) in changes.into_iter().enumerate() {
                let quoted = |text: &str| serde_json::to_string(text).unwrap();
                let address = format!("iam.role/r{index}");
                let list = |text: &str| format!("[{},\"kept\"]", quoted(text));
                let mut change = update(&address, name, &quoted(&before), &quoted(&after));
                let (old, new) = (list(&before), list(&after));
                change.attributes.push(attribute("list", Some(&old), Some(&new)));
                unit.changes.push(change);
            }
            unit
        })
    };
    Vec::from(users.map(unit))
}

/// What a class says of its members.
fn changes(class: Class<'_>) -> Vec<ClassChange> {
    class.changes.into_iter().map(|common| common.change).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn classes_expand_to_exactly_the_changes_of_the_plan(units in units()) {
        let plan = Plan::new(units, Refresh::Bulk);
        let classes = classes(&plan);
        let mut told: BTreeMap<&UnitId, Vec<ClassChange>> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for class in &classes {
            prop_assert!(ids.insert(&class.id) && !class.members.is_empty());
            for (place, member) in class.members.iter().enumerate() {
                let alone = class.of_members(&[place]).unwrap();
                for common in &class.changes {
                    prop_assert!(member.plan.changes.iter().any(|one| std::ptr::eq(one, common.of[place])));
                    prop_assert_eq!(&common.of[place].address, &common.change.address);
                }
                told.entry(&member.plan.unit).or_default().extend(changes(alone));
            }
        }
        prop_assert_eq!(told.len(), plan.units.len());
        for unit in &plan.units {
            let told = told.get_mut(&unit.unit).unwrap();
            told.sort_by(|a, b| a.order().cmp(&b.order()));
            prop_assert_eq!(&*told, &changes(Member::of(unit).by_itself()));
        }
    }

    #[test]
    fn no_two_classes_have_the_same_members_or_the_same_change(units in units()) {
        let plan = Plan::new(units, Refresh::Bulk);
        let (mut members, mut changes) = (BTreeSet::new(), BTreeSet::new());
        for class in classes(&plan) {
            let units: Vec<UnitId> = class.members.iter().map(|m| m.plan.unit.clone()).collect();
            prop_assert!(members.insert(units));
            // A change of one unit has its names, so that others may look the same by accident.
            for common in class.changes.into_iter().filter(|_| class.members.len() > 1) {
                prop_assert!(changes.insert(common.change));
            }
        }
    }
}

fn named(user: &str, account: &str, after: &str) -> UnitPlan {
    let change = update("iam.role/jobs", "name", &format!("\"nf-{user}\""), after);
    let mut plan = workspace(user, vec![change]);
    plan.unit = format!("workspace/{account}.us-east-1/{user}").parse().unwrap();
    plan
}

#[test]
fn units_that_differ_by_name_and_account_only_are_one_class() {
    let arn = |user: &str, account: &str| {
        named(user, account, &format!("\"arn:aws:iam::{account}:role/{user}\""))
    };
    let plan =
        Plan::new(vec![arn("alice", "111122223333"), arn("bob", "444455556666")], Refresh::Bulk);
    let classes = classes(&plan);
    assert_eq!(classes.len(), 1);
    let after = format!("{:?}", classes[0].changes[0].change);
    assert!(after.contains("arn:aws:iam::<account>:role/<user>"), "{after}");
}

#[test]
fn a_unit_whose_text_is_a_mark_is_not_taken_for_another() {
    let plan = Plan::new(
        vec![named("alice", "111122223333", "\"<user>\""), named("bob", "111122223333", "\"bob\"")],
        Refresh::Bulk,
    );
    assert_eq!(classes(&plan).len(), 2);
}

#[test]
fn an_id_follows_from_the_changes_alone() {
    let id = |users: &[&str]| {
        let units = users.iter().map(|user| named(user, "111122223333", "\"x\"")).collect();
        classes(&Plan::new(units, Refresh::Bulk))[0].id.clone()
    };
    assert_eq!(id(&["alice", "bob"]), id(&["carol", "dave", "erin"]));
}

fn users(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("user-{number}")).collect()
}

/// The classes by number of members and number of changes, in order.
fn sizes(units: Vec<UnitPlan>) -> Vec<(usize, usize)> {
    let plan = Plan::new(units, Refresh::Bulk);
    classes(&plan).iter().map(|class| (class.members.len(), class.changes.len())).collect()
}

#[test]
fn a_change_that_all_have_is_one_class_whatever_else_each_has() {
    let units = users(500).into_iter().enumerate().map(|(number, user)| {
        let mut unit = named(&user, "111122223333", "\"x\"");
        unit.changes.push(update("ec2.vpc/main", "cidr", "1", &(number + 10).to_string()));
        unit
    });
    let sizes = sizes(units.collect());
    assert_eq!(sizes.len(), 501);
    assert_eq!(sizes[0], (500, 1));
    assert!(sizes[1..].iter().all(|size| *size == (1, 1)));
}

#[test]
fn equal_units_stay_one_class_with_all_their_changes() {
    let units = users(3).into_iter().map(|user| {
        let mut unit = named(&user, "111122223333", "\"x\"");
        unit.changes.push(change(Action::Delete, "ec2.vpc/main"));
        unit.changes.push(change(Action::Create, "ec2.subnet/proxy"));
        unit
    });
    assert_eq!(sizes(units.collect()), [(3, 3)]);
}

#[test]
fn a_unit_without_changes_is_in_a_class_too_and_last() {
    let units = ["alice", "bob", "carol"].map(|user| workspace(user, Vec::new()));
    let units = units.into_iter().chain([named("dave", "111122223333", "\"x\"")]);
    assert_eq!(sizes(units.collect()), [(1, 1), (3, 0)]);
}

#[test]
fn platforms_and_workspaces_never_share_a_class() {
    let mut platform = workspace("alice", vec![change(Action::Update, "kms.key/work")]);
    platform.unit = "platform/111122223333.us-east-1".parse().unwrap();
    let bob = workspace("bob", vec![change(Action::Update, "kms.key/work")]);
    assert_eq!(sizes(vec![platform, bob]), [(1, 1), (1, 1)]);
}

#[test]
fn what_is_removed_as_a_whole_is_not_mixed_with_what_changes() {
    let delete = |wanted: bool, user: &str| {
        let mut unit = workspace(user, vec![change(Action::Delete, "ec2.vpc/main")]);
        let operation = Operation::Delete {
            remote_id: "vpc-1".parse().unwrap(),
            before: BTreeMap::new(),
            cause: DeleteCause::Unwanted,
        };
        let step = create_step(0, "ec2.vpc/main", "x", Undo::NotNeeded);
        unit.steps.push(Step { operation, stage: Stage::Retire, ..step });
        UnitPlan { wanted, ..unit }
    };
    let units = vec![delete(false, "alice"), delete(false, "bob"), delete(true, "carol")];
    assert_eq!(sizes(units), [(2, 1), (1, 1)]);
}

#[test]
fn ids_that_the_cloud_made_are_no_difference() {
    let unit = |user: &str, id: &str| {
        let quoted = |id: &str| format!("\"{id}\"");
        let route = update("ec2.route/main", "instance_id", &quoted(id), &quoted("none"));
        let mut unit = workspace(user, vec![route]);
        let step = create_step(0, "ec2.instance/proxy", "x", Undo::NotNeeded);
        let operation = Operation::Delete {
            remote_id: id.parse().unwrap(),
            before: BTreeMap::new(),
            cause: DeleteCause::Superseded,
        };
        unit.steps.push(Step { operation, ..step });
        unit
    };
    let plan = Plan::new(vec![unit("alice", "i-0a"), unit("bob", "i-0b")], Refresh::Bulk);
    let classes = classes(&plan);
    assert_eq!(classes.len(), 1);
    let text = format!("{:?}", classes[0].changes[0].change);
    assert!(text.contains("<id of ec2.instance/proxy>"), "{text}");
    let bob = classes[0].of_members(&[1]).unwrap();
    assert_eq!(changes(bob), changes(Member::of(&plan.units[1]).by_itself()));
}

//! Units that change in the same way, put together: 500 equal changes are one thing to review.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::change::Action;
use nfplan_engine::change::AttributeChange;
use nfplan_engine::change::Change;
use nfplan_engine::digest::Digest;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::Step;
use nfplan_engine::step::Undo;
use serde::Serialize;

use super::compare::Difference;
use super::compare::Leaf;
use super::compare::compare;
use super::template::Template;
use super::value::Node;

/// Units whose changes are equal but for the units' own names.
#[derive(Debug, Clone)]
pub struct Class<'a> {
    /// Names the class on the command line: equal changes have equal ids.
    pub id: String,
    /// The units, in the plan's order; never empty.
    pub members: Vec<&'a UnitPlan>,
    /// What happens to each of them, with `<user>`, `<user name>`, `<unit>`, `<account>` and
    /// `<region>` where the members' names differ.
    pub changes: Vec<ClassChange>,
}

/// What happens to one resource of each member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClassChange {
    /// What happens to it.
    pub action: Action,
    /// The resource.
    pub address: Address,
    /// The attributes that differ.
    pub attributes: Vec<ClassAttribute>,
    /// What a rollback cannot bring back, or would keep.
    pub caveats: BTreeSet<String>,
}

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ClassAttribute {
    /// The attribute.
    pub name: String,
    /// From what it is to what it shall be.
    pub differences: Vec<Leaf>,
    /// From what was last applied to what it is: changed by somebody else.
    pub drift: Vec<Leaf>,
}

impl Class<'_> {
    /// What happens to one member, with its own names: the changes of its plan.
    pub fn changes_of(&self, member: &UnitPlan) -> Vec<ClassChange> {
        if self.members.len() == 1 {
            return self.changes.clone();
        }
        let template = Template::of(member);
        let back = |text: &str| Some(template.put_back(text));
        let changes = self.changes.iter().map(|change| change.map_texts(&back));
        changes.collect::<Option<_>>().expect("putting names back always gives a text")
    }

    /// How much harm its worst change can do; the greatest comes first.
    fn risk(&self) -> Option<Risk> {
        self.changes.iter().map(|change| Risk(change.action)).min()
    }
}

/// What happens to the resources of one unit, danger first.
pub fn changes_of(plan: &UnitPlan) -> Vec<ClassChange> {
    let mut changes: Vec<_> =
        plan.changes.iter().map(|change| ClassChange::of(plan, change)).collect();
    changes.sort_by(|a, b| (Risk(a.action), &a.address).cmp(&(Risk(b.action), &b.address)));
    changes
}

/// The plan's units by class, danger first. Every unit is in exactly one.
pub fn classes(plan: &Plan) -> Vec<Class<'_>> {
    // Units of texts that hold a mark cannot be told apart by it and stand alone.
    let mut groups: BTreeMap<Key, Vec<&UnitPlan>> = BTreeMap::new();
    for unit in &plan.units {
        let changes = changes_of(unit);
        let template = Template::of(unit);
        let take_out = |text: &str| template.take_out(text);
        let taken = changes.iter().map(|change| change.map_texts(&take_out));
        let key = match taken.collect::<Option<Vec<_>>>() {
            Some(taken) => {
                Key { workspace: unit.unit.user().is_some(), alone: None, changes: taken }
            }
            None => Key { workspace: true, alone: Some(unit.unit.to_string()), changes },
        };
        groups.entry(key).or_default().push(unit);
    }
    let mut classes: Vec<Class<'_>> =
        groups.into_iter().map(|(key, members)| class(key, members)).collect();
    classes.sort_by(|a, b| (a.risk(), &a.members[0].unit).cmp(&(b.risk(), &b.members[0].unit)));
    classes
}

/// What is equal in all members of a class.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Key {
    workspace: bool,
    alone: Option<String>,
    changes: Vec<ClassChange>,
}

fn class(key: Key, members: Vec<&UnitPlan>) -> Class<'_> {
    let id = Digest::of(&key).hex()[..ID_DIGITS].to_owned();
    // Names that all members share are no difference and shown as they are.
    let templates: Vec<Template> = members.iter().map(|member| Template::of(member)).collect();
    let shared = Template::shared(&templates);
    let back = |text: &str| Some(shared.put_back(text));
    let changes = key.changes.iter().map(|change| change.map_texts(&back));
    let changes = if key.alone.is_some() {
        key.changes
    } else {
        changes.collect::<Option<_>>().expect("putting names back always gives a text")
    };
    Class { id, members, changes }
}

/// Enough digits to tell the classes of a plan apart.
const ID_DIGITS: usize = 6;

/// An action by the harm that it can do; the most dangerous is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Risk(pub(crate) Action);

impl Risk {
    fn rank(self) -> u8 {
        match self.0 {
            Action::ReplaceInSlot => 0,
            Action::Delete => 1,
            Action::Replace => 2,
            Action::Update => 3,
            Action::Adopt => 4,
            Action::Create => 5,
            Action::Retain => 6,
            Action::Forget => 7,
        }
    }
}

impl PartialOrd for Risk {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Risk {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl ClassChange {
    fn of(plan: &UnitPlan, change: &Change) -> Self {
        let steps = plan.steps.iter().filter(|step| step.address == change.address);
        Self {
            action: change.action,
            address: change.address.clone(),
            attributes: change.attributes.iter().map(ClassAttribute::of).collect(),
            caveats: steps.filter_map(caveat).collect(),
        }
    }

    fn map_texts(&self, text: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let attributes = self.attributes.iter().map(|attribute| attribute.map_texts(text));
        Some(Self {
            action: self.action,
            address: self.address.clone(),
            attributes: attributes.collect::<Option<_>>()?,
            caveats: self.caveats.clone(),
        })
    }
}

impl ClassAttribute {
    fn of(change: &AttributeChange) -> Self {
        let before = change.before.as_ref().map(Node::from);
        let after = change.after.as_ref().map(Node::from);
        let applied = change.applied.as_ref().map(Node::from);
        let drift = applied.map(|applied| compare(Some(&applied), before.as_ref()));
        Self {
            name: change.name.to_string(),
            differences: compare(before.as_ref(), after.as_ref()),
            drift: drift.unwrap_or_default(),
        }
    }

    fn map_texts(&self, text: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let each = |leaves: &[Leaf]| {
            leaves.iter().map(|leaf| leaf.map_texts(text)).collect::<Option<Vec<_>>>()
        };
        Some(Self {
            name: self.name.clone(),
            differences: each(&self.differences)?,
            drift: each(&self.drift)?,
        })
    }
}

impl Leaf {
    fn map_texts(&self, text: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let one = |node: &Option<Node>| match node {
            Some(node) => node.map_texts(text).map(Some),
            None => Some(None),
        };
        let difference = match &self.difference {
            Difference::Set(before, after) => Difference::Set(one(before)?, one(after)?),
            Difference::Added(item) => Difference::Added(item.map_texts(text)?),
            Difference::Removed(item) => Difference::Removed(item.map_texts(text)?),
        };
        Some(Self { path: text(&self.path)?, difference })
    }
}

/// What a rollback would not simply bring back.
fn caveat(step: &Step) -> Option<String> {
    match &step.undo {
        Undo::Irreversible { reason } => Some(format!("cannot be undone: {reason}")),
        Undo::Keep => Some("a rollback keeps it: it makes the unit safer".into()),
        Undo::Park { disable: None } => Some("a rollback keeps it, to be used again".into()),
        Undo::Park { disable: Some(_) } => {
            Some("a rollback keeps it disabled, to be used again".into())
        }
        Undo::Delete | Undo::Restore | Undo::Release | Undo::NotNeeded => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use nfplan_engine::plan::Refresh;
    use proptest::prelude::*;

    use super::super::samples::attribute;
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn classes_expand_to_exactly_the_changes_of_the_plan(units in units()) {
            let plan = Plan::new(units, Refresh::Bulk);
            let mut seen = BTreeSet::new();
            for class in classes(&plan) {
                prop_assert!(!class.members.is_empty());
                for member in &class.members {
                    prop_assert!(seen.insert(&member.unit), "{} is in two classes", member.unit);
                    prop_assert_eq!(class.changes_of(member), changes_of(member));
                }
            }
            prop_assert_eq!(seen.len(), plan.units.len());
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
        let plan = Plan::new(
            vec![arn("alice", "111122223333"), arn("bob", "444455556666")],
            Refresh::Bulk,
        );
        let classes = classes(&plan);
        assert_eq!(classes.len(), 1);
        let after = format!("{:?}", classes[0].changes);
        assert!(after.contains("arn:aws:iam::<account>:role/<user>"), "{after}");
    }

    #[test]
    fn a_unit_whose_text_is_a_mark_is_not_taken_for_another() {
        let plan = Plan::new(
            vec![
                named("alice", "111122223333", "\"<user>\""),
                named("bob", "111122223333", "\"bob\""),
            ],
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
}

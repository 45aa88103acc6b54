//! Changes that are equal in many units, put together: 500 equal changes are one thing to review.
//!
//! Changes are grouped first: those of different units that are equal but for the units' own names
//! are one. Then all changes that befall the same units make one class. So a change that all units
//! have is told once, whatever else some of them have.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::change::Action;
use nfplan_engine::change::Change;
use nfplan_engine::digest::Digest;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;
use serde::Serialize;

pub use super::content::ClassAttribute;
pub use super::content::ClassChange;
use super::content::Risk;
use super::template::Template;

/// Enough digits to tell the classes of a plan apart, as a rule.
const ID_DIGITS: usize = 6;

/// Changes that befall the same units, and are equal in them but for the units' own names.
#[derive(Debug, Clone)]
pub struct Class<'a> {
    /// Names the class on the command line: equal changes have equal ids.
    pub id: String,
    /// The units, in the plan's order; never empty.
    pub members: Vec<Member<'a>>,
    /// The changes, danger first; none for units of which only the record in the state changes.
    pub changes: Vec<Common<'a>>,
}

/// A unit with its own names.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// What is planned for it.
    pub plan: &'a UnitPlan,
    pub(super) template: Template,
}

/// One change of a class.
#[derive(Debug, Clone)]
pub struct Common<'a> {
    /// The change, with `<user>`, `<user name>`, `<unit>`, `<account>`, `<region>` and `<id of …>`
    /// where the members' names differ.
    pub change: ClassChange,
    /// The plan's own change of each member, in the order of the members.
    pub of: Vec<&'a Change>,
}

impl<'a> Class<'a> {
    /// The class of only those members whose place in it is given, in order; none if there are
    /// none. A single member has its own names in its changes.
    pub(super) fn of_members(&self, places: &[usize]) -> Option<Self> {
        if self.members.len() == places.len() {
            return Some(self.clone());
        }
        let members: Vec<Member<'a>> =
            places.iter().map(|place| self.members[*place].clone()).collect();
        let first = members.first()?;
        let shared = Template::shared(members.iter().map(|member| &member.template));
        let names = if members.len() == 1 { &first.template } else { &shared };
        let common = |common: &Common<'a>| Common {
            change: put_back(names, &common.change),
            of: places.iter().map(|place| common.of[*place]).collect(),
        };
        let changes = self.changes.iter().map(common).collect();
        Some(Self { id: self.id.clone(), members, changes })
    }

    /// The greater harm first, then platforms, then what befalls more units.
    pub(super) fn order(&self) -> impl Ord + use<'a> {
        let risk = self.changes.iter().map(|common| Risk(common.change.action)).min();
        let (count, first) = (self.members.len(), &self.members[0].plan.unit);
        (risk.is_none(), risk, first.user().is_some(), Reverse(count), first)
    }
}

impl<'a> Member<'a> {
    fn of(plan: &'a UnitPlan) -> Self {
        Self { plan, template: Template::of(plan) }
    }

    /// All that happens to it, as a class of its own.
    pub(super) fn by_itself(&self) -> Class<'a> {
        let common =
            |change| Common { change: ClassChange::of(self.plan, change), of: vec![change] };
        let mut changes: Vec<Common<'a>> = self.plan.changes.iter().map(common).collect();
        changes.sort_by(|a, b| a.change.order().cmp(&b.change.order()));
        Class { id: String::new(), members: vec![self.clone()], changes }
    }
}

/// The units of a plan, each with its own names.
pub(super) fn units(plan: &Plan) -> impl Iterator<Item = Member<'_>> {
    plan.units.iter().map(Member::of)
}

/// What is equal in all members of a class.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Key {
    workspace: bool,
    fate: Fate,
    /// A unit whose texts hold a mark cannot be told apart by it, and stands alone.
    alone: Option<String>,
    /// None for units of which nothing but the record in the state changes.
    change: Option<ClassChange>,
}

/// What becomes of a unit as a whole. The end of one is not told together with a change of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Fate {
    Made,
    Changed,
    Removed,
}

impl Fate {
    fn of(plan: &UnitPlan) -> Self {
        if plan.destroys_unit() {
            Self::Removed
        } else if plan.changes.iter().all(|change| change.action == Action::Create) {
            Self::Made
        } else {
            Self::Changed
        }
    }
}

/// Units by their place in the plan, each with its change.
type Befallen<'a> = BTreeMap<usize, Option<&'a Change>>;

/// The plan's changes by class, danger first. Every change of the plan is in exactly one, and every
/// unit in at least one.
pub fn classes(plan: &Plan) -> Vec<Class<'_>> {
    let members: Vec<Member<'_>> = units(plan).collect();
    let mut by_members: BTreeMap<Vec<usize>, Vec<(Key, Befallen<'_>)>> = BTreeMap::new();
    for (key, befallen) in groups(&members) {
        let units: Vec<usize> = befallen.keys().copied().collect();
        by_members.entry(units).or_default().push((key, befallen));
    }
    let mut classes: Vec<Class<'_>> = by_members
        .into_iter()
        .map(|(units, groups)| {
            class(units.iter().map(|unit| members[*unit].clone()).collect(), groups)
        })
        .collect();
    name(&mut classes);
    classes.sort_by(|a, b| a.order().cmp(&b.order()));
    classes
}

/// The units of each change.
fn groups<'a>(members: &[Member<'a>]) -> BTreeMap<Key, Befallen<'a>> {
    let mut groups: BTreeMap<Key, Befallen<'a>> = BTreeMap::new();
    for (index, member) in members.iter().enumerate() {
        let (workspace, fate) = (member.plan.unit.user().is_some(), Fate::of(member.plan));
        if member.plan.changes.is_empty() {
            let key = Key { workspace, fate, alone: None, change: None };
            groups.entry(key).or_default().insert(index, None);
        }
        for change in &member.plan.changes {
            let own = ClassChange::of(member.plan, change);
            let taken = own.map_texts(&|text: &str| member.template.take_out(text));
            let (alone, taken) = match taken {
                Some(taken) => (None, taken),
                None => (Some(member.plan.unit.to_string()), own),
            };
            let key = Key { workspace, fate, alone, change: Some(taken) };
            groups.entry(key).or_default().insert(index, Some(change));
        }
    }
    groups
}

fn class<'a>(members: Vec<Member<'a>>, groups: Vec<(Key, Befallen<'a>)>) -> Class<'a> {
    let keys: Vec<&Key> = groups.iter().map(|(key, _)| key).collect();
    let id = Digest::of(&keys).hex();
    // Names that all members share are no difference and shown as they are.
    let shared = Template::shared(members.iter().map(|member| &member.template));
    let mut changes: Vec<Common<'a>> = Vec::new();
    for (key, befallen) in groups {
        let Some(change) = key.change else { continue };
        let change = if key.alone.is_some() { change } else { put_back(&shared, &change) };
        changes.push(Common { change, of: befallen.into_values().flatten().collect() });
    }
    changes.sort_by(|a, b| a.change.order().cmp(&b.change.order()));
    Class { id, members, changes }
}

/// Shortens the ids as far as they stay different.
fn name(classes: &mut [Class<'_>]) {
    let distinct = |digits: &usize| {
        let ids: BTreeSet<&str> = classes.iter().map(|class| &class.id[..*digits]).collect();
        ids.len() == classes.len()
    };
    let whole = classes.iter().map(|class| class.id.len()).min().unwrap_or(ID_DIGITS);
    let digits = (ID_DIGITS..whole).find(distinct).unwrap_or(whole);
    classes.iter_mut().for_each(|class| class.id.truncate(digits));
}

fn put_back(template: &Template, change: &ClassChange) -> ClassChange {
    let put_back = |text: &str| Some(template.put_back(text));
    change.map_texts(&put_back).expect("putting names back always gives a text")
}

#[cfg(test)]
mod tests;

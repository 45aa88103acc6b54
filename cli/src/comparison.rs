//! How two plans differ in what decides: unit by unit, resource by resource, attribute by
//! attribute.
//!
//! Plans are equal if their digests are, and every unit whose digests differ has at least one
//! difference here. What only explains (reasons, spec lines) is not compared.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::change::Action;
use nfplan_engine::change::AttributeChange;
use nfplan_engine::change::Change;
use nfplan_engine::expr::Expr;
use nfplan_engine::expr::Inputs;
use nfplan_engine::plan::Plan;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Step;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;
use serde::Serialize;

/// How one unit's plans differ. At least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitDifference<'a> {
    /// The unit in the first plan, if that changes it.
    pub first: Option<&'a UnitPlan>,
    /// The unit in the second plan, if that changes it.
    pub second: Option<&'a UnitPlan>,
    /// Resources that the plans treat differently; all of them where only one plan has the unit.
    pub resources: Vec<ResourceDifference<'a>>,
    /// What else decides and differs; nothing where only one plan has the unit.
    pub grounds: Vec<Ground>,
}

/// How two plans treat one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceDifference<'a> {
    /// The resource.
    pub address: &'a Address,
    /// What the first plan does to it.
    pub first: Option<Action>,
    /// What the second plan does to it.
    pub second: Option<Action>,
    /// The attributes that the plans set differently.
    pub attributes: Vec<AttributeDifference<'a>>,
}

/// How two plans change one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttributeDifference<'a> {
    /// The attribute.
    pub name: &'a str,
    /// What the first plan makes of it; none if it leaves it alone.
    pub first: Option<Setting<'a>>,
    /// What the second plan makes of it; none if it leaves it alone.
    pub second: Option<Setting<'a>>,
}

/// What a plan makes of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Setting<'a> {
    /// As it is; none if it is not set.
    pub before: Option<&'a Value>,
    /// As it shall be; none if it is to be removed.
    pub after: Option<&'a Expr>,
}

/// What decides beside the changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Ground {
    /// The state that the unit was planned from.
    State,
    /// Where the unit comes from: environment, blueprint, user name, protection, revocation.
    Source {
        /// What of it.
        what: &'static str,
        /// In the first plan.
        first: String,
        /// In the second plan.
        second: String,
    },
    /// A look-up pinned in `nfplan.lock`.
    Pin {
        /// Its key there.
        key: String,
        /// In the first plan; none if it does not use it.
        first: Option<Value>,
        /// In the second plan; none if it does not use it.
        second: Option<Value>,
    },
    /// An output of the platform.
    External {
        /// The output.
        output: String,
        /// In the first plan; none if it does not use it, or it is not known.
        first: Option<Value>,
        /// In the second plan; none if it does not use it, or it is not known.
        second: Option<Value>,
    },
    /// The steps of a resource that both plans come to change in the same way.
    Steps {
        /// The resource.
        address: Address,
        /// The attributes that its steps start from or lead to differently; none if something else
        /// about the steps differs.
        attributes: BTreeSet<Box<str>>,
    },
    /// The order of the steps.
    Order,
}

impl UnitDifference<'_> {
    /// The unit.
    pub fn unit(&self) -> &UnitId {
        &self.plan().unit
    }

    /// The unit in the second plan, or else in the first.
    pub fn plan(&self) -> &UnitPlan {
        self.second.or(self.first).expect("a unit that differs is in one of the plans")
    }
}

/// All units that differ, sorted by unit; none if the plans are equal.
pub fn compare<'a>(first: &'a Plan, second: &'a Plan) -> Vec<UnitDifference<'a>> {
    let mut units: BTreeMap<&UnitId, [Option<&UnitPlan>; 2]> = BTreeMap::new();
    for (side, plan) in [first, second].into_iter().enumerate() {
        for unit in &plan.units {
            units.entry(&unit.unit).or_default()[side] = Some(unit);
        }
    }
    let differ = units.into_values().filter(|sides| match sides {
        [Some(first), Some(second)] => first.digest != second.digest,
        _ => true,
    });
    differ.map(|[first, second]| unit_difference(first, second)).collect()
}

fn unit_difference<'a>(
    first: Option<&'a UnitPlan>,
    second: Option<&'a UnitPlan>,
) -> UnitDifference<'a> {
    let resources = resources(first, second);
    let grounds = match (first, second) {
        (Some(first), Some(second)) => grounds(first, second, &resources),
        _ => Vec::new(),
    };
    UnitDifference { first, second, resources, grounds }
}

fn resources<'a>(
    first: Option<&'a UnitPlan>,
    second: Option<&'a UnitPlan>,
) -> Vec<ResourceDifference<'a>> {
    let mut changes: BTreeMap<&Address, [Option<&Change>; 2]> = BTreeMap::new();
    for (side, plan) in [first, second].into_iter().enumerate() {
        for change in plan.into_iter().flat_map(|plan| &plan.changes) {
            changes.entry(&change.address).or_default()[side] = Some(change);
        }
    }
    let differences = changes.into_iter().map(|(address, [first, second])| ResourceDifference {
        address,
        first: first.map(|change| change.action),
        second: second.map(|change| change.action),
        attributes: attributes(first, second),
    });
    let differ =
        |one: &ResourceDifference<'_>| one.first != one.second || !one.attributes.is_empty();
    differences.filter(differ).collect()
}

fn attributes<'a>(
    first: Option<&'a Change>,
    second: Option<&'a Change>,
) -> Vec<AttributeDifference<'a>> {
    let mut settings: BTreeMap<&str, [Option<Setting<'_>>; 2]> = BTreeMap::new();
    for (side, change) in [first, second].into_iter().enumerate() {
        for attribute in change.into_iter().flat_map(|change| &change.attributes) {
            let AttributeChange { name, before, after, .. } = attribute;
            let setting = Setting { before: before.as_ref(), after: after.as_ref() };
            settings.entry(name).or_default()[side] = Some(setting);
        }
    }
    let differ = settings.into_iter().filter(|(_, [first, second])| first != second);
    differ.map(|(name, [first, second])| AttributeDifference { name, first, second }).collect()
}

fn grounds(
    first: &UnitPlan,
    second: &UnitPlan,
    resources: &[ResourceDifference<'_>],
) -> Vec<Ground> {
    let mut grounds = Vec::new();
    if first.state != second.state {
        grounds.push(Ground::State);
    }
    let (old, new) = (&first.source, &second.source);
    let text = |user: &Option<Box<str>>| user.as_deref().unwrap_or("none").to_owned();
    let sources = [
        ("environment", old.environment.to_string(), new.environment.to_string()),
        ("blueprint", old.blueprint.to_string(), new.blueprint.to_string()),
        ("user name", text(&old.user), text(&new.user)),
        ("protection", old.protect.to_string(), new.protect.to_string()),
        ("revocation", old.revoked.to_string(), new.revoked.to_string()),
    ];
    for (what, first, second) in sources {
        if first != second {
            grounds.push(Ground::Source { what, first, second });
        }
    }
    let keys = first.pins.keys().chain(second.pins.keys());
    for key in keys.collect::<BTreeSet<_>>() {
        let [first, second] = [first, second].map(|plan| plan.pins.get(key).cloned());
        if first != second {
            grounds.push(Ground::Pin { key: key.to_string(), first, second });
        }
    }
    let outputs = first.externals.keys().chain(second.externals.keys());
    for output in outputs.collect::<BTreeSet<_>>() {
        let [one, other] = [first, second].map(|plan| plan.externals.get(output));
        if one != other {
            let [first, second] = [one, other].map(|value| value.cloned().flatten());
            grounds.push(Ground::External { output: output.to_string(), first, second });
        }
    }
    grounds.extend(steps(first, second, resources));
    grounds
}

/// What differs in the steps of resources that are not told apart already.
fn steps(first: &UnitPlan, second: &UnitPlan, resources: &[ResourceDifference<'_>]) -> Vec<Ground> {
    let mut by_address: BTreeMap<&Address, [Vec<&Step>; 2]> = BTreeMap::new();
    for (side, plan) in [first, second].into_iter().enumerate() {
        for step in &plan.steps {
            by_address.entry(&step.address).or_default()[side].push(step);
        }
    }
    let told = |address: &Address| resources.iter().any(|one| one.address == address);
    let mut grounds = Vec::new();
    for (address, [one, other]) in by_address {
        let alike = one.len() == other.len() && one.iter().zip(&other).all(|(a, b)| alike(a, b));
        if !alike && !told(address) {
            let attributes = one.iter().zip(&other).flat_map(|(a, b)| unlike_attributes(a, b));
            let attributes = attributes.collect();
            grounds.push(Ground::Steps { address: address.clone(), attributes });
        }
    }
    if grounds.is_empty() && resources.is_empty() && first.steps != second.steps {
        grounds.push(Ground::Order);
    }
    grounds
}

/// Whether two steps are equal but for their numbers.
fn alike(one: &Step, other: &Step) -> bool {
    let Step { id, needs, .. } = one;
    *one == Step { id: *id, needs: needs.clone(), ..other.clone() }
}

/// The attributes that two steps start from or lead to differently.
fn unlike_attributes(one: &Step, other: &Step) -> BTreeSet<Box<str>> {
    let of = |step: &Step| match &step.operation {
        Operation::Create { inputs, .. } => (Attributes::new(), inputs.clone()),
        Operation::Update { before, after, .. } => (before.clone(), after.clone()),
        Operation::Delete { before, .. } | Operation::Adopt { before, .. } => {
            (before.clone(), Inputs::new())
        }
        Operation::Hold { .. } | Operation::Drop { .. } => (Attributes::new(), Inputs::new()),
    };
    let ((before, after), (other_before, other_after)) = (of(one), of(other));
    let mut names = unlike_keys(&before, &other_before);
    names.extend(unlike_keys(&after, &other_after));
    names
}

fn unlike_keys<V: PartialEq>(
    one: &BTreeMap<Box<str>, V>,
    other: &BTreeMap<Box<str>, V>,
) -> BTreeSet<Box<str>> {
    let keys = one.keys().chain(other.keys());
    keys.filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}

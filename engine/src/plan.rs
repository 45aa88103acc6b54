//! Plans as values: what apply will do, complete and with a digest.
//!
//! A digest covers what decides: steps with their pre-images, pins, place, source and the state
//! planned from. Explanations stand outside, so that two people who plan the same get the same
//! digest even if a later version words a reason differently.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use crate::access::isolation::Isolation;
use crate::address::Address;
use crate::address::External;
use crate::address::Place;
use crate::address::UnitId;
use crate::approval::Needed;
use crate::change::Action;
use crate::change::Change;
use crate::desired::Source;
use crate::digest::Digest;
use crate::findings::Finding;
use crate::headroom::Headroom;
use crate::preflight::Permissions;
use crate::provider::Jobs;
use crate::state::State;
use crate::step::DeleteCause;
use crate::step::Operation;
use crate::step::Stage;
use crate::step::Step;
use crate::value::Value;

/// The format of a plan document.
pub const FORMAT: &str = "nfplan.plan/1";

/// What a plan was told about the cloud.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refresh {
    /// Nothing: the state was believed. Apply refuses such a plan.
    None,
    /// What bulk reads return; the objects it touches were read deep.
    #[default]
    Bulk,
    /// Everything.
    Deep,
}

/// The plan of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPlan {
    /// The unit.
    pub unit: UnitId,
    /// The digest of what decides.
    pub digest: Digest,
    /// The digest of the state that it was planned from.
    pub state: Digest,
    /// Where the unit comes from now.
    pub source: Source,
    /// Whether anything of the unit is wanted at all.
    pub wanted: bool,
    /// Look-ups that went in.
    pub pins: BTreeMap<Box<str>, Value>,
    /// The platform outputs that it uses; null where the platform does not have it yet.
    pub externals: BTreeMap<External, Option<Value>>,
    /// What to do, by number.
    pub steps: Vec<Step>,
    /// What it comes to, by address.
    pub changes: Vec<Change>,
    /// Objects that could not be read, with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unreadable: BTreeMap<Address, String>,
    /// What stays as it is although the specs want it otherwise, and how to change it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<Address, String>,
    /// What reviewers have to judge, the worst first. No part of the digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What decides of a unit's plan.
#[derive(Serialize)]
struct Decision<'a> {
    unit: &'a UnitId,
    state: &'a Digest,
    source: &'a Source,
    pins: &'a BTreeMap<Box<str>, Value>,
    externals: &'a BTreeMap<External, Option<Value>>,
    steps: &'a [Step],
}

impl UnitPlan {
    /// The digest of what decides, computed afresh.
    pub fn decision_digest(&self) -> Digest {
        Digest::of(&Decision {
            unit: &self.unit,
            state: &self.state,
            source: &self.source,
            pins: &self.pins,
            externals: &self.externals,
            steps: &self.steps,
        })
    }

    /// The addresses of objects that a step relies on being as planned.
    pub fn touched(&self) -> BTreeSet<&Address> {
        let relied_on = |step: &&Step| step.pre_image().is_some();
        self.steps.iter().filter(relied_on).map(|step| &step.address).collect()
    }

    /// Whether applying it would change the cloud or the state.
    pub fn changes_anything(&self, state: &State) -> bool {
        !self.steps.is_empty() || (!state.is_vacant() && self.source != state.source)
    }

    /// How many resources each action befalls.
    pub fn summary(&self) -> Summary {
        self.changes.iter().map(|change| change.action).collect()
    }

    /// Whether it only takes away.
    pub fn takes_away(&self) -> bool {
        let mut actions = self.changes.iter().map(|change| change.action);
        !self.changes.is_empty()
            && actions
                .all(|action| matches!(action, Action::Delete | Action::Retain | Action::Forget))
            && self.steps.iter().all(|step| step.stage == Stage::Retire)
    }

    /// Whether it takes away the whole unit: nothing of it is wanted any more.
    pub fn destroys_unit(&self) -> bool {
        let unwanted = |step: &Step| {
            matches!(
                step.operation,
                Operation::Delete { cause: DeleteCause::Unwanted, .. } | Operation::Drop { .. }
            )
        };
        self.takes_away() && !self.wanted && self.steps.iter().any(unwanted)
    }
}

/// The plan of all units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: Box<str>,
    /// The digest over the units' digests.
    pub digest: Digest,
    /// What the cloud was asked.
    pub refresh: Refresh,
    /// Units with a run that somebody left open, changed or not, in order. They are planned against
    /// what its recovery will leave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_runs: Vec<UnitId>,
    /// The units with changes, in order.
    pub units: Vec<UnitPlan>,
    /// How many resources each action befalls.
    pub summary: Summary,
    /// Whether the researchers of a place are kept apart, once the plan is applied. A check: no part
    /// of the digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub isolation: BTreeMap<Place, Isolation>,
    /// What the plan leaves of the quotas that it touches. A check: no part of the digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotas: Vec<Headroom>,
    /// Places whose quotas could not be read, with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quotas_unreadable: BTreeMap<Place, String>,
    /// Units that wait until others of their place have ended, because quotas have no room for all at
    /// once, and in which wave they go, from 2. A check: no part of the digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waves: BTreeMap<UnitId, u32>,
    /// Where whoever made the plan may not do all that applying and undoing it take, or where that
    /// could not be told. A check: no part of the digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permissions>,
    /// How many jobs end with the plan, by unit. A check: no part of the digest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<UnitId, Jobs>,
    /// What needs an approval of its own, and who gave it. A check: no part of the digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Needed>,
}

impl Plan {
    /// Puts units with changes together; the order given does not matter.
    pub fn new(mut units: Vec<UnitPlan>, refresh: Refresh) -> Self {
        units.sort_by(|a, b| a.unit.cmp(&b.unit));
        let digests: Vec<_> = units.iter().map(|unit| (&unit.unit, unit.digest)).collect();
        let digest = Digest::of(&digests);
        let summary = units.iter().flat_map(|u| &u.changes).map(|change| change.action).collect();
        Self {
            format: FORMAT.into(),
            digest,
            refresh,
            open_runs: Vec::new(),
            units,
            summary,
            isolation: BTreeMap::new(),
            approvals: Vec::new(),
            jobs: BTreeMap::new(),
            quotas: Vec::new(),
            quotas_unreadable: BTreeMap::new(),
            waves: BTreeMap::new(),
            permissions: Vec::new(),
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }
}

/// How many resources each action befalls.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Made.
    pub create: u64,
    /// Changed in place.
    pub update: u64,
    /// Replaced, in either order.
    pub replace: u64,
    /// Deleted.
    pub delete: u64,
    /// Taken over.
    #[serde(default)]
    pub adopt: u64,
    /// Kept in the cloud and dropped from the state.
    #[serde(default)]
    pub retain: u64,
    /// Gone from the cloud and dropped from the state.
    #[serde(default)]
    pub forget: u64,
}

impl FromIterator<Action> for Summary {
    fn from_iter<T: IntoIterator<Item = Action>>(actions: T) -> Self {
        let mut summary = Self::default();
        for action in actions {
            let counter = match action {
                Action::Create => &mut summary.create,
                Action::Adopt => &mut summary.adopt,
                Action::Update => &mut summary.update,
                Action::Replace | Action::ReplaceInSlot => &mut summary.replace,
                Action::Delete => &mut summary.delete,
                Action::Retain => &mut summary.retain,
                Action::Forget => &mut summary.forget,
            };
            *counter += 1;
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::RemoteId;
    use crate::state::Object;
    use crate::state::Status;
    use crate::step::DropCause;
    use crate::step::StepId;
    use crate::step::Undo;
    use crate::value::Attributes;

    fn source() -> Source {
        Source {
            environment: "data.example.org".into(),
            blueprint: 1,
            user: Some("alice".into()),
            protect: false,
            revoked: false,
        }
    }

    fn unit(user: &str) -> UnitId {
        format!("workspace/111122223333.us-east-1/{user}").parse().unwrap()
    }

    fn address() -> Address {
        "toy.queue/main".parse().unwrap()
    }

    fn change(action: Action) -> Change {
        let (attributes, reasons, origin) = (Vec::new(), Vec::new(), None);
        Change { address: address(), action, attributes, reasons, origin }
    }

    fn remote_id() -> RemoteId {
        RemoteId::new("q").unwrap()
    }

    fn delete(cause: DeleteCause) -> Operation {
        Operation::Delete { remote_id: remote_id(), before: Attributes::new(), cause }
    }

    fn drop_step(cause: DropCause) -> Operation {
        Operation::Drop { remote_id: remote_id(), cause }
    }

    fn create() -> Operation {
        Operation::Create { generation: 1, inputs: BTreeMap::new() }
    }

    fn step(stage: Stage, operation: Operation) -> Step {
        Step {
            id: StepId(0),
            address: address(),
            stage,
            operation,
            undo: Undo::NotNeeded,
            needs: BTreeSet::new(),
            dependencies: BTreeSet::new(),
        }
    }

    fn plan(changes: &[Action], steps: Vec<Step>) -> UnitPlan {
        UnitPlan {
            unit: unit("alice"),
            digest: Digest::of_bytes(b""),
            state: Digest::of_bytes(b"state"),
            source: source(),
            wanted: false,
            pins: BTreeMap::new(),
            externals: BTreeMap::new(),
            steps,
            changes: changes.iter().copied().map(change).collect(),
            unreadable: BTreeMap::new(),
            notes: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    fn held() -> State {
        let object = Object {
            remote_id: remote_id(),
            generation: 1,
            incarnation: None,
            schema: 1,
            inputs: Attributes::new(),
            outputs: Attributes::new(),
            dependencies: BTreeSet::new(),
            status: Status::Ready,
            held_until: None,
        };
        let mut state = State::empty(unit("alice"), source());
        state.entries.entry(address()).or_default().current = Some(object);
        state
    }

    #[test]
    fn a_plan_changes_something_if_it_has_steps_or_objects_come_from_elsewhere_now() {
        let vacant = State::empty(unit("alice"), source());
        let moved = Source { blueprint: 2, ..source() };
        let table = [
            ("no step, nothing there", false, source(), &vacant, false),
            ("no step, nothing there, other source", false, moved.clone(), &vacant, false),
            ("no step, same source", false, source(), &held(), false),
            ("no step, other source", false, moved, &held(), true),
            ("a step", true, source(), &vacant, true),
        ];
        for (name, with_step, source, state, expected) in table {
            let steps = with_step.then(|| step(Stage::Build, create())).into_iter().collect();
            let plan = UnitPlan { source, ..plan(&[], steps) };
            assert_eq!(plan.changes_anything(state), expected, "{name}");
        }
    }

    /// Changes, steps, whether anything is wanted: takes away, destroys the unit.
    type Row<'a> = (&'a [Action], Vec<Step>, bool, bool, bool);

    #[test]
    fn taking_away_and_destroying_are_told_apart_from_changing() {
        let unwanted = || step(Stage::Retire, delete(DeleteCause::Unwanted));
        let retained = || step(Stage::Retire, drop_step(DropCause::Retained));
        let deposed = || step(Stage::Retire, delete(DeleteCause::Deposed));
        let withdrawn = || step(Stage::Retire, delete(DeleteCause::Withdrawn));
        let build = || step(Stage::Build, create());
        let table: [Row<'_>; 9] = [
            (&[], vec![], false, false, false),
            (&[Action::Delete], vec![unwanted()], false, true, true),
            (&[Action::Delete], vec![unwanted()], true, true, false),
            (&[Action::Retain], vec![retained()], false, true, true),
            (&[Action::Forget, Action::Delete], vec![unwanted(), retained()], false, true, true),
            (&[Action::Delete], vec![deposed()], false, true, false),
            (&[Action::Delete], vec![withdrawn()], true, true, false),
            (&[Action::Delete, Action::Update], vec![unwanted(), build()], false, false, false),
            (&[Action::Delete], vec![unwanted(), build()], false, false, false),
        ];
        for (changes, steps, wanted, takes_away, destroys) in table {
            let plan = UnitPlan { wanted, ..plan(changes, steps) };
            assert_eq!(plan.takes_away(), takes_away, "{plan:?}");
            assert_eq!(plan.destroys_unit(), destroys, "{plan:?}");
        }
    }

    #[test]
    fn a_summary_counts_each_action_once() {
        let zero = Summary::default();
        let table = [
            (Action::Create, Summary { create: 1, ..zero }),
            (Action::Adopt, Summary { adopt: 1, ..zero }),
            (Action::Update, Summary { update: 1, ..zero }),
            (Action::Replace, Summary { replace: 1, ..zero }),
            (Action::ReplaceInSlot, Summary { replace: 1, ..zero }),
            (Action::Delete, Summary { delete: 1, ..zero }),
            (Action::Retain, Summary { retain: 1, ..zero }),
            (Action::Forget, Summary { forget: 1, ..zero }),
        ];
        for (action, expected) in table {
            assert_eq!(plan(&[action], vec![]).summary(), expected, "{action:?}");
        }
        let both = [plan(&[Action::Create], vec![]), plan(&[Action::Create], vec![])];
        let all = Plan::new(both.into(), Refresh::Bulk);
        assert_eq!(all.summary, Summary { create: 2, ..zero });
    }

    #[test]
    fn whatever_decides_is_in_a_units_digest_and_nothing_else() {
        let base = plan(&[Action::Create], vec![step(Stage::Build, create())]);
        let external = "platform/111122223333.us-east-1:toy.key/work#id".parse().unwrap();
        let deciding = [
            ("unit", UnitPlan { unit: unit("bob"), ..base.clone() }),
            ("state", UnitPlan { state: Digest::of_bytes(b"other"), ..base.clone() }),
            ("source", UnitPlan { source: Source { blueprint: 2, ..source() }, ..base.clone() }),
            ("pin", UnitPlan { pins: [("image".into(), "ami-1".into())].into(), ..base.clone() }),
            ("external", UnitPlan { externals: [(external, None)].into(), ..base.clone() }),
            ("stage", UnitPlan { steps: vec![step(Stage::Retire, create())], ..base.clone() }),
            ("no step", UnitPlan { steps: vec![], ..base.clone() }),
        ];
        let mut digests = BTreeSet::from([base.decision_digest().to_string()]);
        for (name, plan) in deciding {
            assert!(digests.insert(plan.decision_digest().to_string()), "{name}");
        }
        let telling = [
            ("change", UnitPlan { changes: vec![change(Action::Update)], ..base.clone() }),
            ("digest", UnitPlan { digest: Digest::of_bytes(b"x"), ..base.clone() }),
            (
                "unreadable",
                UnitPlan { unreadable: [(address(), "denied".into())].into(), ..base.clone() },
            ),
        ];
        for (name, plan) in telling {
            assert_eq!(plan.decision_digest(), base.decision_digest(), "{name}");
        }
    }

    #[test]
    fn a_plans_digest_follows_from_its_units_and_not_from_their_order() {
        let of = |units: &[(&str, &[u8])]| {
            let units = units.iter().map(|(user, content)| UnitPlan {
                unit: unit(user),
                digest: Digest::of_bytes(content),
                ..plan(&[], vec![])
            });
            Plan::new(units.collect(), Refresh::Bulk)
        };
        let both = of(&[("alice", b"1"), ("bob", b"2")]);
        assert_eq!(both, of(&[("bob", b"2"), ("alice", b"1")]));
        assert_eq!(
            both.units.iter().map(|u| &u.unit).collect::<Vec<_>>(),
            [&unit("alice"), &unit("bob")]
        );
        let others: [&[(&str, &[u8])]; 4] = [
            &[],
            &[("alice", b"1")],
            &[("alice", b"2"), ("bob", b"1")],
            &[("alice", b"1"), ("bob", b"3")],
        ];
        for other in others {
            assert_ne!(both.digest, of(other).digest, "{other:?}");
        }
        assert!(of(&[]).is_empty() && !both.is_empty());
        let deep = Plan::new(both.units.clone(), Refresh::Deep);
        assert_eq!(deep.digest, both.digest, "how much was read decides nothing by itself");
    }
}

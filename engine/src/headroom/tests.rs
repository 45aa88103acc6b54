//! Held against all orders in which steps can come.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::proptest;
use proptest::sample::select;

use super::*;
use crate::address::RemoteId;
use crate::desired::Source;
use crate::digest::Digest;
use crate::step::DeleteCause;
use crate::step::StepId;
use crate::step::Undo;
use crate::value::Attributes;

const TYPES: [&str; 2] = ["toy.box", "toy.queue"];

/// What a unit does to one object.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Create,
    Delete,
    Replace,
    ReplaceInSlot,
    Update,
}

/// What a unit does, with the index of the type.
type Work = Vec<(usize, Doing)>;

fn place() -> Place {
    "111122223333.us-east-1".parse().unwrap()
}

fn plan(user: usize, work: &Work) -> UnitPlan {
    let mut steps = Vec::new();
    let mut put = |address: &Address, stage, operation| {
        steps.push(Step {
            id: StepId(u32::try_from(steps.len()).unwrap()),
            address: address.clone(),
            stage,
            operation,
            undo: Undo::NotNeeded,
            needs: BTreeSet::new(),
            dependencies: BTreeSet::new(),
        });
    };
    let remote_id = || RemoteId::new("x").unwrap();
    let create = || Operation::Create { generation: 1, inputs: BTreeMap::new() };
    let delete =
        |cause| Operation::Delete { remote_id: remote_id(), before: Attributes::new(), cause };
    for (number, (of, doing)) in work.iter().enumerate() {
        let address: Address = format!("{}/o{number}", TYPES[*of]).parse().unwrap();
        match doing {
            Doing::Create => put(&address, Stage::Build, create()),
            Doing::Delete => put(&address, Stage::Retire, delete(DeleteCause::Unwanted)),
            Doing::Replace => {
                put(&address, Stage::Build, create());
                put(&address, Stage::Retire, delete(DeleteCause::Superseded));
            }
            Doing::ReplaceInSlot => {
                put(&address, Stage::Build, delete(DeleteCause::InSlot));
                put(&address, Stage::Build, create());
            }
            Doing::Update => put(
                &address,
                Stage::Build,
                Operation::Update {
                    remote_id: remote_id(),
                    before: Attributes::new(),
                    after: BTreeMap::new(),
                    changed: BTreeSet::new(),
                },
            ),
        }
    }
    unit_plan(user, steps)
}

fn unit_plan(user: usize, steps: Vec<Step>) -> UnitPlan {
    UnitPlan {
        unit: format!("workspace/111122223333.us-east-1/u{user}").parse().unwrap(),
        digest: Digest::of_bytes(b""),
        state: Digest::of_bytes(b""),
        source: Source {
            environment: "data.example.org".into(),
            blueprint: 1,
            user: Some(format!("u{user}").into()),
            protect: false,
            revoked: false,
        },
        wanted: true,
        pins: BTreeMap::new(),
        externals: BTreeMap::new(),
        steps,
        changes: Vec::new(),
        unreadable: BTreeMap::new(),
        notes: BTreeMap::new(),
        findings: Vec::new(),
    }
}

fn survey(used: u64, limit: u64, limit_is: Limit) -> Survey {
    let row = |resource_type| QuotaUse { resource_type, title: "things", used, limit, limit_is };
    Survey { quotas: TYPES.map(row).into() }
}

/// The most and the last count of a type, with the steps of these units in any order among each
/// other: of each unit, builds come before what is retired.
fn all_orders(used: u64, plans: &[&UnitPlan], resource_type: &str) -> (u64, u64) {
    let effects: Vec<Vec<i64>> = plans.iter().map(|plan| effects(plan, resource_type)).collect();
    let start = i64::try_from(used).unwrap();
    let (mut most, mut last) = (start, start);
    let mut seen = BTreeSet::new();
    let mut open = vec![vec![0; effects.len()]];
    while let Some(at) = open.pop() {
        if !seen.insert(at.clone()) {
            continue;
        }
        let done = at.iter().zip(&effects).map(|(done, steps)| steps[..*done].iter().sum::<i64>());
        let count = start + done.sum::<i64>();
        most = most.max(count);
        let mut ended = true;
        for unit in 0..at.len() {
            if at[unit] < effects[unit].len() {
                ended = false;
                let mut next = at.clone();
                next[unit] += 1;
                open.push(next);
            }
        }
        if ended {
            last = count;
        }
    }
    (u64::try_from(most).unwrap(), u64::try_from(last).unwrap())
}

/// What a unit's steps do to the count, in the order of the plan: builds, then the rest.
fn effects(plan: &UnitPlan, resource_type: &str) -> Vec<i64> {
    let of_stage = |stage| {
        let steps = plan.steps.iter().filter(move |step| step.stage == stage);
        steps.filter(|step| step.address.resource_type.as_str() == resource_type).map(|step| {
            match step.operation {
                Operation::Create { .. } => 1,
                Operation::Delete { .. } => -1,
                _ => 0,
            }
        })
    };
    of_stage(Stage::Build).chain(of_stage(Stage::Retire)).collect()
}

fn works() -> impl Strategy<Value = Vec<Work>> {
    let doings =
        vec![Doing::Create, Doing::Delete, Doing::Replace, Doing::ReplaceInSlot, Doing::Update];
    vec(vec((0..TYPES.len(), select(doings)), 0..4), 0..4)
}

proptest! {
    #[test]
    fn the_peak_is_the_most_that_any_order_comes_to(works in works(), used in 20_u64..30) {
        let plans: Vec<UnitPlan> =
            works.iter().enumerate().map(|(user, work)| plan(user, work)).collect();
        let (rows, short) = headroom(&place(), &survey(used, 1_000, Limit::Fixed), &plans);
        assert_eq!(short, []);
        for resource_type in TYPES {
            let (most, last) = all_orders(used, &plans.iter().collect::<Vec<_>>(), resource_type);
            let row = rows.iter().find(|row| &*row.resource_type == resource_type);
            let found = row.map_or((used, used), |row| (row.peak, row.after));
            assert_eq!(found, (most, last), "{resource_type}");
        }
    }

    #[test]
    fn who_is_left_out_does_not_fit_and_all_others_do(
        works in works(),
        used in 20_u64..30,
        limit in 20_u64..40,
    ) {
        let plans: Vec<UnitPlan> =
            works.iter().enumerate().map(|(user, work)| plan(user, work)).collect();
        let (rows, short) = headroom(&place(), &survey(used, limit, Limit::Told), &plans);
        let left_out: BTreeSet<&UnitId> = short.iter().map(|shortage| &shortage.unit).collect();
        let most = |plans: &[&UnitPlan], of: &str| all_orders(used, plans, of).0;
        let mut fitting: Vec<&UnitPlan> = Vec::new();
        for plan in &plans {
            let with: Vec<&UnitPlan> = fitting.iter().copied().chain([plan]).collect();
            // What makes nothing of a type cannot be what goes beyond its limit.
            let beyond = TYPES.map(|of| most(&with, of) > limit.max(most(&fitting, of)));
            assert_eq!(left_out.contains(&plan.unit), beyond.contains(&true), "{:?}", plan.unit);
            for (of, beyond) in TYPES.iter().zip(beyond) {
                let mut shortages = short.iter().filter(|shortage| shortage.unit == plan.unit);
                let shortage = shortages.find(|shortage| shortage.quota.resource_type == *of);
                assert_eq!(shortage.is_some(), beyond);
                if let Some(shortage) = shortage {
                    assert_eq!(shortage.needed, most(&with, of));
                }
            }
            if !left_out.contains(&plan.unit) {
                fitting = with;
            }
        }
        if rows.iter().all(|row| row.excess() == 0) {
            assert!(short.is_empty());
        }
        let order: Vec<&UnitId> = short.iter().map(|shortage| &shortage.unit).collect();
        assert!(order.is_sorted());
    }
}

#[test]
fn the_cause_tells_what_would_make_room() {
    let table: [(&[Work], Option<Cause>); 5] = [
        (&[vec![(0, Doing::Create)]], Some(Cause::Full)),
        (&[vec![(0, Doing::Replace)]], Some(Cause::Replacement)),
        (&[vec![(0, Doing::Delete)], vec![(0, Doing::Create)]], Some(Cause::Order)),
        (&[vec![(1, Doing::Delete)], vec![(0, Doing::Create)]], Some(Cause::Full)),
        (&[vec![(0, Doing::ReplaceInSlot)]], None),
    ];
    for (works, expected) in table {
        let plans: Vec<UnitPlan> =
            works.iter().enumerate().map(|(user, work)| plan(user, work)).collect();
        let (_, short) = headroom(&place(), &survey(50, 50, Limit::Fixed), &plans);
        assert_eq!(short.first().map(|shortage| shortage.cause), expected, "{works:?}");
    }
}

#[test]
fn an_assumed_limit_keeps_nobody_out() {
    let plans = [plan(0, &vec![(0, Doing::Create)])];
    let (rows, short) = headroom(&place(), &survey(5, 5, Limit::Assumed), &plans);
    assert_eq!((rows[0].excess(), short.as_slice()), (1, [].as_slice()));
}

#[test]
fn nothing_is_asked_where_nothing_that_counts_is_made() {
    let counts = |resource_type: &ResourceType| resource_type.as_str() == TYPES[0];
    let touches = |work: Work| {
        let plans = [plan(0, &work)];
        touched(&plans, counts).into_iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(touches(vec![(1, Doing::Create), (0, Doing::Delete)]), [""; 0]);
    assert_eq!(touches(vec![(0, Doing::Update), (0, Doing::ReplaceInSlot)]), [""; 0]);
    assert_eq!(touches(vec![(1, Doing::Create), (0, Doing::Replace)]), [TYPES[0]]);
}

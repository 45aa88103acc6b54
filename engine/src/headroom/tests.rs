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
        let Fit { touched: rows, waves, shortages } =
            headroom(&place(), &survey(used, 1_000, Limit::Fixed), &plans);
        assert_eq!((shortages.as_slice(), waves.len()), ([].as_slice(), 0));
        for resource_type in TYPES {
            let (most, last) = all_orders(used, &plans.iter().collect::<Vec<_>>(), resource_type);
            let row = rows.iter().find(|row| &*row.resource_type == resource_type);
            let found = row.map_or((used, used), |row| (row.peak, row.after));
            assert_eq!(found, (most, last), "{resource_type}");
        }
    }

    #[test]
    fn each_wave_fits_in_every_order_and_who_is_left_out_does_not_fit_after_the_last(
        works in works(),
        used in 20_u64..30,
        limit in 20_u64..40,
    ) {
        let plans: Vec<UnitPlan> =
            works.iter().enumerate().map(|(user, work)| plan(user, work)).collect();
        let Fit { touched: rows, waves, shortages } =
            headroom(&place(), &survey(used, limit, Limit::Told), &plans);
        let left_out = |plan: &&UnitPlan| shortages.iter().any(|one| one.unit == plan.unit);
        let turn = |plan: &UnitPlan| waves.get(&plan.unit).copied().unwrap_or(1);
        let mut now = TYPES.map(|_| used);
        let mut most = now;
        for wave in 1..=waves.values().copied().max().unwrap_or(1) {
            let going = plans.iter().filter(|plan| !left_out(plan) && turn(plan) == wave);
            let going: Vec<&UnitPlan> = going.collect();
            assert!(wave == 1 || !going.is_empty(), "no wave is empty");
            for (index, of) in TYPES.into_iter().enumerate() {
                let (peak, last) = all_orders(now[index], &going, of);
                // What makes nothing of a type does not go beyond its limit.
                assert!(peak <= limit.max(now[index]), "{of} in wave {wave}: {peak} of {limit}");
                most[index] = most[index].max(peak);
                now[index] = last;
            }
        }
        for plan in plans.iter().filter(left_out) {
            let short = shortages.iter().filter(|one| one.unit == plan.unit);
            for one in short {
                let of = one.quota.resource_type;
                let index = TYPES.iter().position(|name| *name == of).unwrap();
                let (peak, last) = all_orders(now[index], &[plan], of);
                assert_eq!(one.needed, peak);
                assert!(peak > limit.max(now[index]));
                let made = effects(plan, of).iter().filter(|effect| **effect > 0).count() > 0;
                assert!(made);
                assert_eq!(one.cause == Cause::Replacement, last <= limit);
            }
        }
        if shortages.is_empty() {
            for row in &rows {
                let index = TYPES.iter().position(|name| **name == *row.resource_type).unwrap();
                assert_eq!((row.peak, row.after), (most[index], now[index]));
            }
        }
    }
}

#[test]
fn the_cause_tells_what_would_make_room() {
    let table: [(&[Work], Option<Cause>); 5] = [
        (&[vec![(0, Doing::Create)]], Some(Cause::Full)),
        (&[vec![(0, Doing::Replace)]], Some(Cause::Replacement)),
        (&[vec![(0, Doing::Delete)], vec![(0, Doing::Create)]], None),
        (&[vec![(1, Doing::Delete)], vec![(0, Doing::Create)]], Some(Cause::Full)),
        (&[vec![(0, Doing::ReplaceInSlot)]], None),
    ];
    for (works, expected) in table {
        let plans: Vec<UnitPlan> =
            works.iter().enumerate().map(|(user, work)| plan(user, work)).collect();
        let short = headroom(&place(), &survey(50, 50, Limit::Fixed), &plans).shortages;
        assert_eq!(short.first().map(|shortage| shortage.cause), expected, "{works:?}");
    }
}

#[test]
fn an_assumed_limit_keeps_nobody_out() {
    let plans = [plan(0, &vec![(0, Doing::Create)])];
    let Fit { touched, waves, shortages } =
        headroom(&place(), &survey(5, 5, Limit::Assumed), &plans);
    assert_eq!((touched[0].excess(), shortages.as_slice()), (1, [].as_slice()));
    assert!(waves.is_empty());
}

#[test]
fn replacements_go_in_waves_as_large_as_there_is_room() {
    let plans: Vec<UnitPlan> =
        (0..7).map(|user| plan(user, &vec![(0, Doing::Replace), (1, Doing::Update)])).collect();
    let Fit { touched, waves, shortages } =
        headroom(&place(), &survey(47, 50, Limit::Fixed), &plans);
    assert_eq!(shortages, []);
    let turns: Vec<u32> =
        plans.iter().map(|plan| waves.get(&plan.unit).copied().unwrap_or(1)).collect();
    assert_eq!(turns, [1, 1, 1, 2, 2, 2, 3]);
    let row = &touched[0];
    assert_eq!((row.used, row.peak, row.after), (47, 50, 47));
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

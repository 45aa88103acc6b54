//! How long an apply takes where calls take time: hardly longer than what cannot be done side by side.

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use nfplan_cli::applying::Workshop;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::event::Event;
use nfplan_engine::observer::Observer;
use nfplan_engine::plan::Refresh;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::StepId;
use nfplan_state::holder::Holder;
use nfplan_state::lease::LeaseConfig;
use nfplan_tests::late::VirtualClock;
use nfplan_tests::site::Site;
use nfplan_tests::site::assert_applied;
use nfplan_tests::slow::Slow;
use nfplan_tests::spec::FleetSpec;

/// How long a call to the cloud takes.
const CALL: Duration = Duration::from_millis(100);
/// How long an access to the store takes.
const APPEND: Duration = Duration::from_millis(20);

struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &UnitPlan, _: &Event) {}
}

/// How many steps stand behind each other at most.
fn depth(plan: &UnitPlan) -> u32 {
    fn of(plan: &UnitPlan, step: StepId, known: &mut BTreeMap<StepId, u32>) -> u32 {
        if let Some(depth) = known.get(&step) {
            return *depth;
        }
        let needs = plan.steps[step.0 as usize].needs.iter();
        let depth = 1 + needs.map(|need| of(plan, *need, known)).max().unwrap_or(0);
        known.insert(step, depth);
        depth
    }
    let mut known = BTreeMap::new();
    plan.steps.iter().map(|step| of(plan, step.id, &mut known)).max().unwrap_or(0)
}

#[test]
fn a_workspace_is_applied_as_fast_as_its_longest_chain_allows() {
    let bob = FleetSpec::of("bob", &[]);
    let site = Site::new(&bob);
    site.apply_fully();
    site.write(&bob.with("alice", "main", &[]));
    let planned = site.plan(Refresh::Bulk);
    let [unit] = planned.units.as_slice() else { panic!("one workspace is new") };
    let (steps, depth) = (unit.plan.steps.len(), depth(&unit.plan));
    let clock = VirtualClock::default();
    let store = site.store();
    let workshop = Workshop {
        store: &Slow { inner: &store, clock: &clock, delay: APPEND },
        provider: &Slow { inner: &site.cloud, clock: &clock, delay: CALL },
        clock: &clock,
        observer: &Nobody,
        holder: Holder::this_process("a test"),
        lease: LeaseConfig::local(),
        on_failure: OnFailure::RollBack,
    };
    let work = workshop.apply(planned.units, pending());
    assert_applied(&clock.run(work, Duration::MAX, || ()).unwrap());
    let taken = nfplan_engine::clock::Clock::now(&clock);
    // Before an access key is made, those that are there are listed: the key stands in the longest
    // chain, and has neither a name nor tags to be found by.
    let least = depth * (CALL + APPEND) + CALL + 6 * APPEND;
    println!("{steps} steps, {depth} behind each other: {taken:?}, at least {least:?}");
    assert!(taken.as_millis() * 100 <= least.as_millis() * 115, "{taken:?} > 1.15 × {least:?}");
}

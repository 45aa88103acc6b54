//! How long an apply takes where calls and the store take time, on a virtual clock, and how long it
//! has to take.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use nfplan_cli::applying::Workshop;
use nfplan_cli::planning::FleetPlan;
use nfplan_engine::address::Place;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::clock::Clock as _;
use nfplan_engine::event::Event;
use nfplan_engine::observer::Observer;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::step::StepId;
use nfplan_providers::gate::Gate;
use nfplan_providers::sim::Sim;
use nfplan_state::holder::Holder;
use nfplan_state::lease::LeaseConfig;
use nfplan_state::stores::AnyStore;

use crate::late::VirtualClock;
use crate::site::assert_applied;
use crate::slow::Slow;

/// How long a call to the cloud takes.
pub const CALL: Duration = Duration::from_millis(100);
/// How long an access to the store takes.
pub const APPEND: Duration = Duration::from_millis(20);

/// How an apply went.
#[derive(Debug)]
pub struct Paced {
    /// How long it took.
    pub taken: Duration,
    /// When the last unit of each place had come to its end.
    pub ended: BTreeMap<Place, Duration>,
    /// How many calls were sent.
    pub calls: u32,
    /// What no order of things can go below: the longest chain of steps with the store's accesses,
    /// and all calls through the gate.
    pub least: Duration,
}

/// What a cloud is like.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    /// How many calls it takes at once.
    pub at_once: usize,
    /// One place whose calls take so many times as long.
    pub throttled: Option<(Place, u32)>,
    /// New objects settle before others can rely on them.
    pub settling: bool,
}

/// Applies a plan on a cloud like this.
pub fn apply(
    planned: FleetPlan,
    (store, cloud): (&AnyStore, &Sim),
    Weather { at_once, throttled, settling }: Weather,
) -> Paced {
    let longest = |platforms: bool| {
        let plans = planned.units.iter().map(|unit| &unit.plan);
        let plans = plans.filter(|plan| plan.unit.user().is_none() == platforms);
        plans.map(chain).max().unwrap_or_default()
    };
    let chain = longest(true) + longest(false);
    let clock = VirtualClock::default();
    let ends = Ends { clock: &clock, ended: RefCell::default() };
    let provider = Slow::new(cloud, &clock, CALL).behind(Gate::new(at_once));
    let provider = match throttled {
        Some((place, times)) => provider.throttling(place, times),
        None => provider,
    };
    let provider = if settling { provider.settling() } else { provider };
    let workshop = Workshop {
        store: &Slow::new(store, &clock, APPEND),
        provider: &provider,
        clock: &clock,
        observer: &ends,
        holder: Holder::this_process("a test"),
        lease: LeaseConfig::local(),
        on_failure: OnFailure::RollBack,
    };
    let work = workshop.apply(planned.units, pending());
    assert_applied(&clock.run(work, Duration::MAX, || ()).expect("nothing waits for ever"));
    let calls = provider.sent();
    let through_the_gate = CALL * calls / u32::try_from(at_once).expect("a gate is small");
    let ended = ends.ended.into_inner();
    Paced { taken: clock.now(), ended, calls, least: chain.max(through_the_gate) }
}

/// How long a unit takes if nothing keeps it waiting: its longest chain of steps, and what is asked of
/// the store before and after. Before an access key is made, those that are there are listed: the key
/// stands in the longest chain, and has neither a name nor tags to be found by.
pub fn chain(plan: &UnitPlan) -> Duration {
    let listing = if plan.unit.user().is_some() { CALL } else { Duration::ZERO };
    depth(plan) * (CALL + APPEND) + listing + 6 * APPEND
}

/// How many steps stand behind each other at most.
pub fn depth(plan: &UnitPlan) -> u32 {
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

/// Notes when something was last heard of each place.
struct Ends<'c> {
    clock: &'c VirtualClock,
    ended: RefCell<BTreeMap<Place, Duration>>,
}

impl Observer for Ends<'_> {
    fn observe(&self, plan: &UnitPlan, _: &Event) {
        self.ended.borrow_mut().insert(plan.unit.place().clone(), self.clock.now());
    }
}

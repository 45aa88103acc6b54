//! A unit in the toy cloud with its state and journal: plans, applies, dies and recovers.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use nfplan_engine::address::External;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::apply::RunContext;
use nfplan_engine::apply::RunError;
use nfplan_engine::apply::Start;
use nfplan_engine::apply::run;
use nfplan_engine::asked::Asked;
use nfplan_engine::clock::Clock;
use nfplan_engine::desired::Desired;
use nfplan_engine::event::Event;
use nfplan_engine::fold::fold;
use nfplan_engine::journal::Externals;
use nfplan_engine::journal::Journal;
use nfplan_engine::journal::JournalError;
use nfplan_engine::observed::Observed;
use nfplan_engine::observed::Remains;
use nfplan_engine::observer::Observer;
use nfplan_engine::opening::OpeningError;
use nfplan_engine::opening::check;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::planner::PlanInput;
use nfplan_engine::planner::plan;
use nfplan_engine::provider::Depth;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::Reader;
use nfplan_engine::refresh::found;
use nfplan_engine::refresh::remains;
use nfplan_engine::refresh::wanted;
use nfplan_engine::refusal::Refusal;
use nfplan_engine::report::Report;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::schema::Managed;
use nfplan_engine::state::State;
use nfplan_engine::step::StepId;
use nfplan_engine::value::Value;

use crate::mishaps::Crash;
use crate::mishaps::Turns;
use crate::toy::Key;
use crate::toy::Toy;
use crate::wish::Wish;
use crate::wish::external;
use crate::wish::source;
use crate::wish::unit;

/// Virtual time: sleeping returns at once and counts.
#[derive(Debug, Default, Clone)]
pub(crate) struct VirtualClock(Cell<Duration>);

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.0.get()
    }
    async fn sleep(&self, duration: Duration) {
        self.0.set(self.0.get() + duration);
        Turns(1).await;
    }
}

/// A journal that survives its writer.
pub(crate) struct MemoryJournal<'a> {
    events: Rc<RefCell<Vec<Event>>>,
    crash: &'a Crash,
    may_send: bool,
}

impl Journal for MemoryJournal<'_> {
    async fn append(&mut self, events: &[Event]) -> Result<(), JournalError> {
        self.crash.boundary().await;
        Turns(2).await;
        self.events.borrow_mut().extend(events.iter().cloned());
        self.crash.boundary().await;
        Ok(())
    }
    fn may_send(&self) -> bool {
        self.may_send
    }
}

/// Remembers what it saw.
#[derive(Debug, Default)]
pub(crate) struct Recorder(pub(crate) RefCell<Vec<Event>>);

impl Observer for Recorder {
    fn observe(&self, _: &UnitPlan, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}

/// Platform outputs as they are at the n-th question: the last one stays.
#[derive(Debug, Default, Clone)]
pub(crate) struct Table(pub(crate) RefCell<Vec<BTreeMap<External, Value>>>);

impl Externals for Table {
    async fn current(
        &self,
        wanted: &BTreeSet<External>,
    ) -> Result<BTreeMap<External, Value>, JournalError> {
        let mut answers = self.0.borrow_mut();
        let mut now = answers.first().cloned().unwrap_or_default();
        if answers.len() > 1 {
            answers.remove(0);
        }
        now.retain(|external, _| wanted.contains(external));
        Ok(now)
    }
}

/// A run that is not closed.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) plan: UnitPlan,
    pub(crate) events: Rc<RefCell<Vec<Event>>>,
    opened_with: BTreeMap<External, Value>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing to do.
    Unchanged,
    /// The run ended.
    Ended(Report),
    /// The process was killed.
    Dead,
    /// The run could not be opened.
    Stale(Vec<Refusal>),
    /// The run broke off.
    Broke(RunError),
}

impl Outcome {
    pub(crate) fn result(&self) -> &UnitResult {
        match self {
            Self::Ended(report) => &report.result,
            other => panic!("the run did not end: {other:?}"),
        }
    }
}

/// The unit with all that is around it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) toy: Toy,
    pub(crate) state: State,
    pub(crate) open: Option<Open>,
    pub(crate) externals: Table,
    pub(crate) asked: Asked,
    pub(crate) may_send: bool,
    /// Interrupts the next process after this many turns.
    pub(crate) interrupt: Option<u32>,
    pub(crate) clock: VirtualClock,
    /// Objects may exist that the state does not know.
    pub(crate) lost_state: bool,
    /// What processes do once a step has failed.
    pub(crate) on_failure: OnFailure,
}

impl Default for World {
    fn default() -> Self {
        let known = BTreeMap::from([(external(), Value::text("k1"))]);
        Self {
            toy: Toy::default(),
            state: State::empty(unit(), source()),
            open: None,
            externals: Table(RefCell::new(vec![known])),
            asked: Asked::default(),
            may_send: true,
            interrupt: None,
            clock: VirtualClock::default(),
            lost_state: false,
            on_failure: OnFailure::RollBack,
        }
    }
}

/// Polls until ready, or until the process is dead.
pub(crate) fn drive<T>(future: impl Future<Output = T>, crash: &Crash) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..200_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        if crash.dead.get() {
            return None;
        }
    }
    panic!("nothing moves any more");
}

impl World {
    /// A world in which `wish` was applied.
    pub(crate) fn with(wish: &Wish) -> Self {
        let mut world = Self::default();
        world.reach(wish);
        world
    }

    /// A copy that shares no journal with this one.
    pub(crate) fn again(&self) -> Self {
        let mut copy = self.clone();
        if let Some(open) = &mut copy.open {
            let events = open.events.borrow().clone();
            open.events = Rc::new(RefCell::new(events));
        }
        copy
    }

    pub(crate) fn observed(&self, desired: &Desired) -> Observed {
        let externals = self.externals.0.borrow().first().cloned().unwrap_or_default();
        let list = wanted(desired, &self.state, &externals, self.toy.schemas());
        let unit = unit();
        let found = drive(self.toy.read(unit.place(), Depth::Deep, &list), &Crash::default());
        let addresses = list.iter().map(|wanted| wanted.address.clone());
        addresses.zip(found.unwrap().unwrap()).collect()
    }

    /// What the deposed objects look like.
    fn remains(&self) -> Remains {
        let unit = unit();
        let list = remains(&unit, &self.state);
        let seen = drive(self.toy.read(unit.place(), Depth::Deep, &list), &Crash::default());
        found(&list, seen.unwrap().unwrap())
    }

    pub(crate) fn plan_from(
        &self,
        desired: &Desired,
        observed: &Observed,
    ) -> Result<UnitPlan, Vec<Refusal>> {
        let externals = self.externals.0.borrow().first().cloned().unwrap_or_default();
        let input = PlanInput {
            state_digest: self.state.digest(),
            desired,
            state: &self.state,
            observed,
            remains: &self.remains(),
            externals: &externals,
            schemas: self.toy.schemas(),
            asked: &self.asked,
        };
        plan(input).map(|planned| planned.plan)
    }

    pub(crate) fn plan(&self, desired: &Desired) -> Result<UnitPlan, Vec<Refusal>> {
        self.plan_from(desired, &self.observed(desired))
    }

    pub(crate) fn plan_for(&self, wish: &Wish) -> UnitPlan {
        self.plan(&wish.desired()).unwrap()
    }

    /// Plans and applies.
    pub(crate) fn apply(&mut self, wish: &Wish) -> Outcome {
        let plan = self.plan_for(wish);
        self.apply_plan(plan)
    }

    pub(crate) fn apply_plan(&mut self, plan: UnitPlan) -> Outcome {
        if plan.steps.is_empty() {
            return Outcome::Unchanged;
        }
        let opened = drive(check(&plan, &self.toy, &self.externals), &Crash::default()).unwrap();
        let opened_with = match opened {
            Ok(values) => values,
            Err(OpeningError::Refused(refusals)) => return Outcome::Stale(refusals),
            Err(other) => panic!("{other}"),
        };
        let events = Rc::new(RefCell::new(Vec::new()));
        self.open = Some(Open { plan, events, opened_with });
        self.carry_on(Start::Fresh)
    }

    /// Recovers the open run as another process.
    pub(crate) fn recover(&mut self, recovery: Recovery) -> Outcome {
        let events = Rc::clone(&self.open.as_ref().unwrap().events);
        events.borrow_mut().push(Event::Sealed);
        let found = events.borrow().clone();
        self.carry_on(Start::Found(found, recovery))
    }

    fn carry_on(&mut self, start: Start) -> Outcome {
        let open = self.open.as_ref().unwrap();
        let recorder = Recorder::default();
        let context = RunContext {
            plan: &open.plan,
            state: &self.state,
            predecessor: Some(self.state.digest()),
            provider: &self.toy,
            clock: &self.clock,
            observer: &recorder,
            externals: &self.externals,
            opened_with: &open.opened_with,
            salt: "lineage",
            on_failure: self.on_failure,
        };
        let crash = &self.toy.crash;
        let journal =
            MemoryJournal { events: Rc::clone(&open.events), crash, may_send: self.may_send };
        let interrupt = self.interrupt.take();
        let interrupt = async move {
            match interrupt {
                Some(turns) => Turns(turns).await,
                None => std::future::pending().await,
            }
        };
        let durable = open.events.borrow().len();
        let ended = drive(run(context, journal, start, interrupt), crash);
        let events = open.events.borrow().clone();
        let (news, seen) = (&events[durable..], recorder.0.into_inner());
        assert!(news.starts_with(&seen), "the observer sees what is durable, once and in order");
        assert_nothing_starts_after_a_failure(news);
        let ended = match ended {
            None => return Outcome::Dead,
            Some(Err(error)) => return Outcome::Broke(error),
            Some(Ok(ended)) => ended,
        };
        assert_eq!(seen, news, "the observer of a process that ends has seen everything");
        assert_eq!(failures(&ended.report), failed(news), "what failed in this process, no more");
        if let Some(state) = ended.state {
            let before = Some(self.state.digest());
            let folded = fold(&self.state, before, &open.plan, &events, self.toy.schemas());
            assert_eq!(folded.unwrap(), state, "a snapshot follows from the durable events");
            assert_counters_rise(&self.state, &state);
            self.state = state;
            self.open = None;
            if !self.lost_state {
                self.assert_state_is_cloud();
            }
        }
        Outcome::Ended(ended.report)
    }

    /// Plans and applies until nothing is left to do, without faults: twice is the most it may take.
    pub(crate) fn reach(&mut self, wish: &Wish) {
        self.toy.crash.arm(None);
        self.toy.faults.borrow_mut().clear();
        self.toy.denied.borrow_mut().clear();
        if self.open.is_some() {
            let outcome = self.recover(Recovery::RollBack);
            assert!(self.open.is_none(), "recovery closes the run: {outcome:?}");
        }
        match self.apply(wish) {
            Outcome::Unchanged => {}
            outcome => assert_eq!(*outcome.result(), UnitResult::Applied, "{outcome:?}"),
        }
        self.assert_settled(wish);
    }

    /// Nothing is left to do.
    pub(crate) fn assert_settled(&self, wish: &Wish) {
        let plan = self.plan_for(wish);
        assert!(plan.steps.is_empty(), "after apply, nothing is left to do: {:#?}", plan.steps);
    }

    /// Every object of the unit is in the state, once and as it is, and every one in the state is in
    /// the cloud.
    pub(crate) fn assert_state_is_cloud(&self) {
        let things = self.toy.things.borrow();
        let mut recorded = BTreeMap::new();
        for (address, entry) in &self.state.entries {
            let kind = address.resource_type.to_string();
            for object in entry.current.iter().chain(&entry.deposed).chain(&entry.parked) {
                let key = (kind.clone(), object.remote_id.clone());
                let twice = recorded.insert(key.clone(), object);
                assert!(twice.is_none(), "{key:?} is recorded twice");
            }
            if let Some(object) = &entry.current {
                let key = (kind, object.remote_id.clone());
                let thing = things.get(&key).unwrap_or_else(|| panic!("{key:?} does not exist"));
                let schema = self.toy.schemas().find(&address.resource_type).unwrap();
                for (name, value) in &object.inputs {
                    // What tightened or came to rest half-way is kept; the next plan reads it.
                    let managed = schema.managed().find(|(a, _)| *a.name == **name);
                    let managed = managed.map(|(_, managed)| managed);
                    let now = thing.attributes.get(name);
                    if now.is_some_and(|now| managed.is_some_and(|managed| kept(managed, now))) {
                        continue;
                    }
                    assert_eq!(thing.attributes.get(name), Some(value), "{key:?}.{name}");
                }
                for (name, value) in &object.outputs {
                    assert_eq!(thing.attributes.get(name), Some(value), "{key:?}.{name}");
                }
            }
        }
        for (key, thing) in things.iter() {
            // A key is retained and leaves the state.
            if thing.owner.is_some() && key.0 != "toy.key" {
                assert!(recorded.contains_key(key), "{key:?} is an orphan: {:#?}", self.state);
            }
        }
    }
}

/// The steps of the failures that a report shows.
fn failures(report: &Report) -> Vec<(StepId, bool)> {
    report.failures.iter().map(|failure| (failure.step, failure.undoing)).collect()
}

/// The steps of the failures among events, in order.
fn failed(events: &[Event]) -> Vec<(StepId, bool)> {
    let failures = events.iter().filter_map(|event| match event {
        Event::Failed { step, .. } => Some((*step, false)),
        Event::UndoFailed { step, .. } => Some((*step, true)),
        _ => None,
    });
    failures.collect()
}

/// Once a build step has failed, nothing new begins.
fn assert_nothing_starts_after_a_failure(news: &[Event]) {
    let turned = |event: &Event| matches!(event, Event::RollingBack { .. } | Event::Committed);
    let building = news.iter().take_while(|event| !turned(event));
    let failed =
        |event: &Event| matches!(event, Event::Failed { error, .. } if error.left != Left::Unknown);
    let mut later = building.skip_while(|event| !failed(event));
    let started = later.find(|event| matches!(event, Event::Started { .. }));
    assert_eq!(started, None, "nothing starts after a failure: {news:#?}");
}

fn kept(managed: &Managed, now: &Value) -> bool {
    managed.tightens.is_some_and(|tightening| tightening.applies(now))
        || managed.retire.is_some_and(|retire| retire.applies(now))
}

fn assert_counters_rise(before: &State, after: &State) {
    for (address, entry) in &before.entries {
        let now = after.entries.get(address).map_or(0, |entry| entry.incarnation);
        assert!(now >= entry.incarnation, "the incarnation of {address} fell");
    }
}

/// The cloud's essence without what history may leave behind: retained keys that nothing wants and
/// whether a queue once was drained.
pub(crate) fn comparable(toy: &Toy, wish: &Wish) -> BTreeMap<String, BTreeMap<String, String>> {
    comparable_without(toy, wish, &BTreeSet::new())
}

/// The same without these objects.
pub(crate) fn comparable_without(
    toy: &Toy,
    wish: &Wish,
    skipped: &BTreeSet<Key>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut essence = toy.essence_without(skipped);
    if !(wish.everything && wish.key) {
        essence.remove("<toy.key/work>");
    }
    for attributes in essence.values_mut() {
        attributes.remove("drained");
    }
    essence
}

//! A place where tests carry out runs: one store and one clock.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use nfplan_engine::address::UnitId;
use nfplan_engine::event::Event;
use nfplan_engine::journal::Journal as _;
use nfplan_engine::journal::JournalError;
use nfplan_engine::store::Store as _;

use super::faulty::Faulty;
use super::kit;
use super::kit::VirtualClock;
use super::kit::fold;
use super::kit::gone_holder;
use super::kit::holder;
use super::kit::keys_below;
use super::kit::mark;
use super::kit::plan_from;
use super::kit::poll;
use crate::holder::Holder;
use crate::lease::Lease;
use crate::lease::LeaseConfig;
use crate::lease::LeaseError;
use crate::lease::acquire;
use crate::run::Run;
use crate::run::RunError;
use crate::unit::Base;
use crate::unit::Loaded;
use crate::unit::OpenRun;
use crate::unit::StateError;
use crate::unit::load;

pub(crate) const CONFIG: LeaseConfig = LeaseConfig::local();

pub(crate) type TestLease<'a> = Lease<'a, Faulty, VirtualClock>;
pub(crate) type TestRun<'a> = Run<'a, Faulty, VirtualClock>;

/// One unit in one store, seen by one clock.
pub(crate) struct Site {
    pub(crate) store: Faulty,
    pub(crate) clock: VirtualClock,
    pub(crate) unit: UnitId,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self { store: Faulty::default(), clock: VirtualClock::default(), unit: kit::unit() }
    }

    /// Begins to take the lease.
    pub(crate) async fn acquiring(&self, who: Holder) -> Result<TestLease<'_>, LeaseError> {
        acquire(&self.store, &self.unit, who, &self.clock, CONFIG).await
    }

    /// Takes the lease, waiting as long as that takes.
    pub(crate) fn acquire(&self, who: Holder) -> TestLease<'_> {
        self.clock.run(self.acquiring(who)).unwrap()
    }

    pub(crate) fn release(&self, lease: TestLease<'_>) {
        self.clock.run(lease.release(Duration::ZERO)).unwrap();
    }

    pub(crate) fn load(&self) -> Loaded {
        self.clock.run(load(&self.store, &self.unit)).unwrap()
    }

    pub(crate) fn load_error(&self) -> StateError {
        self.clock.run(load(&self.store, &self.unit)).unwrap_err()
    }

    /// Plans afresh and opens a run.
    pub(crate) fn open<'a>(&self, lease: &'a TestLease<'a>) -> Result<TestRun<'a>, RunError> {
        let base = self.load().base;
        self.clock.run(Run::open(lease, &base, &plan_from(&base)))
    }

    /// Takes over the run that was open in `loaded`.
    pub(crate) fn adopt<'a>(
        &self,
        lease: &'a TestLease<'a>,
        loaded: &Loaded,
    ) -> Result<(TestRun<'a>, OpenRun), RunError> {
        let open = loaded.open_run.clone().unwrap();
        self.clock.run(Run::adopt(lease, &loaded.base, open))
    }

    pub(crate) fn append(
        &self,
        run: &mut TestRun<'_>,
        events: &[Event],
    ) -> Result<(), JournalError> {
        self.clock.run(run.append(events))
    }

    /// Carries out a run that leaves these marks.
    pub(crate) fn apply(&self, marks: &[u64]) -> Result<Base, RunError> {
        let lease = self.acquire(holder("apply"));
        let loaded = self.load();
        let mut run = self.open(&lease)?;
        let events: Vec<Event> = marks.iter().copied().map(mark).collect();
        self.append(&mut run, &events).unwrap();
        let base = self.clock.run(run.close(&fold(&loaded, &events)))?;
        self.release(lease);
        Ok(base)
    }

    /// Opens a run, appends marks one by one, and dies.
    pub(crate) fn die_in_run(&self, marks: &[u64]) {
        let lease = self.acquire(gone_holder("dead"));
        let mut run = self.open(&lease).unwrap();
        for number in marks {
            self.append(&mut run, &[mark(*number)]).unwrap();
        }
    }

    /// Takes over the open run and closes it.
    pub(crate) fn recover(&self) -> Result<Base, RunError> {
        let lease = self.acquire(holder("recover"));
        let loaded = self.load();
        let (run, open) = self.adopt(&lease, &loaded)?;
        let base = self.clock.run(run.close(&fold(&loaded, open.events())))?;
        self.release(lease);
        Ok(base)
    }

    /// Runs a future until it ends or its process dies.
    pub(crate) fn run_mortal<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = poll(future.as_mut()) {
                return Some(value);
            }
            if self.store.is_dead() {
                return None;
            }
            assert!(self.clock.advance_to_next_alarm(), "the future waits for nothing");
        }
    }

    /// The unit's keys that start like this.
    pub(crate) fn keys(&self, part: &str) -> Vec<String> {
        let mut keys = self.clock.run(keys_below(&self.store, &format!("{}/", self.unit)));
        let prefix = format!("{}/{part}", self.unit);
        keys.retain(|key| key.starts_with(&prefix));
        keys
    }

    pub(crate) fn body(&self, key: &str) -> String {
        let stored = self.clock.run(self.store.get(key)).unwrap().unwrap();
        String::from_utf8(stored.body).unwrap()
    }

    pub(crate) fn delete(&self, key: &str) {
        self.clock.run(self.store.delete(key)).unwrap();
    }

    /// Puts something else under a key, as a person with a text editor might.
    pub(crate) fn overwrite(&self, key: &str, body: &str) {
        self.delete(key);
        self.clock.run(self.store.put_if_absent(key, body.as_bytes())).unwrap();
    }
}

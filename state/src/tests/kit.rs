//! Virtual time, plans and states for tests.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;
use std::future::poll_fn;
use std::pin::Pin;
use std::pin::pin;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::clock::Clock;
use nfplan_engine::desired::Source;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Event;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::state::Entry;
use nfplan_engine::state::State;
use nfplan_engine::step::StepId;
use nfplan_engine::store::Store;

use super::site::CONFIG;
use crate::format::Document as _;
use crate::format::Head;
use crate::holder::Holder;
use crate::lease::Lease;
use crate::lease::acquire;
use crate::run::Run;
use crate::unit::Base;
use crate::unit::Loaded;
use crate::unit::load;
use crate::verify::verify;

/// A clock that moves only when it is told to. A clone shows the same time.
#[derive(Debug, Default, Clone)]
pub(crate) struct VirtualClock(Rc<Time>);

#[derive(Debug, Default)]
struct Time {
    now: Cell<Duration>,
    alarms: RefCell<BTreeSet<Duration>>,
}

impl VirtualClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.now.set(self.0.now.get() + by);
    }

    /// Goes to the next moment that somebody waits for. False if nobody waits.
    pub(crate) fn advance_to_next_alarm(&self) -> bool {
        let Some(alarm) = self.0.alarms.borrow_mut().pop_first() else { return false };
        self.0.now.set(self.0.now.get().max(alarm));
        true
    }

    /// Runs a future to its end, moving time whenever it waits.
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = poll(future.as_mut()) {
                return value;
            }
            assert!(self.advance_to_next_alarm(), "the future waits for nothing");
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.0.now.get()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        let until = self.now() + duration;
        poll_fn(move |_| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            self.0.alarms.borrow_mut().insert(until);
            Poll::Pending
        })
    }
}

/// Polls once. Tests poll what they like, so that wakers have no meaning.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Lets everybody else go first.
pub(crate) async fn once_pending() {
    let mut first = true;
    poll_fn(|_| if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// All keys below a folder, sorted.
pub(crate) async fn keys_below(store: &impl Store, folder: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in store.list(&folder).await.unwrap() {
            if entry.ends_with('/') { folders.push(entry) } else { keys.push(entry) }
        }
    }
    keys.sort_unstable();
    keys
}

pub(crate) fn unit() -> UnitId {
    "workspace/111122223333.us-east-1/alice".parse().unwrap()
}

pub(crate) fn source() -> Source {
    let user = Some("alice@example.org".into());
    Source {
        environment: "data.example.org".into(),
        blueprint: 1,
        user,
        protect: false,
        revoked: false,
    }
}

/// A holder that is this process, and so never seen to be gone.
pub(crate) fn holder(who: &str) -> Holder {
    Holder::this_process(who)
}

/// A holder that looks gone: it has this process's id and an earlier start.
pub(crate) fn gone_holder(who: &str) -> Holder {
    let mut holder = holder(who);
    holder.process.as_mut().unwrap().started -= 1;
    holder
}

/// A plan made from `base`. It has no steps: nothing here carries them out.
pub(crate) fn plan_from(base: &Base) -> UnitPlan {
    let empty = || State::empty(unit(), source()).digest();
    let mut plan = UnitPlan {
        unit: unit(),
        digest: Digest::of_bytes(b""),
        state: base.state_digest().unwrap_or_else(empty),
        source: source(),
        pins: BTreeMap::new(),
        externals: BTreeMap::new(),
        steps: Vec::new(),
        changes: Vec::new(),
        wanted: true,
        unreadable: BTreeMap::new(),
        notes: BTreeMap::new(),
        findings: Vec::new(),
    };
    plan.digest = plan.decision_digest();
    plan
}

/// An event that leaves a trace in the state that it folds into.
pub(crate) fn mark(number: u64) -> Event {
    Event::Started {
        step: StepId(0),
        incarnation: Some(number),
        token: "token".into(),
        found: Vec::new(),
    }
}

/// Folds a run's events into the state that it began with: a simple stand-in for the engine's.
pub(crate) fn fold<'a>(loaded: &Loaded, events: impl IntoIterator<Item = &'a Event>) -> State {
    let mut state = loaded.state.clone().unwrap_or_else(|| State::empty(unit(), source()));
    state.predecessor = loaded.base.state_digest();
    for event in events {
        if let Event::Started { incarnation: Some(number), .. } = event {
            let entry = Entry { incarnation: *number, ..Entry::default() };
            state.entries.insert(trace(*number), entry);
        }
    }
    state
}

/// Where a mark's trace is.
pub(crate) fn trace(number: u64) -> Address {
    Address::new("test.mark", &format!("m{number}")).unwrap()
}

/// Ends the run that is open, if one is. Whether one was.
pub(crate) async fn recover<S: Store, C: Clock>(
    store: &S,
    lease: &Lease<'_, S, C>,
) -> Result<bool, Box<dyn Error>> {
    let loaded = load(store, &unit()).await?;
    let Some(open) = loaded.open_run.clone() else { return Ok(false) };
    let (run, open) = Run::adopt(lease, &loaded.base, open).await?;
    run.close(&fold(&loaded, open.events())).await?;
    Ok(true)
}

/// Whether a head may follow another one: nothing goes back, and nothing is edited under a run.
pub(crate) fn succeeds(before: &[u8], after: &[u8]) -> Result<(), String> {
    let [before, after] = [before, after].map(|body| Head::decode(body).unwrap());
    let closed = before.open_run.is_some() && after.open_run.is_none();
    let edited = before.open_run == after.open_run && after.snapshot != before.snapshot;
    let follows = after.serial == before.serial + u64::from(closed || edited)
        && !(edited && before.open_run.is_some())
        && after.epoch >= before.epoch
        && after.lineage == before.lineage
        && (closed || edited) == (after.snapshot != before.snapshot);
    if follows { Ok(()) } else { Err(format!("{after:#?} does not follow {before:#?}")) }
}

/// What the plain commands make of a store: one more apply ends what is open, nothing acknowledged is
/// lost, and the checks of the state find nothing.
pub(crate) async fn comes_to_rest<S: Store, C: Clock>(
    store: &S,
    clock: &C,
    acknowledged: &[u64],
) -> Result<(), Box<dyn Error>> {
    let unit = unit();
    let lease = acquire(store, &unit, holder("last"), clock, CONFIG).await?;
    recover(store, &lease).await?;
    let loaded = load(store, &unit).await?;
    if let Some(open) = loaded.open_run {
        return Err(format!("the run {} is open", open.id).into());
    }
    let entries = loaded.state.map(|state| state.entries).unwrap_or_default();
    if let Some(lost) = acknowledged.iter().find(|number| !entries.contains_key(&trace(**number))) {
        return Err(format!("{lost} is lost").into());
    }
    let verdict = verify(store, &unit).await?;
    if verdict.problems.is_empty() { Ok(()) } else { Err(format!("{:?}", verdict.problems).into()) }
}

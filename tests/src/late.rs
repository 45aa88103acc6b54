//! Calls that arrive late: the process that sent them has been silent for long by then.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::time::Duration;

use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::clock::Clock;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Done;
use nfplan_engine::provider::Provider;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_providers::sim::Sim;

use crate::passing::reads_of;
use crate::site::block_on;

/// The deadline of every call.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// How long after it a call may take effect.
pub const HORIZON: Duration = Duration::from_secs(10);

/// A clock that goes on only when somebody waits.
#[derive(Debug, Default)]
pub struct VirtualClock {
    now: Cell<Duration>,
    alarms: RefCell<Vec<(Duration, Waker)>>,
}

/// Whether a future asked to be polled again.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl VirtualClock {
    /// Runs a future to its end, or until it waits for nothing that comes. `event` happens at its
    /// time, if that comes.
    pub fn run<T>(
        &self,
        work: impl Future<Output = T>,
        at: Duration,
        event: impl FnOnce(),
    ) -> Option<T> {
        let (mut work, mut event) = (pin!(work), Some(event));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            if let Poll::Ready(value) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(value);
            }
            // Time stands still as long as there is something to do.
            if woken.0.swap(false, Ordering::Relaxed) {
                continue;
            }
            let alarm = self.alarms.borrow().iter().map(|(alarm, _)| *alarm).min()?;
            if at <= alarm
                && let Some(event) = event.take()
            {
                self.now.set(self.now.get().max(at));
                event();
            } else {
                self.now.set(self.now.get().max(alarm));
            }
            let now = self.now.get();
            for (_, waker) in self.alarms.borrow_mut().extract_if(.., |(alarm, _)| *alarm <= now) {
                waker.wake();
            }
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        let until = self.now() + duration;
        poll_fn(move |context| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            self.alarms.borrow_mut().push((until, context.waker().clone()));
            Poll::Pending
        })
    }
}

/// A cloud that calls take their time to reach: the one of a certain number never does by itself.
#[derive(Debug)]
pub struct Late<'a> {
    cloud: &'a Sim,
    left: Cell<Option<u64>>,
    held: RefCell<Option<Held>>,
}

/// A call on its way.
#[derive(Debug)]
struct Held {
    unit: UnitId,
    address: Address,
    token: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Create {
        incarnation: u64,
        inputs: Attributes,
    },
    Update {
        remote_id: RemoteId,
        before: Attributes,
        after: Attributes,
        changed: BTreeSet<Box<str>>,
    },
    Delete {
        remote_id: RemoteId,
        inputs: Attributes,
    },
}

impl<'a> Late<'a> {
    /// Holds the call of this number, counted from 0, and with it the process that sent it.
    pub fn new(cloud: &'a Sim, held: Option<u64>) -> Self {
        Self { cloud, left: Cell::new(held), held: RefCell::new(None) }
    }

    /// Whether a call is on its way.
    pub fn is_holding(&self) -> bool {
        self.held.borrow().is_some()
    }

    /// What the call is about that is on its way.
    pub fn held(&self) -> Option<Address> {
        self.held.borrow().as_ref().map(|held| held.address.clone())
    }

    /// Lets the call arrive that is on its way; whether it has an effect there.
    pub fn deliver(&self) -> bool {
        let Some(Held { unit, address, token, kind }) = self.held.take() else { return false };
        let (unit, address, token) = (&unit, &address, &*token);
        let cloud = self.cloud;
        match &kind {
            Kind::Create { incarnation, inputs } => {
                let incarnation = *incarnation;
                let request = CreateRequest { unit, address, incarnation, token, inputs };
                block_on(cloud.create(request)).is_ok()
            }
            Kind::Update { remote_id, before, after, changed } => {
                let request =
                    UpdateRequest { unit, address, remote_id, token, before, after, changed };
                block_on(cloud.update(request)).is_ok()
            }
            Kind::Delete { remote_id, inputs } => {
                block_on(cloud.delete(DeleteRequest { unit, address, remote_id, inputs })).is_ok()
            }
        }
    }

    /// Once a call is held, its process does nothing more.
    async fn hold(&self, held: impl FnOnce() -> Held) {
        let left = self.left.get();
        if left == Some(0) && !self.is_holding() {
            self.held.replace(Some(held()));
        }
        if left == Some(0) {
            std::future::pending::<()>().await;
        }
        self.left.set(left.map(|left| left - 1));
    }
}

impl Reader for Late<'_> {
    reads_of!(cloud);
}

impl Provider for Late<'_> {
    async fn create(&self, request: CreateRequest<'_>) -> Result<Done, ProviderError> {
        let kind =
            || Kind::Create { incarnation: request.incarnation, inputs: request.inputs.clone() };
        let (unit, address) = (request.unit.clone(), request.address.clone());
        self.hold(|| Held { unit, address, token: request.token.into(), kind: kind() }).await;
        self.cloud.create(request).await
    }

    async fn update(&self, request: UpdateRequest<'_>) -> Result<Done, ProviderError> {
        let kind = || Kind::Update {
            remote_id: request.remote_id.clone(),
            before: request.before.clone(),
            after: request.after.clone(),
            changed: request.changed.clone(),
        };
        let (unit, address) = (request.unit.clone(), request.address.clone());
        self.hold(|| Held { unit, address, token: request.token.into(), kind: kind() }).await;
        self.cloud.update(request).await
    }

    async fn delete(&self, request: DeleteRequest<'_>) -> Result<(), ProviderError> {
        let (remote_id, inputs) = (request.remote_id.clone(), request.inputs.clone());
        let (unit, address) = (request.unit.clone(), request.address.clone());
        let kind = Kind::Delete { remote_id, inputs };
        self.hold(|| Held { unit, address, token: String::new(), kind }).await;
        self.cloud.delete(request).await
    }

    fn deadline(&self) -> Duration {
        DEADLINE
    }

    fn horizon(&self) -> Duration {
        HORIZON
    }
}

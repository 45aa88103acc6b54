//! What goes wrong: overlapping calls, killed processes, failing calls.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use nfplan_engine::observed::Owner;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Wanted;

use crate::toy::error;

/// Gives way to other tasks this many times.
pub(crate) struct Turns(pub(crate) u32);

impl Future for Turns {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Kills the process at the n-th boundary: nothing after it happens.
#[derive(Debug, Default, Clone)]
pub(crate) struct Crash {
    left: Cell<Option<u32>>,
    pub(crate) dead: Cell<bool>,
}

impl Crash {
    /// Dies at the n-th boundary from now; never, if none.
    pub(crate) fn arm(&self, at: Option<u32>) {
        self.left.set(at);
        self.dead.set(false);
    }

    pub(crate) async fn boundary(&self) {
        match self.left.get() {
            Some(0) => {
                self.dead.set(true);
                std::future::pending().await
            }
            Some(left) => self.left.set(Some(left - 1)),
            None => {}
        }
    }
}

/// What the cloud says of objects, by address.
#[derive(Debug, Default, Clone)]
pub(crate) struct Moods {
    /// Still being worked on, in these words.
    pub(crate) settling: RefCell<BTreeMap<String, String>>,
    /// Still working for somebody.
    pub(crate) busy: RefCell<BTreeSet<String>>,
    /// Not to be read, for this reason.
    pub(crate) unreadable: RefCell<BTreeMap<String, String>>,
}

impl Moods {
    pub(crate) fn settling(&self, owner: Option<&Owner>) -> Option<String> {
        self.settling.borrow().get(&owner?.address.to_string()).cloned()
    }

    /// Refuses to delete what still works for somebody.
    pub(crate) fn refuse_busy(&self, request: &DeleteRequest<'_>) -> Result<(), ProviderError> {
        if !self.busy.borrow().contains(&request.address.to_string()) {
            return Ok(());
        }
        let left = Left::Object(request.remote_id.clone());
        Err(error(ErrorKind::Busy, "jobs run in it".into(), left))
    }

    pub(crate) fn unreadable(&self, wanted: &Wanted<'_>) -> Option<Sighting> {
        let reason = self.unreadable.borrow().get(&wanted.address.to_string()).cloned()?;
        Some(Sighting::Unreadable { reason })
    }
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused, nothing happened.
    BeforeEffect,
    /// Done by half, and the error says which object it left.
    HalfWay,
    /// Done, but the answer is lost.
    AnswerLost,
    /// Lost on the way there.
    RequestLost,
    /// There was no time to send it.
    OutOfTime,
}

/// Those that are failures.
pub(crate) const FAULTS: [Fault; 4] =
    [Fault::BeforeEffect, Fault::HalfWay, Fault::AnswerLost, Fault::RequestLost];

//! Processes that die at any moment: nothing after it happens, and nothing is tidied up.

use std::cell::Cell;
use std::cell::RefCell;
use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Done;
use nfplan_engine::provider::Provider;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

use crate::passing::reads_of;

/// Something that a process does to the world outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It appends to a journal.
    Append,
    /// It writes something else: a lease, a head, a plan or a snapshot.
    Write,
    /// It changes something in the cloud.
    Call,
}

/// One process, and when it dies: right before or right after an act.
#[derive(Debug, Default)]
pub struct Life {
    left: Cell<Option<u64>>,
    dead: Cell<bool>,
    passed: Cell<u64>,
    acts: RefCell<Vec<Act>>,
}

impl Life {
    /// A process that dies at this boundary, counted from 0; never, if none.
    pub fn until(boundary: Option<u64>) -> Self {
        Self { left: Cell::new(boundary), ..Self::default() }
    }

    /// What the process began to do, in order.
    pub fn acts(&self) -> Vec<Act> {
        self.acts.borrow().clone()
    }

    /// How many boundaries the process has come past.
    pub fn passed(&self) -> u64 {
        self.passed.get()
    }

    /// Works until the work is done, or until death: then nothing.
    pub async fn live<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if self.dead.get() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    async fn boundary(&self) {
        let left = self.left.get();
        self.dead.set(self.dead.get() || left == Some(0));
        if self.dead.get() {
            std::future::pending::<()>().await;
        }
        self.left.set(left.map(|left| left - 1));
        self.passed.set(self.passed.get() + 1);
    }

    async fn act<T>(&self, act: Act, work: impl Future<Output = T>) -> T {
        self.boundary().await;
        self.acts.borrow_mut().push(act);
        let done = work.await;
        self.boundary().await;
        done
    }
}

/// A store or a cloud in the hands of a process that may die.
#[derive(Debug)]
pub struct Mortal<'a, T> {
    /// What it is.
    pub inner: &'a T,
    /// Whose hands.
    pub life: &'a Life,
}

fn act_of(key: &str) -> Act {
    if key.contains("/events/") { Act::Append } else { Act::Write }
}

impl<T: Store> Store for Mortal<'_, T> {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.inner.get(key).await
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        self.life.act(act_of(key), self.inner.put_if_absent(key, body)).await
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        self.life.act(act_of(key), self.inner.put_if_match(key, tag, body)).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list(folder).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.life.act(Act::Write, self.inner.delete(key)).await
    }
}

impl<T: Reader> Reader for Mortal<'_, T> {
    reads_of!(inner);
}

impl<T: Provider> Provider for Mortal<'_, T> {
    async fn create(&self, request: CreateRequest<'_>) -> Result<Done, ProviderError> {
        self.life.act(Act::Call, self.inner.create(request)).await
    }

    async fn update(&self, request: UpdateRequest<'_>) -> Result<Done, ProviderError> {
        self.life.act(Act::Call, self.inner.update(request)).await
    }

    async fn delete(&self, request: DeleteRequest<'_>) -> Result<(), ProviderError> {
        self.life.act(Act::Call, self.inner.delete(request)).await
    }

    fn deadline(&self) -> Duration {
        self.inner.deadline()
    }

    fn horizon(&self) -> Duration {
        self.inner.horizon()
    }
}

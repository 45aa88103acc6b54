//! A store that fails where a test says.

use std::cell::Cell;
use std::cell::RefCell;

use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

use super::kit::once_pending;
use crate::stores::MemoryStore;

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has no effect.
    NotDone,
    /// It takes effect, and the answer is an error.
    AnswerLost,
    /// It takes effect, and the client's own second try is refused.
    Echo,
    /// It is refused without a cause, as when two writes meet and neither takes place.
    Refused,
    /// It takes effect at once, and the answer comes when the client is polled again.
    Slow,
    /// It takes effect only when the client is polled again.
    Late,
}

/// A store in memory whose next write of a key that contains some text fails.
#[derive(Debug, Default)]
pub(crate) struct Faulty {
    pub(crate) inner: MemoryStore,
    armed: RefCell<Option<(&'static str, Fault)>>,
    /// How many boundaries the process survives.
    lives: Cell<Option<u32>>,
    dead: Cell<bool>,
    slow_look: Cell<bool>,
}

impl Faulty {
    /// Lets the next write of a key that contains `part` fail.
    pub(crate) fn arm(&self, part: &'static str, fault: Fault) {
        self.armed.replace(Some((part, fault)));
    }

    /// Lets the process die at a boundary, counted from now; never, if none is named. One lies
    /// before and one after every write and deletion.
    pub(crate) fn die_at(&self, boundary: Option<u32>) {
        self.lives.set(boundary);
        self.dead.set(false);
    }

    /// Whether the process has died.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.get()
    }

    /// Lets the answer to the next read come only when the client is polled again.
    pub(crate) fn slow_look(&self) {
        self.slow_look.set(true);
    }

    async fn boundary(&self) {
        match self.lives.get() {
            Some(0) => {
                self.dead.set(true);
                std::future::pending().await
            }
            Some(left) => self.lives.set(Some(left - 1)),
            None => {}
        }
    }

    /// Whether the fault that was armed has happened.
    pub(crate) fn has_happened(&self) -> bool {
        self.armed.borrow().is_none()
    }

    async fn put(
        &self,
        key: &str,
        write: impl Future<Output = Result<Put, StoreError>>,
    ) -> Result<Put, StoreError> {
        let fault = self.armed.borrow_mut().take_if(|(part, _)| key.contains(*part));
        let message = "by order of the test".to_owned();
        let error = StoreError { operation: "write", key: key.into(), message, denied: false };
        self.boundary().await;
        let answer = match fault.map(|(_, fault)| fault) {
            None => write.await,
            Some(Fault::NotDone) => Err(error),
            Some(Fault::AnswerLost) => write.await.and(Err(error)),
            Some(Fault::Echo) => write.await.and(Ok(Put::Refused)),
            Some(Fault::Refused) => Ok(Put::Refused),
            Some(Fault::Slow) => {
                let answer = write.await;
                once_pending().await;
                answer
            }
            Some(Fault::Late) => {
                once_pending().await;
                write.await
            }
        };
        self.boundary().await;
        answer
    }
}

impl Store for Faulty {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let found = self.inner.get(key).await;
        if self.slow_look.take() {
            once_pending().await;
        }
        found
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        self.put(key, self.inner.put_if_absent(key, body)).await
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        self.put(key, self.inner.put_if_match(key, tag, body)).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list(folder).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.boundary().await;
        self.inner.delete(key).await?;
        self.boundary().await;
        Ok(())
    }
}

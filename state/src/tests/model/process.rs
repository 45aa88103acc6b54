//! A process that can be copied: what it heard so far, and what it asks next.
//!
//! The crate's futures can neither be copied nor compared. But what one does is a function of the
//! answers that it was given: to take it one step further, it is run again from its beginning over
//! the answers so far.

use std::cell::Cell;
use std::cell::RefCell;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use nfplan_engine::clock::Clock;
use nfplan_engine::digest::Digest;
use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

use super::super::kit::poll;
use super::apply;
use crate::format::choose_ids;

/// The bytes of an object.
pub(super) type Body = Arc<[u8]>;

/// What a process waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Ask {
    Get(String),
    Put(Write),
    List(String),
    Delete(String),
    /// To be woken at this time.
    Wake(Duration),
}

/// A conditional write; without a tag, nothing may be under the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Write {
    pub(super) key: String,
    pub(super) expected: Option<String>,
    pub(super) body: Body,
}

/// What a process heard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    Found(Option<Body>),
    Written,
    Refused,
    /// The write failed, as far as the process knows.
    Failed,
    Listed(Vec<String>),
    Deleted,
    Woken,
    /// Its clock showed this.
    Time(Duration),
}

/// The tag of a body.
pub(super) fn tag(body: &[u8]) -> String {
    Digest::of_bytes(body).to_string()
}

/// How far a process got.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Progress {
    /// Until when it may send.
    pub(super) deadline: Duration,
    /// It ended a run that another one had left open.
    pub(super) recovered: bool,
    /// The journal said that its mark is recorded.
    pub(super) acknowledged: bool,
    /// How it ended: well, or with these words.
    pub(super) end: Option<Result<(), String>>,
}

/// A process between two steps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Process {
    number: u64,
    looks_gone: bool,
    heard: Vec<Answer>,
    /// None once it has ended or died.
    pub(super) asks: Option<Ask>,
    pub(super) progress: Progress,
}

impl Process {
    /// A process that begins now.
    pub(super) fn begin(number: u64, looks_gone: bool, now: Duration) -> Self {
        let progress = Progress::default();
        Self { number, looks_gone, heard: Vec::new(), asks: None, progress }.again(None, now)
    }

    /// The process after this answer to what it asked.
    pub(super) fn hears(&self, answer: Answer, now: Duration) -> Self {
        self.again(Some(answer), now)
    }

    fn again(&self, answer: Option<Answer>, now: Duration) -> Self {
        let mut past = self.heard.clone();
        past.extend(answer);
        let mind = Mind { past: RefCell::new(past), now, ..Mind::default() };
        choose_ids(Some(u128::from(self.number) << 64));
        // It is polled once: whatever it asks is answered at once or never.
        let _ended = poll(pin!(apply(&mind, self.number, self.looks_gone)));
        choose_ids(None);
        Self {
            number: self.number,
            looks_gone: self.looks_gone,
            heard: mind.past.into_inner(),
            asks: mind.asks.into_inner(),
            progress: mind.progress.into_inner(),
        }
    }
}

/// The world as a process sees it that is run again.
#[derive(Debug, Default)]
pub(super) struct Mind {
    past: RefCell<Vec<Answer>>,
    /// How many of the answers were given again.
    given: Cell<usize>,
    now: Duration,
    asks: RefCell<Option<Ask>>,
    pub(super) progress: RefCell<Progress>,
}

impl Mind {
    async fn ask(&self, ask: Ask) -> Answer {
        if let Some(answer) = self.remember() {
            return answer;
        }
        self.asks.replace(Some(ask));
        pending().await
    }

    fn remember(&self) -> Option<Answer> {
        let answer = self.past.borrow().get(self.given.get()).cloned()?;
        self.given.set(self.given.get() + 1);
        Some(answer)
    }

    async fn put(&self, write: Write) -> Result<Put, StoreError> {
        let (key, tag) = (write.key.clone(), tag(&write.body));
        match self.ask(Ask::Put(write)).await {
            Answer::Written => Ok(Put::Written(Tag(tag))),
            Answer::Refused => Ok(Put::Refused),
            Answer::Failed => {
                let message = "by order of the model".to_owned();
                Err(StoreError { operation: "write", key, message, denied: false })
            }
            other => panic!("{other:?} answers no write"),
        }
    }
}

impl Clock for Mind {
    fn now(&self) -> Duration {
        match self.remember() {
            Some(Answer::Time(time)) => time,
            Some(other) => panic!("{other:?} is no time"),
            None => {
                self.past.borrow_mut().push(Answer::Time(self.now));
                self.given.set(self.given.get() + 1);
                self.now
            }
        }
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now() + duration;
        self.ask(Ask::Wake(until)).await;
    }
}

impl Store for Mind {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        match self.ask(Ask::Get(key.into())).await {
            Answer::Found(body) => {
                Ok(body.map(|body| Stored { tag: Tag(tag(&body)), body: body.to_vec() }))
            }
            other => panic!("{other:?} answers no read"),
        }
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        self.put(Write { key: key.into(), expected: None, body: body.into() }).await
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        let expected = Some(tag.0.clone());
        self.put(Write { key: key.into(), expected, body: body.into() }).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        match self.ask(Ask::List(folder.into())).await {
            Answer::Listed(keys) => Ok(keys),
            other => panic!("{other:?} answers no listing"),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.ask(Ask::Delete(key.into())).await;
        Ok(())
    }
}

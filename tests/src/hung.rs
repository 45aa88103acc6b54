//! A cloud of which one call is never answered, as when the network is gone.

use std::cell::Cell;
use std::time::Duration;

use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::Done;
use nfplan_engine::provider::Provider;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Reader;
use nfplan_engine::provider::UpdateRequest;
use nfplan_providers::sim::Sim;

use crate::passing::reads_of;

/// A cloud in which so many changing calls are answered. The next one has its effect and hangs, and
/// those after it hang without any.
#[derive(Debug)]
pub struct Hung<'a> {
    cloud: &'a Sim,
    answered: u64,
    sent: Cell<u64>,
}

impl<'a> Hung<'a> {
    /// Hangs after so many calls.
    pub fn after(answered: u64, cloud: &'a Sim) -> Self {
        Self { cloud, answered, sent: Cell::new(0) }
    }

    /// Whether a call hangs by now.
    pub fn hangs(&self) -> bool {
        self.sent.get() > self.answered
    }

    async fn send<T>(&self, call: impl Future<Output = T>) -> T {
        if self.hangs() {
            return std::future::pending().await;
        }
        self.sent.set(self.sent.get() + 1);
        let answer = call.await;
        if self.hangs() {
            return std::future::pending().await;
        }
        answer
    }
}

impl Reader for Hung<'_> {
    reads_of!(cloud);
}

impl Provider for Hung<'_> {
    async fn create(&self, request: CreateRequest<'_>) -> Result<Done, ProviderError> {
        self.send(self.cloud.create(request)).await
    }

    async fn update(&self, request: UpdateRequest<'_>) -> Result<Done, ProviderError> {
        self.send(self.cloud.update(request)).await
    }

    async fn delete(&self, request: DeleteRequest<'_>) -> Result<(), ProviderError> {
        self.send(self.cloud.delete(request)).await
    }

    fn horizon(&self) -> Duration {
        self.cloud.horizon()
    }

    fn deadline(&self) -> Duration {
        self.cloud.deadline()
    }
}

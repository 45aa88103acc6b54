//! Taking turns: between two accesses to the state store, everything else gets its chance.
//!
//! Neither files nor the simulated cloud ever keep a task waiting. Without this, one unit after the
//! other would run to its end, no sign of progress would be shown, and no signal be noticed.

use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;
use tokio::task::yield_now;

/// A store whose every access begins with letting others go first.
#[derive(Debug, Clone, Copy)]
pub struct TakingTurns<'a, S>(pub &'a S);

impl<S: Store> Store for TakingTurns<'_, S> {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        yield_now().await;
        self.0.get(key).await
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        yield_now().await;
        self.0.put_if_absent(key, body).await
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        yield_now().await;
        self.0.put_if_match(key, tag, body).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        yield_now().await;
        self.0.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        yield_now().await;
        self.0.delete(key).await
    }
}

//! Whichever store a project has.

use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

use super::FolderStore;
use super::MemoryStore;
#[cfg(feature = "aws")]
use super::S3Store;
use crate::lease::LeaseConfig;

/// Whichever store a project has: settings decide, not types.
#[derive(Debug)]
pub enum AnyStore {
    /// In memory: gone with the process.
    Memory(MemoryStore),
    /// In a folder.
    Folder(FolderStore),
    /// In a bucket.
    #[cfg(feature = "aws")]
    S3(S3Store),
}

impl AnyStore {
    /// The durations of leases in this store.
    pub fn lease_config(&self) -> LeaseConfig {
        match self {
            Self::Memory(_) | Self::Folder(_) => LeaseConfig::local(),
            #[cfg(feature = "aws")]
            Self::S3(_) => LeaseConfig::remote(),
        }
    }
}

/// Does the same with whichever store it is.
macro_rules! with {
    ($any:expr, $store:ident => $work:expr) => {
        match $any {
            AnyStore::Memory($store) => $work.await,
            AnyStore::Folder($store) => $work.await,
            // Its futures are large, and whatever awaits them would be, too.
            #[cfg(feature = "aws")]
            AnyStore::S3($store) => Box::pin($work).await,
        }
    };
}

impl Store for AnyStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        with!(self, store => store.get(key))
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        with!(self, store => store.put_if_absent(key, body))
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        with!(self, store => store.put_if_match(key, tag, body))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        with!(self, store => store.list(folder))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        with!(self, store => store.delete(key))
    }
}

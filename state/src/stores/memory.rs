//! A store in memory, for tests and for measuring what the algorithm asks of a store.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use nfplan_engine::digest::Digest;
use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

/// Objects in memory. A clone is another handle to the same objects.
///
/// Tags are digests of the content, as on S3: whoever writes the same bytes again gets the same
/// tag, which is why every document that moves carries a nonce.
#[derive(Debug, Default, Clone)]
pub struct MemoryStore {
    inner: Rc<RefCell<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    objects: BTreeMap<String, Vec<u8>>,
    usage: Usage,
}

/// How often a store was asked for what.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Reads of one object.
    pub gets: u64,
    /// Conditional writes, refused ones included.
    pub puts: u64,
    /// Listings.
    pub lists: u64,
    /// Deletions.
    pub deletes: u64,
    /// Bytes of the writes that were not refused.
    pub bytes_written: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the store was asked for so far, through all handles.
    pub fn usage(&self) -> Usage {
        self.inner.borrow().usage
    }

    fn put(&self, key: &str, body: &[u8], holds: impl Fn(Option<&[u8]>) -> bool) -> Put {
        let mut inner = self.inner.borrow_mut();
        inner.usage.puts += 1;
        if !holds(inner.objects.get(key).map(Vec::as_slice)) {
            return Put::Refused;
        }
        inner.usage.bytes_written += body.len() as u64;
        inner.objects.insert(key.to_owned(), body.to_vec());
        Put::Written(tag_of(body))
    }
}

fn tag_of(body: &[u8]) -> Tag {
    Tag(Digest::of_bytes(body).to_string())
}

impl Store for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let mut inner = self.inner.borrow_mut();
        inner.usage.gets += 1;
        let body = inner.objects.get(key).cloned();
        Ok(body.map(|body| Stored { tag: tag_of(&body), body }))
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        Ok(self.put(key, body, |current| current.is_none()))
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        Ok(self.put(key, body, |current| current.is_some_and(|bytes| tag_of(bytes) == *tag)))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        debug_assert!(folder.is_empty() || folder.ends_with('/'), "BUG: `{folder}` is no folder");
        let mut inner = self.inner.borrow_mut();
        inner.usage.lists += 1;
        let from = inner.objects.range(folder.to_owned()..).map(|(key, _)| key.as_str());
        let below = from.map_while(|key| Some((key, key.strip_prefix(folder)?)));
        let mut entries: Vec<String> = below
            .map(|(key, rest)| match rest.find('/') {
                Some(slash) => key[..=folder.len() + slash].to_owned(),
                None => key.to_owned(),
            })
            .collect();
        // What is in one folder stands side by side.
        entries.dedup();
        Ok(entries)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let mut inner = self.inner.borrow_mut();
        inner.usage.deletes += 1;
        inner.objects.remove(key);
        Ok(())
    }
}

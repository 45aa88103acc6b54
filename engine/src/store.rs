//! The port to where states are kept: a few operations that S3, a folder and memory all have.

use std::future::Future;

/// Keeps small objects under keys such as `workspace/…/head.json`.
///
/// Guarantees that implementations must give: a conditional put is atomic; what a put that
/// succeeded wrote is durable and every later get returns it or something newer.
pub trait Store {
    /// The object and its tag, or none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Stored>, StoreError>>;

    /// Writes if there is nothing under the key.
    fn put_if_absent(
        &self,
        key: &str,
        body: &[u8],
    ) -> impl Future<Output = Result<Put, StoreError>>;

    /// Writes if what is under the key still has this tag.
    fn put_if_match(
        &self,
        key: &str,
        tag: &Tag,
        body: &[u8],
    ) -> impl Future<Output = Result<Put, StoreError>>;

    /// Lists one level: the keys directly in `folder`, and the folders directly in it, which end in
    /// `/`. All are whole, not relative to `folder`, and sorted by their bytes.
    ///
    /// `folder` is empty, which is the top level, or ends in `/`. Folders are only what keys have in
    /// common: one without an object below it is not listed, and nothing is in it. In S3 this is a
    /// listing with the delimiter `/`.
    fn list(&self, folder: &str) -> impl Future<Output = Result<Vec<String>, StoreError>>;

    /// Deletes a write-once object that nothing refers to. Deleting what is absent succeeds.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>>;
}

/// The version of an object: equal tags mean equal bytes (an S3 `ETag`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(
    /// As the store gives it.
    pub String,
);

/// An object with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The bytes.
    pub body: Vec<u8>,
    /// Their version.
    pub tag: Tag,
}

/// What a conditional put came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Written; the new version.
    Written(Tag),
    /// Not written: the condition did not hold. After a lost answer this may be the echo of the
    /// writer's own success, so whoever sees it reads again and compares.
    Refused,
}

/// Why the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state store cannot {operation} `{key}`: {message}")]
pub struct StoreError {
    /// What was tried: "read", "write", "list", "delete".
    pub operation: &'static str,
    /// Which object.
    pub key: String,
    /// The cause in the store's words.
    pub message: String,
    /// Whether a permission is missing.
    pub denied: bool,
}

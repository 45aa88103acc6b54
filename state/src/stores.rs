//! The places where states are kept. They are dumb: all of the algorithm is above them.

pub mod any;
pub(crate) mod disk;
pub mod folder;
pub mod memory;
#[cfg(feature = "aws")]
pub mod s3;
#[cfg(feature = "aws")]
pub mod s3_bucket;

pub use any::AnyStore;
pub use folder::FolderStore;
pub use memory::MemoryStore;
#[cfg(feature = "aws")]
pub use s3::S3Store;

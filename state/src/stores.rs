//! The places where states are kept. They are dumb: all of the algorithm is above them.

pub mod folder;
pub mod memory;
#[cfg(feature = "aws")]
pub mod s3;

pub use folder::FolderStore;
pub use memory::MemoryStore;
#[cfg(feature = "aws")]
pub use s3::S3Store;

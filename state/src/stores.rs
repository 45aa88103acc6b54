//! The places where states are kept. They are dumb: all of the algorithm is above them.

pub mod folder;
pub mod memory;

pub use folder::FolderStore;
pub use memory::MemoryStore;

//! Amazon S3: the work bucket and its parts, each with a call of its own.

pub mod bucket;
pub mod bucket_encryption;
pub mod bucket_lifecycle;
pub mod bucket_policy;
pub mod public_access_block;

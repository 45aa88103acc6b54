//! AWS KMS: the key that encrypts the work bucket.

pub mod alias;
pub mod key;

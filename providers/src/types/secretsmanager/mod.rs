//! AWS Secrets Manager: where the client's access key is delivered.

pub mod current_version;
pub mod secret;

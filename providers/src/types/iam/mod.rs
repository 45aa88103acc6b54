//! AWS IAM: who may do what. Names are unique in an account whatever their case.

pub mod access_key;
pub mod instance_profile;
pub mod policy;
pub mod role;
pub mod user;

//! The resource types: one module for each AWS service, one file for each type.
//!
//! Every file has the same parts: the [`Schema`](nfplan_engine::schema::Schema) as a table, then
//! its *normalise* and *predict* where the type needs its own, then tests of these. The calls that
//! read and change objects are elsewhere; here everything is pure.

pub mod batch;
pub(crate) mod common;
pub mod ec2;
pub mod file;
pub mod iam;
pub mod kms;
pub mod logs;
pub mod quotas;
mod risks;
pub mod s3;
pub mod secretsmanager;

//! AWS Batch: where jobs wait and where they run.

pub mod compute_environment;
pub mod job_queue;

//! CloudWatch Logs: what jobs print.

pub(crate) mod log_group;

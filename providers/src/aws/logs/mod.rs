//! AWS's log service: what jobs print.

pub(crate) mod log_group;

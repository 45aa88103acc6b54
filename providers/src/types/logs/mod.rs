//! AWS's log service: what jobs print.

pub mod log_group;

//! Files on the machine that runs nfplan.

pub mod credentials;

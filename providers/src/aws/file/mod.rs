//! Files on the machine that runs nfplan.

pub(crate) mod credentials;

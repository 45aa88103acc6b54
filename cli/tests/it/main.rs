//! The built `nfplan` on the simulated cloud, from arguments to exit code, one module for each
//! behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod drift;
mod failure;
mod fleet;
mod guards;
mod interruption;
mod kit;
mod life;
mod output;
mod saved_plans;
mod secrets;
mod specs;

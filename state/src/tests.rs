//! Tests of the whole algorithm over stores.

mod care;
mod converged;
mod documents;
mod edits;
mod faulty;
mod interleaving;
mod kit;
mod leases;
mod model;
mod power_cut;
mod quiet;
mod races;
mod runs;
mod site;
mod unlocking;

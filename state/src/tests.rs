//! Tests of the whole algorithm over stores.

mod documents;
mod faulty;
mod interleaving;
mod kit;
mod leases;
mod races;
mod runs;
mod site;

//! Tests of the expansion as a whole.

mod fixture;
mod policies;
mod structure;
mod suspension;

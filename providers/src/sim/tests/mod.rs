//! What the simulated cloud must do, told on whole workspaces.

mod batch;
mod faults;
mod iam;
mod network;
mod reading;
mod storage;
mod world;

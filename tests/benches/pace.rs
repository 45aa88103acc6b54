//! How long the apply of a new fleet takes on a virtual clock, where each call takes 100 ms, each access
//! to the store 20 ms, and 64 calls are under way at once.
//!
//! `cargo bench -p nfplan-tests --bench pace` prints one figure on each line. `NFPLAN_BENCH_WORKSPACES`
//! sets another number than 1,000; there are 40 to an account.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

use std::env;

use nfplan_engine::plan::Refresh;
use nfplan_providers::gate::Gate;
use nfplan_providers::sim::Sim;
use nfplan_state::stores::AnyStore;
use nfplan_state::stores::MemoryStore;
use nfplan_tests::fleets::CROWD;
use nfplan_tests::fleets::crowd;
use nfplan_tests::pacing::Weather;
use nfplan_tests::pacing::apply;
use nfplan_tests::site::open;
use nfplan_tests::site::plan;
use nfplan_tests::spec::Layout;

#[expect(clippy::print_stdout, reason = "printing figures is what this is for")]
fn main() {
    let count = env::var("NFPLAN_BENCH_WORKSPACES").map_or(1_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    crowd(count, CROWD).write(folder.path(), Layout::FileEach);
    let (store, sim) = (MemoryStore::new(), Sim::in_memory());
    let mut project = open(folder.path(), sim.clone());
    project.store = AnyStore::Memory(store.clone());
    let planned = plan(&mut project, Refresh::Bulk, false);
    let weather = Weather { at_once: Gate::DEFAULT, ..Weather::default() };
    let paced = apply(planned, (&AnyStore::Memory(store), &sim), weather);
    let percent = paced.taken.as_millis() * 100 / paced.least.as_millis();
    println!("workspaces {count}");
    println!("calls {}", paced.calls);
    println!("taken: ms {}", paced.taken.as_millis());
    println!("at least: ms {}", paced.least.as_millis());
    println!("taken of the least: percent {percent}");
}

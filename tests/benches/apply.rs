//! What the engine itself costs: an apply of many workspaces with states in memory on the simulated
//! cloud in memory, so that nothing waits.
//!
//! `cargo bench -p nfplan-tests --bench apply` prints one figure on each line. `NFPLAN_BENCH_WORKSPACES`
//! sets another number than 100.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

use std::env;

use nfplan_engine::plan::Refresh;
use nfplan_providers::sim::Sim;
use nfplan_state::stores::AnyStore;
use nfplan_state::stores::MemoryStore;
use nfplan_tests::fleets::CROWD;
use nfplan_tests::fleets::crowd;
use nfplan_tests::measure::cpu_milliseconds;
use nfplan_tests::site::assert_applied;
use nfplan_tests::site::carry_out;
use nfplan_tests::site::open;
use nfplan_tests::site::plan;
use nfplan_tests::spec::Layout;

#[expect(clippy::print_stdout, reason = "printing figures is what this is for")]
fn main() {
    let count = env::var("NFPLAN_BENCH_WORKSPACES").map_or(100, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    crowd(count, CROWD).write(folder.path(), Layout::FileEach);
    let store = MemoryStore::new();
    let mut project = open(folder.path(), Sim::in_memory());
    project.store = AnyStore::Memory(store.clone());

    let begun = cpu_milliseconds();
    let planned = plan(&mut project, Refresh::Bulk, false);
    let resources: usize = planned.units.iter().map(|unit| unit.plan.steps.len()).sum();
    let ready = cpu_milliseconds();
    let before = store.usage();
    assert_applied(&carry_out(&project.store, &project.cloud, planned));
    let done = cpu_milliseconds();
    let usage = store.usage();
    let (puts, bytes) = (usage.puts - before.puts, usage.bytes_written - before.bytes_written);

    println!("workspaces {count}");
    println!("resources {resources}");
    println!("plan: cpu_ms {}", ready - begun);
    println!("apply: cpu_ms {}", done - ready);
    println!("apply: writes of the state {puts}");
    println!("apply: bytes written for each resource {}", bytes / resources as u64);
}

//! What it costs to judge whether all researchers of one account are kept apart.
//!
//! `cargo bench -p nfplan-tests --bench isolation` prints one figure on each line. `NFPLAN_BENCH_RESEARCHERS`
//! sets another number than 500.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

use std::env;

use nfplan_cli::planning::Purpose;
use nfplan_cli::planning::Request;
use nfplan_cli::planning::preview_fleet;
use nfplan_cli::selection::Selected;
use nfplan_cli::selection::Universe;
use nfplan_engine::access::isolation::check;
use nfplan_engine::plan::Refresh;
use nfplan_providers::sim::Sim;
use nfplan_tests::measure::cpu_milliseconds;
use nfplan_tests::site::block_on;
use nfplan_tests::site::open;
use nfplan_tests::spec::FleetSpec;
use nfplan_tests::spec::Layout;

#[expect(clippy::print_stdout, reason = "printing figures is what this is for")]
fn main() {
    let count = env::var("NFPLAN_BENCH_RESEARCHERS").map_or(500, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let fleet = (0..count).fold(FleetSpec::default(), |specs, number: u32| {
        specs.with(&format!("user-{number}@example.org"), "main", &[])
    });
    fleet.write(folder.path(), Layout::FileEach);
    let mut project = open(folder.path(), Sim::in_memory());
    let (selected, refresh) = (Selected::Everything, Refresh::None);
    let request = Request { refresh, ..Request::new(selected, Purpose::Apply) };
    let planned = async {
        let universe = Universe::survey(Some(&project.fleet), &project.store).await?;
        preview_fleet(&mut project, &universe, &request).await
    };
    let mut accounts = block_on(planned).unwrap().access.accounts.unwrap();
    let (_, account) = accounts.pop_first().unwrap();

    let begun = cpu_milliseconds();
    let verdict = check(&account);
    let taken = cpu_milliseconds() - begun;
    assert!(verdict.is_proved() && verdict.researchers == u64::from(count));

    println!("researchers {count}");
    println!("pairs {}", u64::from(count) * u64::from(count.saturating_sub(1)));
    println!("isolation: cpu_ms {taken}");
}

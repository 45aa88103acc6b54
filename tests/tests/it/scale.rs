//! A big fleet is planned in little memory.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use nfplan_engine::plan::Refresh;
use nfplan_providers::sim::Sim;
use nfplan_tests::fleets::CROWD;
use nfplan_tests::fleets::crowd;
use nfplan_tests::site::Site;
use nfplan_tests::site::cloud_folder;
use nfplan_tests::site::open;
use nfplan_tests::site::plan;
use nfplan_tests::spec::FleetSpec;

/// Tells the test that it is the fresh process, and where the project is.
const CHILD: &str = "NFPLAN_TEST_PROJECT";

/// Kilobytes that planning may take: what a fleet of a thousand workspaces has.
const MOST_KB: u64 = 300 * 1024;

/// A debug build applies a workspace in a tenth of a second. `NFPLAN_TEST_WORKSPACES` sets another
/// number.
fn workspaces() -> usize {
    env::var("NFPLAN_TEST_WORKSPACES").map_or(80, |text| text.parse().unwrap())
}

#[test]
fn a_fleet_is_planned_by_a_fresh_process_within_its_memory() {
    if let Some(root) = env::var_os(CHILD) {
        return plan_as_child(Path::new(&root));
    }
    let count = workspaces();
    let begun = Instant::now();
    let site = Site::in_folder(&crowd(count, CROWD));
    site.apply_fully();
    let applied = begun.elapsed();
    let small = measure(&Site::in_folder(&FleetSpec::default()));
    let big = measure(&site);
    println!("{count} workspaces: applied in {applied:?}; planned: {big:?}, none: {small:?}");
    assert_eq!(big["changes"], 0);
    // What a thousand would take, if each takes as much as these do.
    let each = big["VmHWM"].saturating_sub(small["VmHWM"]) * 1_000 / count as u64;
    assert!(small["VmHWM"] + each <= MOST_KB, "{big:?} {small:?}");
}

/// Plans in a process of its own.
fn measure(site: &Site) -> BTreeMap<String, u64> {
    let name = "scale::a_fleet_is_planned_by_a_fresh_process_within_its_memory";
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, site.root())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let figures = text.lines().filter_map(|line| line.rsplit_once("figure ")?.1.split_once('='));
    figures.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

#[expect(clippy::print_stdout, reason = "this is how the child answers")]
fn plan_as_child(root: &Path) {
    let mut project = open(root, Sim::in_folder(&cloud_folder(root)).unwrap());
    let planned = plan(&mut project, Refresh::None, false);
    println!("\nfigure changes={}", planned.units.len());
    println!("figure VmHWM={}", peak());
    println!("figure cpu_ms={}", cpu_milliseconds());
}

/// The greatest memory of this process so far, in kilobytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The processor time of this process so far.
fn cpu_milliseconds() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of the whole line, in ticks of a hundredth of a second.
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

//! The power fails at any moment, and of what was not synchronised anything may be lost: a state in
//! a folder has lost nothing acknowledged, and comes to rest.

mod disk;

use std::fs;
use std::path::Path;
use std::time::Duration;

use nfplan_engine::journal::Journal as _;

use self::disk::Cached;
use self::disk::Careless;
use self::disk::Recorder;
use super::kit::VirtualClock;
use super::kit::comes_to_rest;
use super::kit::fold;
use super::kit::gone_holder;
use super::kit::mark;
use super::kit::plan_from;
use super::kit::recover;
use super::kit::unit;
use super::site::CONFIG;
use crate::lease::acquire;
use crate::prune::prune;
use crate::run::Run;
use crate::stores::FolderStore;
use crate::unit::load;

/// A life of a unit, and after how many operations each mark was acknowledged.
fn live(store: &FolderStore, disk: &Recorder) -> Vec<(u64, usize)> {
    let (clock, unit) = (VirtualClock::default(), unit());
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        clock.run(async {
            let lease =
                acquire(store, &unit, gone_holder("applier"), &clock, CONFIG).await.unwrap();
            recover(store, &lease).await.unwrap();
            let loaded = load(store, &unit).await.unwrap();
            let mut run = Run::open(&lease, &loaded.base, &plan_from(&loaded.base)).await.unwrap();
            let marks = [round * 10, round * 10 + 1];
            for number in marks {
                run.append(&[mark(number)]).await.unwrap();
                acknowledged.push((number, disk.count()));
            }
            // The second one dies with its run open.
            if round != 1 {
                run.close(&fold(&loaded, &marks.map(mark))).await.unwrap();
                prune(&lease, 2).await.unwrap();
                lease.release(Duration::ZERO).await.unwrap();
            }
        });
    }
    acknowledged
}

/// What the next apply finds in a folder.
fn come_to_rest(folder: &Path, acknowledged: &[u64]) -> Result<(), String> {
    let store = FolderStore::on(Box::new(Recorder::new(Careless::Never)), folder);
    let clock = VirtualClock::default();
    clock.run(comes_to_rest(&store, &clock, acknowledged)).map_err(|error| error.to_string())
}

/// What goes wrong if the power fails after each operation, in these ways.
fn power_cuts(careless: Careless) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let disk = Recorder::new(careless);
    let root = folder.path().join("life/states");
    fs::create_dir(folder.path().join("life")).unwrap();
    let acknowledged = live(&FolderStore::on(Box::new(disk.clone()), &root), &disk);
    let log = disk.log();
    assert!(log.len() > 100, "{log:?}");
    let mut wrong = Vec::new();
    for count in 0..=log.len() {
        let by_then: Vec<u64> =
            acknowledged.iter().filter(|(_, by)| *by <= count).map(|(number, _)| *number).collect();
        for way in 0..6_u64 {
            let left = folder.path().join(format!("{count}-{way}"));
            fs::create_dir(&left).unwrap();
            let cached = Cached::after(&folder.path().join("life"), &log[..count]);
            let mut random = way << 32 | count as u64;
            cached.cut(&left, || match way {
                0 => false,
                1 => true,
                _ => {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    random >> 63 == 1
                }
            });
            let result = come_to_rest(&left.join("states"), &by_then);
            wrong.extend(result.err().map(|error| format!("after {count}, {way}: {error}")));
            fs::remove_dir_all(&left).unwrap();
        }
    }
    wrong
}

#[test]
fn whenever_the_power_fails_nothing_acknowledged_is_lost() {
    let wrong = power_cuts(Careless::Never);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_store_that_does_not_synchronise_is_found_out() {
    assert!(!power_cuts(Careless::OfFiles).is_empty());
    assert!(!power_cuts(Careless::OfFolders).is_empty());
}

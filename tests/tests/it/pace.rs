//! How long an apply takes where calls take time: hardly longer than what cannot be done side by side.

use std::time::Duration;

use nfplan_engine::address::Place;
use nfplan_engine::plan::Refresh;
use nfplan_providers::gate::Gate;
use nfplan_tests::fleets::crowd;
use nfplan_tests::pacing::Paced;
use nfplan_tests::pacing::Weather;
use nfplan_tests::pacing::apply;
use nfplan_tests::site::Site;
use nfplan_tests::spec::FleetSpec;

/// Applies whatever is to be done.
fn paced(site: &Site, at_once: usize, throttled: Option<(Place, u32)>) -> Paced {
    let weather = Weather { at_once, throttled, ..Weather::default() };
    apply(site.plan(Refresh::Bulk), (&site.store(), &site.cloud), weather)
}

fn assert_near(taken: Duration, least: Duration) {
    assert!(taken.as_millis() * 100 <= least.as_millis() * 115, "{taken:?} > 1.15 × {least:?}");
}

#[test]
fn a_workspace_is_applied_as_fast_as_its_longest_chain_allows() {
    let bob = FleetSpec::of("bob", &[]);
    let site = Site::new(&bob);
    site.apply_fully();
    site.write(&bob.with("alice", "main", &[]));
    let Paced { taken, least, .. } = paced(&site, Gate::DEFAULT, None);
    println!("{taken:?}, at least {least:?}");
    assert_near(taken, least);
}

#[test]
fn a_fleet_is_applied_as_fast_as_its_calls_go_through_the_gate() {
    let site = Site::new(&crowd(160, 20));
    let Paced { taken, least, calls, .. } = paced(&site, 16, None);
    println!("{calls} calls: {taken:?}, at least {least:?}");
    assert_near(taken, least);
}

#[test]
fn an_account_that_is_throttled_keeps_no_other_waiting() {
    let fleet = || Site::new(&crowd(40, 8));
    let slow: Place = "555500000002.us-east-1".parse().unwrap();
    let calm = paced(&fleet(), 32, None);
    let stormy = paced(&fleet(), 32, Some((slow.clone(), 20)));
    assert!(stormy.ended[&slow] > 5 * calm.ended[&slow], "it is slow itself: {stormy:?}");
    for (place, ended) in stormy.ended.iter().filter(|(place, _)| **place != slow) {
        // It holds its share of the gate, and gives nothing of it back.
        let before = calm.ended[place];
        assert!(ended.as_millis() * 3 <= before.as_millis() * 4, "{place}: {ended:?}, {before:?}");
    }
}

#[test]
fn a_small_account_does_not_wait_for_a_large_one() {
    let large = crowd(40, 40);
    let place = "777700000000.us-east-1".parse().unwrap();
    let mut both = large.clone();
    both.accounts.insert("small".into(), place);
    let both = both.with("zoe", "small", &[]);
    let Paced { ended, .. } = paced(&Site::new(&both), 16, None);
    let (small, large) = (ended.values().next_back().unwrap(), ended.values().next().unwrap());
    assert!(*small * 3 < *large, "{ended:?}");
}

#[test]
fn units_wait_for_the_cloud_side_by_side() {
    let site = Site::new(&crowd(64, 16));
    let weather = Weather { at_once: 8, settling: true, ..Weather::default() };
    let planned = site.plan(Refresh::Bulk);
    let Paced { taken, least, .. } = apply(planned, (&site.store(), &site.cloud), weather);
    // Instance, compute environment and queue stand behind each other.
    let once = Duration::from_secs(60 + 30 + 10);
    println!("{taken:?}, at least {:?}", once.max(least));
    assert!(taken < once + least, "{taken:?} {least:?}");
}

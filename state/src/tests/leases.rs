//! Who gets the lease of a unit, and when.

use std::pin::pin;
use std::time::Duration;

use nfplan_engine::clock::Clock as _;
use nfplan_engine::store::Store as _;

use super::faulty::Fault;
use super::kit::gone_holder;
use super::kit::holder;
use super::kit::poll;
use super::site::CONFIG;
use super::site::Site;
use crate::holder::Holder;
use crate::lease::LeaseConfig;
use crate::lease::LeaseError;
use crate::lease::acquire;
use crate::unit::StateError;

fn holder_of(error: LeaseError) -> Holder {
    match error {
        LeaseError::Held { holder, .. } => *holder,
        LeaseError::Lost { .. } | LeaseError::State(_) => panic!("{error}"),
    }
}

#[test]
fn a_free_lease_is_taken_at_once_and_every_acquisition_raises_the_epoch() {
    let site = Site::new();
    for epoch in 1..=3 {
        let lease = site.acquire(holder("a"));
        assert_eq!(lease.epoch(), epoch);
        site.release(lease);
    }
    assert_eq!(site.clock.now(), Duration::ZERO);
}

#[test]
fn a_holder_that_shows_signs_of_life_keeps_its_lease() {
    let site = Site::new();
    let first = site.acquire(holder("first"));
    let mut keeping = pin!(first.keep());
    let mut second = pin!(site.acquiring(holder("second")));
    let refused = loop {
        if let std::task::Poll::Ready(result) = poll(second.as_mut()) {
            break result.unwrap_err();
        }
        assert!(poll(keeping.as_mut()).is_pending());
        assert!(site.clock.advance_to_next_alarm());
    };
    let advice = refused.to_string();
    assert!(advice.contains("first (process "), "{advice}");
    assert!(advice.contains("wait until that has finished"), "{advice}");
    assert!(advice.contains("taken over by itself at the next `nfplan apply`"), "{advice}");
    assert_eq!(holder_of(refused).who, "first");
    assert!(first.may_send());
    assert!(site.clock.now() < CONFIG.ttl, "the first sign of life is enough");
}

#[test]
fn a_silent_holder_is_taken_over_after_a_ttl_and_has_stopped_sending_before() {
    let site = Site::new();
    let first = site.acquire(holder("first"));
    let mut second = pin!(site.acquiring(holder("second")));
    let mut stopped = None;
    let second = loop {
        if let std::task::Poll::Ready(result) = poll(second.as_mut()) {
            break result.unwrap();
        }
        site.clock.advance(Duration::from_millis(500));
        if !first.may_send() && stopped.is_none() {
            stopped = Some(site.clock.now());
        }
    };
    assert_eq!(site.clock.now(), CONFIG.ttl);
    assert_eq!(stopped.map(|at| at + CONFIG.margin), Some(CONFIG.ttl));
    assert_eq!((first.epoch(), second.epoch()), (1, 2));
    let lost = site.clock.run(first.renew()).unwrap_err();
    assert!(
        matches!(&lost, LeaseError::Lost { by: Some(by), .. } if by.who == "second"),
        "{lost:?}"
    );
    assert!(!first.may_send());
    assert!(second.may_send());
    site.release(first);
    site.clock.run(second.renew()).expect("the loser's release frees nothing");
}

#[test]
fn a_holder_whose_process_is_gone_is_taken_over_at_once() {
    let site = Site::new();
    drop(site.acquire(gone_holder("first")));
    let second = site.acquire(holder("second"));
    assert_eq!(second.epoch(), 2);
    assert_eq!(site.clock.now(), Duration::ZERO);
}

#[test]
fn the_calls_of_a_gone_process_are_waited_for() {
    let site = Site::new();
    let quiet = Duration::from_secs(75);
    drop(site.acquire(gone_holder("first")));
    let config = LeaseConfig { quiet, ..CONFIG };
    let acquired = acquire(&site.store, &site.unit, holder("second"), &site.clock, config);
    site.clock.run(acquired).unwrap();
    assert_eq!(site.clock.now(), quiet);
}

#[test]
fn a_holder_that_leaves_calls_under_way_makes_the_next_one_wait_from_its_own_first_sight() {
    let site = Site::new();
    let quiet = Duration::from_secs(70);
    let first = site.acquire(holder("first"));
    site.clock.run(first.release(quiet)).unwrap();
    site.clock.advance(Duration::from_secs(1_000));
    let second = site.acquire(holder("second"));
    assert_eq!(site.clock.now(), Duration::from_secs(1_070));
    site.release(second);
    site.acquire(holder("third"));
    assert_eq!(site.clock.now(), Duration::from_secs(1_070), "it was waited for once");
}

#[test]
fn of_two_that_wait_for_a_free_lease_one_gets_it_and_the_other_is_told_who() {
    let site = Site::new();
    let before = site.acquire(holder("before"));
    site.clock.run(before.release(Duration::from_secs(10))).unwrap();
    let mut one = pin!(site.acquiring(holder("one")));
    let mut two = pin!(site.acquiring(holder("two")));
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll(two.as_mut()).is_pending());
    site.clock.run(one).unwrap();
    assert_eq!(holder_of(site.clock.run(two).unwrap_err()).who, "one");
}

#[test]
fn a_deadline_counts_from_the_moment_a_renewal_was_sent() {
    let site = Site::new();
    let lease = site.acquire(holder("a"));
    assert_eq!(lease.deadline() + CONFIG.margin, CONFIG.ttl);
    site.clock.advance(Duration::from_secs(10));
    site.store.arm("lease", Fault::Slow);
    let mut renewing = pin!(lease.renew());
    assert!(poll(renewing.as_mut()).is_pending());
    site.clock.advance(Duration::from_secs(3));
    site.clock.run(renewing).unwrap();
    assert_eq!(lease.deadline() + CONFIG.margin, Duration::from_secs(10) + CONFIG.ttl);
}

#[test]
fn a_lease_of_a_newer_format_is_refused_with_advice_and_left_alone() {
    let site = Site::new();
    let key = format!("{}/lease.json", site.unit);
    let newer = br#"{"format":"nfplan.lease/2","anything":true}"#;
    site.clock.run(site.store.put_if_absent(&key, newer)).unwrap();
    let error = site.clock.run(site.acquiring(holder("a"))).unwrap_err();
    assert!(matches!(error, LeaseError::State(StateError::Newer { .. })), "{error:?}");
    assert!(error.to_string().contains("newer nfplan"), "{error}");
    assert_eq!(site.clock.run(site.store.get(&key)).unwrap().unwrap().body, newer);
}

//! Freeing a unit by hand.

use std::pin::pin;
use std::time::Duration;

use nfplan_engine::clock::Clock as _;

use super::kit::gone_holder;
use super::kit::holder;
use super::kit::poll;
use super::site::CONFIG;
use super::site::Site;
use crate::lease::LeaseConfig;
use crate::lease::LeaseError;
use crate::unlock::Evidence;
use crate::unlock::Unlocked;
use crate::unlock::look;
use crate::unlock::unlock;

const QUIET: Duration = Duration::from_secs(20);

async fn unlocking(site: &Site) -> Result<Unlocked, LeaseError> {
    let config = LeaseConfig { quiet: QUIET, ..CONFIG };
    unlock(&site.store, &site.unit, &holder("operator"), &site.clock, config).await
}

#[test]
fn what_nobody_holds_is_not_written_to() {
    let site = Site::new();
    assert_eq!(site.clock.run(unlocking(&site)).unwrap(), Unlocked::Free);
    site.release(site.acquire(holder("first")));
    let before = site.store.inner.usage().puts;
    assert_eq!(site.clock.run(unlocking(&site)).unwrap(), Unlocked::Free);
    assert_eq!(site.store.inner.usage().puts, before);
}

#[test]
fn a_unit_whose_holder_is_gone_is_freed_at_once_and_its_calls_are_waited_for() {
    let site = Site::new();
    let first = site.acquire(gone_holder("first"));
    let sight = site.clock.run(look(&site.store, &site.unit, &holder("operator")));
    let sight = sight.unwrap().unwrap();
    assert!(sight.gone && sight.holder.is_some_and(|holder| holder.who == "first"));
    let unlocked = site.clock.run(unlocking(&site)).unwrap();
    let Unlocked::Freed { holder: held, evidence } = unlocked else { panic!("{unlocked:?}") };
    assert_eq!((&*held.who, evidence), ("first", Evidence::Gone));
    assert_eq!(site.clock.now(), Duration::ZERO);
    let second = site.acquire(holder("second"));
    assert_eq!((site.clock.now(), second.epoch()), (QUIET, 2));
    assert!(site.clock.run(first.renew()).is_err(), "the first one finds out");
}

#[test]
fn a_holder_that_may_live_is_watched_for_its_whole_ttl() {
    let site = Site::new();
    let first = site.acquire(holder("first"));
    let unlocked = site.clock.run(unlocking(&site)).unwrap();
    assert!(!first.may_send(), "it has stopped sending before it is freed");
    let Unlocked::Freed { evidence, .. } = unlocked else { panic!("{unlocked:?}") };
    assert_eq!(evidence, Evidence::Silent(CONFIG.ttl));
}

#[test]
fn a_holder_that_shows_a_sign_of_life_is_left_alone() {
    let site = Site::new();
    let first = site.acquire(holder("first"));
    let mut keeping = pin!(first.keep());
    let mut freeing = pin!(unlocking(&site));
    let refused = loop {
        if let std::task::Poll::Ready(result) = poll(freeing.as_mut()) {
            break result.unwrap_err();
        }
        assert!(poll(keeping.as_mut()).is_pending());
        assert!(site.clock.advance_to_next_alarm());
    };
    assert!(matches!(refused, LeaseError::Held { .. }), "{refused:?}");
    site.clock.run(first.renew()).expect("it still has its lease");
}

#[test]
fn how_long_the_first_look_takes_does_not_count_as_silence() {
    let site = Site::new();
    let first = site.acquire(holder("first"));
    let mut freeing = pin!(unlocking(&site));
    site.store.slow_look();
    assert!(poll(freeing.as_mut()).is_pending());
    site.clock.advance(CONFIG.ttl * 2);
    assert!(poll(freeing.as_mut()).is_pending(), "it was seen just now");
    site.clock.run(first.renew()).expect("it still has its lease");
    let refused = site.clock.run(freeing).unwrap_err();
    assert!(matches!(refused, LeaseError::Held { .. }), "{refused:?}");
}

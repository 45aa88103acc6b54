//! Calls that a holder leaves under way are waited out, also by those who make none themselves.

use std::time::Duration;

use nfplan_engine::clock::Clock as _;

use super::kit::gone_holder;
use super::kit::holder;
use super::site::CONFIG;
use super::site::Site;
use super::site::TestLease;
use crate::holder::Holder;
use crate::lease::acquire;
use crate::unlock::Unlocked;
use crate::unlock::unlock;

const DEADLINE: Duration = Duration::from_mins(1);

/// Takes the lease to send calls under it.
fn acquire_for_calls(site: &Site, who: Holder) -> TestLease<'_> {
    let config = CONFIG.for_calls(DEADLINE);
    site.clock.run(acquire(&site.store, &site.unit, who, &site.clock, config)).unwrap()
}

#[test]
fn who_calls_nothing_waits_for_the_calls_of_a_holder_that_is_gone() {
    let site = Site::new();
    let _gone = acquire_for_calls(&site, gone_holder("first"));

    let second = site.acquire(holder("second"));

    assert_eq!(site.clock.now(), DEADLINE, "only then it has the lease");
    // So none are left that whoever comes next would have to wait for.
    site.release(second);
    site.acquire(holder("third"));
    assert_eq!(site.clock.now(), DEADLINE);
}

#[test]
fn who_frees_a_lease_by_hand_leaves_the_time_of_quiet_to_the_next() {
    for seen_gone in [true, false] {
        let site = Site::new();
        let who = if seen_gone { gone_holder("first") } else { holder("first") };
        let _held = acquire_for_calls(&site, who);

        let operator = holder("operator");
        let unlocked = unlock(&site.store, &site.unit, &operator, &site.clock, CONFIG);

        let unlocked = site.clock.run(unlocked).unwrap();
        assert!(matches!(unlocked, Unlocked::Freed { .. }), "{unlocked:?}");
        let freed = site.clock.now();
        site.acquire(holder("second"));
        assert_eq!(site.clock.now(), freed + DEADLINE, "seen gone: {seen_gone}");
    }
}

#[test]
fn a_holder_of_calls_has_sent_its_last_one_a_deadline_before_it_counts_as_silent() {
    let site = Site::new();
    let first = acquire_for_calls(&site, holder("first"));

    let second = site.acquire(holder("second"));

    assert!(first.deadline() + DEADLINE <= site.clock.now(), "{second:?}");
}

//! How fast requests are sent: a bucket of permits for each account, region and kind of request,
//! shared by all units.
//!
//! AWS refills such buckets itself, and researchers' pipelines draw from the same ones: nfplan stays
//! below AWS's rates, so that it throttles nobody. Sources: EC2 developer guide, "Request throttling
//! for the Amazon EC2 API"; AWS Batch user guide, "Service quotas"; KMS developer guide, "Request
//! quotas". IAM's rates are not published.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use governor::DefaultDirectRateLimiter;
use governor::Quota;
use governor::RateLimiter;
use governor::clock::Clock as _;
use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::address::Region;
use tokio::time::Instant;

/// A bucket: whose, where, and for which requests. IAM has one for all regions.
type Key = (AccountId, Option<Region>, &'static str);

/// All buckets that were drawn from.
#[derive(Debug, Default)]
pub(crate) struct Pace(RefCell<BTreeMap<Key, Rc<DefaultDirectRateLimiter>>>);

impl Pace {
    /// Waits until a request that only looks may be sent.
    pub(crate) async fn look(&self, place: &Place, operation: &'static str) {
        self.limiter(place, operation, false).until_ready().await;
    }

    /// Waits until a request that changes something may be sent, but not longer than there is time for
    /// it. Whether it may; without time, no permit is used up.
    pub(crate) async fn change(
        &self,
        place: &Place,
        operation: &'static str,
        time: Duration,
    ) -> bool {
        let limiter = self.limiter(place, operation, true);
        let deadline = Instant::now() + time;
        while !time.is_zero() {
            let Err(not_yet) = limiter.check() else { return true };
            let wait = not_yet.wait_time_from(limiter.clock().now());
            let left = deadline.saturating_duration_since(Instant::now());
            tokio::time::sleep(wait.min(left)).await;
            if wait > left {
                return false;
            }
        }
        false
    }

    fn limiter(
        &self,
        place: &Place,
        operation: &'static str,
        changes: bool,
    ) -> Rc<DefaultDirectRateLimiter> {
        let (bucket, quota) = bucket(operation, changes);
        let region = (!operation.starts_with("iam:")).then(|| place.region.clone());
        let key = (place.account.clone(), region, bucket);
        self.0.borrow_mut().entry(key).or_insert_with(|| limiter(quota)).clone()
    }
}

fn limiter(quota: Quota) -> Rc<DefaultDirectRateLimiter> {
    Rc::new(RateLimiter::direct(quota))
}

/// The bucket of an operation, and how it fills.
fn bucket(operation: &'static str, changes: bool) -> (&'static str, Quota) {
    let service = operation.split(':').next().unwrap_or_default();
    match (operation, service, changes) {
        ("ec2:RunInstances" | "ec2:StartInstances", ..) => (operation, every(500, 5)),
        ("ec2:CreateVpcEndpoint" | "ec2:ModifyVpcEndpoint" | "ec2:DeleteVpcEndpoints", ..) => {
            ("ec2 endpoints", every(3_300, 4))
        }
        (_, "ec2", true) => (operation, every(200, 50)),
        (_, "ec2", false) => (operation, every(50, 100)),
        // Nextflow's own requests come out of the same 50 a second.
        (_, "batch", _) => ("batch", every(100, 20)),
        (_, "iam", _) => ("iam", every(100, 30)),
        (_, "kms", true) => ("kms", every(200, 5)),
        _ => (service, every(50, 40)),
    }
}

/// One permit each so many milliseconds, and so many at once after a pause.
fn every(milliseconds: u64, burst: u32) -> Quota {
    let quota = Quota::with_period(Duration::from_millis(milliseconds));
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    quota.expect("a period is longer than nothing").allow_burst(burst)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_burst_goes_through_at_once_and_what_follows_waits_its_turn() {
        let limits = Pace::default();
        let place: Place = "111122223333.us-east-1".parse().unwrap();
        let began = Instant::now();
        for _ in 0..5 {
            assert!(limits.change(&place, "ec2:RunInstances", LONG).await);
        }
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
        assert!(limits.change(&place, "ec2:RunInstances", LONG).await);
        assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn who_has_no_time_to_wait_uses_up_no_permit() {
        let limits = Pace::default();
        let place: Place = "111122223333.us-east-1".parse().unwrap();
        for _ in 0..5 {
            assert!(limits.change(&place, "ec2:RunInstances", LONG).await);
        }
        let began = Instant::now();
        for _ in 0..20 {
            assert!(!limits.change(&place, "ec2:RunInstances", Duration::from_millis(1)).await);
        }
        assert!(limits.change(&place, "ec2:RunInstances", LONG).await);
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn accounts_and_regions_do_not_wait_for_each_other_but_for_iam() {
        let limits = Pace::default();
        let places = ["111122223333.us-east-1", "111122223333.us-west-2"];
        let places = places.map(|place| place.parse::<Place>().unwrap());
        let began = Instant::now();
        for place in &places {
            for _ in 0..5 {
                assert!(limits.change(place, "ec2:RunInstances", LONG).await);
            }
        }
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
        for place in &places {
            limits.look(place, "iam:GetRole").await;
        }
        assert_eq!(limits.0.borrow().keys().filter(|key| key.2 == "iam").count(), 1);
    }
}

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
use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::address::Region;

/// A bucket: whose, where, and for which requests. IAM has one for all regions.
type Key = (AccountId, Option<Region>, &'static str);

/// All buckets that were drawn from.
#[derive(Debug, Default)]
pub(crate) struct Pace(RefCell<BTreeMap<Key, Rc<DefaultDirectRateLimiter>>>);

impl Pace {
    /// Waits until a request may be sent.
    pub(crate) async fn permit(&self, place: &Place, operation: &'static str, changes: bool) {
        let (bucket, quota) = bucket(operation, changes);
        let region = (!operation.starts_with("iam:")).then(|| place.region.clone());
        let key = (place.account.clone(), region, bucket);
        let limiter = self.0.borrow_mut().entry(key).or_insert_with(|| limiter(quota)).clone();
        limiter.until_ready().await;
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
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_burst_goes_through_at_once_and_what_follows_waits_its_turn() {
        let limits = Pace::default();
        let place: Place = "111122223333.us-east-1".parse().unwrap();
        let began = Instant::now();
        for _ in 0..5 {
            limits.permit(&place, "ec2:RunInstances", true).await;
        }
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
        limits.permit(&place, "ec2:RunInstances", true).await;
        assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn accounts_and_regions_do_not_wait_for_each_other_but_for_iam() {
        let limits = Pace::default();
        let places = ["111122223333.us-east-1", "111122223333.us-west-2"];
        let places = places.map(|place| place.parse::<Place>().unwrap());
        let began = Instant::now();
        for place in &places {
            for _ in 0..5 {
                limits.permit(place, "ec2:RunInstances", true).await;
            }
        }
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
        for place in &places {
            limits.permit(place, "iam:GetRole", false).await;
        }
        assert_eq!(limits.0.borrow().keys().filter(|key| key.2 == "iam").count(), 1);
    }
}

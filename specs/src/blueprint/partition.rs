//! What differs between the public AWS regions, China and US government.

use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::address::Region;

/// A place with the words that ARNs and host names there begin or end with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Partition<'a> {
    place: &'a Place,
    name: &'static str,
    domain: &'static str,
}

impl<'a> Partition<'a> {
    pub(crate) fn of(place: &'a Place) -> Self {
        let (name, domain) = words(place.region.as_str());
        Self { place, name, domain }
    }

    pub(crate) fn account(&self) -> &'a AccountId {
        &self.place.account
    }

    pub(crate) fn region(&self) -> &'a Region {
        &self.place.region
    }

    /// The domain that the region's endpoints lie under: `us-east-1.amazonaws.com`.
    pub(crate) fn region_domain(&self) -> String {
        format!("{}.{}", self.place.region, self.domain)
    }

    /// A service as a principal in trust policies; EC2's carries the partition's domain.
    pub(crate) fn ec2_principal(&self) -> String {
        format!("ec2.{}", self.domain)
    }

    /// A resource of this account and region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        let Place { account, region } = self.place;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.name)
    }

    /// A resource of this account that belongs to no region.
    pub(crate) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.name, self.place.account)
    }

    /// A resource of this region that belongs to no account.
    pub(crate) fn public_arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}::{resource}", self.name, self.place.region)
    }

    /// A managed policy of AWS's own.
    pub(crate) fn aws_policy(&self, path: &str) -> String {
        format!("arn:{}:iam::aws:policy/{path}", self.name)
    }

    /// A bucket, or what is in it.
    pub(crate) fn s3_arn(&self, resource: &str) -> String {
        format!("arn:{}:s3:::{resource}", self.name)
    }
}

/// How ARNs of a region begin after `arn:`, and the domain of its services.
pub(crate) fn words(region: &str) -> (&'static str, &'static str) {
    if region.starts_with("cn-") {
        ("aws-cn", "amazonaws.com.cn")
    } else if region.starts_with("us-gov-") {
        ("aws-us-gov", "amazonaws.com")
    } else {
        ("aws", "amazonaws.com")
    }
}

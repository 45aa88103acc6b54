//! What differs between the public AWS regions, China and US government.

use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::address::Region;

/// A place with the words that ARNs and host names there begin or end with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partition<'a> {
    place: &'a Place,
    name: &'static str,
    domain: &'static str,
}

impl<'a> Partition<'a> {
    pub(super) fn of(place: &'a Place) -> Self {
        let region = place.region.as_str();
        let (name, domain) = if region.starts_with("cn-") {
            ("aws-cn", "amazonaws.com.cn")
        } else if region.starts_with("us-gov-") {
            ("aws-us-gov", "amazonaws.com")
        } else {
            ("aws", "amazonaws.com")
        };
        Self { place, name, domain }
    }

    pub(super) fn account(&self) -> &'a AccountId {
        &self.place.account
    }

    pub(super) fn region(&self) -> &'a Region {
        &self.place.region
    }

    /// The domain that the region's endpoints lie under: `us-east-1.amazonaws.com`.
    pub(super) fn region_domain(&self) -> String {
        format!("{}.{}", self.place.region, self.domain)
    }

    /// A service as a principal in trust policies; EC2's carries the partition's domain.
    pub(super) fn ec2_principal(&self) -> String {
        format!("ec2.{}", self.domain)
    }

    /// A resource of this account and region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let Place { account, region } = self.place;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.name)
    }

    /// A resource of this account that belongs to no region.
    pub(super) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.name, self.place.account)
    }

    /// A managed policy of AWS's own.
    pub(super) fn aws_policy(&self, path: &str) -> String {
        format!("arn:{}:iam::aws:policy/{path}", self.name)
    }

    /// A bucket, or what is in it.
    pub(super) fn s3_arn(&self, resource: &str) -> String {
        format!("arn:{}:s3:::{resource}", self.name)
    }
}

//! The AWS quotas that a plan checks against live use before anything is made.
//!
//! An account that runs out half-way through an apply gives an obscure error and a rollback. The
//! quota of VPCs bites first, that of Batch queues for good. Sources: Batch user guide "Service
//! quotas", VPC user guide "Amazon VPC quotas", IAM user guide "IAM and AWS STS quotas".

use std::collections::BTreeSet;

use nfplan_engine::address::ResourceType;

/// How many objects of one type an account may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The resource type counted.
    pub resource_type: &'static str,
    /// What AWS calls what is counted.
    pub title: &'static str,
    /// How many a new account may have.
    pub limit: u64,
    /// Whether AWS raises it on request.
    pub adjustable: bool,
    /// Whether each region counts for itself; otherwise the whole account does.
    pub per_region: bool,
}

/// All quotas, by resource type.
pub const QUOTAS: &[Quota] = &[
    fixed("batch.compute_environment", "compute environments", 50).in_region(),
    fixed("batch.job_queue", "job queues", 50).in_region(),
    adjustable("ec2.internet_gateway", "internet gateways", 5).in_region(),
    adjustable("ec2.launch_template", "launch templates", 5_000).in_region(),
    adjustable("ec2.security_group", "security groups", 2_500).in_region(),
    adjustable("ec2.vpc", "VPCs", 5).in_region(),
    adjustable("ec2.vpc_endpoint", "gateway VPC endpoints", 20).in_region(),
    adjustable("iam.instance_profile", "instance profiles", 1_000),
    adjustable("iam.policy", "customer managed policies", 1_500),
    adjustable("iam.role", "roles", 1_000),
    fixed("iam.user", "users", 5_000),
    adjustable("s3.bucket", "general purpose buckets", 10_000),
];

impl Quota {
    /// Whether one request tells what is in use and how many there may be.
    pub fn is_told_by_iam(&self) -> bool {
        self.resource_type.starts_with("iam.")
    }

    const fn in_region(mut self) -> Self {
        self.per_region = true;
        self
    }
}

const fn fixed(resource_type: &'static str, title: &'static str, limit: u64) -> Quota {
    Quota { resource_type, title, limit, adjustable: false, per_region: false }
}

const fn adjustable(resource_type: &'static str, title: &'static str, limit: u64) -> Quota {
    Quota { adjustable: true, ..fixed(resource_type, title, limit) }
}

/// The quota of a resource type, if plans check one.
pub fn find(resource_type: &str) -> Option<&'static Quota> {
    QUOTAS.iter().find(|quota| quota.resource_type == resource_type)
}

/// The quotas of these types, in the order of [`QUOTAS`].
pub fn among(types: &BTreeSet<&ResourceType>) -> Vec<&'static Quota> {
    let counts = |quota: &&Quota| types.iter().any(|one| one.as_str() == quota.resource_type);
    QUOTAS.iter().filter(counts).collect()
}

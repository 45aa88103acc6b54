//! What is in use of a place's quotas.
//!
//! IAM says itself what its limits are; for others that AWS raises on request, what it gives a new
//! account is assumed.

use std::collections::BTreeSet;
use std::collections::HashMap;

use aws_sdk_iam::types::SummaryKeyType;
use nfplan_engine::address::ResourceType;
use nfplan_engine::provider::Limit;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::QuotaUse;
use nfplan_engine::provider::Survey;

use crate::aws::session::Session;
use crate::types::quotas;
use crate::types::quotas::Quota;

/// Counts what has a quota among these types.
pub(crate) async fn survey(
    session: &Session<'_>,
    types: &BTreeSet<&ResourceType>,
) -> Result<Survey, ProviderError> {
    let wanted = quotas::among(types);
    let mut summary = HashMap::new();
    if wanted.iter().any(|quota| quota.is_told_by_iam()) {
        let call = session.clients.iam.get_account_summary().send();
        let answer = session.look("iam:GetAccountSummary", call).await?;
        summary = answer.summary_map.unwrap_or_default();
    }
    let number = |key: SummaryKeyType| summary.get(&key).and_then(|n| u64::try_from(*n).ok());
    let mut rows = Vec::new();
    for quota in wanted {
        let (used, limit) = match quota.resource_type {
            "iam.instance_profile" => {
                (number("InstanceProfiles".into()), number("InstanceProfilesQuota".into()))
            }
            "iam.policy" => (number("Policies".into()), number("PoliciesQuota".into())),
            "iam.role" => (number("Roles".into()), number("RolesQuota".into())),
            "iam.user" => (number("Users".into()), number("UsersQuota".into())),
            _ => (Some(count(session, quota).await?), None),
        };
        let limit_is = match limit {
            _ if !quota.adjustable => Limit::Fixed,
            Some(_) => Limit::Told,
            None => Limit::Assumed,
        };
        rows.push(QuotaUse {
            resource_type: quota.resource_type,
            title: quota.title,
            used: used.unwrap_or_default(),
            limit: limit.unwrap_or(quota.limit),
            limit_is,
        });
    }
    Ok(Survey { quotas: rows })
}

async fn count(session: &Session<'_>, quota: &Quota) -> Result<u64, ProviderError> {
    let (ec2, batch) = (&session.clients.ec2, &session.clients.batch);
    /// Counts over all pages of one listing.
    macro_rules! count {
        ($operation:literal, $call:expr, $items:ident) => {
            session
                .pages($operation, async |token| {
                    let page = $call.set_next_token(token).send().await?;
                    Ok((page.$items.unwrap_or_default(), page.next_token))
                })
                .await?
                .len()
        };
    }
    let count = match quota.resource_type {
        "batch.compute_environment" => count!(
            "batch:DescribeComputeEnvironments",
            batch.describe_compute_environments(),
            compute_environments
        ),
        "batch.job_queue" => {
            count!("batch:DescribeJobQueues", batch.describe_job_queues(), job_queues)
        }
        "ec2.internet_gateway" => count!(
            "ec2:DescribeInternetGateways",
            ec2.describe_internet_gateways().max_results(1_000),
            internet_gateways
        ),
        "ec2.launch_template" => count!(
            "ec2:DescribeLaunchTemplates",
            ec2.describe_launch_templates().max_results(200),
            launch_templates
        ),
        "ec2.security_group" => count!(
            "ec2:DescribeSecurityGroups",
            ec2.describe_security_groups().max_results(1_000),
            security_groups
        ),
        "ec2.vpc" => count!("ec2:DescribeVpcs", ec2.describe_vpcs().max_results(1_000), vpcs),
        "ec2.vpc_endpoint" => count!(
            "ec2:DescribeVpcEndpoints",
            ec2.describe_vpc_endpoints().max_results(1_000),
            vpc_endpoints
        ),
        "s3.bucket" => {
            let call = session.clients.s3.list_buckets().send();
            session.look("s3:ListAllMyBuckets", call).await?.buckets().len()
        }
        _ => 0,
    };
    Ok(count as u64)
}

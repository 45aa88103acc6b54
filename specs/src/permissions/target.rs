//! What the rows of the table are about: one environment in one account and region.

use std::collections::BTreeSet;

use nfplan_engine::address::Place;
use nfplan_engine::policy::Statement;

use crate::blueprint::names::PlatformNames;
use crate::blueprint::names::WorkspaceNames;
use crate::blueprint::partition::Partition;
use crate::settings::Environment;

/// The condition key of the ownership tag that an object is to be made with.
pub(super) const REQUESTED: &str = "aws:RequestTag/nfplan:environment";

/// The condition key of the ownership tag that an object has.
pub(super) const OWNED: &str = "aws:ResourceTag/nfplan:environment";

/// One environment in one account and region.
#[derive(Debug)]
pub(super) struct Target<'a> {
    environment: &'a Environment,
    partition: Partition<'a>,
    platform: PlatformNames<'a>,
    everybody: WorkspaceNames<'static>,
    boundaries: Option<BTreeSet<Box<str>>>,
}

impl<'a> Target<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        place: &'a Place,
        boundaries: Option<BTreeSet<Box<str>>>,
    ) -> Self {
        Self {
            environment,
            partition: Partition::of(place),
            platform: PlatformNames::new(environment.host(), &place.account),
            everybody: WorkspaceNames::of_everybody(environment.host()),
            boundaries,
        }
    }

    pub(super) fn host(&self) -> String {
        self.environment.host()
    }

    pub(super) fn region(&self) -> &str {
        self.partition.region().as_str()
    }

    /// The boundaries of which every role and user has one; none if some may be without.
    pub(super) fn boundaries(&self) -> Option<&BTreeSet<Box<str>>> {
        self.boundaries.as_ref()
    }

    /// EC2 objects of these kinds, whosever they are.
    pub(super) fn ec2(&self, kinds: &[&str]) -> Vec<String> {
        kinds.iter().map(|kind| self.partition.arn("ec2", &format!("{kind}/*"))).collect()
    }

    /// Images, which have no account in their ARNs.
    pub(super) fn images(&self) -> [String; 1] {
        [self.partition.public_arn("ec2", "image/*")]
    }

    /// Parameters that AWS publishes.
    pub(super) fn parameters(&self) -> [String; 1] {
        [self.partition.public_arn("ssm", "parameter/aws/service/*")]
    }

    pub(super) fn pipelines(&self) -> [String; 1] {
        [self.partition.arn("imagebuilder", "image-pipeline/*")]
    }

    /// Instance roles, which compute environments and profiles are given.
    pub(super) fn instance_roles(&self) -> [String; 1] {
        [self.iam("role", &format!("/{}", self.everybody.instance_role()))]
    }

    /// Roles with a path, and those without: instance roles, and every role that is not there, which
    /// IAM is asked for before it is made and after it is gone.
    pub(super) fn roles(&self) -> [String; 2] {
        let flat = format!("/{}", self.everybody.client());
        [self.iam("role", &self.with_path()), self.iam("role", &flat)]
    }

    pub(super) fn users(&self) -> [String; 1] {
        [self.iam("user", &format!("/{}", self.everybody.client()))]
    }

    pub(super) fn policies(&self) -> [String; 1] {
        [self.iam("policy", &self.with_path())]
    }

    pub(super) fn instance_profiles(&self) -> [String; 1] {
        [self.iam("instance-profile", &format!("/{}", self.everybody.instance_role()))]
    }

    /// All roles and users of the account, whosever they are.
    pub(super) fn everybody(&self) -> [String; 2] {
        [self.iam("role", "/*"), self.iam("user", "/*")]
    }

    /// Everything in IAM that a workspace has.
    pub(super) fn principals(&self) -> Vec<String> {
        self.roles().into_iter().chain(self.users()).collect()
    }

    /// What may be attached: the workspaces' own policies, and AWS's for container instances.
    pub(super) fn attachable(&self) -> [String; 2] {
        let [own] = self.policies();
        [own, self.partition.aws_policy("service-role/AmazonEC2ContainerServiceforEC2Role")]
    }

    /// The role that Batch works under, which it makes with the first compute environment of an account.
    pub(super) fn batch_role(&self) -> [String; 1] {
        [self.iam("role", "/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch")]
    }

    /// The services that an instance role is passed to.
    pub(super) fn instance_services(&self) -> [String; 2] {
        [self.partition.ec2_principal(), "batch.amazonaws.com".into()]
    }

    pub(super) fn compute_environments_and_queues(&self) -> [String; 2] {
        let environments = format!("compute-environment/{}", self.everybody.compute_environment());
        let queues = format!("job-queue/{}", self.everybody.job_queue());
        [self.partition.arn("batch", &environments), self.partition.arn("batch", &queues)]
    }

    pub(super) fn jobs(&self) -> [String; 1] {
        [self.partition.arn("batch", "job/*")]
    }

    pub(super) fn bucket(&self) -> [String; 1] {
        [self.partition.s3_arn(&self.platform.bucket())]
    }

    pub(super) fn keys(&self) -> [String; 1] {
        [self.partition.arn("kms", "key/*")]
    }

    pub(super) fn alias(&self) -> [String; 1] {
        [self.partition.arn("kms", &self.platform.alias())]
    }

    /// The log group; some actions name it with a star for its streams.
    pub(super) fn log_group(&self) -> [String; 2] {
        let group = self.partition.arn("logs", &format!("log-group:{}", self.platform.log_group()));
        [format!("{group}:*"), group]
    }

    pub(super) fn secrets(&self) -> [String; 1] {
        [self.partition.arn("secretsmanager", &format!("secret:{}", self.everybody.secret()))]
    }

    /// Only objects that carry the ownership tag.
    pub(super) fn owned(&self, statement: Statement) -> Statement {
        statement.when("StringEquals", OWNED, [&*self.environment.name])
    }

    /// Only requests that give what they make the ownership tag.
    pub(super) fn requested(&self, statement: Statement) -> Statement {
        statement.when("StringEquals", REQUESTED, [&*self.environment.name])
    }

    fn with_path(&self) -> String {
        format!("{}{}", self.everybody.iam_path(), self.everybody.client())
    }

    fn iam(&self, kind: &str, name: &str) -> String {
        self.partition.iam_arn(&format!("{kind}{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::tags::ENVIRONMENT;

    #[test]
    fn conditions_are_about_the_ownership_tag_of_blueprints() {
        assert_eq!(REQUESTED, format!("aws:RequestTag/{ENVIRONMENT}"));
        assert_eq!(OWNED, format!("aws:ResourceTag/{ENVIRONMENT}"));
    }
}

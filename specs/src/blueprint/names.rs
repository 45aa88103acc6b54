//! Every name that blueprints use: resource types, attributes, addresses, and what objects are
//! called in AWS.
//!
//! The physical names are Hatchery's exact ones, so that what Hatchery made can be adopted. What
//! Hatchery never made, or shared between users, has a name of the same pattern.

use nfplan_engine::address::AccountId;
use nfplan_engine::address::Address;
use nfplan_engine::address::EscapedUser;
use nfplan_engine::address::Reference;
use nfplan_engine::expr::Expr;

macro_rules! texts {
    ($($name:ident = $text:literal),+ $(,)?) => {$(
        #[doc = concat!("`", $text, "`.")]
        pub const $name: &str = $text;
    )+};
}

/// Resource types.
pub mod types {
    texts! {
        ACCESS_KEY = "iam.access_key",
        ALIAS = "kms.alias",
        BUCKET = "s3.bucket",
        BUCKET_ENCRYPTION = "s3.bucket_encryption",
        BUCKET_LIFECYCLE = "s3.bucket_lifecycle",
        BUCKET_POLICY = "s3.bucket_policy",
        COMPUTE_ENVIRONMENT = "batch.compute_environment",
        CREDENTIALS_FILE = "file.credentials",
        CURRENT_VERSION = "secretsmanager.current_version",
        INSTANCE = "ec2.instance",
        INSTANCE_PROFILE = "iam.instance_profile",
        INTERNET_GATEWAY = "ec2.internet_gateway",
        JOB_QUEUE = "batch.job_queue",
        KEY = "kms.key",
        LAUNCH_TEMPLATE = "ec2.launch_template",
        LOG_GROUP = "logs.log_group",
        POLICY = "iam.policy",
        PUBLIC_ACCESS_BLOCK = "s3.public_access_block",
        ROLE = "iam.role",
        ROUTE = "ec2.route",
        ROUTE_TABLE = "ec2.route_table",
        ROUTE_TABLE_ASSOCIATION = "ec2.route_table_association",
        SECRET = "secretsmanager.secret",
        SECURITY_GROUP = "ec2.security_group",
        SUBNET = "ec2.subnet",
        USER = "iam.user",
        VPC = "ec2.vpc",
        VPC_ENDPOINT = "ec2.vpc_endpoint",
    }
}

/// Attributes, outputs included, and the keys within their values.
pub mod attributes {
    texts! {
        ABORT_MULTIPART_DAYS = "abort_multipart_days",
        ACCESS_KEY_ID = "access_key_id",
        ACTION = "action",
        ALGORITHM = "algorithm",
        ALLOCATION_STRATEGY = "allocation_strategy",
        ARN = "arn",
        ASSOCIATE_PUBLIC_IP = "associate_public_ip",
        BID_PERCENTAGE = "bid_percentage",
        BLOCK_PUBLIC_ACLS = "block_public_acls",
        BLOCK_PUBLIC_POLICY = "block_public_policy",
        BUCKET = "bucket",
        BUCKET_KEY = "bucket_key",
        CIDR = "cidr",
        COMPUTE_ENVIRONMENTS = "compute_environments",
        DESCRIPTION = "description",
        DESTINATION = "destination",
        DNS_HOSTNAMES = "dns_hostnames",
        DNS_SUPPORT = "dns_support",
        DOCUMENT = "document",
        DRAINED = "drained",
        EGRESS = "egress",
        ENABLED = "enabled",
        EXPIRE_DAYS = "expire_days",
        FILE = "file",
        GATEWAY_ID = "gateway_id",
        ID = "id",
        IGNORE_PUBLIC_ACLS = "ignore_public_acls",
        IMAGE_ID = "image_id",
        IMAGE_TYPE = "image_type",
        INGRESS = "ingress",
        INSTANCE_ID = "instance_id",
        INSTANCE_PROFILE = "instance_profile",
        INSTANCE_TAGS = "instance_tags",
        INSTANCE_TYPE = "instance_type",
        INSTANCE_TYPES = "instance_types",
        KMS_KEY_ID = "kms_key_id",
        LAUNCH_TEMPLATE_ID = "launch_template_id",
        LAUNCH_TEMPLATE_VERSION = "launch_template_version",
        MAP_PUBLIC_IP = "map_public_ip",
        MAX_SECONDS = "max_seconds",
        MAX_SESSION_SECONDS = "max_session_seconds",
        MAX_VCPUS = "max_vcpus",
        METADATA_HOP_LIMIT = "metadata_hop_limit",
        METADATA_TOKENS = "metadata_tokens",
        MIN_VCPUS = "min_vcpus",
        NAME = "name",
        OBJECT_OWNERSHIP = "object_ownership",
        PATH = "path",
        PERMISSIONS_BOUNDARY = "permissions_boundary",
        POLICY = "policy",
        POLICY_ARNS = "policy_arns",
        PREFIX = "prefix",
        PRIORITY = "priority",
        PROTOCOL = "protocol",
        REASON = "reason",
        RESTRICT_PUBLIC_BUCKETS = "restrict_public_buckets",
        RETENTION_DAYS = "retention_days",
        ROLE = "role",
        ROOT_ENCRYPTED = "root_encrypted",
        ROTATION = "rotation",
        ROUTE_TABLE_ID = "route_table_id",
        ROUTE_TABLE_IDS = "route_table_ids",
        RULES = "rules",
        SECRET_ID = "secret_id",
        SECURITY_GROUP_IDS = "security_group_ids",
        SERVICE = "service",
        SOURCE_DEST_CHECK = "source_dest_check",
        STATE = "state",
        STATUS = "status",
        SUBNET_ID = "subnet_id",
        SUBNET_IDS = "subnet_ids",
        TAGS = "tags",
        TARGET_KEY_ID = "target_key_id",
        TIME_LIMITS = "time_limits",
        TRUST = "trust",
        TYPE = "type",
        USER = "user",
        USER_DATA = "user_data",
        VERSION = "version",
        VPC_ID = "vpc_id",
        ZONE_ID = "zone_id",
    }
}

/// An address that a blueprint may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownAddress(&'static str, &'static str);

impl KnownAddress {
    /// The address.
    pub fn address(self) -> Address {
        Address::new(self.0, self.1).expect("a test makes every known address")
    }

    /// Whether it is this address.
    pub fn is(self, address: &Address) -> bool {
        address.resource_type.as_str() == self.0 && address.name.as_str() == self.1
    }

    /// A reference to an output, or to an input, of the resource.
    pub fn output(self, output: &str) -> Expr {
        Expr::Reference(self.reference(output))
    }

    pub(super) fn reference(self, output: &str) -> Reference {
        Reference { address: self.address(), output: output.into() }
    }
}

/// Addresses.
pub mod addresses {
    use super::KnownAddress;
    use super::types;

    macro_rules! addresses {
        ($($name:ident = $kind:ident / $text:literal),+ $(,)?) => {
            $(
                #[doc = concat!("`", $text, "` of type [`types::", stringify!($kind), "`].")]
                pub const $name: KnownAddress = KnownAddress(types::$kind, $text);
            )+
            #[cfg(test)]
            pub(crate) const ALL: &[KnownAddress] = &[$($name),+];
        };
    }

    addresses! {
        ALIAS = ALIAS / "work",
        BUCKET = BUCKET / "work",
        BUCKET_ENCRYPTION = BUCKET_ENCRYPTION / "work",
        BUCKET_LIFECYCLE = BUCKET_LIFECYCLE / "work",
        BUCKET_POLICY = BUCKET_POLICY / "work",
        KEY = KEY / "work",
        LOG_GROUP = LOG_GROUP / "jobs",
        PUBLIC_ACCESS_BLOCK = PUBLIC_ACCESS_BLOCK / "work",

        ACCESS_KEY = ACCESS_KEY / "client",
        CLIENT_POLICY = POLICY / "client",
        CLIENT_ROLE = ROLE / "client",
        COMPUTE_ENVIRONMENT = COMPUTE_ENVIRONMENT / "main",
        COMPUTE_ASSOCIATION_0 = ROUTE_TABLE_ASSOCIATION / "compute-0",
        COMPUTE_ASSOCIATION_1 = ROUTE_TABLE_ASSOCIATION / "compute-1",
        COMPUTE_ASSOCIATION_2 = ROUTE_TABLE_ASSOCIATION / "compute-2",
        COMPUTE_DEFAULT_ROUTE = ROUTE / "compute-default",
        COMPUTE_ROUTE_TABLE = ROUTE_TABLE / "compute",
        COMPUTE_SECURITY_GROUP = SECURITY_GROUP / "compute",
        COMPUTE_SUBNET_0 = SUBNET / "compute-0",
        COMPUTE_SUBNET_1 = SUBNET / "compute-1",
        COMPUTE_SUBNET_2 = SUBNET / "compute-2",
        CREDENTIALS_FILE = CREDENTIALS_FILE / "client",
        CURRENT_VERSION = CURRENT_VERSION / "client",
        INSTANCE_PROFILE = INSTANCE_PROFILE / "instance",
        INSTANCE_ROLE = ROLE / "instance",
        INTERNET_GATEWAY = INTERNET_GATEWAY / "main",
        JOBS_POLICY = POLICY / "jobs",
        JOBS_ROLE = ROLE / "jobs",
        JOB_QUEUE = JOB_QUEUE / "main",
        LAUNCH_TEMPLATE = LAUNCH_TEMPLATE / "compute",
        PROXY_ASSOCIATION = ROUTE_TABLE_ASSOCIATION / "proxy",
        PROXY_DEFAULT_ROUTE = ROUTE / "proxy-default",
        PROXY_INSTANCE = INSTANCE / "proxy",
        PROXY_ROUTE_TABLE = ROUTE_TABLE / "proxy",
        PROXY_SECURITY_GROUP = SECURITY_GROUP / "proxy",
        PROXY_SUBNET = SUBNET / "proxy",
        SECRET = SECRET / "client",
        S3_ENDPOINT = VPC_ENDPOINT / "s3",
        USER = USER / "client",
        VPC = VPC / "main",
    }

    /// The compute subnets in the order of their zones, each with its association.
    pub const COMPUTE_SUBNETS: [(KnownAddress, KnownAddress); 3] = [
        (COMPUTE_SUBNET_0, COMPUTE_ASSOCIATION_0),
        (COMPUTE_SUBNET_1, COMPUTE_ASSOCIATION_1),
        (COMPUTE_SUBNET_2, COMPUTE_ASSOCIATION_2),
    ];
}

/// What a platform's objects are called.
#[derive(Debug, Clone)]
pub struct PlatformNames<'a> {
    host: String,
    account: &'a AccountId,
}

impl<'a> PlatformNames<'a> {
    /// The names in one environment and account.
    pub fn new(host: String, account: &'a AccountId) -> Self {
        Self { host, account }
    }

    /// The data bucket.
    pub fn bucket(&self) -> String {
        format!("{}-nf-{}", self.host, self.account)
    }

    /// The alias of the data bucket's key.
    pub fn alias(&self) -> String {
        format!("alias/key-{}", self.bucket())
    }

    /// The log group of all jobs.
    pub fn log_group(&self) -> String {
        format!("/nfplan/{}", self.host)
    }

    /// The `Name` tag.
    pub fn tag(&self) -> String {
        format!("{}-hatchery-nf", self.host)
    }
}

/// What a workspace's objects are called.
#[derive(Debug, Clone)]
pub struct WorkspaceNames<'a> {
    host: String,
    user: &'a str,
}

impl<'a> WorkspaceNames<'a> {
    /// The names in one environment for one researcher.
    pub fn new(host: String, user: &'a EscapedUser) -> Self {
        Self { host, user: user.as_str() }
    }

    /// Patterns of the names of every researcher, and of every generation.
    pub fn of_everybody(host: String) -> Self {
        Self { host, user: "*" }
    }

    fn named(&self, kind: &str) -> String {
        format!("{}-nf-{kind}-{}", self.host, self.user)
    }

    /// The VPC, and the `Name` tag of its gateway and endpoint.
    pub fn vpc(&self) -> String {
        self.named("vpc")
    }

    /// A compute subnet.
    pub fn compute_subnet(&self, index: usize) -> String {
        format!("{}-{index}", self.named("subnet"))
    }

    /// The proxy's subnet.
    pub fn proxy_subnet(&self) -> String {
        self.named("subnet-fw")
    }

    /// The compute subnets' route table.
    pub fn compute_route_table(&self) -> String {
        self.named("rt")
    }

    /// The proxy subnet's route table.
    pub fn proxy_route_table(&self) -> String {
        self.named("fw-rt")
    }

    /// The compute instances' security group. Hatchery used the VPC's default group.
    pub fn compute_security_group(&self) -> String {
        self.named("sg")
    }

    /// The proxy's security group.
    pub fn proxy_security_group(&self) -> String {
        self.named("sg-fw")
    }

    /// The proxy instance.
    pub fn proxy_instance(&self) -> String {
        self.named("squid")
    }

    /// The compute instances' role and profile. Hatchery's is shared by all users, so it lacks the
    /// user's name.
    pub fn instance_role(&self) -> String {
        self.named("ecsInstanceRole")
    }

    /// The launch template; also the client's user, role and policy.
    pub fn client(&self) -> String {
        format!("{}-nf-{}", self.host, self.user)
    }

    /// The compute environment.
    pub fn compute_environment(&self) -> String {
        self.named("compute-env")
    }

    /// The job queue.
    pub fn job_queue(&self) -> String {
        self.named("job-queue")
    }

    /// The jobs' role and policy.
    pub fn jobs(&self) -> String {
        self.named("jobs")
    }

    /// The `Name` tag of what is not part of the network.
    pub fn tag(&self) -> String {
        format!("{}-hatchery-nf-{}", self.host, self.user)
    }

    /// The IAM path of policies and of the roles that the researcher's work runs under.
    pub fn iam_path(&self) -> String {
        format!("/{}/", self.tag())
    }

    /// The secret that holds the access key.
    pub fn secret(&self) -> String {
        format!("{}/nf/{}", self.host, self.user)
    }

    /// The file that holds the access key, from the project's folder.
    pub fn credentials_file(&self) -> String {
        format!(".nfplan/credentials/{}", self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_address_is_valid_and_differs_from_the_others() {
        let addresses: std::collections::BTreeSet<Address> =
            addresses::ALL.iter().map(|known| known.address()).collect();
        assert_eq!(addresses.len(), addresses::ALL.len());
    }

    #[test]
    fn names_are_those_that_hatchery_gave() {
        let user = EscapedUser::new("alice-40x-2eorg").unwrap();
        let workspace = WorkspaceNames::new("data-example-org".into(), &user);
        let account = AccountId::new("111122223333").unwrap();
        let platform = PlatformNames::new("data-example-org".into(), &account);

        let found = [
            workspace.vpc(),
            workspace.compute_subnet(0),
            workspace.proxy_subnet(),
            workspace.compute_route_table(),
            workspace.proxy_route_table(),
            workspace.proxy_security_group(),
            workspace.proxy_instance(),
            workspace.client(),
            workspace.compute_environment(),
            workspace.job_queue(),
            workspace.jobs(),
            workspace.iam_path(),
            platform.bucket(),
            platform.alias(),
        ];

        let expected = [
            "data-example-org-nf-vpc-alice-40x-2eorg",
            "data-example-org-nf-subnet-alice-40x-2eorg-0",
            "data-example-org-nf-subnet-fw-alice-40x-2eorg",
            "data-example-org-nf-rt-alice-40x-2eorg",
            "data-example-org-nf-fw-rt-alice-40x-2eorg",
            "data-example-org-nf-sg-fw-alice-40x-2eorg",
            "data-example-org-nf-squid-alice-40x-2eorg",
            "data-example-org-nf-alice-40x-2eorg",
            "data-example-org-nf-compute-env-alice-40x-2eorg",
            "data-example-org-nf-job-queue-alice-40x-2eorg",
            "data-example-org-nf-jobs-alice-40x-2eorg",
            "/data-example-org-hatchery-nf-alice-40x-2eorg/",
            "data-example-org-nf-111122223333",
            "alias/key-data-example-org-nf-111122223333",
        ];
        assert_eq!(found.each_ref().map(String::as_str), expected);
    }
}

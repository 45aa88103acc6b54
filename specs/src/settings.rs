//! What a valid spec means: profiles overlaid, defaults filled in, every value with the line it
//! comes from. The blueprints read these and nothing else.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::hash::Hasher;

use nfplan_engine::address::EscapedUser;
use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Origin;
use nfplan_engine::digest::Digest;

/// A value and the spec line that it comes from. A default comes from the line that asks for what
/// it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// The line.
    pub origin: Origin,
}

/// Where a value is written means nothing, so that it hashes as if it stood anywhere.
impl<T: Hash> Hash for At<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

/// What holds for all units of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Environment {
    /// As the spec writes it: `data.example.org`.
    pub name: Box<str>,
    /// The blueprint's number.
    pub blueprint: u32,
}

impl Environment {
    /// The environment as a part of names: dots turned into hyphens (Hatchery's rule for
    /// `GEN3_ENDPOINT`).
    pub fn host(&self) -> String {
        self.name.replace('.', "-")
    }
}

/// The settings of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlatformSettings {
    /// The account and region.
    pub place: Place,
    /// The environment.
    pub environment: Environment,
    /// After how many days the data bucket's objects expire.
    pub expire_days: At<u32>,
    /// The spec files that origins point into.
    pub files: Vec<Box<str>>,
    /// The line that asks for the account.
    pub origin: Origin,
}

/// The settings of one workspace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WorkspaceSettings {
    /// The unit.
    pub unit: UnitId,
    /// The environment.
    pub environment: Environment,
    /// The user name as the spec writes it.
    pub user: Box<str>,
    /// The user name after Hatchery's escape rule.
    pub escaped: EscapedUser,
    /// Whether the researcher may work.
    pub status: At<Status>,
    /// The researcher's access was revoked by command: the client is shut out, and nothing else is
    /// affected. Not from the specs; the caller sets it.
    pub revoked: bool,
    /// Suspension also gives back queue and compute environment.
    pub release: At<bool>,
    /// Where jobs run.
    pub compute: Compute,
    /// Image patterns that jobs may use, `{{username}}` already filled in. Empty: every image.
    pub images: At<Vec<Box<str>>>,
    /// Buckets that jobs and client may read.
    pub read_buckets: At<Vec<Box<str>>>,
    /// How jobs reach the network.
    pub network: At<Network>,
    /// How the client gets in.
    pub credentials: At<Credentials>,
    /// The spec's own tags, for every taggable object.
    pub tags: BTreeMap<Box<str>, At<Box<str>>>,
    /// Labels to select workspaces by; not sent to the cloud.
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// The permissions boundary of all roles and users.
    pub permissions_boundary: Option<At<Box<str>>>,
    /// Deleting or replacing anything of it is refused.
    pub protect: At<bool>,
    /// The spec files that origins point into.
    pub files: Vec<Box<str>>,
    /// The line that asks for the workspace.
    pub origin: Origin,
}

/// Where settings are of which it does not matter where they are.
const ANYWHERE: Origin = Origin { file: 0, line: 1, column: 1 };

impl PlatformSettings {
    /// A digest of what the settings say, as that of [`WorkspaceSettings::meaning`].
    pub fn meaning(self) -> Digest {
        Digest::of_hash(&Self { files: Vec::new(), origin: ANYWHERE, ..self })
    }
}

impl WorkspaceSettings {
    /// A digest of what the settings say, wherever they are written. Settings with the same digest
    /// expand to the same resources, but for their origins. Of this build of nfplan only, as
    /// [`Digest::of_hash`] has it.
    pub fn meaning(self) -> Digest {
        Digest::of_hash(&Self { files: Vec::new(), origin: ANYWHERE, ..self })
    }
}

/// Whether the researcher may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Yes.
    Active,
    /// No: credentials revoked, jobs ended, data kept.
    Suspended,
}

/// Where jobs run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Compute {
    /// Spot or on-demand instances.
    pub kind: At<ComputeKind>,
    /// Instance types or families, or `optimal`; sorted, without repetitions.
    pub instance_types: At<Vec<Box<str>>>,
    /// Kept running at all times.
    pub min_vcpus: At<u32>,
    /// The ceiling.
    pub max_vcpus: At<u32>,
    /// How Batch chooses instances, in the AWS API's words: `SPOT_PRICE_CAPACITY_OPTIMIZED`.
    pub strategy: At<Box<str>>,
    /// The greatest percentage of the on-demand price for Spot instances.
    pub bid_percentage: Option<At<u32>>,
    /// The machine image.
    pub ami: At<Ami>,
    /// Where the image has the AWS CLI. Of no resource: Nextflow has to know it.
    pub cli_path: Option<At<Box<str>>>,
}

/// Spot or on-demand instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComputeKind {
    /// On-demand: `EC2` in the AWS API.
    Ec2,
    /// Spot: `SPOT` in the AWS API.
    Spot,
}

/// The machine image of compute instances.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ami {
    /// The ECS-optimised Amazon Linux 2023 image; looked up and pinned.
    EcsOptimized,
    /// The newest image of this Image Builder pipeline; looked up and pinned.
    Pipeline(Box<str>),
    /// This image.
    Id(Box<str>),
}

/// How jobs reach the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Network {
    /// A VPC of the workspace's own, with a proxy that lets only some domains through.
    Proxy {
        /// The VPC's block.
        cidr: ipnet::Ipv4Net,
        /// Domains that jobs may reach; a leading dot includes subdomains. Empty: all domains.
        allow_domains: Vec<Box<str>>,
    },
    /// A network that somebody else keeps.
    Existing {
        /// The VPC's id.
        vpc: Box<str>,
        /// The subnets' ids.
        subnets: Vec<Box<str>>,
        /// The security groups' ids.
        security_groups: Vec<Box<str>>,
    },
}

/// How the client gets in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// An IAM user with an access key.
    AccessKey(Delivery),
    /// An IAM role that these principals (ARNs) may assume.
    Role(Vec<Box<str>>),
}

/// Where the secret of an access key is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// In AWS Secrets Manager.
    SecretsManager,
    /// In a file on the machine that runs nfplan: `.nfplan/credentials/<escaped user>`.
    File,
}

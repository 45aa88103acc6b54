//! What blueprint 1 means for access: who acts for a researcher, what is to be the researcher's alone,
//! and what an account shares because AWS cannot keep it apart.

use std::collections::BTreeMap;

use nfplan_engine::access::decision::Attached;
use nfplan_engine::access::decision::Principal;
use nfplan_engine::access::decision::ResourcePolicy;
use nfplan_engine::access::document::Document;
use nfplan_engine::access::isolation::Account;
use nfplan_engine::access::isolation::Actor;
use nfplan_engine::access::isolation::Key;
use nfplan_engine::access::isolation::Kind;
use nfplan_engine::access::isolation::Researcher;
use nfplan_engine::access::isolation::Shared;
use nfplan_engine::access::isolation::Target;
use nfplan_engine::access::text::text_of;
use nfplan_engine::address::Address;
use nfplan_engine::address::External;
use nfplan_engine::address::Place;
use nfplan_engine::address::Reference;
use nfplan_engine::address::UnitId;
use nfplan_engine::expr::Expr;
use nfplan_engine::expr::Inputs;
use nfplan_engine::value::Value;

use super::data_access::READ_BUCKETS;
use super::names::KnownAddress;
use super::names::addresses;
use super::names::attributes;
use super::partition::Partition;

const READING: &[&str] = &["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"];
const WRITING: &[&str] = &[
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectTagging",
    "s3:PutObjectAcl",
    "s3:AbortMultipartUpload",
];
const LISTING: &[&str] =
    &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"];
const TAKING_ROLES: &[&str] = &[
    "iam:PassRole",
    "sts:AssumeRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
];
const TAKING_POLICIES: &[&str] = &["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];
const TAKING_USERS: &[&str] = &[
    "iam:CreateAccessKey",
    "iam:UpdateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:AttachUserPolicy",
    "iam:PutUserPolicy",
];
const TAKING_SECRETS: &[&str] = &["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"];

/// The objects of a unit that access hangs on, as they are or as they will be.
#[derive(Debug, Clone)]
pub struct Holdings {
    /// The unit.
    pub unit: UnitId,
    /// The researcher as the spec writes it; empty for a platform.
    pub user: String,
    /// What is set of each object, as far as it is known.
    inputs: BTreeMap<Address, Inputs>,
    /// What is known of their outputs.
    outputs: BTreeMap<Reference, Value>,
    /// The spec line that an attribute comes from.
    origins: BTreeMap<Reference, String>,
}

/// All addresses that access hangs on.
const NEEDED: [KnownAddress; 12] = [
    addresses::BUCKET,
    addresses::BUCKET_POLICY,
    addresses::KEY,
    addresses::LOG_GROUP,
    addresses::CLIENT_POLICY,
    addresses::JOBS_POLICY,
    addresses::CLIENT_ROLE,
    addresses::JOBS_ROLE,
    addresses::INSTANCE_ROLE,
    addresses::USER,
    addresses::JOB_QUEUE,
    addresses::SECRET,
];

impl Holdings {
    /// Nothing yet.
    pub fn of(unit: UnitId, user: impl Into<String>) -> Self {
        let (inputs, outputs, origins) = Default::default();
        Self { unit, user: user.into(), inputs, outputs, origins }
    }

    /// Whether access hangs on an object of this address at all.
    pub fn needs(address: &Address) -> bool {
        let network = [addresses::S3_ENDPOINT, addresses::COMPUTE_ENVIRONMENT];
        let subnets = addresses::COMPUTE_SUBNETS.iter().map(|(subnet, _)| *subnet);
        NEEDED.into_iter().chain(network).chain(subnets).any(|known| known.is(address))
    }

    /// Adds an object.
    pub fn add(&mut self, address: &Address, inputs: Inputs) {
        self.inputs.insert(address.clone(), inputs);
    }

    /// Adds what is known of an output.
    pub fn add_output(&mut self, reference: Reference, value: Value) {
        self.outputs.insert(reference, value);
    }

    /// Adds the spec line that an attribute comes from.
    pub fn add_origin(&mut self, reference: Reference, line: String) {
        self.origins.insert(reference, line);
    }

    fn input(&self, known: KnownAddress, attribute: &str) -> Option<&Expr> {
        self.inputs.get(&known.address())?.get(attribute)
    }

    /// An output as a text, known or not; none if there is no such object.
    fn output(&self, known: KnownAddress, output: &str) -> Option<String> {
        self.inputs.get(&known.address())?;
        let reference = known.reference(output);
        match self.outputs.get(&reference).and_then(Value::as_text) {
            Some(text) => Some(text.to_owned()),
            None => text_of(
                &self.unit,
                &Expr::External(External { unit: self.unit.clone(), reference }),
            ),
        }
    }

    fn texts(&self, known: KnownAddress, attribute: &str) -> Vec<String> {
        let items = match self.input(known, attribute) {
            Some(Expr::List(items)) => items.clone(),
            Some(Expr::Value(Value::List(items))) => {
                items.iter().cloned().map(Expr::from).collect()
            }
            _ => Vec::new(),
        };
        items.iter().filter_map(|item| text_of(&self.unit, item)).collect()
    }

    /// A policy of one of its objects.
    fn attached(&self, known: KnownAddress, attribute: &str) -> Option<Attached> {
        let document = Document::read(&self.unit, self.input(known, attribute)?);
        let mut origins = BTreeMap::new();
        if let Some(line) = self.origins.get(&known.reference(attribute)) {
            origins.insert(String::new(), line.clone());
        }
        let readable = self.origins.get(&addresses::JOBS_POLICY.reference(attributes::DOCUMENT));
        origins.extend(readable.map(|line| (READ_BUCKETS.to_owned(), line.clone())));
        let object = format!("{}:{}", self.unit, known.address());
        Some(Attached { object, document, origins })
    }

    fn principal(&self, known: KnownAddress) -> Option<Principal> {
        let own = [addresses::CLIENT_POLICY, addresses::JOBS_POLICY];
        let policies = self.texts(known, attributes::POLICY_ARNS).into_iter().map(|arn| {
            let is = |policy: &KnownAddress| {
                self.output(*policy, attributes::ARN).is_some_and(|own| own == arn)
            };
            let own = own.into_iter().find(is);
            own.and_then(|policy| self.attached(policy, attributes::DOCUMENT)).unwrap_or_else(
                || {
                    let document = Document::unseen("it is not nfplan's".into());
                    Attached { object: arn, document, origins: BTreeMap::new() }
                },
            )
        });
        let boundary = self.input(known, attributes::PERMISSIONS_BOUNDARY);
        Some(Principal {
            account: self.unit.place().account.to_string(),
            arn: self.output(known, attributes::ARN)?,
            policies: policies.collect(),
            boundary: boundary.and_then(|expr| text_of(&self.unit, expr)),
        })
    }

    /// A policy that stands before one of its objects.
    fn policy_of(
        &self,
        service: &'static str,
        object: KnownAddress,
        (policy, attribute): (KnownAddress, &str),
        required: bool,
    ) -> Option<ResourcePolicy> {
        let arn = self.output(object, attributes::ARN)?;
        let policy = self.attached(policy, attribute)?;
        let objects = format!("{arn}/*");
        Some(ResourcePolicy { service, resources: vec![arn, objects], policy, required })
    }
}

/// The ARN of a bucket in the partition of a place.
pub fn s3_arn(place: &Place, bucket: &str) -> String {
    Partition::of(place).s3_arn(bucket)
}

/// The researchers of a place and what they share.
pub fn account(platform: &Holdings, workspaces: &[Holdings]) -> Account {
    let endpoints: BTreeMap<String, String> = workspaces.iter().flat_map(subnets).collect();
    let bucket = (addresses::BUCKET_POLICY, attributes::POLICY);
    let key = (addresses::KEY, attributes::POLICY);
    let policies = [
        platform.policy_of("s3", addresses::BUCKET, bucket, false),
        platform.policy_of("kms", addresses::KEY, key, true),
    ];
    Account {
        researchers: workspaces
            .iter()
            // One that goes has nothing left.
            .filter(|workspace| !workspace.inputs.is_empty())
            .map(|workspace| researcher(platform, workspace, &endpoints))
            .collect(),
        policies: policies.into_iter().flatten().collect(),
        shared: shared(platform),
    }
}

/// The workspace's own subnets, with the S3 endpoint of their network.
fn subnets(workspace: &Holdings) -> Vec<(String, String)> {
    let Some(endpoint) = workspace.output(addresses::S3_ENDPOINT, attributes::ID) else {
        return Vec::new();
    };
    let subnets = addresses::COMPUTE_SUBNETS
        .iter()
        .filter_map(|(subnet, _)| workspace.output(*subnet, attributes::ID));
    subnets.map(|subnet| (subnet, endpoint.clone())).collect()
}

fn researcher(
    platform: &Holdings,
    workspace: &Holdings,
    endpoints: &BTreeMap<String, String>,
) -> Researcher {
    let client = if workspace.inputs.contains_key(&addresses::CLIENT_ROLE.address()) {
        addresses::CLIENT_ROLE
    } else {
        addresses::USER
    };
    let actors = [(Actor::Client, client), (Actor::Jobs, addresses::JOBS_ROLE)];
    let roles = [addresses::JOBS_ROLE, addresses::CLIENT_ROLE, addresses::INSTANCE_ROLE];
    let trust = |role| workspace.policy_of("sts", role, (role, attributes::TRUST), true);
    // A network that is there already may be another researcher's.
    let subnets = workspace.texts(addresses::COMPUTE_ENVIRONMENT, attributes::SUBNET_IDS);
    Researcher {
        unit: workspace.unit.clone(),
        user: workspace.user.clone(),
        actors: actors
            .into_iter()
            .filter_map(|(actor, known)| Some((actor, workspace.principal(known)?)))
            .collect(),
        own: own(platform, workspace),
        policies: roles.into_iter().filter_map(trust).collect(),
        endpoint: subnets.iter().find_map(|subnet| endpoints.get(subnet).cloned()),
    }
}

/// What is to be a researcher's alone.
fn own(platform: &Holdings, workspace: &Holdings) -> Vec<(Kind, Target)> {
    let target = |actions, resource| Target { actions, resource, keys: BTreeMap::new() };
    let mut own = Vec::new();
    let user = workspace.unit.user().map(ToString::to_string).unwrap_or_default();
    if let Some(bucket) = platform.output(addresses::BUCKET, attributes::ARN) {
        let objects = format!("{bucket}/{user}/*");
        own.push((Kind::Read, target(READING, objects.clone())));
        own.push((Kind::Write, target(WRITING, objects)));
        let folder = Key::ShowsUnder { folder: format!("{user}/"), except: None };
        let keys = BTreeMap::from([("s3:prefix", folder)]);
        own.push((Kind::List, Target { actions: LISTING, resource: bucket, keys }));
    }
    let arn = |known| workspace.output(known, attributes::ARN);
    let mut add = |kind, actions, known| {
        own.extend(arn(known).map(|arn| (kind, target(actions, arn))));
    };
    add(Kind::Submit, &["batch:SubmitJob"], addresses::JOB_QUEUE);
    for role in [addresses::JOBS_ROLE, addresses::CLIENT_ROLE, addresses::INSTANCE_ROLE] {
        add(Kind::Role, TAKING_ROLES, role);
    }
    for policy in [addresses::CLIENT_POLICY, addresses::JOBS_POLICY] {
        add(Kind::Role, TAKING_POLICIES, policy);
    }
    add(Kind::Secret, TAKING_SECRETS, addresses::SECRET);
    add(Kind::Secret, TAKING_USERS, addresses::USER);
    own
}

/// What AWS cannot keep apart in this place.
fn shared(platform: &Holdings) -> Vec<(Shared, Target)> {
    let place: &Place = platform.unit.place();
    let arn = |resource: &str| Partition::of(place).arn("batch", resource);
    let target = |actions, resource| Target { actions, resource, keys: BTreeMap::new() };
    let mut shared = vec![
        (Shared::JobsSeen, target(&["batch:DescribeJobs", "batch:ListJobs"], "*".into())),
        (Shared::JobsEnded, target(&["batch:TerminateJob", "batch:CancelJob"], arn("job/*"))),
        (Shared::Definitions, target(&["batch:SubmitJob"], arn("job-definition/*"))),
    ];
    if let Some(group) = platform.output(addresses::LOG_GROUP, attributes::ARN) {
        let streams = format!("{group}:log-stream:*");
        shared.push((Shared::Logs, target(&["logs:GetLogEvents"], streams)));
    }
    shared
}

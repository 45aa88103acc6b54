//! What nfplan does with the runner's own credentials, whatever account a workspace is in: it keeps
//! states in a bucket, and assumes the roles by which it gets into accounts.

use nfplan_engine::policy::Statement;

use super::Document;
use super::Kind;
use super::TooLarge;
use super::document::documents;
use crate::blueprint::partition;
use crate::project::Access;
use crate::project::Account;
use crate::project::StateBucket;
use crate::settings::Environment;

/// How many characters of ARNs a statement is given, so that it fits into a document.
const ARNS: usize = 5_000;

/// The policies of whoever runs nfplan, beside those of the accounts: none if states are in a folder
/// and no account is entered through a role.
pub fn of_runner(
    environment: &Environment,
    accounts: &[&Account],
    bucket: Option<&StateBucket>,
    kind: Kind,
) -> Result<Vec<Document>, TooLarge> {
    let mut statements = assuming(accounts);
    if let Some(bucket) = bucket {
        let regions = accounts.iter().map(|account| account.place.region.as_str());
        // Nothing reaches from one partition of AWS into another.
        let region = bucket.region.as_deref().or(regions.into_iter().next()).unwrap_or_default();
        let (name, domain) = partition::words(region);
        statements.extend(State { bucket, partition: name, domain, kind }.statements());
    }
    let name = format!("{}-nfplan-runner-{}", environment.host(), kind.word());
    documents((&name, "keep states, and get into accounts"), statements)
}

/// One statement for as many roles as it can hold.
fn assuming(accounts: &[&Account]) -> Vec<Statement> {
    let mut parts: Vec<Vec<&str>> = Vec::new();
    let mut room = 0;
    for account in accounts {
        let Access::AwsRole { role, .. } = &account.access else { continue };
        if room < role.len() {
            parts.push(Vec::new());
            room = ARNS;
        }
        room -= role.len();
        parts.last_mut().expect("there is one where there is room").push(role);
    }
    let assume =
        |roles: Vec<&str>| Statement::allow("AssumeAccountRoles", &["sts:AssumeRole"]).on(roles);
    parts.into_iter().map(assume).collect()
}

/// The bucket that states are in.
struct State<'a> {
    bucket: &'a StateBucket,
    partition: &'static str,
    domain: &'static str,
    kind: Kind,
}

impl State<'_> {
    fn statements(&self) -> Vec<Statement> {
        let mut statements = vec![self.list(), self.read()];
        match self.kind {
            Kind::ReadOnly => {}
            Kind::Apply => statements.extend([self.write(), self.probe(), self.prune()]),
        }
        statements.extend(self.key());
        statements
    }

    /// S3 says of an object that it is missing only to those who may list the bucket, and when it asks
    /// for that, no prefix is given. So a request without a prefix has to pass.
    fn list(&self) -> Statement {
        let statement = Statement::allow("ListStates", &["s3:ListBucket"]).on([self.arn()]);
        match &*self.bucket.prefix {
            "" => statement,
            prefix => statement.when("StringLikeIfExists", "s3:prefix", [format!("{prefix}/*")]),
        }
    }

    fn read(&self) -> Statement {
        Statement::allow("ReadStates", &["s3:GetObject"]).on([self.objects("*")])
    }

    fn write(&self) -> Statement {
        Statement::allow("WriteStates", &["s3:PutObject"]).on([self.objects("*")])
    }

    /// The first write to a bucket tries on an object of its own whether the bucket keeps conditions.
    fn probe(&self) -> Statement {
        Statement::allow("ProbeBucket", &["s3:DeleteObject"]).on([self.objects("probe/*")])
    }

    /// Only `nfplan state prune` deletes anything else: whoever never runs it can do without.
    fn prune(&self) -> Statement {
        Statement::allow("PruneStates", &["s3:DeleteObject"]).on([self.objects("*")])
    }

    /// S3 encrypts and decrypts on behalf of the caller.
    fn key(&self) -> Option<Statement> {
        let key = self.bucket.kms_key.as_deref()?;
        let actions: &[&'static str] = match self.kind {
            Kind::ReadOnly => &["kms:Decrypt"],
            Kind::Apply => &["kms:Decrypt", "kms:GenerateDataKey"],
        };
        let service = format!("s3.*.{}", self.domain);
        let statement = Statement::allow("UseStateKey", actions).on([key]);
        Some(statement.when("StringLike", "kms:ViaService", [service]))
    }

    fn arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition, self.bucket.name)
    }

    fn objects(&self, keys: &str) -> String {
        match &*self.bucket.prefix {
            "" => format!("{}/{keys}", self.arn()),
            prefix => format!("{}/{prefix}/{keys}", self.arn()),
        }
    }
}

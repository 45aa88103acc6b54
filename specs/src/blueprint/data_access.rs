//! What both jobs and the client may do with data: the researcher's own prefix of the shared bucket,
//! and the buckets that the spec opens for reading.

use nfplan_engine::expr::Expr;
use nfplan_engine::policy::Statement;

use super::names::addresses;
use super::names::attributes;
use super::workspace::Workspace;

/// The statements. With `endpoint`, the researcher's own data is within reach only through that S3
/// endpoint: any client of the account can submit a job definition of any other one, role included,
/// because a definition's name follows from its image; but the job then runs in the submitter's
/// network, and this endpoint is part of the role owner's.
pub(super) fn statements(workspace: &Workspace<'_>, endpoint: Option<&Expr>) -> Vec<Statement> {
    let own = [list(workspace), locate(workspace), objects(workspace)];
    let through = |statement: Statement| match endpoint {
        Some(endpoint) => statement.when("StringEquals", "aws:SourceVpce", [endpoint.clone()]),
        None => statement,
    };
    let mut statements: Vec<Statement> = own.into_iter().map(through).collect();
    // S3 calls KMS from its own network, not through the endpoint, so this cannot name it.
    statements.push(key(workspace));
    // Neither can this: a bucket in another region is reached through the proxy.
    statements.extend(read_buckets(workspace));
    statements
}

/// Nextflow looks a path up by listing with the path itself as the prefix, first without and then
/// with a slash. It never lists uploads that are under way, which S3 cannot restrict to a prefix.
fn list(workspace: &Workspace<'_>) -> Statement {
    let user = &workspace.settings.escaped;
    Statement::allow("ListOwnData", &["s3:ListBucket"])
        .on([workspace.platform(addresses::BUCKET, attributes::ARN)])
        .when(
            "StringLike",
            "s3:prefix",
            [user.to_string(), format!("{user}/"), format!("{user}/*")],
        )
}

/// The SDK asks where a bucket is before it signs for it.
fn locate(workspace: &Workspace<'_>) -> Statement {
    Statement::allow("LocateBucket", &["s3:GetBucketLocation"])
        .on([workspace.platform(addresses::BUCKET, attributes::ARN)])
}

/// Staging in and out, multipart uploads included; Nextflow tags what it publishes.
fn objects(workspace: &Workspace<'_>) -> Statement {
    let bucket = workspace.platform(addresses::BUCKET, attributes::ARN);
    let own = format!("/{}/*", workspace.settings.escaped);
    let actions = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
        "s3:GetObjectTagging",
        "s3:PutObjectTagging",
    ];
    Statement::allow("OwnData", &actions).on([Expr::Join(vec![bucket, own.into()])])
}

/// S3 encrypts and decrypts on behalf of the caller; the key is of no use outside S3.
fn key(workspace: &Workspace<'_>) -> Statement {
    let service = format!("s3.{}", workspace.partition.region_domain());
    Statement::allow("DataKey", &["kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey"])
        .on([workspace.platform(addresses::KEY, attributes::ARN)])
        .when("StringEquals", "kms:ViaService", [service])
}

/// The name of the statement about reference data.
pub(super) const READ_BUCKETS: &str = "ReadBuckets";

/// Reference data.
fn read_buckets(workspace: &Workspace<'_>) -> Option<Statement> {
    let buckets = &workspace.settings.read_buckets.value;
    let arns = buckets.iter().flat_map(|bucket| {
        let whole = workspace.partition.s3_arn(bucket);
        let objects = format!("{whole}/*");
        [whole, objects]
    });
    let actions = ["s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectTagging", "s3:ListBucket"];
    (!buckets.is_empty()).then(|| Statement::allow(READ_BUCKETS, &actions).on(arns))
}

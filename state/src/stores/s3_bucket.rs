//! The bucket that states are kept in: made as it should be, or looked at.
//!
//! A bucket that is there already belongs to somebody and is never changed; what it lacks is said.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::types::BucketLocationConstraint;
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_sdk_s3::types::CreateBucketConfiguration;
use aws_sdk_s3::types::ObjectOwnership;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use aws_sdk_s3::types::ServerSideEncryption;
use aws_sdk_s3::types::ServerSideEncryptionByDefault;
use aws_sdk_s3::types::ServerSideEncryptionConfiguration;
use aws_sdk_s3::types::ServerSideEncryptionRule;
use aws_sdk_s3::types::VersioningConfiguration;
use nfplan_engine::store::StoreError;
use serde_json::json;

use super::s3::client;
use super::s3::failed;
use crate::location::Bucket;

/// The region whose buckets have no location constraint.
const FIRST_REGION: &str = "us-east-1";

/// What became of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It was made, and protected in every way.
    Made,
    /// It was there. What it lacks, in words.
    Found(Vec<&'static str>),
}

/// Makes the bucket if there is none: private, versioned, encrypted, and only through TLS. One that is
/// there is looked at.
pub async fn prepare(bucket: &Bucket, config: &SdkConfig) -> Result<Readiness, StoreError> {
    let client = client(bucket, config);
    match client.head_bucket().bucket(&*bucket.name).send().await {
        Ok(_) => Ok(Readiness::Found(lacking(&client, &bucket.name).await?)),
        Err(error) if error.as_service_error().is_some_and(HeadBucketError::is_not_found) => {
            make(&client, bucket).await?;
            protect(&client, bucket).await.map_err(half_made)?;
            Ok(Readiness::Made)
        }
        Err(error) => Err(failed("look at", &bucket.name, &error)),
    }
}

fn region(client: &Client) -> &str {
    client.config().region().map_or(FIRST_REGION, |region| region.as_ref())
}

async fn make(client: &Client, bucket: &Bucket) -> Result<(), StoreError> {
    let name = &*bucket.name;
    let region = region(client);
    let constraint = (region != FIRST_REGION).then(|| {
        let constraint = BucketLocationConstraint::from(region);
        CreateBucketConfiguration::builder().location_constraint(constraint).build()
    });
    let create = client
        .create_bucket()
        .bucket(name)
        .object_ownership(ObjectOwnership::BucketOwnerEnforced)
        .set_create_bucket_configuration(constraint);
    create.send().await.map_err(|error| failed("make", name, &error))?;
    Ok(())
}

/// A bucket that is there is never changed, so that doing it again does not complete it.
fn half_made(error: StoreError) -> StoreError {
    let next = "the bucket was made and is not fully protected: delete it while it is empty, then try again";
    StoreError { message: format!("{}; {next}", error.message), ..error }
}

async fn protect(client: &Client, bucket: &Bucket) -> Result<(), StoreError> {
    let name = &*bucket.name;
    // Closed before anything else is said about it.
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    let request = client.put_public_access_block().bucket(name);
    let request = request.public_access_block_configuration(block);
    request.send().await.map_err(|error| failed("close", name, &error))?;
    let request = client.put_bucket_encryption().bucket(name);
    let request = request.server_side_encryption_configuration(encryption(bucket, name)?);
    request.send().await.map_err(|error| failed("encrypt", name, &error))?;
    let versioning =
        VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let request = client.put_bucket_versioning().bucket(name).versioning_configuration(versioning);
    request.send().await.map_err(|error| failed("version", name, &error))?;
    let region = region(client);
    let request = client.put_bucket_policy().bucket(name).policy(policy(name, region));
    request.send().await.map_err(|error| failed("protect", name, &error))?;
    Ok(())
}

fn encryption(
    bucket: &Bucket,
    name: &str,
) -> Result<ServerSideEncryptionConfiguration, StoreError> {
    let algorithm = match bucket.kms_key {
        Some(_) => ServerSideEncryption::AwsKms,
        None => ServerSideEncryption::Aes256,
    };
    let unsound = |error: aws_sdk_s3::error::BuildError| StoreError {
        operation: "encrypt",
        key: name.to_owned(),
        message: error.to_string(),
        denied: false,
    };
    let by_default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(algorithm)
        .set_kms_master_key_id(bucket.kms_key.clone().map(String::from))
        .build()
        .map_err(unsound)?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by_default)
        // One call to KMS for many objects.
        .bucket_key_enabled(bucket.kms_key.is_some())
        .build();
    ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(unsound)
}

/// Refuses every access without TLS.
fn policy(name: &str, region: &str) -> String {
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let arn = format!("arn:{partition}:s3:::{name}");
    let statement = json!({
        "Sid": "OnlyThroughTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// What a bucket lacks that nfplan would have given it.
async fn lacking(client: &Client, name: &str) -> Result<Vec<&'static str>, StoreError> {
    let mut lacking = Vec::new();
    let versioning = client.get_bucket_versioning().bucket(name).send().await;
    let versioning = versioning.map_err(|error| failed("look at", name, &error))?;
    if versioning.status() != Some(&BucketVersioningStatus::Enabled) {
        lacking.push("versions are not kept: what is overwritten or deleted is gone");
    }
    let block = client.get_public_access_block().bucket(name).send().await;
    let closed = match absent(block, "look at", name)? {
        None => false,
        Some(answer) => answer.public_access_block_configuration().is_some_and(|block| {
            [
                block.block_public_acls,
                block.ignore_public_acls,
                block.block_public_policy,
                block.restrict_public_buckets,
            ]
            .iter()
            .all(|closed| *closed == Some(true))
        }),
    };
    if !closed {
        lacking.push("public access is not blocked in every way");
    }
    Ok(lacking)
}

/// None if the bucket has no such configuration, or the server knows none of its kind.
fn absent<T, E>(
    answer: Result<T, SdkError<E>>,
    operation: &'static str,
    name: &str,
) -> Result<Option<T>, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some("NoSuchPublicAccessBlockConfiguration" | "NotImplemented") => Ok(None),
            _ => Err(failed(operation, name, &error)),
        },
    }
}

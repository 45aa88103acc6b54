//! A store in a part of an S3 bucket.
//!
//! Conditional writes are `PutObject` with `If-None-Match: *` or `If-Match: <ETag>` (S3 user guide,
//! "Add preconditions to S3 operations with conditional requests"). The SDK sends a request again
//! when its answer was lost; what a second sending meets may then be the first one's effect, so that
//! a refusal does not mean that somebody else wrote. Whoever gets one looks again, as the port says.

use std::collections::BTreeSet;
use std::iter;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::RequestId as _;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use aws_types::service_config::ServiceConfigKey;
use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;

use crate::location::Bucket;

/// Where no region is configured; S3 itself answers for buckets anywhere and says where they are.
const DEFAULT_REGION: &str = "us-east-1";
/// How often one call is sent at most.
const ATTEMPTS: u32 = 5;
/// How long one call may take, all its sendings together.
const CALL: std::time::Duration = std::time::Duration::from_secs(30);

/// Objects below a prefix of a bucket; a key follows the prefix.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: Bucket,
}

impl S3Store {
    /// A store in a bucket, with credentials, region and endpoint as configured. Nothing is sent.
    pub fn new(bucket: Bucket, config: &SdkConfig) -> Self {
        Self { client: client(&bucket, config), bucket }
    }

    /// The bucket and prefix.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    fn whole(&self, key: &str) -> String {
        match &*self.bucket.prefix {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        }
    }

    async fn put(
        &self,
        key: &str,
        condition: &Condition<'_>,
        body: &[u8],
    ) -> Result<Put, StoreError> {
        let kms_key = self.bucket.kms_key.clone();
        let encryption = kms_key.as_ref().map(|_| ServerSideEncryption::AwsKms);
        let request = self
            .client
            .put_object()
            .bucket(&*self.bucket.name)
            .key(self.whole(key))
            .content_type("application/json")
            .set_expected_bucket_owner(self.owner())
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(kms_key.map(String::from))
            .body(ByteStream::from(body.to_vec()));
        let request = match condition {
            Condition::Absent => request.if_none_match("*"),
            Condition::Tagged(tag) => request.if_match(&tag.0),
        };
        match request.send().await {
            Ok(answer) => match answer.e_tag {
                Some(tag) => Ok(Put::Written(Tag(tag))),
                None => Err(failure("write", key, "the answer has no ETag".into())),
            },
            Err(error) if refuses(&error) => Ok(Put::Refused),
            Err(error) => Err(self.failed("write", key, &error)),
        }
    }

    /// Says also in which bucket: what is missing there may be there in another.
    fn failed<E>(&self, operation: &'static str, key: &str, error: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let error = failed(operation, key, error);
        let place = format!("s3://{}/{}", self.bucket.name, self.bucket.prefix);
        StoreError {
            message: format!("{} (in {})", error.message, place.trim_end_matches('/')),
            ..error
        }
    }

    fn owner(&self) -> Option<String> {
        self.bucket.owner.clone().map(String::from)
    }
}

/// Under which condition an object is written.
enum Condition<'a> {
    Absent,
    Tagged(&'a Tag),
}

pub(super) fn client(bucket: &Bucket, config: &SdkConfig) -> Client {
    let region = bucket.region.as_ref().map(|region| Region::new(region.to_string()));
    let region = region.or(config.region().cloned()).unwrap_or(Region::from_static(DEFAULT_REGION));
    let timeouts = TimeoutConfig::builder().operation_timeout(CALL).build();
    let builder = aws_sdk_s3::config::Builder::from(config)
        .region(region)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts);
    // Servers that only speak S3 have no host name for each bucket.
    Client::from_conf(builder.force_path_style(is_elsewhere(config)).build())
}

/// Whether the environment names another endpoint, for all services or for S3.
fn is_elsewhere(config: &SdkConfig) -> bool {
    let of_s3 = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let named = |key| config.service_config()?.load_config(key);
    config.endpoint_url().is_some() || of_s3.is_ok_and(|key| named(key).is_some())
}

/// Whether S3 says that the condition does not hold, or that two writes met and this one lost. For
/// `If-Match` on an object that is not there it says 404.
fn refuses<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey"))
}

fn failure(operation: &'static str, key: &str, message: String) -> StoreError {
    StoreError { operation, key: key.to_owned(), message, denied: false }
}

/// What is wrong when a server answers for another region.
const ELSEWHERE: &str = "; the bucket is in another region: set `region` of `state`, or AWS_REGION";

/// An error and what caused it, in words. Never its debug form: that has headers and bodies.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let texts = iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    let mut texts: Vec<String> = texts.collect();
    texts.dedup();
    texts.join(": ")
}

/// Says which operation on which object failed and why, in S3's words.
pub(super) fn failed<E>(operation: &'static str, key: &str, error: &SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let service = error.as_service_error();
    let Some((service, code)) = service.and_then(|service| Some((service, service.code()?))) else {
        // Answers to HEAD requests have no body that could say why.
        let message = match status {
            0 => format!(
                "{}; check the credentials (--profile, AWS_PROFILE) and the endpoint",
                causes(error)
            ),
            301 | 400 => format!("HTTP status {status}{ELSEWHERE}"),
            403 => {
                "HTTP status 403; it is another account's, or these credentials lack a permission"
                    .into()
            }
            status => format!("HTTP status {status}: {}", causes(error)),
        };
        return StoreError { denied: status == 403, ..failure(operation, key, message) };
    };
    let text = service.message().map(|text| format!(": {text}")).unwrap_or_default();
    let request = service.meta().request_id().map(|id| format!(" (request {id})"));
    let help = match code {
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => ELSEWHERE,
        "NoSuchBucket" => "; `nfplan init --state` makes it",
        _ => "",
    };
    let message = format!("{code}{text}{}{help}", request.unwrap_or_default());
    let denied = status == 403 || matches!(code, "AccessDenied" | "ExpiredToken");
    StoreError { denied, ..failure(operation, key, message) }
}

impl Store for S3Store {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let request = self
            .client
            .get_object()
            .bucket(&*self.bucket.name)
            .key(self.whole(key))
            .set_expected_bucket_owner(self.owner());
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(self.failed("read", key, &error)),
        };
        let Some(tag) = answer.e_tag.clone() else {
            return Err(failure("read", key, "the answer has no ETag".into()));
        };
        let body = answer.body.collect().await;
        let body = body.map_err(|error| failure("read", key, causes(&error)))?;
        Ok(Some(Stored { body: body.to_vec(), tag: Tag(tag) }))
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        self.put(key, &Condition::Absent, body).await
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        self.put(key, &Condition::Tagged(tag), body).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let whole = self.whole(folder);
        let prefix = whole.len() - folder.len();
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&*self.bucket.name)
            .prefix(&whole)
            .delimiter("/")
            .set_expected_bucket_owner(self.owner())
            .into_paginator()
            .send();
        let mut listed = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed("list", folder, &error))?;
            let objects = page.contents().iter().filter_map(|object| object.key());
            let folders = page.common_prefixes().iter().filter_map(|common| common.prefix());
            for key in objects.chain(folders) {
                // A console may have made an object with the folder's own name.
                if key.len() > whole.len() {
                    listed.insert(key[prefix..].to_owned());
                }
            }
        }
        Ok(listed.into_iter().collect())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let request = self
            .client
            .delete_object()
            .bucket(&*self.bucket.name)
            .key(self.whole(key))
            .set_expected_bucket_owner(self.owner());
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed("delete", key, &error)),
        }
    }
}

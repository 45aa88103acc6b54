//! S3: the work bucket and its parts, each with a call of its own.
//!
//! Every request names the account that the bucket must belong to, so that a bucket of somebody else
//! under the name is never read or written.

use aws_sdk_s3::types::Tag;
use nfplan_engine::observed::Live;
use nfplan_engine::observed::Sighting;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::Target;
use nfplan_engine::provider::Wanted;

use crate::aws::error;
use crate::aws::reading::Reading;
use crate::aws::reading::input;
use crate::aws::selection::choose;
use crate::aws::session::Session;
use crate::aws::tags;
use crate::aws::tags::Tags;

pub(crate) mod bucket;
pub(crate) mod bucket_encryption;
pub(crate) mod bucket_lifecycle;
pub(crate) mod bucket_policy;
pub(crate) mod lifecycle_rule;
pub(crate) mod public_access_block;

/// The account that buckets must belong to.
fn owner(session: &Session<'_>) -> String {
    session.place.account.to_string()
}

/// The bucket's tags: empty if it has none, none if there is no such bucket.
async fn tags_of(session: &Session<'_>, bucket: &str) -> Result<Option<Tags>, ProviderError> {
    let call = session.clients.s3.get_bucket_tagging().bucket(bucket);
    let call = call.expected_bucket_owner(owner(session)).send();
    match session.look("s3:GetBucketTagging", call).await {
        Ok(answer) => Ok(Some(tags_from(answer.tag_set()))),
        Err(error) if error.code == "NoSuchTagSet" => Ok(Some(Tags::new())),
        Err(error) => error::optional(Err(error)),
    }
}

fn tags_from(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

fn sdk_tags(tags: Tags) -> Vec<Tag> {
    let tags = tags.into_iter();
    tags.filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// Finds parts of buckets: whose they are is told by their bucket's tags, asked for once.
async fn read_parts(
    reading: &Reading<'_>,
    wanted: &[&Wanted<'_>],
    resource_type: &str,
    look: impl AsyncFn(&str, &Tags, &Wanted<'_>) -> Result<Option<Live>, ProviderError>,
) -> Vec<Sighting> {
    let schema = reading.session.schema(resource_type);
    reading
        .each(wanted, async |wanted| {
            let bucket = match &wanted.target {
                Target::Id(id, _) => Some(id.as_str()),
                _ => input(wanted, "bucket"),
            };
            let Some(bucket) = bucket else { return Ok(None) };
            let Some(tags) = shared_tags(reading, bucket).await? else { return Ok(None) };
            let found = error::optional(look(bucket, &tags, wanted).await)?.flatten();
            Ok(choose(schema, wanted, found.as_slice()).cloned())
        })
        .await
}

async fn shared_tags(reading: &Reading<'_>, bucket: &str) -> Result<Option<Tags>, ProviderError> {
    reading.tags_of(bucket, async || tags_of(reading.session, bucket).await).await
}

/// Whether another change of the bucket is under way: S3 takes one at a time.
fn is_busy(error: &ProviderError) -> bool {
    matches!(error.code.as_str(), "OperationAborted" | "ConflictException")
}

/// Whether S3 does not know the bucket everywhere yet, or works on another change of it.
fn is_busy_or_lag(error: &ProviderError) -> bool {
    is_busy(error) || error.code == "NoSuchBucket"
}

/// The tags of a request that replaces them all: those of others on the bucket stay.
fn merged(live: Tags, retagging: tags::Retagging) -> Tags {
    let mut all = live;
    all.retain(|key, _| !retagging.unset.contains(key) && !key.starts_with("aws:"));
    all.extend(retagging.set);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_others_and_of_the_attempt_stay() {
        let tags = |pairs: &[(&str, &str)]| -> Tags {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let live = tags(&[("a", "1"), ("b", "2"), ("theirs", "x"), ("nfplan:incarnation", "1")]);
        let set = tags(&[("a", "9")]);
        let retagging = tags::Retagging { set, unset: vec!["b".to_owned()] };
        let expected = tags(&[("a", "9"), ("theirs", "x"), ("nfplan:incarnation", "1")]);
        assert_eq!(merged(live, retagging), expected);
    }
}

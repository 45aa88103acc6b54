//! KMS: the key that encrypts the work bucket, and its name.

use aws_sdk_kms::types::Tag;
use nfplan_engine::provider::ProviderError;

use crate::aws::error;
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::aws::tags::Tags;

pub(crate) mod alias;
pub(crate) mod key;

/// The tags of a key, which its alias asks for too.
async fn shared_tags(reading: &Reading<'_>, key: &str) -> Result<Option<Tags>, ProviderError> {
    reading.tags_of(key, async || tags_of(reading.session, key).await).await
}

/// The tags of a key; none if there is no such key.
async fn tags_of(session: &Session<'_>, key: &str) -> Result<Option<Tags>, ProviderError> {
    let tags = session.pages("kms:ListResourceTags", async |marker| {
        let page = session.clients.kms.list_resource_tags().key_id(key).set_marker(marker);
        let page = page.send().await?;
        let marker = page.next_marker.filter(|_| page.truncated);
        Ok((page.tags.unwrap_or_default(), marker))
    });
    let tags = error::optional(tags.await)?;
    Ok(tags.map(|tags| {
        tags.into_iter().map(|tag| (tag.tag_key().to_owned(), tag.tag_value().to_owned())).collect()
    }))
}

fn sdk_tags(tags: Tags) -> Vec<Tag> {
    let tags = tags.into_iter();
    tags.filter_map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build().ok())
        .collect()
}

//! Secrets Manager: the secret in which an access key is delivered, and which key it gives out.

use std::collections::HashMap;

use aws_sdk_secretsmanager::types::Tag;
use nfplan_engine::provider::ProviderError;

use crate::aws::error;
use crate::aws::reading::Reading;
use crate::aws::session::Session;
use crate::aws::tags;
use crate::aws::tags::Tags;

pub(crate) mod current_version;
pub(crate) mod secret;

/// The types whose objects come with secrets.
const TYPES: [&str; 2] = ["secretsmanager.current_version", "secretsmanager.secret"];

/// From so many objects on, a listing of all secrets takes fewer requests.
const LIST_FROM: usize = 10;

/// The label of the version that a secret gives out.
const CURRENT: &str = "AWSCURRENT";

/// A secret as both of the service's answers show it. It never holds the secret's value.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    arn: String,
    name: String,
    description: Option<String>,
    tags: Tags,
    /// Labels by version.
    versions: HashMap<String, Vec<String>>,
}

impl Described {
    /// The version that has a label.
    fn version_of(&self, label: &str) -> Option<&str> {
        let mut versions = self.versions.iter();
        let found = versions.find(|(_, labels)| labels.iter().any(|other| other == label));
        found.map(|(version, _)| version.as_str())
    }

    /// The key that is given out: the label of our own on the current version.
    fn current_key(&self) -> Option<&str> {
        let labels = self.versions.get(self.version_of(CURRENT)?)?;
        labels.iter().find(|label| !label.starts_with("AWS")).map(String::as_str)
    }
}

/// A secret by its ARN or name.
async fn secret(
    reading: &Reading<'_>,
    arn_or_name: &str,
) -> Result<Option<Described>, ProviderError> {
    if reading.of_types(&TYPES).count() < LIST_FROM {
        return describe(reading.session, arn_or_name).await;
    }
    let listed = all(reading).await?;
    let is_meant = |secret: &&Described| secret.arn == arn_or_name || secret.name == arn_or_name;
    Ok(listed.iter().find(is_meant).cloned())
}

/// All secrets, listed once for a read.
async fn all<'r>(reading: &'r Reading<'_>) -> Result<&'r [Described], ProviderError> {
    let listed = reading.secrets.get_or_init(|| list(reading.session)).await;
    listed.as_ref().map(Vec::as_slice).map_err(Clone::clone)
}

/// All secrets but those that are being deleted.
async fn list(session: &Session<'_>) -> Result<Vec<Described>, ProviderError> {
    let secrets = session.pages("secretsmanager:ListSecrets", async |token| {
        let page = session.clients.secrets.list_secrets().max_results(100);
        let page = page.set_next_token(token).send().await?;
        Ok((page.secret_list.unwrap_or_default(), page.next_token))
    });
    let secrets = secrets.await?.into_iter().filter(|secret| secret.deleted_date.is_none());
    let described = secrets.map(|secret| Described {
        tags: tags_of(secret.tags()),
        arn: secret.arn.unwrap_or_default(),
        name: secret.name.unwrap_or_default(),
        description: secret.description,
        versions: secret.secret_versions_to_stages.unwrap_or_default(),
    });
    Ok(described.collect())
}

/// One secret, unless it is being deleted.
async fn describe(
    session: &Session<'_>,
    arn_or_name: &str,
) -> Result<Option<Described>, ProviderError> {
    let call = session.clients.secrets.describe_secret().secret_id(arn_or_name).send();
    let found = session.look("secretsmanager:DescribeSecret", call).await;
    let found = error::optional(found)?.filter(|secret| secret.deleted_date.is_none());
    Ok(found.map(|secret| Described {
        tags: tags_of(secret.tags()),
        arn: secret.arn.unwrap_or_default(),
        name: secret.name.unwrap_or_default(),
        description: secret.description,
        versions: secret.version_ids_to_stages.unwrap_or_default(),
    }))
}

fn tags_of(tags: &[Tag]) -> Tags {
    tags::listed!(tags)
}

fn sdk_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

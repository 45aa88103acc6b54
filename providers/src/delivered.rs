//! Access keys that were delivered, told again to whoever may read the place where they are.
//!
//! This stands beside the engine's ports, not in them: no plan, state or journal ever holds one.

use nfplan_engine::address::Place;
use nfplan_engine::provider::ProviderError;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::cloud::Cloud;

/// An access key with its secret, which neither prints nor serialises.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// The key's id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

impl AccessKey {
    /// Reads what a version of a secret holds: a JSON map with the names of AWS's shared credentials
    /// file. None if it holds anything else.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "only AWS keeps them so"))]
    pub(crate) fn read(text: &SecretString) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Held {
            aws_access_key_id: String,
            aws_secret_access_key: SecretText,
        }
        let held: Held = serde_json::from_str(text.expose_secret()).ok()?;
        Some(Self { id: held.aws_access_key_id, secret: held.aws_secret_access_key.0 })
    }
}

/// A text that is a secret from the moment it is read.
struct SecretText(SecretString);

impl<'de> serde::Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

impl Cloud {
    /// The key that a secret gives out; none if the secret is gone or gives none out.
    #[cfg_attr(not(feature = "aws"), expect(clippy::unused_async, reason = "AWS is waited for"))]
    pub async fn delivered_key(
        &self,
        place: &Place,
        secret_arn: &str,
    ) -> Result<Option<AccessKey>, ProviderError> {
        #[cfg(feature = "aws")]
        if let Some(aws) = self.aws_for(place) {
            return Box::pin(aws.delivered_key(place, secret_arn)).await;
        }
        self.sim().delivered_key(place, secret_arn)
    }
}

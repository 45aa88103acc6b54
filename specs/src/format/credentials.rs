//! `credentials`: how the client gets in.

use super::overlay::Layer;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::settings::Delivery;
use crate::syntax;

/// How the client gets in, each field set or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CredentialsOverlay {
    AccessKey { deliver: Option<Delivery> },
    Role { assumable_by: Option<Vec<Box<str>>> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    AccessKey,
    Role,
}

/// Reads `credentials`. Without `kind`, the layer below says which keys make sense.
pub(crate) fn credentials(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    below: Layer<'_>,
) -> Option<CredentialsOverlay> {
    let mut fields = decoder.fields(field)?;
    let kind = match fields.take("kind") {
        Some(kind) => decoder.word(kind, &[("access_key", Kind::AccessKey), ("role", Kind::Role)]),
        None => inherited(below),
    };
    let deliver = fields.take("deliver");
    let assumable_by = fields.take("assumable_by");
    decoder.finish(fields);
    match kind? {
        Kind::AccessKey => {
            decoder.refuse([assumable_by], "kind: role");
            let sinks = [("secrets_manager", Delivery::SecretsManager), ("file", Delivery::File)];
            let deliver = deliver.and_then(|field| decoder.word(field, &sinks));
            Some(CredentialsOverlay::AccessKey { deliver })
        }
        Kind::Role => {
            decoder.refuse([deliver], "kind: access_key");
            let assumable_by = assumable_by.and_then(|field| {
                decoder.some(field, |decoder, item| decoder.checked(item, syntax::principal_arn))
            });
            Some(CredentialsOverlay::Role { assumable_by })
        }
    }
}

fn inherited(below: Layer<'_>) -> Option<Kind> {
    match below {
        Layer::Defaults => Some(Kind::AccessKey),
        Layer::Profile(profile) => match profile.credentials.as_ref().map(|set| &set.value) {
            Some(CredentialsOverlay::Role { .. }) => Some(Kind::Role),
            Some(CredentialsOverlay::AccessKey { .. }) | None => Some(Kind::AccessKey),
        },
        Layer::Unknown => None,
    }
}

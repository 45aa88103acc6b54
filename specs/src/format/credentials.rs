//! `credentials`: how the client gets in.

use super::overlay::Layer;
use super::shape::Choice;
use super::shape::Key;
use super::shape::Rule;
use super::shape::Section;
use super::shape::Shape;
use super::shape::Variants;
use super::shape::words;
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

/// The section.
pub(super) static CREDENTIALS: Section = Section {
    keys: &[&[
        Key::optional("kind", Shape::Word(&words(&KINDS)), "How the client proves who it is.")
            .or("access_key"),
        Key::optional(
            "deliver",
            Shape::Word(&words(&SINKS)),
            "Where the access key's secret goes.",
        )
        .or("secrets_manager"),
        Key::optional(
            "assumable_by",
            Shape::List(&Shape::Text(&syntax::PRINCIPAL_ARN), 1),
            "Who may assume the client's role.",
        ),
    ]],
    rules: &[Rule::Variants(&Variants {
        key: "kind",
        default: "access_key",
        keys: &[("access_key", &["deliver"]), ("role", &["assumable_by"])],
    })],
};

const KINDS: [Choice<Kind>; 2] = [
    Choice::new("access_key", Kind::AccessKey, "An IAM user with an access key."),
    Choice::new(
        "role",
        Kind::Role,
        "A role that others assume; it needs `assumable_by`, here or in the profile.",
    ),
];

const SINKS: [Choice<Delivery>; 2] = [
    Choice::new("secrets_manager", Delivery::SecretsManager, "A secret in AWS Secrets Manager."),
    Choice::new("file", Delivery::File, "A file on the machine that runs nfplan, mode 0600."),
];

/// Reads `credentials`. Without `kind`, the layer below says which keys make sense.
pub(crate) fn credentials(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    below: Layer<'_>,
) -> Option<CredentialsOverlay> {
    let fields = decoder.fields(field)?;
    Some(match decoder.variant(fields, &KINDS, inherited(below))? {
        Kind::AccessKey => {
            let deliver = fields.get("deliver").and_then(|field| decoder.word(field, &SINKS));
            CredentialsOverlay::AccessKey { deliver }
        }
        Kind::Role => {
            let read =
                |field| decoder.list(field, |decoder, item| decoder.text(item).map(Box::from));
            CredentialsOverlay::Role { assumable_by: fields.get("assumable_by").and_then(read) }
        }
    })
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

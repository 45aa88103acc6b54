//! What profiles and workspaces have in common: fields of which each may be set or left to the layer
//! below. A workspace lies over its profile, a profile over nfplan's defaults.

use std::collections::BTreeMap;

use super::compute::COMPUTE;
use super::compute::ComputeOverlay;
use super::compute::compute;
use super::credentials::CREDENTIALS;
use super::credentials::CredentialsOverlay;
use super::credentials::credentials;
use super::network::NETWORK;
use super::network::NetworkOverlay;
use super::network::network;
use super::shape::Key;
use super::shape::Section;
use super::shape::Shape;
use super::tags::LABELS;
use super::tags::TAGS;
use super::tags::labels;
use super::tags::tags;
use crate::code;
use crate::decode::Decoder;
use crate::decode::Field;
use crate::decode::Fields;
use crate::decode::Set;
use crate::syntax;

/// The fields that a profile or a workspace sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overlay {
    pub compute: ComputeOverlay,
    pub images: Option<Set<Vec<Box<str>>>>,
    pub read_buckets: Option<Set<Vec<Box<str>>>>,
    pub network: Option<Set<NetworkOverlay>>,
    pub credentials: Option<Set<CredentialsOverlay>>,
    pub release: Option<Set<bool>>,
    pub tags: BTreeMap<Box<str>, Set<Box<str>>>,
    pub labels: BTreeMap<Box<str>, Box<str>>,
    pub permissions_boundary: Option<Set<Box<str>>>,
    pub protect: Option<Set<bool>>,
}

/// What lies below the overlay that is being read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layer<'a> {
    /// Nfplan's defaults: a profile is being read.
    Defaults,
    /// A sound profile: a workspace is being read.
    Profile(&'a Overlay),
    /// A profile that has problems of its own or does not exist: nothing that depends on it can be
    /// judged.
    Unknown,
}

/// The keys that a profile and a researcher may have.
pub(super) static KEYS: [Key; 10] = [
    Key::optional("compute", Shape::Section(&COMPUTE), "Where jobs run."),
    Key::optional(
        "images",
        Shape::List(&Shape::Text(&syntax::IMAGE), 0),
        "Patterns of the container images that jobs may use, `*` for any text and `{{username}}` \
         for the escaped user name. Empty: every image.",
    )
    .or("[]"),
    Key::optional(
        "read_buckets",
        Shape::List(&Shape::Text(&syntax::BUCKET), 0),
        "Buckets that jobs and client may read, beside the researcher's own part of the work \
         bucket. `{{username}}` stands for the escaped user name.",
    )
    .or("[]"),
    Key::optional("network", Shape::Section(&NETWORK), "How jobs reach the network."),
    Key::optional(
        "credentials",
        Shape::Section(&CREDENTIALS),
        "How the researcher's client gets in.",
    ),
    Key::optional("suspend", Shape::Section(&SUSPEND), "What suspension takes away."),
    Key::optional(
        "tags",
        Shape::Map(&TAGS),
        "Tags for every object that takes some. Those of profile and researcher are put together.",
    )
    .or("{}"),
    Key::optional(
        "labels",
        Shape::Map(&LABELS),
        "Labels to choose workspaces by; they are not sent to the cloud. Those of profile and \
         researcher are put together.",
    )
    .or("{}"),
    Key::optional(
        "permissions_boundary",
        Shape::Text(&syntax::POLICY_ARN),
        "The policy that bounds what all roles and users of the workspace may do.",
    ),
    Key::optional(
        "protect",
        Shape::Boolean,
        "Whether deleting or replacing anything of the workspace is refused.",
    )
    .or("false"),
];

static SUSPEND: Section = Section {
    keys: &[&[Key::optional(
        "release",
        Shape::Boolean,
        "Whether a suspended workspace gives back its job queue and compute environment, of which \
         an account has 50 each.",
    )
    .or("false")]],
    rules: &[],
};

/// Reads the fields of an overlay out of a map that may have more keys.
pub(crate) fn overlay(decoder: &mut Decoder<'_>, fields: Fields<'_>, below: Layer<'_>) -> Overlay {
    Overlay {
        compute: fields
            .get("compute")
            .map_or_else(ComputeOverlay::default, |field| compute(decoder, field, below)),
        images: decoder.read(fields, "images", templates),
        read_buckets: decoder.read(fields, "read_buckets", templates),
        network: decoder.read(fields, "network", |decoder, field| network(decoder, field, below)),
        credentials: decoder
            .read(fields, "credentials", |decoder, field| credentials(decoder, field, below)),
        release: fields.get("suspend").and_then(|field| {
            let fields = decoder.fields(field)?;
            decoder.read(fields, "release", Decoder::boolean)
        }),
        tags: fields.get("tags").map_or_else(BTreeMap::new, |field| tags(decoder, field)),
        labels: fields.get("labels").map_or_else(BTreeMap::new, |field| labels(decoder, field)),
        permissions_boundary: decoder.read(fields, "permissions_boundary", |decoder, field| {
            decoder.text(field).map(Box::from)
        }),
        protect: decoder.read(fields, "protect", Decoder::boolean),
    }
}

fn templates(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Vec<Box<str>>> {
    decoder.list(field, template)
}

/// Reads text that may have `{{username}}` in it.
fn template(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Box<str>> {
    let text = decoder.raw_text(field)?;
    if let Err(braced) = syntax::fill_in(text, "u") {
        let message = format!("`{braced}` means nothing: only {{{{username}}}} is filled in");
        let problem = decoder.error(code::TEMPLATE, field.node.span, message);
        let mended = text.replace(&braced, "{{username}}");
        let sound = syntax::fill_in(&mended, "u").is_ok();
        decoder.report(if sound {
            problem.suggest("did you mean the user name?", format!("\"{mended}\""))
        } else {
            problem
        });
        return None;
    }
    decoder.text(field).map(Box::from)
}

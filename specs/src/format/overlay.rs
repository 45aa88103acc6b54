//! What profiles and workspaces have in common: fields of which each may be set or left to the layer
//! below. A workspace lies over its profile, a profile over nfplan's defaults.

use std::collections::BTreeMap;

use super::compute::ComputeOverlay;
use super::compute::compute;
use super::credentials::CredentialsOverlay;
use super::credentials::credentials;
use super::network::NetworkOverlay;
use super::network::network;
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

/// Reads the fields of an overlay out of a map that may have more keys.
pub(crate) fn overlay(
    decoder: &mut Decoder<'_>,
    fields: &mut Fields<'_>,
    below: Layer<'_>,
) -> Overlay {
    Overlay {
        compute: fields
            .take("compute")
            .map_or_else(ComputeOverlay::default, |field| compute(decoder, field, below)),
        images: decoder.optional(fields, "images", |decoder, field| {
            decoder.list(field, |decoder, item| template(decoder, item, syntax::image))
        }),
        read_buckets: decoder.optional(fields, "read_buckets", |decoder, field| {
            decoder.list(field, |decoder, item| template(decoder, item, syntax::bucket))
        }),
        network: decoder
            .optional(fields, "network", |decoder, field| network(decoder, field, below)),
        credentials: decoder
            .optional(fields, "credentials", |decoder, field| credentials(decoder, field, below)),
        release: fields.take("suspend").and_then(|field| release(decoder, field)),
        tags: fields.take("tags").map_or_else(BTreeMap::new, |field| tags(decoder, field)),
        labels: fields.take("labels").map_or_else(BTreeMap::new, |field| labels(decoder, field)),
        permissions_boundary: decoder.optional(fields, "permissions_boundary", |decoder, field| {
            decoder.checked(field, syntax::policy_arn)
        }),
        protect: decoder.optional(fields, "protect", Decoder::boolean),
    }
}

fn release(decoder: &mut Decoder<'_>, field: Field<'_>) -> Option<Set<bool>> {
    let mut fields = decoder.fields(field)?;
    let release = decoder.optional(&mut fields, "release", Decoder::boolean);
    decoder.finish(fields);
    release
}

/// Reads text with `{{username}}` in it; the check sees it filled in with one letter.
fn template(
    decoder: &mut Decoder<'_>,
    field: Field<'_>,
    check: fn(&str) -> Result<Box<str>, String>,
) -> Option<Box<str>> {
    let text = decoder.text(field)?;
    match syntax::fill_in(text, "u") {
        Err(braced) => {
            let message = format!("`{braced}` means nothing: only {{{{username}}}} is filled in");
            decoder.report(decoder.error(code::TEMPLATE, field.node.span, message));
            None
        }
        Ok(filled) => match check(&filled) {
            Ok(_) => Some(text.into()),
            Err(expected) => decoder.wrong_form(field, &expected),
        },
    }
}

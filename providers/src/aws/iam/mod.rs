//! IAM: roles, users, instance profiles, policies and access keys. They belong to no region, and
//! what was changed is seen by some of IAM's servers before others.

use std::borrow::Cow;

use aws_sdk_iam::types::AttachedPolicy;
use aws_sdk_iam::types::Tag;
use nfplan_engine::address::UnitId;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::aws::inputs::texts;
use crate::aws::tags::Tags;

pub(crate) mod access_key;
mod hanging;
pub(crate) mod instance_profile;
pub(crate) mod policy;
mod principals;
pub(crate) mod role;
pub(crate) mod user;

pub(crate) use hanging::Devices;
pub(crate) use principals::Principals;

/// Tags as requests carry them.
fn sdk_tags(tags: Tags) -> Vec<Tag> {
    let tags = tags.into_iter();
    tags.filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// Tags as answers hold them.
fn tags_of(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

/// Whether an object of this name may be a unit's: names hold the user's. It spares a request for the
/// tags of everybody else's.
fn may_be_of(unit: &UnitId, name: &str) -> bool {
    match unit {
        UnitId::Platform(_) => false,
        UnitId::Workspace(_, user) => name.contains(&user.to_string()),
    }
}

/// A document as requests carry it.
fn document(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.get(name).map(Value::to_string)
}

/// A document as it was given: answers escape it as URLs do (IAM API reference, `GetPolicyVersion`).
fn decoded(document: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(document).decode_utf8_lossy()
}

/// The ARNs of attached policies.
fn arns(attached: &[AttachedPolicy]) -> impl Iterator<Item = &str> {
    attached.iter().filter_map(AttachedPolicy::policy_arn)
}

/// Which policies to attach and which to detach.
fn attachments(before: &Attributes, after: &Attributes) -> (Vec<String>, Vec<String>) {
    let (before, after) = (texts(before, "policy_arns"), texts(after, "policy_arns"));
    let without = |all: &[String], others: &[String]| {
        all.iter().filter(|arn| !others.contains(arn)).cloned().collect()
    };
    (without(&after, &before), without(&before, &after))
}

/// What becomes of a permissions boundary.
enum Boundary<'a> {
    Kept,
    Put(&'a str),
    Removed,
}

fn boundary<'a>(request: &'a UpdateRequest<'_>) -> Boundary<'a> {
    const NAME: &str = "permissions_boundary";
    match request.after.get(NAME).and_then(Value::as_text) {
        _ if !request.changed.contains(NAME) => Boundary::Kept,
        Some(arn) => Boundary::Put(arn),
        None => Boundary::Removed,
    }
}

/// Whether IAM does not know everywhere yet what was made just now: an object, or a principal that a
/// document names (IAM user guide, "Changes that I make are not always immediately visible").
fn is_lag(error: &ProviderError) -> bool {
    error.kind == ErrorKind::NotFound || error.code == "MalformedPolicyDocument"
}

/// Whether somebody else changes the same object at this moment.
fn is_busy(error: &ProviderError) -> bool {
    matches!(
        error.code.as_str(),
        "ConcurrentModification" | "EntityTemporarilyUnmodifiable" | DELETE_CONFLICT
    )
}

/// Something hangs on what is to be deleted.
const DELETE_CONFLICT: &str = "DeleteConflict";

/// Brings the tags to what is wanted, with the calls of a type.
macro_rules! retag {
    ($session:expr, $request:expr, $set:literal = $set_call:expr, $unset:literal = $unset_call:expr) => {{
        let $crate::aws::tags::Retagging { set, unset } =
            $crate::aws::tags::retagging($request.before, $request.after);
        if !unset.is_empty() {
            let call = $unset_call.set_tag_keys(Some(unset)).send();
            $session.change($unset, call).await?;
        }
        if !set.is_empty() {
            let call = $set_call.set_tags(Some($crate::aws::iam::sdk_tags(set))).send();
            $session.change($set, call).await?;
        }
    }};
}
use retag;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_unescaped_and_plain_ones_stay() {
        assert_eq!(decoded("%7B%22a%22%3A%22b+c%22%7D"), r#"{"a":"b+c"}"#);
        assert_eq!(decoded(r#"{"a":"b c"}"#), r#"{"a":"b c"}"#);
    }

    #[test]
    fn only_what_differs_is_attached_and_detached() {
        let of = |arns: &[&str]| {
            Attributes::from([("policy_arns".into(), Value::list(arns.iter().copied()))])
        };
        let (attach, detach) = attachments(&of(&["a", "b"]), &of(&["b", "c"]));
        assert_eq!((attach, detach), (vec!["c".to_owned()], vec!["a".to_owned()]));
    }
}

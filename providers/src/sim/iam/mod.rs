//! IAM: roles, users, instance profiles, policies and access keys. They belong to no region.

use crate::sim::kind::Codes;
use crate::sim::kind::Holds;
use crate::sim::kind::NameRule;
use crate::sim::kind::Reference;
use crate::sim::kind::Tagging;

pub(crate) mod access_key;
pub(crate) mod policy;
pub(crate) mod principal;

static CODES: Codes = Codes {
    invalid: "ValidationError",
    exists: "EntityAlreadyExists",
    missing: "NoSuchEntity",
    quota: "LimitExceeded",
    in_use: "DeleteConflict",
};

/// A reference that must resolve and that holds what it refers to.
const fn needs(attribute: &'static str, to: &'static str) -> Reference {
    Reference { attribute, field: None, to, missing: "NoSuchEntity", holds: Holds::Refuses }
}

const fn name(most: usize) -> NameRule {
    NameRule { attribute: "name", least: 1, most, extra: "_+=,.@-" }
}

const fn tagging(tag: &'static str, untag: &'static str) -> Tagging {
    Tagging { tag, untag: Some(untag) }
}

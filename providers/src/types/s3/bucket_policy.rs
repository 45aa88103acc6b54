//! Who may reach the work bucket and how: encrypted connections and the place's own key only.
//!
//! `PutBucketPolicy` replaces the whole document, so the statements that somebody else added are put
//! again with nfplan's own, which are told by their `Sid`.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Parts;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::nothing_predicted;

/// Statements of nfplan's begin with its name.
pub const STATEMENTS: Parts = Parts {
    title: "statement",
    list: Some("Statement"),
    entries: &["Version"],
    id: "Sid",
    own: "Nfplan",
};

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "s3.bucket_policy",
    version: 1,
    title: "bucket policy",
    attributes: &[
        in_slot("bucket").limit(Limit::Characters(63)),
        Attribute::required("policy", Shape::Policy)
            .limit(Limit::PolicyCharacters(20_480))
            .shared(STATEMENTS),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["bucket"]),
    removal: Removal::Retain("its bucket stays"),
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

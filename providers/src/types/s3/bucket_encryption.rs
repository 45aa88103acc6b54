//! How the work bucket encrypts objects that say nothing about it themselves.
//!
//! `PutBucketEncryption` does not look at the key, so a disabled key goes unnoticed until the first
//! upload. Turning to `aws:kms` makes the bucket safer and is kept by a rollback.

use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::Tightening;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::nothing_predicted;
use crate::types::risks::was;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "s3.bucket_encryption",
    version: 1,
    title: "bucket encryption",
    attributes: &[
        in_slot("bucket").limit(Limit::Characters(63)),
        Attribute::required("algorithm", Shape::Text)
            .tightens(Tightening::ToText("aws:kms"))
            .risks(
                Risk::GuardRail,
                |before, after| was("aws:kms", before, after),
                "no longer encrypts with the key of the place",
            ),
        Attribute::required("kms_key_id", Shape::Text),
        Attribute::required("bucket_key", Shape::Bool),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["bucket"]),
    removal: Removal::Retain("its bucket stays"),
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

//! When objects of the work bucket expire and when uploads that nobody finished are removed.
//!
//! `PutBucketLifecycleConfiguration` replaces all rules, so the bucket has one object of this type
//! with one rule for each prefix: a rule for the whole bucket would let results expire with the
//! scratch files.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::nothing_predicted;

const RULE: Shape = Shape::Object(&[
    ("id", Shape::Text),
    ("prefix", Shape::Text),
    ("expire_days", Shape::Integer),
    ("abort_multipart_days", Shape::Integer),
]);

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "s3.bucket_lifecycle",
    version: 1,
    title: "bucket lifecycle",
    attributes: &[
        in_slot("bucket").limit(Limit::Characters(63)),
        Attribute::required("rules", Shape::Set(&RULE)).limit(Limit::Items(1_000)),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["bucket"]),
    removal: Removal::Retain("its bucket stays"),
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

//! The bucket that all workspaces of a place share, each below its own prefix.
//!
//! It holds what pipelines produced, so nfplan never deletes it. Read before it is made:
//! `CreateBucket` for a bucket that one owns already succeeds in us-east-1, and resets its ACLs,
//! while it fails in every other region (S3 API reference, `CreateBucket`). Encryption, policy,
//! lifecycle and the public access block are parts with calls and types of their own.

use nfplan_engine::address::Place;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;

use crate::types::common::TAGS;
use crate::types::common::arn_output;
use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::partition;
use crate::types::common::text;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "s3.bucket",
    version: 1,
    title: "bucket",
    attributes: &[
        in_slot("name").limit(Limit::Characters(63)),
        Attribute::required("object_ownership", Shape::Text),
        TAGS,
        Attribute::predictable("arn"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["name"]),
    removal: Removal::Retain("it holds what pipelines produced"),
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict,
};

/// A bucket's ARN has neither region nor account, because bucket names are unique in a partition.
fn predict(place: &Place, inputs: &Attributes) -> Attributes {
    let partition = partition(&place.region);
    arn_output(text(inputs, "name").map(|name| format!("arn:{partition}:s3:::{name}")))
}

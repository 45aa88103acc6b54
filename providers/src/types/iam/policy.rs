//! What jobs may do, and what the client may do.
//!
//! A change makes a new version and sets it as default; IAM keeps five, so the oldest of the others
//! goes first. Documents are compared by meaning, because a new version for an equal document would
//! push the history out. The size counts without white space.

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
use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::predict_iam_arn;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "iam.policy",
    version: 1,
    title: "policy",
    attributes: &[
        in_slot("name").limit(Limit::Characters(128)),
        in_slot("path").limit(Limit::Characters(512)),
        Attribute::required("document", Shape::Policy).limit(Limit::PolicyCharacters(6_144)),
        TAGS,
        Attribute::predictable("arn"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["name"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict,
};

fn predict(place: &Place, inputs: &Attributes) -> Attributes {
    predict_iam_arn(place, inputs, "policy")
}

//! What hands a role to the compute instances.
//!
//! A profile holds one role. Swapping it is a removal and an addition, and instances that run
//! already keep the old one.

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
    resource_type: "iam.instance_profile",
    version: 1,
    title: "instance profile",
    attributes: &[
        in_slot("name").limit(Limit::Characters(128)),
        in_slot("path").limit(Limit::Characters(512)),
        Attribute::required("role", Shape::Text),
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
    predict_iam_arn(place, inputs, "instance-profile")
}

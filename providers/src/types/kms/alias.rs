//! The name under which people find the work bucket's key. It may point to another key at any time.

use nfplan_engine::address::Place;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;

use crate::types::common::arn_output;
use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::regional_arn;
use crate::types::common::text;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "kms.alias",
    version: 1,
    title: "KMS alias",
    attributes: &[
        in_slot("name").limit(Limit::Characters(256)),
        Attribute::required("target_key_id", Shape::Text),
        Attribute::predictable("arn"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["name"]),
    removal: Removal::Retain("its key stays, and is found by this name"),
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict,
};

/// The name begins with `alias/`, which is also how the ARN's last part begins.
fn predict(place: &Place, inputs: &Attributes) -> Attributes {
    arn_output(text(inputs, "name").map(|name| regional_arn(place, "kms", name)))
}

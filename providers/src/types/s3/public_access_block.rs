//! Keeps the work bucket from ever being public. Each switch turned on is kept by a rollback.

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
use crate::types::risks::turned_off;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "s3.public_access_block",
    version: 1,
    title: "public access block",
    attributes: &[
        in_slot("bucket").limit(Limit::Characters(63)),
        block("block_public_acls"),
        block("ignore_public_acls"),
        block("block_public_policy"),
        block("restrict_public_buckets"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["bucket"]),
    removal: Removal::Retain("its bucket stays"),
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

const fn block(name: &'static str) -> Attribute {
    Attribute::required(name, Shape::Bool).tightens(Tightening::ToBool(true)).risks(
        Risk::PublicAccess,
        turned_off,
        "no longer keeps the public out",
    )
}

//! Which route table a subnet uses.
//!
//! A subnet has at most one association, so the subnet's id stands for it: the association's own id
//! changes whenever `ReplaceRouteTableAssociation` points it to another table.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::as_given;
use crate::types::common::create_first;
use crate::types::common::nothing_predicted;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.route_table_association",
    version: 1,
    title: "route table association",
    attributes: &[create_first("subnet_id"), Attribute::required("route_table_id", Shape::Text)],
    escalations: &[],
    identity: Identity::Attributes(&["subnet_id"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

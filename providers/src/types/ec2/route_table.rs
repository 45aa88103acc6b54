//! Where the traffic of subnets goes. A workspace has two of its own, for compute and for the
//! proxy; the VPC's main table is never touched.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::TAGS;
use crate::types::common::as_given;
use crate::types::common::create_first;
use crate::types::common::nothing_predicted;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.route_table",
    version: 1,
    title: "route table",
    attributes: &[create_first("vpc_id"), TAGS, Attribute::computed("id")],
    escalations: &[],
    identity: Identity::Tags,
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

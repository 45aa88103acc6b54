//! The S3 gateway endpoint of a workspace's network: data goes to the bucket directly, without the
//! proxy and without a charge, and policies can demand that it does.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::TAGS;
use crate::types::common::TEXT_SET;
use crate::types::common::as_given;
use crate::types::common::create_first;
use crate::types::common::nothing_predicted;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.vpc_endpoint",
    version: 1,
    title: "VPC endpoint",
    attributes: &[
        create_first("vpc_id"),
        create_first("service"),
        Attribute::required("route_table_ids", TEXT_SET),
        TAGS,
        Attribute::computed("id"),
    ],
    escalations: &[],
    identity: Identity::Tags,
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

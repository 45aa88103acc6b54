//! The Squid proxy, through which all traffic of a workspace's jobs leaves.
//!
//! Changed user data asks for a new instance, because cloud-init does not run it again on an old
//! one. The source/destination check must be off or the instance drops what it should forward; it
//! is a call after `RunInstances`, so it is compared each time. Hatchery's clean-up terminates the
//! proxy; suspending a workspace stops it, after the commit point, so that an apply that fails has
//! not cut off jobs.

use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::RetireValue;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::TAGS;
use crate::types::common::TEXT_SET;
use crate::types::common::as_given;
use crate::types::common::create_first;
use crate::types::common::nothing_predicted;
use crate::types::risks::raised;
use crate::types::risks::taken_away;
use crate::types::risks::was;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.instance",
    version: 1,
    title: "instance",
    attributes: &[
        create_first("image_id"),
        create_first("instance_type"),
        create_first("subnet_id"),
        Attribute::required("associate_public_ip", Shape::Bool).create_first(),
        Attribute::required("root_encrypted", Shape::Bool).create_first(),
        create_first("user_data").limit(Limit::Characters(16_384)).deep().risks(
            Risk::GuardRail,
            taken_away,
            "changes what sets the proxy up, its list of allowed domains included",
        ),
        Attribute::required("security_group_ids", TEXT_SET),
        Attribute::required("source_dest_check", Shape::Bool),
        Attribute::required("metadata_tokens", Shape::Text).risks(
            Risk::GuardRail,
            |before, after| was("required", before, after),
            "lets the instance's metadata be read without a session token",
        ),
        Attribute::required("metadata_hop_limit", Shape::Integer).limit(Limit::Range(1, 64)).risks(
            Risk::GuardRail,
            raised,
            "brings the instance's credentials nearer to containers",
        ),
        Attribute::required("state", Shape::Text).retire(RetireValue::Text("stopped"), "stop"),
        TAGS,
        Attribute::computed("id"),
        Attribute::volatile(
            "public_ip_address",
            Shape::Text,
            "EC2 gives the instance another one whenever it starts",
        ),
    ],
    escalations: &[],
    identity: Identity::Tags,
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

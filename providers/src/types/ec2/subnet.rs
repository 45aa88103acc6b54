//! A part of a workspace's network in one availability zone: three for compute, one for the proxy.
//!
//! Zones are named by id, because a zone's name means another place in each account. They are
//! pinned to those that offer the wanted instance types, one for each compute subnet: Spot capacity
//! in a single zone runs out, and jobs wait for ever in a zone that lacks the type.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::OnChange;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;

use crate::types::common::TAGS;
use crate::types::common::canonical_cidr;
use crate::types::common::create_first;
use crate::types::common::nothing_predicted;
use crate::types::common::rewrite;

/// A new subnet cannot come first either: the old one still has the addresses.
const ZONE_REFUSED: &str = "AWS cannot move a subnet to another availability zone; \
    `--replace ec2.vpc/main` builds the network anew";

/// A subnet of a network that Hatchery made is a /18 and stays one.
const CIDR_REFUSED: &str = "AWS cannot change the addresses of a subnet, and those of the old one \
    are in use; `--replace ec2.vpc/main` builds the network anew";

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.subnet",
    version: 1,
    title: "subnet",
    attributes: &[
        create_first("vpc_id"),
        Attribute::required("cidr", Shape::Text).on_change(OnChange::Refused(CIDR_REFUSED)),
        Attribute::required("zone_id", Shape::Text).on_change(OnChange::Refused(ZONE_REFUSED)),
        Attribute::required("map_public_ip", Shape::Bool),
        TAGS,
        Attribute::computed("id"),
    ],
    escalations: &[],
    identity: Identity::Tags,
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise,
    predict: nothing_predicted,
};

fn normalise(attributes: &mut Attributes) {
    rewrite(attributes, "cidr", canonical_cidr);
}

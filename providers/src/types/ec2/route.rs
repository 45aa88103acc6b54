//! One line of a route table: from the compute subnets to the proxy, and from there to the
//! internet.
//!
//! A route has no id, so `<route table>|<destination>` stands for one. Its target is changed by
//! `ReplaceRoute`, which leaves no moment without a route. A route to a terminated instance stays,
//! as a black hole.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;

use crate::types::common::canonical_cidr;
use crate::types::common::create_first;
use crate::types::common::nothing_predicted;
use crate::types::common::rewrite;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.route",
    version: 1,
    title: "route",
    attributes: &[
        create_first("route_table_id"),
        create_first("destination"),
        Attribute::optional("gateway_id", Shape::Text),
        Attribute::optional("instance_id", Shape::Text),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["route_table_id", "destination"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise,
    predict: nothing_predicted,
};

fn normalise(attributes: &mut Attributes) {
    rewrite(attributes, "destination", canonical_cidr);
}

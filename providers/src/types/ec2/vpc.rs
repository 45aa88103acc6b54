//! A workspace's own network, in which no other researcher's jobs run.
//!
//! The DNS attributes are in no bulk answer: `DescribeVpcAttribute` gives one of them for one VPC.
//! They are set by calls after `CreateVpc`, so a VPC whose creation stopped half-way has the wrong
//! ones and the next plan shows it.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
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

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.vpc",
    version: 1,
    title: "VPC",
    attributes: &[
        create_first("cidr"),
        Attribute::required("dns_support", Shape::Bool).deep(),
        Attribute::required("dns_hostnames", Shape::Bool).deep(),
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

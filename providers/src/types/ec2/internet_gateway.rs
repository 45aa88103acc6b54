//! The way from a workspace's proxy to the internet.
//!
//! It is made and attached by two calls; one that was left detached in between is attached again in
//! place, never made anew, so that no attempt leaves an orphan. A gateway cannot be detached while
//! addresses behind it are public.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::TAGS;
use crate::types::common::as_given;
use crate::types::common::nothing_predicted;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.internet_gateway",
    version: 1,
    title: "internet gateway",
    attributes: &[
        Attribute::optional("vpc_id", Shape::Text).create_first().attaches(),
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

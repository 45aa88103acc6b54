//! The key that encrypts the work bucket.
//!
//! Deleting a key takes AWS 7 to 30 days and makes everything unreadable that it encrypts, so
//! nfplan never does it: a key that is no longer wanted stays, and one whose creation is undone is
//! disabled and reused by the next attempt. A key has no name of its own and is found by its tags,
//! not through its alias: an alias can be lost or moved, and a second key made in its stead would
//! leave all older objects unreadable.

use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::TAGS;
use crate::types::common::as_given;
use crate::types::common::nothing_predicted;
use crate::types::risks::turned_off;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "kms.key",
    version: 1,
    title: "KMS key",
    attributes: &[
        Attribute::required("description", Shape::Text).limit(Limit::Characters(8_192)),
        Attribute::required("enabled", Shape::Bool),
        Attribute::required("rotation", Shape::Bool).risks(
            Risk::GuardRail,
            turned_off,
            "no longer changes the key's material every year",
        ),
        Attribute::required("policy", Shape::Policy).limit(Limit::PolicyCharacters(32_768)),
        TAGS,
        Attribute::computed("id"),
        Attribute::computed("arn"),
    ],
    escalations: &[],
    identity: Identity::Tags,
    removal: Removal::Retain("what it encrypts would be lost with it"),
    undo_create: UndoCreate::Park {
        disable: Some("enabled"),
        reason: "AWS deletes a key only after 7 to 30 days",
    },
    normalise: as_given,
    predict: nothing_predicted,
};

//! Which access key the secret gives out.
//!
//! The key's secret waits in a version that has the key id as its staging label. Promoting moves
//! `AWSCURRENT` to that version: the last build step, on which nothing depends, so that a client
//! never sees a key of an apply that is rolled back.

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
    resource_type: "secretsmanager.current_version",
    version: 1,
    title: "current version of a secret",
    attributes: &[create_first("secret_id"), Attribute::required("access_key_id", Shape::Text)],
    escalations: &[],
    identity: Identity::Attributes(&["secret_id"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

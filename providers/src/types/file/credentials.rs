//! The file that the client's access key is delivered in, in the format of AWS's shared credentials
//! file.
//!
//! The key waits in `<path>.pending`. Promoting renames it: the last build step, on which nothing
//! depends. The calls are in [`crate::sink`].

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
    resource_type: "file.credentials",
    version: 1,
    title: "credentials file",
    attributes: &[create_first("path"), Attribute::required("access_key_id", Shape::Text)],
    escalations: &[],
    identity: Identity::Attributes(&["path"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict: nothing_predicted,
};

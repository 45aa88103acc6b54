//! The secret that the client's access key is delivered in.
//!
//! A deleted secret holds back its name for a week or more, so one whose creation is undone is kept
//! and reused. The ARN ends in six characters that AWS draws, so it cannot be predicted.

use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;

use crate::types::common::TAGS;
use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::nothing_predicted;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "secretsmanager.secret",
    version: 1,
    title: "secret",
    attributes: &[
        in_slot("name").limit(Limit::Characters(512)),
        Attribute::required("description", Shape::Text).limit(Limit::Characters(2_048)),
        TAGS,
        Attribute::computed("arn"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["name"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Park {
        disable: None,
        reason: "a deleted secret holds back its name for at least seven days",
    },
    normalise: as_given,
    predict: nothing_predicted,
};

//! How a compute environment's instances start: user data, and instance metadata that containers
//! cannot reach.
//!
//! A change makes a new version, with its number as an output: the compute environment names that
//! number and not `$Latest`, so that a change of the template is a visible change of the
//! environment. Batch refuses user data that is no MIME archive.

use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::types::common::TAGS;
use crate::types::common::drop_default;
use crate::types::common::in_slot;
use crate::types::common::nothing_predicted;
use crate::types::risks::raised;
use crate::types::risks::was;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.launch_template",
    version: 1,
    title: "launch template",
    attributes: &[
        in_slot("name").limit(Limit::Characters(128)),
        Attribute::optional("user_data", Shape::Text).limit(Limit::Characters(16_384)),
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
        TAGS,
        Attribute::computed("id"),
        Attribute::changes_on_update("version"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["name"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise,
    predict: nothing_predicted,
};

/// No user data and empty user data start the same instance.
fn normalise(attributes: &mut Attributes) {
    drop_default(attributes, "user_data", &Value::text(""));
}

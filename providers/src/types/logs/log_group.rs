//! The log group that the jobs of a place write to.
//!
//! Made by us, before any job runs, because a group that AWS Batch makes on first use keeps its
//! events for ever. The ARN is the one without the `:*` that `DescribeLogGroups` appends: policies
//! add their own suffix.

use nfplan_engine::address::Place;
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
use crate::types::common::arn_output;
use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::regional_arn;
use crate::types::common::text;

/// The schema.
pub static SCHEMA: Schema =
    Schema {
        resource_type: "logs.log_group",
        version: 1,
        title: "log group",
        attributes: &[
            in_slot("name").limit(Limit::Characters(512)),
            Attribute::required("retention_days", Shape::Integer)
                .limit(Limit::Range(1, 3_653))
                .risks(Risk::DataLoss, kept_shorter, "deletes what was logged before"),
            TAGS,
            Attribute::predictable("arn"),
        ],
        escalations: &[],
        identity: Identity::Attributes(&["name"]),
        removal: Removal::Retain("it holds what jobs have printed"),
        undo_create: UndoCreate::Delete,
        normalise: as_given,
        predict,
    };

/// Whether events would be deleted sooner. A group without retention keeps them for ever.
fn kept_shorter(before: Option<&Value>, after: Option<&Value>) -> bool {
    let days = |value: Option<&Value>| value.and_then(Value::as_integer).unwrap_or(i64::MAX);
    days(after) < days(before)
}

fn predict(place: &Place, inputs: &Attributes) -> Attributes {
    let name = text(inputs, "name");
    arn_output(name.map(|name| regional_arn(place, "logs", &format!("log-group:{name}"))))
}

//! A role: of the compute instances, of the jobs, or of a client that needs no access key.
//!
//! Policies that name a role store its unique id, so a role made anew under the same name is
//! another one to them: the name is changed in slot only. Roles must outlive the Batch objects that
//! use them, or those hang while they are deleted. A role read back right after its creation may
//! not be there yet.

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

use crate::types::common::TAGS;
use crate::types::common::TEXT_SET;
use crate::types::common::as_given;
use crate::types::common::in_slot;
use crate::types::common::predict_iam_arn;
use crate::types::risks::grown;
use crate::types::risks::raised;
use crate::types::risks::taken_away;

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "iam.role",
    version: 1,
    title: "role",
    attributes: &[
        in_slot("name").limit(Limit::Characters(64)),
        in_slot("path").limit(Limit::Characters(512)),
        Attribute::required("trust", Shape::Policy).limit(Limit::PolicyCharacters(2_048)),
        Attribute::required("policy_arns", TEXT_SET).limit(Limit::Items(10)).risks(
            Risk::Widening,
            grown,
            "gets what one more policy allows",
        ),
        Attribute::optional("permissions_boundary", Shape::Text).risks(
            Risk::GuardRail,
            taken_away,
            "no longer bounds what policies may allow",
        ),
        Attribute::required("max_session_seconds", Shape::Integer)
            .limit(Limit::Range(3_600, 43_200))
            .risks(Risk::GuardRail, raised, "lets sessions last longer"),
        TAGS,
        Attribute::predictable("arn"),
        Attribute::computed("id"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["name"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise: as_given,
    predict,
};

fn predict(place: &Place, inputs: &Attributes) -> Attributes {
    predict_iam_arn(place, inputs, "role")
}

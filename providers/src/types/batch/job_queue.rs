//! Where a workspace's jobs wait.
//!
//! The queue keeps its name for good, because the researcher's pipelines know it; it is pointed
//! from one compute environment to the next. Its time limits end jobs that can never start, which
//! would wait for ever otherwise. `drained` is no attribute of AWS: wanted as `true` it ends all
//! jobs of the queue, after the commit point, when a workspace is suspended.

use nfplan_engine::address::Place;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::RetireValue;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::types::common::TAGS;
use crate::types::common::arn_output;
use crate::types::common::in_slot;
use crate::types::common::regional_arn;
use crate::types::common::text;
use crate::types::common::upper_case;

/// AWS takes 600 to 86,400 seconds.
const TIME_LIMIT: Shape = Shape::Object(&[
    ("state", Shape::Text),
    ("reason", Shape::Text),
    ("max_seconds", Shape::Integer),
    ("action", Shape::Text),
]);

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "batch.job_queue",
    version: 1,
    title: "job queue",
    attributes: &[
        in_slot("name").limit(Limit::Characters(128)),
        Attribute::required("state", Shape::Text),
        Attribute::required("priority", Shape::Integer).limit(Limit::Range(0, i32::MAX as i64)),
        Attribute::required("compute_environments", Shape::List(&Shape::Text))
            .limit(Limit::Items(3)),
        Attribute::required("time_limits", Shape::List(&TIME_LIMIT)),
        Attribute::optional("drained", Shape::Bool)
            .deep()
            .retire(RetireValue::Bool(true), "end jobs")
            .when_wanted("whether jobs are left matters only while a workspace is suspended"),
        TAGS,
        Attribute::predictable("arn"),
        Attribute::volatile("status", Shape::Text, "it says how Batch's own work on it stands"),
    ],
    escalations: &[],
    identity: Identity::Attributes(&["name"]),
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise,
    predict,
};

fn normalise(attributes: &mut Attributes) {
    upper_case(attributes, &["state"]);
    if let Some(Value::List(limits)) = attributes.get_mut("time_limits") {
        for limit in limits {
            if let Value::Map(fields) = limit {
                upper_case(fields, &["state", "action"]);
            }
        }
    }
}

fn predict(place: &Place, inputs: &Attributes) -> Attributes {
    let rest = text(inputs, "name").map(|name| format!("job-queue/{name}"));
    arn_output(rest.map(|rest| regional_arn(place, "batch", &rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_upper_case_at_any_depth_and_words_for_people_stay() {
        let limits =
            |json| Attributes::from([("time_limits".into(), serde_json::from_str(json).unwrap())]);
        let mut given =
            limits(r#"[{"state":"runnable","action":"cancel","reason":"Misconfigured"}]"#);
        SCHEMA.normalise(&mut given);
        assert_eq!(
            given,
            limits(r#"[{"state":"RUNNABLE","action":"CANCEL","reason":"Misconfigured"}]"#)
        );
    }
}

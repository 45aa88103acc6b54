//! Where a workspace's jobs run: instances that AWS Batch starts and ends.
//!
//! Most changes are made in place, some by replacing instances ("Updating compute environments" in
//! the Batch user guide). With the allocation strategy `BEST_FIT` Batch refuses the latter, so that
//! they need a new environment: it is made first, the queue is switched to it, and the old one is
//! drained and deleted. Every update must carry subnets and security groups together: one without
//! the other leaves an environment between two networks, which Batch calls `INVALID`.

use nfplan_engine::address::Place;
use nfplan_engine::risk::Risk;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Escalation;
use nfplan_engine::schema::Identity;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::OnChange;
use nfplan_engine::schema::Removal;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Shape;
use nfplan_engine::schema::UndoCreate;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::types::common::TAGS;
use crate::types::common::TEXT_MAP;
use crate::types::common::TEXT_SET;
use crate::types::common::arn_output;
use crate::types::common::create_first;
use crate::types::common::drop_default;
use crate::types::common::regional_arn;
use crate::types::common::text;
use crate::types::common::upper_case;
use crate::types::risks::raised;
use crate::types::risks::was;

/// The API's numbers have 32 bits.
const VCPUS: Limit = Limit::Range(0, i32::MAX as i64);

/// What Batch calls infrastructure: a change of it replaces instances.
const INFRASTRUCTURE: &[&str] = &[
    "type",
    "allocation_strategy",
    "instance_types",
    "bid_percentage",
    "image_id",
    "image_type",
    "launch_template_id",
    "launch_template_version",
    "instance_profile",
    "subnet_ids",
    "security_group_ids",
    "instance_tags",
];

/// The schema.
pub static SCHEMA: Schema =
    Schema {
        resource_type: "batch.compute_environment",
        version: 1,
        title: "compute environment",
        attributes: &[
            create_first("name").limit(Limit::Characters(128)).suffixed(),
            Attribute::required("state", Shape::Text),
            Attribute::required("type", Shape::Text).risks(
                Risk::Cost,
                |before, after| was("SPOT", before, after),
                "leaves the spot market",
            ),
            Attribute::required("allocation_strategy", Shape::Text),
            Attribute::required("min_vcpus", Shape::Integer).limit(VCPUS).risks(
                Risk::Cost,
                raised,
                "keeps more running without jobs",
            ),
            Attribute::required("max_vcpus", Shape::Integer).limit(VCPUS).risks(
                Risk::Cost,
                raised,
                "lets more run at once",
            ),
            Attribute::required("instance_types", TEXT_SET),
            Attribute::optional("bid_percentage", Shape::Integer)
                .limit(Limit::Range(1, 100))
                .risks(Risk::Cost, raised, "bids more for spot instances"),
            Attribute::optional("image_id", Shape::Text),
            Attribute::required("image_type", Shape::Text),
            Attribute::required("launch_template_id", Shape::Text),
            Attribute::required("launch_template_version", Shape::Text),
            Attribute::required("instance_profile", Shape::Text),
            Attribute::required("subnet_ids", TEXT_SET),
            Attribute::required("security_group_ids", TEXT_SET),
            Attribute::required("instance_tags", TEXT_MAP).limit(Limit::Items(50)),
            TAGS,
            Attribute::predictable("arn"),
            Attribute::volatile(
                "desired_vcpus",
                Shape::Integer,
                "Batch moves it between the least and the most with the jobs that wait",
            ),
            Attribute::volatile("status", Shape::Text, "it says how Batch's own work on it stands"),
        ],
        escalations: &[Escalation {
            attribute: "allocation_strategy",
            values: &["BEST_FIT"],
            affects: INFRASTRUCTURE,
            on_change: OnChange::CreateFirst,
            reason: "AWS Batch cannot update the infrastructure of a compute environment whose \
            allocation strategy is BEST_FIT",
        }],
        identity: Identity::Attributes(&["name"]),
        removal: Removal::Delete,
        undo_create: UndoCreate::Delete,
        normalise,
        predict,
    };

/// An empty image id is how an update takes an image away; 100 % of the On-Demand price is what
/// Spot instances may cost unless said otherwise (Batch API reference, `ComputeResource`).
fn normalise(attributes: &mut Attributes) {
    upper_case(attributes, &["state", "type", "allocation_strategy", "image_type"]);
    drop_default(attributes, "bid_percentage", &Value::Integer(100));
    drop_default(attributes, "image_id", &Value::text(""));
}

fn predict(place: &Place, inputs: &Attributes) -> Attributes {
    let rest = text(inputs, "name").map(|name| format!("compute-environment/{name}"));
    arn_output(rest.map(|rest| regional_arn(place, "batch", &rest)))
}

#[cfg(test)]
mod tests {
    use nfplan_engine::schema::Kind;

    use super::*;

    #[test]
    fn defaults_and_spellings_of_batch_compare_equal_to_what_a_spec_leaves_out() {
        let mut read = Attributes::from([
            ("type".into(), "spot".into()),
            ("bid_percentage".into(), Value::Integer(100)),
            ("image_id".into(), "".into()),
        ]);
        SCHEMA.normalise(&mut read);
        assert_eq!(read, Attributes::from([("type".into(), "SPOT".into())]));
    }

    #[test]
    fn under_best_fit_only_scaling_and_tags_are_updated_in_place() {
        let affected = SCHEMA.escalations[0].affects;
        let in_place: Vec<&str> = SCHEMA
            .attributes
            .iter()
            .filter(|attribute| match attribute.kind {
                Kind::Managed(managed) => managed.on_change == OnChange::InPlace,
                Kind::Computed(_) | Kind::Volatile { .. } => false,
            })
            .map(|attribute| attribute.name)
            .filter(|name| !affected.contains(name))
            .collect();
        assert_eq!(in_place, ["state", "min_vcpus", "max_vcpus", "tags"]);
    }
}

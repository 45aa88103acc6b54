//! All resource types.

use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Schemas;

use crate::types::batch;
use crate::types::ec2;
use crate::types::file;
use crate::types::iam;
use crate::types::kms;
use crate::types::logs;
use crate::types::s3;
use crate::types::secretsmanager;

static SCHEMAS: &[&Schema] = &[
    &batch::compute_environment::SCHEMA,
    &batch::job_queue::SCHEMA,
    &ec2::instance::SCHEMA,
    &ec2::internet_gateway::SCHEMA,
    &ec2::launch_template::SCHEMA,
    &ec2::route::SCHEMA,
    &ec2::route_table::SCHEMA,
    &ec2::route_table_association::SCHEMA,
    &ec2::security_group::SCHEMA,
    &ec2::subnet::SCHEMA,
    &ec2::vpc::SCHEMA,
    &ec2::vpc_endpoint::SCHEMA,
    &file::credentials::SCHEMA,
    &iam::access_key::SCHEMA,
    &iam::instance_profile::SCHEMA,
    &iam::policy::SCHEMA,
    &iam::role::SCHEMA,
    &iam::user::SCHEMA,
    &kms::alias::SCHEMA,
    &kms::key::SCHEMA,
    &logs::log_group::SCHEMA,
    &s3::bucket::SCHEMA,
    &s3::bucket_encryption::SCHEMA,
    &s3::bucket_lifecycle::SCHEMA,
    &s3::bucket_policy::SCHEMA,
    &s3::public_access_block::SCHEMA,
    &secretsmanager::current_version::SCHEMA,
    &secretsmanager::secret::SCHEMA,
];

/// The schemas of all resource types.
pub fn schemas() -> Schemas {
    Schemas::new(SCHEMAS.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use nfplan_engine::address::Place;
    use nfplan_engine::schema::Attribute;
    use nfplan_engine::schema::Identity;
    use nfplan_engine::schema::Kind;
    use nfplan_engine::schema::Managed;
    use nfplan_engine::schema::OnChange;
    use nfplan_engine::schema::Removal;
    use nfplan_engine::schema::Shape;
    use nfplan_engine::schema::UndoCreate;
    use nfplan_engine::value::Attributes;
    use nfplan_engine::value::Value;

    use super::*;
    use crate::types::quotas;

    fn place(region: &str) -> Place {
        Place { account: "111122223333".parse().unwrap(), region: region.parse().unwrap() }
    }

    /// Inputs of the right shapes, spelled so that normalising has something to do where it can.
    fn sample_inputs(schema: &Schema) -> Attributes {
        schema
            .managed()
            .map(|(attribute, _)| (attribute.name.into(), sample(attribute.name, attribute.shape)))
            .collect()
    }

    fn sample(name: &str, shape: Shape) -> Value {
        match shape {
            Shape::Bool => true.into(),
            Shape::Integer => 100_u32.into(),
            Shape::Text if name == "path" => "/".into(),
            Shape::Text if matches!(name, "cidr" | "destination") => "10.0.0.1/8".into(),
            Shape::Text if name == "protocol" => "ALL".into(),
            Shape::Text => "some-Text".into(),
            Shape::List(item) | Shape::Set(item) => Value::List(vec![sample(name, *item); 2]),
            Shape::Map(item) => Attributes::from([("key".into(), sample(name, *item))]).into(),
            Shape::Object(fields) => {
                let fields = fields.iter().map(|(key, shape)| ((*key).into(), sample(key, *shape)));
                fields.collect::<Attributes>().into()
            }
            Shape::Policy => serde_json::from_str(r#"{"Statement":{"Action":"s3:*"}}"#).unwrap(),
        }
    }

    fn managed(attribute: &Attribute) -> Option<Managed> {
        match attribute.kind {
            Kind::Managed(managed) => Some(managed),
            Kind::Computed(_) | Kind::Volatile { .. } => None,
        }
    }

    fn find(resource_type: &str) -> &'static Schema {
        schemas().find(&resource_type.parse().unwrap()).unwrap()
    }

    #[test]
    fn every_type_file_is_registered_once_under_the_name_its_path_says() {
        let mut files = Vec::new();
        let types = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/types");
        for service in fs::read_dir(types).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(kinds) = fs::read_dir(&service) else { continue };
            let kinds = kinds.map(|entry| entry.unwrap().path());
            for kind in kinds.filter(|path| path.file_stem().unwrap() != "mod") {
                files.push(format!("{}.{}", stem(&service), stem(&kind)));
            }
        }
        files.sort();
        let mut registered: Vec<&str> = SCHEMAS.iter().map(|schema| schema.resource_type).collect();
        registered.sort_unstable();
        assert_eq!(files, registered);
    }

    fn stem(path: &Path) -> &str {
        path.file_stem().unwrap().to_str().unwrap()
    }

    #[test]
    fn attribute_names_are_unique_and_found() {
        for schema in schemas().iter() {
            let names: BTreeSet<&str> = schema.attributes.iter().map(|a| a.name).collect();
            assert_eq!(names.len(), schema.attributes.len(), "{}", schema.resource_type);
            for name in names {
                assert_eq!(schema.attribute(name).unwrap().name, name);
            }
            assert!(schema.attribute("no_such_attribute").is_none());
        }
    }

    #[test]
    fn identities_are_made_of_attributes_that_every_object_has() {
        for schema in schemas().iter() {
            let names = match schema.identity {
                Identity::Attributes(names) | Identity::Siblings(names) => names,
                Identity::Tags => &["tags"],
            };
            assert!(!names.is_empty(), "{}", schema.resource_type);
            for name in names {
                let found = schema.attribute(name).and_then(managed);
                assert!(found.is_some_and(|m| m.required), "{}.{name}", schema.resource_type);
            }
        }
    }

    /// Otherwise the new object of a create-first replacement would collide with the old one.
    #[test]
    fn a_name_that_identifies_is_suffixed_or_changed_in_slot() {
        for schema in schemas().iter().filter(|s| s.identity == Identity::Attributes(&["name"])) {
            let name = schema.attribute("name").unwrap();
            let on_change = managed(name).unwrap().on_change;
            let expected =
                if name.generation_suffix { OnChange::CreateFirst } else { OnChange::InSlot };
            assert_eq!(on_change, expected, "{}", schema.resource_type);
            let replaced_first = schema.managed().any(|(attribute, managed)| {
                attribute.name != "name" && managed.on_change == OnChange::CreateFirst
            });
            assert!(name.generation_suffix || !replaced_first, "{}", schema.resource_type);
        }
    }

    #[test]
    fn whatever_is_not_compared_or_not_deleted_says_why() {
        for schema in schemas().iter() {
            let of_attributes =
                schema.attributes.iter().filter_map(|attribute| match attribute.kind {
                    Kind::Volatile { reason, .. } => Some(reason),
                    Kind::Managed(managed) => match managed.on_change {
                        OnChange::Refused(reason) => Some(reason),
                        OnChange::InPlace | OnChange::CreateFirst | OnChange::InSlot => {
                            managed.when_wanted
                        }
                    },
                    Kind::Computed(_) => None,
                });
            let removal = match schema.removal {
                Removal::Retain(reason) => Some(reason),
                Removal::Delete => None,
            };
            let undo = match schema.undo_create {
                UndoCreate::Park { reason, .. } => Some(reason),
                UndoCreate::Delete => None,
            };
            let escalations = schema.escalations.iter().map(|escalation| escalation.reason);
            for reason in of_attributes.chain(removal).chain(undo).chain(escalations) {
                assert!(reason.split(' ').count() > 2, "{}: {reason:?}", schema.resource_type);
            }
        }
    }

    #[test]
    fn escalations_and_parking_name_attributes_that_exist() {
        for schema in schemas().iter() {
            let escalated = schema
                .escalations
                .iter()
                .flat_map(|escalation| escalation.affects.iter().chain([&escalation.attribute]));
            let parked = match &schema.undo_create {
                UndoCreate::Park { disable, .. } => disable.as_ref(),
                UndoCreate::Delete => None,
            };
            for name in escalated.chain(parked) {
                let found = schema.attribute(name).and_then(managed);
                assert!(found.is_some(), "{}.{name}", schema.resource_type);
            }
        }
    }

    #[test]
    fn normalising_twice_is_normalising_once_and_keeps_every_shape() {
        for schema in schemas().iter() {
            let mut once = sample_inputs(schema);
            schema.normalise(&mut once);
            let mut twice = once.clone();
            schema.normalise(&mut twice);
            assert_eq!(once, twice, "{}", schema.resource_type);
            for (name, value) in &once {
                let shape = schema.attribute(name).unwrap().shape;
                assert!(shape.fits(value), "{}.{name}: {value}", schema.resource_type);
            }
        }
    }

    /// Otherwise an update that removes such an attribute would never read back as done.
    #[test]
    fn normalising_keeps_required_attributes_and_fills_in_no_optional_one() {
        for schema in schemas().iter() {
            let mut required = sample_inputs(schema);
            required.retain(|name, _| {
                schema.attribute(name).and_then(managed).is_some_and(|managed| managed.required)
            });
            let before: Vec<Box<str>> = required.keys().cloned().collect();
            schema.normalise(&mut required);
            assert!(required.keys().eq(&before), "{}", schema.resource_type);
        }
    }

    #[test]
    fn exactly_the_predictable_outputs_are_predicted_once_the_inputs_are_known() {
        for schema in schemas().iter() {
            let predictable: BTreeSet<&str> = schema
                .attributes
                .iter()
                .filter(|attribute| match attribute.kind {
                    Kind::Computed(computed) => computed.predictable,
                    Kind::Managed(_) | Kind::Volatile { .. } => false,
                })
                .map(|attribute| attribute.name)
                .collect();
            let inputs = sample_inputs(schema);
            let outputs = (schema.predict)(&place("us-east-1"), &inputs);
            let predicted: BTreeSet<&str> = outputs.keys().map(|name| &**name).collect();
            assert_eq!(predicted, predictable, "{}", schema.resource_type);
            let unknown = (schema.predict)(&place("us-east-1"), &Attributes::new());
            assert!(unknown.is_empty(), "{}", schema.resource_type);
        }
    }

    #[test]
    fn normalising_does_not_change_what_is_predicted() {
        for schema in schemas().iter() {
            let given = sample_inputs(schema);
            let mut normalised = given.clone();
            schema.normalise(&mut normalised);
            let here = place("us-east-1");
            assert_eq!(
                (schema.predict)(&here, &given),
                (schema.predict)(&here, &normalised),
                "{}",
                schema.resource_type
            );
        }
    }

    #[test]
    fn arns_are_predicted_as_aws_makes_them() {
        for (resource_type, region, name, expected) in [
            (
                "batch.job_queue",
                "us-east-1",
                "q",
                "arn:aws:batch:us-east-1:111122223333:job-queue/q",
            ),
            (
                "batch.compute_environment",
                "cn-north-1",
                "c-g2",
                "arn:aws-cn:batch:cn-north-1:111122223333:compute-environment/c-g2",
            ),
            ("iam.role", "us-east-1", "r", "arn:aws:iam::111122223333:role/team/r"),
            ("iam.policy", "us-east-1", "p", "arn:aws:iam::111122223333:policy/team/p"),
            ("iam.user", "us-gov-west-1", "u", "arn:aws-us-gov:iam::111122223333:user/team/u"),
            (
                "iam.instance_profile",
                "us-east-1",
                "i",
                "arn:aws:iam::111122223333:instance-profile/team/i",
            ),
            ("s3.bucket", "cn-northwest-1", "b", "arn:aws-cn:s3:::b"),
            (
                "kms.alias",
                "eu-west-1",
                "alias/key-b",
                "arn:aws:kms:eu-west-1:111122223333:alias/key-b",
            ),
            (
                "logs.log_group",
                "us-east-1",
                "/aws/batch/job",
                "arn:aws:logs:us-east-1:111122223333:log-group:/aws/batch/job",
            ),
        ] {
            let inputs =
                Attributes::from([("name".into(), name.into()), ("path".into(), "/team/".into())]);
            let outputs = (find(resource_type).predict)(&place(region), &inputs);
            assert_eq!(outputs["arn"].as_text(), Some(expected));
        }
    }

    #[test]
    fn nothing_of_a_platform_is_ever_deleted_and_nothing_of_a_workspace_stays() {
        for schema in schemas().iter() {
            let service = schema.resource_type.split('.').next().unwrap();
            let platform = matches!(service, "kms" | "logs" | "s3");
            let retained = matches!(schema.removal, Removal::Retain(_));
            assert_eq!(retained, platform, "{}", schema.resource_type);
        }
    }

    #[test]
    fn every_quota_counts_a_registered_type() {
        for quota in quotas::QUOTAS {
            assert_eq!(find(quota.resource_type).resource_type, quota.resource_type);
            assert_eq!(quotas::find(quota.resource_type), Some(quota));
        }
    }
}

//! Which traffic may reach and leave compute instances and the proxy.
//!
//! The VPC's default group is never used: nobody owns its rules. EC2 gives a new group a rule that
//! lets everything out; here that is a rule like any other, which the spec must list to keep. A
//! rule is compared as a whole, whatever its id.

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
use crate::types::common::canonical_cidr;
use crate::types::common::create_first;
use crate::types::common::drop_default;
use crate::types::common::nothing_predicted;
use crate::types::common::rewrite;
use crate::types::common::text;
use crate::types::risks::grown;

const RULES: Shape = Shape::Set(&Shape::Object(&[
    ("protocol", Shape::Text),
    ("from_port", Shape::Integer),
    ("to_port", Shape::Integer),
    ("cidr", Shape::Text),
    ("security_group_id", Shape::Text),
    ("description", Shape::Text),
]));

/// The schema.
pub static SCHEMA: Schema = Schema {
    resource_type: "ec2.security_group",
    version: 1,
    title: "security group",
    attributes: &[
        create_first("name").limit(Limit::Characters(255)).suffixed(),
        create_first("description").limit(Limit::Characters(255)),
        create_first("vpc_id"),
        Attribute::required("ingress", RULES).limit(Limit::Items(60)).risks(
            Risk::GuardRail,
            grown,
            "lets more in",
        ),
        Attribute::required("egress", RULES).limit(Limit::Items(60)).risks(
            Risk::GuardRail,
            grown,
            "lets more out",
        ),
        TAGS,
        Attribute::computed("id"),
    ],
    escalations: &[],
    identity: Identity::Tags,
    removal: Removal::Delete,
    undo_create: UndoCreate::Delete,
    normalise,
    predict: nothing_predicted,
};

fn normalise(attributes: &mut Attributes) {
    for direction in ["ingress", "egress"] {
        if let Some(Value::List(rules)) = attributes.get_mut(direction) {
            rules.iter_mut().for_each(normalise_rule);
            rules.sort();
            rules.dedup();
        }
    }
}

/// EC2 takes protocols by number too and gives back names, and ignores ports where "all protocols"
/// are allowed (EC2 API reference, `IpPermission`).
fn normalise_rule(rule: &mut Value) {
    let Value::Map(fields) = rule else { return };
    rewrite(fields, "protocol", protocol_name);
    rewrite(fields, "cidr", canonical_cidr);
    drop_default(fields, "description", &Value::text(""));
    if text(fields, "protocol") == Some("-1") {
        fields.remove("from_port");
        fields.remove("to_port");
    }
}

fn protocol_name(protocol: &str) -> String {
    match protocol.to_ascii_lowercase().as_str() {
        "all" => "-1".into(),
        "1" => "icmp".into(),
        "6" => "tcp".into(),
        "17" => "udp".into(),
        "58" => "icmpv6".into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> Attributes {
        Attributes::from([("egress".into(), serde_json::from_str(json).unwrap())])
    }

    #[test]
    fn rules_that_mean_the_same_have_one_form() {
        let mut given = rules(
            r#"[{"protocol":"6","from_port":443,"to_port":443,"cidr":"10.1.2.3/8","description":""},
                {"protocol":"tcp","from_port":443,"to_port":443,"cidr":"10.0.0.0/8"},
                {"protocol":"all","from_port":0,"to_port":65535,"cidr":"0.0.0.0/0"}]"#,
        );
        let expected = rules(
            r#"[{"cidr":"0.0.0.0/0","protocol":"-1"},
                {"cidr":"10.0.0.0/8","from_port":443,"protocol":"tcp","to_port":443}]"#,
        );
        SCHEMA.normalise(&mut given);
        assert_eq!(given, expected);
    }

    #[test]
    fn rules_that_differ_in_a_port_stay_apart() {
        let mut given = rules(
            r#"[{"protocol":"tcp","from_port":443,"to_port":443,"cidr":"10.0.0.0/8"},
                {"protocol":"tcp","from_port":443,"to_port":444,"cidr":"10.0.0.0/8"}]"#,
        );
        SCHEMA.normalise(&mut given);
        assert_eq!(given["egress"].as_list().unwrap().len(), 2);
    }
}

//! Ownership tags, and tags as the services spell them.

use std::collections::BTreeMap;

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::observed::Owner;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

/// The tag that names the unit; specs list it among the tags that they want.
pub(crate) const UNIT: &str = "nfplan:unit";
/// The tag that names the environment; specs list it, too.
pub(crate) const ENVIRONMENT: &str = "nfplan:environment";
/// The tag by which people know an object.
pub(crate) const NAME: &str = "Name";
const ADDRESS: &str = "nfplan:address";
/// The tag that only the provider sets, when it creates.
const INCARNATION: &str = "nfplan:incarnation";

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// The tags of a create request, the one of the attempt among them.
pub(crate) fn of_attempt(request: &CreateRequest<'_>) -> Tags {
    let mut tags = wanted(request.inputs);
    tags.insert(INCARNATION.into(), request.incarnation.to_string());
    tags
}

/// The tags among attributes.
pub(crate) fn wanted(attributes: &Attributes) -> Tags {
    let tags = attributes.get("tags").and_then(Value::as_map).into_iter().flatten();
    tags.filter_map(|(key, value)| Some((key.to_string(), value.as_text()?.to_owned()))).collect()
}

/// What has to be done to tags.
pub(crate) struct Retagging {
    /// To be set.
    pub(crate) set: Tags,
    /// Keys to be taken off.
    pub(crate) unset: Vec<String>,
}

/// What leads from the one tags to the others.
pub(crate) fn retagging(before: &Attributes, after: &Attributes) -> Retagging {
    let (before, mut set) = (wanted(before), wanted(after));
    let unset = before.keys().filter(|key| !set.contains_key(*key)).cloned().collect();
    set.retain(|key, value| before.get(key) != Some(value));
    Retagging { set, unset }
}

/// Tags as an attribute: without those of AWS itself and of the attempt.
pub(crate) fn attribute(tags: &Tags) -> Value {
    let own = tags.iter().filter(|(key, _)| !key.starts_with("aws:") && *key != INCARNATION);
    Value::Map(own.map(|(key, value)| (key.as_str().into(), Value::text(value))).collect())
}

/// Whose an object with these tags is.
pub(crate) fn owner(tags: &Tags) -> Option<Owner> {
    Some(Owner {
        unit: unit(tags)?,
        address: tags.get(ADDRESS)?.parse().ok()?,
        incarnation: tags.get(INCARNATION).and_then(|number| number.parse().ok()),
    })
}

/// Whose a part of an object with these tags is: the unit's that owns the object.
pub(crate) fn owner_of_part(tags: &Tags, address: &Address) -> Option<Owner> {
    Some(Owner { unit: unit(tags)?, address: address.clone(), incarnation: None })
}

fn unit(tags: &Tags) -> Option<UnitId> {
    tags.get(UNIT)?.parse().ok()
}

/// Tags of a service that has a struct for one: `listed!(answer.tags())`.
macro_rules! listed {
    ($tags:expr) => {
        $tags
            .iter()
            .filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())))
            .collect::<$crate::aws::tags::Tags>()
    };
}
pub(crate) use listed;

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn attributes(pairs: &[(&str, &str)]) -> Attributes {
        Attributes::from([("tags".into(), attribute(&tags(pairs)))])
    }

    #[test]
    fn the_attempt_and_what_aws_adds_are_no_part_of_the_attribute() {
        let given = tags(&[("Name", "x"), ("nfplan:incarnation", "3"), ("aws:x:y", "z")]);
        assert_eq!(attribute(&given).to_string(), r#"{"Name":"x"}"#);
    }

    #[test]
    fn only_differences_are_sent() {
        let before = attributes(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let after = attributes(&[("a", "1"), ("b", "x"), ("d", "4")]);
        let Retagging { set, unset } = retagging(&before, &after);
        assert_eq!(set, tags(&[("b", "x"), ("d", "4")]));
        assert_eq!(unset, ["c"]);
    }

    #[test]
    fn an_owner_takes_both_tags_and_the_attempt_is_extra() {
        let unit = "workspace/111122223333.us-east-1/alice";
        let both = [(UNIT, unit), (ADDRESS, "ec2.vpc/main")];
        assert_eq!(owner(&tags(&both)).unwrap().incarnation, None);
        let three = [both[0], both[1], (INCARNATION, "7")];
        assert_eq!(owner(&tags(&three)).unwrap().incarnation, Some(7));
        assert_eq!(owner(&tags(&both[..1])), None);
        assert_eq!(owner(&tags(&[both[0], (ADDRESS, "nonsense")])), None);
    }
}

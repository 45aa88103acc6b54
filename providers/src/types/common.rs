//! What the type files share: the `tags` attribute, shapes, ARNs, and the rules of normalising.
//!
//! Two rules keep a spec and a read of the same object equal. An optional attribute that has the
//! value which AWS fills in is dropped, so that "not set" has one form, absence, and stays absent
//! when it is read back. A value that AWS spells in its own way is brought to AWS's spelling.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use nfplan_engine::address::Place;
use nfplan_engine::address::Region;
use nfplan_engine::schema::Attribute;
use nfplan_engine::schema::Limit;
use nfplan_engine::schema::OnChange;
use nfplan_engine::schema::Shape;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

/// AWS allows 50 tags on an object, and the provider adds `nfplan:incarnation` to those listed.
const TAGS_LIMIT: usize = 50 - 1;

/// The tags that every taggable type has.
pub(crate) const TAGS: Attribute =
    Attribute::required("tags", TEXT_MAP).limit(Limit::Items(TAGS_LIMIT));

/// Texts in no order.
pub(crate) const TEXT_SET: Shape = Shape::Set(&Shape::Text);

/// Texts by key.
pub(crate) const TEXT_MAP: Shape = Shape::Map(&Shape::Text);

/// A required text of which a change asks for a new object, made first.
pub(crate) const fn create_first(name: &'static str) -> Attribute {
    Attribute::required(name, Shape::Text).create_first()
}

/// A required text of which a change asks for a new object in the place of the old one.
pub(crate) const fn in_slot(name: &'static str) -> Attribute {
    Attribute::required(name, Shape::Text).on_change(OnChange::InSlot)
}

/// The normalisation of a type that AWS gives back as it was given.
pub(crate) fn as_given(_: &mut Attributes) {}

/// The prediction for a type of which only AWS knows the outputs.
pub(crate) fn nothing_predicted(_: &Place, _: &Attributes) -> Attributes {
    Attributes::new()
}

/// The partition of a region: the second part of every ARN in it.
pub(crate) fn partition(region: &Region) -> &'static str {
    let name = region.as_str();
    if name.starts_with("cn-") {
        "aws-cn"
    } else if name.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// The ARN of an object of one region.
pub(crate) fn regional_arn(place: &Place, service: &str, rest: &str) -> String {
    let partition = partition(&place.region);
    format!("arn:{partition}:{service}:{}:{}:{rest}", place.region, place.account)
}

/// The ARN of an IAM object, which belongs to no region: its kind, path and name.
pub(crate) fn iam_arn(place: &Place, kind: &str, path_and_name: &str) -> String {
    let partition = partition(&place.region);
    format!("arn:{partition}:iam::{}:{kind}{path_and_name}", place.account)
}

/// The output `arn` alone, or nothing while it cannot be told.
pub(crate) fn arn_output(arn: Option<String>) -> Attributes {
    arn.map(|arn| (Box::from("arn"), Value::from(arn))).into_iter().collect()
}

/// The output `arn` of an IAM object, once its path and name are known.
pub(crate) fn predict_iam_arn(place: &Place, inputs: &Attributes, kind: &str) -> Attributes {
    let path_and_name =
        text(inputs, "path").zip(text(inputs, "name")).map(|(path, name)| format!("{path}{name}"));
    arn_output(path_and_name.map(|path_and_name| iam_arn(place, kind, &path_and_name)))
}

/// Names of objects, in words.
pub(crate) fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// A text among attributes.
pub(crate) fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.get(name)?.as_text()
}

/// Changes a text among attributes, if it is there.
pub(crate) fn rewrite(attributes: &mut Attributes, name: &str, form: impl Fn(&str) -> String) {
    if let Some(Value::Text(text)) = attributes.get_mut(name) {
        *text = form(text).into();
    }
}

/// Brings AWS constants to upper case.
pub(crate) fn upper_case(attributes: &mut Attributes, names: &[&str]) {
    for name in names {
        rewrite(attributes, name, str::to_ascii_uppercase);
    }
}

/// Drops an optional attribute that has the value AWS fills in.
pub(crate) fn drop_default(attributes: &mut Attributes, name: &str, default: &Value) {
    if attributes.get(name) == Some(default) {
        attributes.remove(name);
    }
}

/// The network that a CIDR block means: EC2 clears the bits behind the prefix and gives back
/// 100.68.0.0/18 for 100.68.0.18/18 (EC2 API reference, `CreateVpc`). What is no CIDR block is left
/// for AWS to refuse.
pub(crate) fn canonical_cidr(block: &str) -> String {
    let parts = block.split_once('/');
    let parsed = parts.and_then(|(address, length)| {
        let length: u32 = length.parse().ok()?;
        Some((masked(address.parse().ok()?, length)?, length))
    });
    parsed.map_or_else(|| block.to_owned(), |(address, length)| format!("{address}/{length}"))
}

fn masked(address: IpAddr, length: u32) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let host_bits = 32_u32.checked_sub(length)?;
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            Some(Ipv4Addr::from_bits(address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let host_bits = 128_u32.checked_sub(length)?;
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            Some(Ipv6Addr::from_bits(address.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cidr_block_loses_the_bits_behind_its_prefix() {
        for (given, expected) in [
            ("100.68.0.18/18", "100.68.0.0/18"),
            ("192.168.0.0/16", "192.168.0.0/16"),
            ("10.1.2.3/32", "10.1.2.3/32"),
            ("1.2.3.4/0", "0.0.0.0/0"),
            ("2001:DB8::1/32", "2001:db8::/32"),
            ("::1/0", "::/0"),
            ("10.0.0.0/33", "10.0.0.0/33"),
            ("pl-12345678", "pl-12345678"),
        ] {
            assert_eq!(canonical_cidr(given), expected);
        }
    }

    #[test]
    fn the_partition_follows_from_the_region() {
        for (region, expected) in
            [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
        {
            assert_eq!(partition(&region.parse().unwrap()), expected);
        }
    }

    #[test]
    fn only_the_value_that_aws_fills_in_is_dropped() {
        let mut attributes =
            Attributes::from([("a".into(), 100_u32.into()), ("b".into(), 99_u32.into())]);
        drop_default(&mut attributes, "a", &100_u32.into());
        drop_default(&mut attributes, "b", &100_u32.into());
        assert_eq!(attributes, Attributes::from([("b".into(), 99_u32.into())]));
    }
}

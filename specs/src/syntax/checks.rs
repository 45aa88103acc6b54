//! What the forms of AWS's names and ids come to, in code.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use jiff::civil::Date;
use nfplan_engine::address::AccountId;

pub(super) fn is_lower_word(part: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    edge(part.bytes().next()) && edge(part.bytes().last()) && part.bytes().all(inside)
}

pub(super) fn is_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let letters = |part: &&str| part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [area, middle @ .., number] => {
            (2..=3).contains(&area.len())
                && letters(area)
                && !middle.is_empty()
                && middle.iter().all(|part| !part.is_empty() && letters(part))
                && matches!(number.as_bytes(), [b'1'..=b'9'])
        }
        _ => false,
    }
}

pub(super) fn is_day(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.as_slice(), [year, month, day]
        if year.len() == 4 && digits(year) && digits(month) && digits(day))
        && text.parse::<Date>().is_ok()
}

/// The parts of what names drift may all hold `*`.
pub(super) fn is_drift(text: &str) -> bool {
    let visible = |part: &str| {
        let inside = |byte: u8| byte.is_ascii_graphic() && byte != b':' && byte != b'#';
        !part.is_empty() && part.bytes().all(inside)
    };
    let Some((unit, rest)) = text.split_once(':') else { return false };
    let (address, attribute) = match rest.split_once('#') {
        Some((address, attribute)) => (address, Some(attribute)),
        None => (rest, None),
    };
    let Some((kind, name)) = address.split_once('/') else { return false };
    let named = |name: &str| {
        let inside = |byte: u8| byte.is_ascii_lowercase() || byte == b'_' || byte == b'*';
        !name.is_empty() && name.bytes().all(inside)
    };
    visible(unit)
        && visible(kind)
        && visible(name)
        && !name.contains('/')
        && attribute.is_none_or(named)
}

/// The parts of an ARN that tell whose it is.
pub(super) struct Arn<'t> {
    pub service: &'t str,
    pub region: &'t str,
    pub account: &'t str,
    pub resource: &'t str,
}

pub(super) fn arn(text: &str) -> Option<Arn<'_>> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let ("arn", partition) = (next()?, next()?) else { return None };
    let (service, region, account, resource) = (next()?, next()?, next()?, next()?);
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let known = matches!(partition, "aws" | "aws-cn" | "aws-us-gov");
    (plain && known).then_some(Arn { service, region, account, resource })
}

/// Whether an ARN is of one of these: a whole resource, or what begins a named one.
pub(super) fn is_iam(arn: &Arn<'_>, resources: &[&str]) -> bool {
    let is = |kind: &&str| match arn.resource.strip_prefix(kind) {
        Some(name) => kind.ends_with('/') != name.is_empty(),
        None => false,
    };
    arn.service == "iam"
        && arn.region.is_empty()
        && AccountId::new(arn.account).is_ok()
        && resources.iter().any(is)
}

/// The account of an ARN.
pub(crate) fn account_of(arn_text: &str) -> Option<&str> {
    arn(arn_text).map(|arn| arn.account)
}

pub(super) fn is_ec2_id(id: &str, kind: &str) -> bool {
    let digits = id.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
    let hexadecimal = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    hexadecimal && matches!(digits.len(), 8 | 17)
}

pub(super) fn is_instance_type(name: &str) -> bool {
    let (family, size) = name.split_once('.').map_or((name, None), |(f, s)| (f, Some(s)));
    let letter_first = family.starts_with(|first: char| first.is_ascii_lowercase());
    let numbered = family.bytes().any(|byte| byte.is_ascii_digit());
    name == "optimal"
        || letter_first && numbered && is_lower_word(family) && size.is_none_or(is_instance_size)
}

fn is_instance_size(size: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(size, "nano" | "micro" | "small" | "medium" | "large" | "metal")
        || size.strip_suffix("xlarge").is_some_and(digits)
        || size
            .strip_prefix("metal-")
            .and_then(|rest| rest.strip_suffix("xl"))
            .is_some_and(|number| !number.is_empty() && digits(number))
}

/// Whether a text is a bucket's name.
pub(crate) fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len()) && name.split('.').all(is_lower_word)
}

/// Why an address block cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CidrRefusal {
    /// What is wrong, to follow the key's name.
    pub message: String,
    /// What was probably meant.
    pub instead: Option<Ipv4Net>,
}

/// A block for a VPC: private, and wide enough for four subnets of /20.
pub(crate) fn cidr(block: &str) -> Result<Ipv4Net, CidrRefusal> {
    let refuse = |message: &str| Err(CidrRefusal { message: message.into(), instead: None });
    let Ok(net) = block.parse::<Ipv4Net>() else {
        return refuse("must be a block such as 192.168.0.0/16");
    };
    let whole = net.trunc();
    if net != whole {
        let message = format!("has host bits set: {block} is an address within {whole}");
        return Err(CidrRefusal { message, instead: Some(whole) });
    }
    if net.to_string() != block {
        return Err(CidrRefusal { message: "has needless zeros".into(), instead: Some(net) });
    }
    if !(16..=18).contains(&net.prefix_len()) {
        return refuse(
            "must be a /16, /17 or /18: AWS allows no larger VPC, and it holds four /20",
        );
    }
    let private = [
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
    ];
    let inside = |&(address, length): &(Ipv4Addr, u8)| {
        Ipv4Net::new(address, length).is_ok_and(|range| range.contains(&net))
    };
    if private.iter().any(inside) {
        Ok(net)
    } else {
        refuse("must be private: within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
    }
}

/// A tag's key. The error follows the tag's name.
pub(crate) fn tag_key(key: &str) -> Result<(), String> {
    let lower = key.to_ascii_lowercase();
    if lower.starts_with("aws:") || lower.starts_with("nfplan:") {
        return Err("is reserved: keys with `aws:` belong to AWS, with `nfplan:` to nfplan".into());
    }
    if matches!(key, "Name" | "Environment") {
        return Err("is set by nfplan itself".into());
    }
    if key.is_empty() {
        return Err("has an empty key".into());
    }
    tag_text(key, 128)
}

/// The text of a tag's key or value. The error follows what it is.
pub(crate) fn tag_text(text: &str, most: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length > most {
        return Err(format!("has {length} characters; AWS takes at most {most}"));
    }
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    match text.chars().find(|&character| !allowed(character)) {
        Some(refused) => Err(format!(
            "has the character {refused:?}; AWS takes letters, digits, spaces and _.:/=+-@"
        )),
        None => Ok(()),
    }
}

/// Whether `other` lets the domain `domain` through already. Squid does not start with both in one
/// list. Letter case does not matter.
pub(crate) fn covers(other: &str, domain: &str) -> bool {
    let (other, domain) = (other.to_ascii_lowercase(), domain.to_ascii_lowercase());
    other != domain
        && other.starts_with('.')
        && (domain.ends_with(&other) || Some(&*domain) == other.strip_prefix('.'))
}

/// Fills `{{username}}` in. The error is the first other thing in double braces.
pub(crate) fn fill_in(template: &str, user: &str) -> Result<String, String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(begin) = rest.find("{{") {
        let end = rest[begin..].find("}}").map_or(rest.len(), |length| begin + length + 2);
        let braced = &rest[begin..end];
        if braced != "{{username}}" {
            return Err(braced.into());
        }
        filled.push_str(&rest[..begin]);
        filled.push_str(user);
        rest = &rest[end..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Whether a text is the path of an AWS CLI whose grandparent can be mounted into containers.
pub(super) fn is_cli_path(text: &str) -> bool {
    let Some(folders) = text.strip_prefix('/').and_then(|path| path.strip_suffix("/aws")) else {
        return false;
    };
    let is_name = |name: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
            && name.bytes().all(inner)
    };
    let systems_own = ["usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"];
    folders.contains('/') && folders.split('/').all(is_name) && !systems_own.contains(&folders)
}

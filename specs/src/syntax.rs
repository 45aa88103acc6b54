//! The forms of AWS's names and ids. A check returns the value, or what it expected.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use nfplan_engine::address::AccountId;
use nfplan_engine::address::Region;

type Checked<T> = Result<T, String>;

fn text(text: &str, valid: bool, expected: &str) -> Checked<Box<str>> {
    if valid { Ok(text.into()) } else { Err(expected.into()) }
}

fn is_lower_word(part: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    edge(part.bytes().next()) && edge(part.bytes().last()) && part.bytes().all(inside)
}

/// Twelve digits.
pub(crate) fn account_id(id: &str) -> Checked<AccountId> {
    AccountId::new(id).map_err(|error| error.expected.into())
}

/// `us-east-1`, `us-gov-west-1`.
pub(crate) fn region(name: &str) -> Checked<Region> {
    let expected = "a region such as us-east-1";
    let parts: Vec<&str> = name.split('-').collect();
    let letters = |part: &&str| part.bytes().all(|byte| byte.is_ascii_lowercase());
    let valid = match parts.as_slice() {
        [area, middle @ .., number] => {
            (2..=3).contains(&area.len())
                && letters(area)
                && !middle.is_empty()
                && middle.iter().all(|part| !part.is_empty() && letters(part))
                && matches!(number.as_bytes(), [b'1'..=b'9'])
        }
        _ => false,
    };
    if valid { Region::new(name).map_err(|_| expected.into()) } else { Err(expected.into()) }
}

/// A DNS name in lower case.
pub(crate) fn environment(name: &str) -> Checked<Box<str>> {
    let valid = name.split('.').all(|label| label.len() <= 63 && is_lower_word(label));
    text(name, valid, "a DNS name in lower case such as data.example.org")
}

/// A name that selectors and references use: letters, digits, `-`, `_`, `.`.
pub(crate) fn local_name(name: &str) -> Checked<Box<str>> {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text(name, !name.is_empty() && name.bytes().all(inside), "letters, digits, `-`, `_` and `.`")
}

/// The parts of an ARN that tell whose it is.
struct Arn<'t> {
    service: &'t str,
    region: &'t str,
    account: &'t str,
    resource: &'t str,
}

fn arn(text: &str) -> Option<Arn<'_>> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let ("arn", partition) = (next()?, next()?) else { return None };
    let (service, region, account, resource) = (next()?, next()?, next()?, next()?);
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let known = matches!(partition, "aws" | "aws-cn" | "aws-us-gov");
    (plain && known).then_some(Arn { service, region, account, resource })
}

/// A role's ARN.
pub(crate) fn role_arn(arn_text: &str) -> Checked<Box<str>> {
    let valid = arn(arn_text).is_some_and(|arn| is_iam(&arn, &["role/"]));
    text(arn_text, valid, "a role's ARN such as arn:aws:iam::111122223333:role/nfplan")
}

/// The ARN of a role, a user or a whole account.
pub(crate) fn principal_arn(arn_text: &str) -> Checked<Box<str>> {
    let principal = |arn: Arn<'_>| {
        is_iam(&arn, &["role/", "user/"]) || (is_iam(&arn, &["root"]) && arn.resource == "root")
    };
    let expected = "the ARN of an IAM role, a user or an account's root";
    text(arn_text, arn(arn_text).is_some_and(principal), expected)
}

/// The ARN of a managed policy, AWS's own included.
pub(crate) fn policy_arn(arn_text: &str) -> Checked<Box<str>> {
    let valid = arn(arn_text).is_some_and(|arn| {
        let aws_managed = Arn { account: "000000000000", ..arn };
        is_iam(if arn.account == "aws" { &aws_managed } else { &arn }, &["policy/"])
    });
    text(arn_text, valid, "a policy's ARN such as arn:aws:iam::111122223333:policy/boundary")
}

/// The ARN of an Image Builder pipeline.
pub(crate) fn pipeline_arn(arn_text: &str) -> Checked<Box<str>> {
    let valid = arn(arn_text).is_some_and(|arn| {
        arn.service == "imagebuilder"
            && region(arn.region).is_ok()
            && account_id(arn.account).is_ok()
            && arn.resource.strip_prefix("image-pipeline/").is_some_and(|name| !name.is_empty())
    });
    let expected = "an Image Builder pipeline's ARN such as \
                    arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/name";
    text(arn_text, valid, expected)
}

fn is_iam(arn: &Arn<'_>, resources: &[&str]) -> bool {
    let named = |kind: &&str| {
        let rest = arn.resource.strip_prefix(kind);
        rest.is_some_and(|name| kind.ends_with('/') != name.is_empty())
    };
    arn.service == "iam"
        && arn.region.is_empty()
        && account_id(arn.account).is_ok()
        && resources.iter().any(named)
}

/// The account of an ARN.
pub(crate) fn account_of(arn_text: &str) -> Option<&str> {
    arn(arn_text).map(|arn| arn.account)
}

/// `vpc-0123456789abcdef0`: the kind of object, a hyphen, 8 or 17 hexadecimal digits.
pub(crate) fn ec2_id(id: &str, kind: &str) -> Checked<Box<str>> {
    let digits = id.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
    let hexadecimal = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let valid = hexadecimal && matches!(digits.len(), 8 | 17);
    text(id, valid, &format!("an id such as {kind}-0123456789abcdef0"))
}

/// `optimal`, a family such as `m5`, or a type such as `m5.large`.
pub(crate) fn instance_type(name: &str) -> Checked<Box<str>> {
    let (family, size) = name.split_once('.').map_or((name, None), |(f, s)| (f, Some(s)));
    let letter_first = family.starts_with(|first: char| first.is_ascii_lowercase());
    let numbered = family.bytes().any(|byte| byte.is_ascii_digit());
    let valid = name == "optimal"
        || letter_first && numbered && is_lower_word(family) && size.is_none_or(is_instance_size);
    text(
        name,
        valid,
        "`optimal`, an instance family such as m5, or an instance type such as m5.large",
    )
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

/// A domain, with a leading dot for all its subdomains as well.
pub(crate) fn domain(name: &str) -> Checked<Box<str>> {
    let labels = name.strip_prefix('.').unwrap_or(name);
    let label = |label: &str| {
        let lower = label.to_ascii_lowercase();
        label.len() <= 63 && is_lower_word(&lower)
    };
    let valid = labels.len() <= 253 && labels.split('.').all(label);
    let expected = "a domain such as quay.io, or .quay.io for its subdomains too; no wildcards";
    text(name, valid, expected)
}

/// A pattern of container images: registry, repository and tag, with `*` anywhere.
pub(crate) fn image(pattern: &str) -> Checked<Box<str>> {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"./-_:@*".contains(&byte);
    let valid = pattern.bytes().all(inside);
    text(pattern, valid, "an image pattern such as quay.io/biocontainers/*")
}

/// A bucket's name.
pub(crate) fn bucket(name: &str) -> Checked<Box<str>> {
    let valid = (3..=63).contains(&name.len()) && name.split('.').all(is_lower_word);
    text(name, valid, "a bucket's name: 3 to 63 lower-case letters, digits, hyphens and dots")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T>(form: impl Fn(&str) -> Checked<T>, right: &[&str], wrong: &[&str]) {
        for text in right {
            assert!(form(text).is_ok(), "{text}");
        }
        for text in wrong {
            assert!(form(text).is_err(), "{text}");
        }
    }

    #[test]
    fn regions_and_environments_have_their_forms() {
        let regions = ["us-east-1", "us-gov-west-1", "ap-southeast-5", "il-central-1"];
        check(
            region,
            &regions,
            &["useast1", "us-east", "us-east-0", "US-east-1", "us--1", "u-e-1", ""],
        );
        check(
            environment,
            &["data.example.org", "localhost", "a-b.c"],
            &["", ".", "a..b", "-a.b", "a-.b", "A.b", "a_b", "é.org"],
        );
    }

    #[test]
    fn arns_name_the_right_kind_of_thing() {
        let role = "arn:aws:iam::111122223333:role/nfplan";
        let user = "arn:aws-cn:iam::111122223333:user/a/b";
        let root = "arn:aws:iam::111122223333:root";
        let policy = "arn:aws:iam::aws:policy/PowerUserAccess";
        let own = "arn:aws-us-gov:iam::111122223333:policy/boundary";
        let pipeline = "arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/nf";
        let broken = [
            "",
            "role/nfplan",
            "arn:aws:iam::1111:role/x",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam:us-east-1:111122223333:role/x",
            "arn:azure:iam::111122223333:role/x",
            "arn:aws:iam::111122223333:rooted",
        ];
        check(role_arn, &[role], &[user, root, policy, own, pipeline]);
        check(principal_arn, &[role, user, root], &[policy, own, pipeline]);
        check(policy_arn, &[policy, own], &[role, user, root, pipeline]);
        check(
            pipeline_arn,
            &[pipeline],
            &[role, "arn:aws:imagebuilder:x:111122223333:image-pipeline/a"],
        );
        for form in [role_arn, principal_arn, policy_arn, pipeline_arn] {
            check(form, &[], &broken);
        }
    }

    #[test]
    fn names_of_compute_and_network_have_their_forms() {
        check(
            instance_type,
            &[
                "optimal",
                "m5",
                "m5.large",
                "c6i.32xlarge",
                "u-6tb1.metal",
                "i7ie.metal-24xl",
                "x2gd.xlarge",
            ],
            &["", "m5.", "m5.huge", "M5.large", "large", "optimal.large", "m5.xxlarge", "5m.large"],
        );
        check(
            domain,
            &["quay.io", ".quay.io", "S3.amazonaws.com", "localhost"],
            &["", ".", "*", "*.quay.io", "..io", "a b.c", "quay.io.", "https://quay.io"],
        );
        check(image, &["quay.io/a/*", "a:1@sha256:0"], &["a b", "a,b", "a\n"]);
        check(bucket, &["ngi-igenomes", "a.b"], &["ab", "A-b", "a_b", "-ab", &"a".repeat(64)]);
        let vpc = |text: &str| ec2_id(text, "vpc");
        check(
            vpc,
            &["vpc-01234567", "vpc-0123456789abcdef0"],
            &["vpc-", "vpc-0123", "sg-01234567", "vpc-0123456G"],
        );
    }

    #[test]
    fn blocks_have_room_for_the_network_and_are_private() {
        for block in ["192.168.0.0/16", "10.4.128.0/17", "172.31.192.0/18"] {
            assert!(cidr(block).is_ok(), "{block}");
        }
        for block in
            ["10.0.0.0/15", "10.0.0.0/19", "172.32.0.0/16", "8.8.0.0/16", "10.0.0.0", "::/16"]
        {
            assert_eq!(cidr(block).map_err(|refusal| refusal.instead), Err(None), "{block}");
        }
        let refusal = cidr("10.0.128.0/16").unwrap_err();
        assert_eq!(refusal.instead, Some("10.0.0.0/16".parse().unwrap()));
    }

    #[test]
    fn only_the_user_name_is_filled_in() {
        assert_eq!(fill_in("a/{{username}}/{{username}}:*", "u").as_deref(), Ok("a/u/u:*"));
        assert_eq!(fill_in("a{b}", "u").as_deref(), Ok("a{b}"));
        for braced in ["{{user}}", "{{ username }}", "{{"] {
            assert_eq!(fill_in(&format!("a{braced}"), "u"), Err(braced.into()));
        }
    }

    #[test]
    fn reserved_and_illegal_tags_are_refused() {
        for key in ["team", "cost:center", "Équipe 1"] {
            assert_eq!(tag_key(key), Ok(()), "{key}");
        }
        for key in
            ["", "aws:x", "AWS:x", "nfplan:unit", "Name", "Environment", "a<b", &"k".repeat(129)]
        {
            assert!(tag_key(key).is_err(), "{key}");
        }
    }
}

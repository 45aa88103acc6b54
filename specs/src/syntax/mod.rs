//! The forms of AWS's names and ids.

mod checks;

#[cfg(test)]
mod tests;

use nfplan_engine::address::AccountId;
use nfplan_engine::digest::Digest;

use self::checks::Arn;
use self::checks::arn;
use self::checks::is_day;
use self::checks::is_drift;
use self::checks::is_ec2_id;
use self::checks::is_iam;
use self::checks::is_instance_type;
use self::checks::is_lower_word;
use self::checks::is_region;
use crate::escape::escape_user;
use crate::project::StateLocation;

pub(crate) use self::checks::account_of;
pub(crate) use self::checks::cidr;
pub(crate) use self::checks::covers;
pub(crate) use self::checks::fill_in;
pub(crate) use self::checks::is_bucket;
pub(crate) use self::checks::tag_key;
pub(crate) use self::checks::tag_text;

/// A form that a text must have.
#[derive(Debug)]
pub(crate) struct Form {
    /// What is expected, to follow "must be".
    pub expected: &'static str,
    /// The same as a regular expression of JSON Schema: of the whole text, in Unicode.
    pub pattern: &'static str,
    /// Whether a text has it.
    pub matches: fn(&str) -> bool,
    /// What was probably meant by a text that has it not; worth nothing unless that has it.
    mend: fn(&str) -> String,
}

impl Form {
    /// What was probably meant by a text that has not this form.
    pub(crate) fn mended(&self, text: &str) -> Option<String> {
        Some((self.mend)(text)).filter(|mended| (self.matches)(mended))
    }
}

/// Nothing is known to be meant.
fn as_it_is(text: &str) -> String {
    text.to_owned()
}

fn lower(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// Parts of patterns.
macro_rules! part {
    // Lower-case letters, digits and inner hyphens.
    (word) => {
        "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
    };
    // The same, as long as a part of a DNS name may be.
    (label) => {
        "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    };
    (any_label) => {
        "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    };
    (username) => {
        r"\{\{username\}\}"
    };
    (bucket_label) => {
        r"(?:[a-z0-9]|\{\{username\}\})(?:(?:[a-z0-9-]|\{\{username\}\})*(?:[a-z0-9]|\{\{username\}\}))?"
    };
    (partition) => {
        "arn:(?:aws|aws-cn|aws-us-gov)"
    };
    (region) => {
        "[a-z]{2,3}(?:-[a-z]+)+-[1-9]"
    };
}

/// Text of any kind, but some.
pub(crate) static NOT_EMPTY: Form = Form {
    expected: "text, not empty",
    pattern: r"^[\s\S]+$",
    matches: |text| !text.is_empty(),
    mend: as_it_is,
};

/// Twelve digits.
pub(crate) static ACCOUNT_ID: Form = Form {
    expected: "an account id: 12 digits",
    pattern: "^[0-9]{12}$",
    matches: |id| AccountId::new(id).is_ok(),
    // The AWS console shows it in three groups.
    mend: |id| id.replace(['-', ' '], ""),
};

/// `us-east-1`, `us-gov-west-1`.
pub(crate) static REGION: Form = Form {
    expected: "a region such as us-east-1",
    pattern: concat!("^", part!(region), "$"),
    matches: is_region,
    mend: lower,
};

/// A DNS name in lower case. Longer ones leave no room for the rest of the bucket's name, which has
/// an error of its own.
pub(crate) static ENVIRONMENT: Form = Form {
    expected: "a DNS name in lower case such as data.example.org",
    pattern: concat!(r"^(?=.{1,47}$)", part!(label), r"(?:\.", part!(label), ")*$"),
    matches: |name| name.split('.').all(|label| label.len() <= 63 && is_lower_word(label)),
    mend: lower,
};

/// A name that selectors and references use.
pub(crate) static LOCAL_NAME: Form = Form {
    expected: "letters, digits, `-`, `_` and `.`",
    pattern: "^[A-Za-z0-9_.-]+$",
    matches: |name| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !name.is_empty() && name.bytes().all(inside)
    },
    mend: |name| name.trim().replace(' ', "-"),
};

/// A day: `2026-11-27`.
pub(crate) static DATE: Form = Form {
    expected: "a day such as 2026-11-27",
    pattern: concat!(
        "^(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
        "|02-(?:0[1-9]|1[0-9]|2[0-8]))",
        "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)$"
    ),
    matches: is_day,
    mend: |text| text.trim().replace(['/', '.'], "-"),
};

/// What drifted: a unit, an address, and an attribute unless it is about the object as a whole.
pub(crate) static DRIFT: Form = Form {
    expected: "UNIT:ADDRESS or UNIT:ADDRESS#ATTRIBUTE as `nfplan drift` names it",
    pattern: r#"^[!-"$-9;-~]+:[!-"$-.0-9;-~]+/[!-"$-.0-9;-~]+(?:#[a-z_*]+)?$"#,
    matches: is_drift,
    mend: |text| text.trim().to_owned(),
};

/// A plan's digest.
pub(crate) static DIGEST: Form = Form {
    expected: "a whole digest: `sha256:` and 64 hexadecimal digits",
    pattern: "^sha256:[0-9a-f]{64}$",
    matches: |text| text.parse::<Digest>().is_ok(),
    mend: |text| format!("sha256:{}", lower(text).trim_start_matches("sha256:")),
};

/// A user name that has an escaped form of its own.
pub(crate) static USER: Form = Form {
    expected: "printable ASCII",
    pattern: "^[ -~]+$",
    matches: |user| escape_user(user).is_ok(),
    mend: as_it_is,
};

/// Where the state is.
pub(crate) static STATE: Form = Form {
    expected: "a folder, s3://bucket or s3://bucket/prefix",
    pattern: concat!(
        r"^(?:(?![\s\S]*://)[\s\S]+|s3://(?=[^/]{3,63}(?:/|$))",
        part!(word),
        r"(?:\.",
        part!(word),
        r")*(?:/[^/]+)*/*)$"
    ),
    matches: |text| text.parse::<StateLocation>().is_ok(),
    mend: as_it_is,
};

/// Where the state is in S3.
pub(crate) static STATE_BUCKET: Form = Form {
    expected: "s3://bucket or s3://bucket/prefix",
    pattern: concat!(
        r"^s3://(?=[^/]{3,63}(?:/|$))",
        part!(word),
        r"(?:\.",
        part!(word),
        r")*(?:/[^/]+)*/*$"
    ),
    matches: |text| text.parse().is_ok_and(|at| matches!(at, StateLocation::Bucket(_))),
    mend: |text| format!("s3://{text}"),
};

/// A KMS key by its ARN.
pub(crate) static KMS_KEY: Form = Form {
    expected: "a KMS key's ARN such as arn:aws:kms:us-east-1:111122223333:key/…",
    pattern: concat!("^", part!(partition), ":kms:", part!(region), ":[0-9]{12}:key/[!-~]+$"),
    matches: |text| {
        arn(text).is_some_and(|arn| {
            arn.service == "kms"
                && is_region(arn.region)
                && AccountId::new(arn.account).is_ok()
                && arn.resource.strip_prefix("key/").is_some_and(|name| !name.is_empty())
        })
    },
    mend: as_it_is,
};

/// A role's ARN.
pub(crate) static ROLE_ARN: Form = Form {
    expected: "a role's ARN such as arn:aws:iam::111122223333:role/nfplan",
    pattern: concat!("^", part!(partition), ":iam::[0-9]{12}:role/[!-~]+$"),
    matches: |text| arn(text).is_some_and(|arn| is_iam(&arn, &["role/"])),
    mend: as_it_is,
};

/// The ARN of a role, a user or a whole account.
pub(crate) static PRINCIPAL_ARN: Form = Form {
    expected: "the ARN of an IAM role, a user or an account's root",
    pattern: concat!("^", part!(partition), ":iam::[0-9]{12}:(?:(?:role|user)/[!-~]+|root)$"),
    matches: |text| arn(text).is_some_and(|arn| is_iam(&arn, &["role/", "user/", "root"])),
    mend: |id| format!("arn:aws:iam::{id}:root"),
};

/// The ARN of a managed policy, AWS's own included.
pub(crate) static POLICY_ARN: Form = Form {
    expected: "a policy's ARN such as arn:aws:iam::111122223333:policy/boundary",
    pattern: concat!("^", part!(partition), ":iam::(?:[0-9]{12}|aws):policy/[!-~]+$"),
    matches: |text| {
        arn(text).is_some_and(|arn| {
            let aws_managed = Arn { account: "000000000000", ..arn };
            is_iam(if arn.account == "aws" { &aws_managed } else { &arn }, &["policy/"])
        })
    },
    mend: as_it_is,
};

/// Where a machine has the AWS CLI. Nextflow mounts the folder above its folder into containers, in
/// place of theirs (Nextflow, "AWS CLI installation"): so that must be one that containers lack.
pub(crate) static CLI_PATH: Form = Form {
    expected: "the path of `aws` two folders deep, the first of them one that containers do not \
               have: /opt/aws-cli/bin/aws",
    pattern: r"^(?!/usr/(?:local/)?s?bin/aws$)(?:/[A-Za-z0-9_][A-Za-z0-9._-]*){2,}/aws$",
    matches: checks::is_cli_path,
    mend: as_it_is,
};

/// The ARN of an Image Builder pipeline.
pub(crate) static PIPELINE_ARN: Form = Form {
    expected: "an Image Builder pipeline's ARN such as \
               arn:aws:imagebuilder:us-east-1:111122223333:image-pipeline/name",
    pattern: concat!(
        "^",
        part!(partition),
        ":imagebuilder:",
        part!(region),
        ":[0-9]{12}:image-pipeline/[!-~]+$"
    ),
    matches: |text| {
        arn(text).is_some_and(|arn| {
            arn.service == "imagebuilder"
                && is_region(arn.region)
                && AccountId::new(arn.account).is_ok()
                && arn.resource.strip_prefix("image-pipeline/").is_some_and(|name| !name.is_empty())
        })
    },
    mend: as_it_is,
};

/// Defines the form of an EC2 id: the kind of object, a hyphen, 8 or 17 hexadecimal digits.
macro_rules! ec2_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        pub(crate) static $name: Form = Form {
            expected: concat!("an id such as ", $kind, "-0123456789abcdef0"),
            pattern: concat!("^", $kind, "-(?:[0-9a-f]{8}|[0-9a-f]{17})$"),
            matches: |id| is_ec2_id(id, $kind),
            mend: lower,
        };
    };
}

ec2_id!(
    /// A machine image's id.
    AMI,
    "ami"
);
ec2_id!(
    /// A VPC's id.
    VPC,
    "vpc"
);
ec2_id!(
    /// A subnet's id.
    SUBNET,
    "subnet"
);
ec2_id!(
    /// A security group's id.
    SECURITY_GROUP,
    "sg"
);

/// `optimal`, a family such as `m5`, or a type such as `m5.large`.
pub(crate) static INSTANCE_TYPE: Form = Form {
    expected: "`optimal`, an instance family such as m5, or an instance type such as m5.large",
    pattern: concat!(
        r"^(?:optimal|(?=[a-z])(?=[a-z-]*[0-9])",
        part!(word),
        r"(?:\.(?:nano|micro|small|medium|large|metal|[0-9]*xlarge|metal-[0-9]+xl))?)$"
    ),
    matches: is_instance_type,
    mend: lower,
};

/// A domain, with a leading dot for all its subdomains as well.
pub(crate) static DOMAIN: Form = Form {
    expected: "a domain such as quay.io, or .quay.io for its subdomains too; no wildcards",
    pattern: concat!(r"^\.?(?=.{1,253}$)", part!(any_label), r"(?:\.", part!(any_label), ")*$"),
    matches: |name| {
        let labels = name.strip_prefix('.').unwrap_or(name);
        let label = |label: &str| label.len() <= 63 && is_lower_word(&label.to_ascii_lowercase());
        labels.len() <= 253 && labels.split('.').all(label)
    },
    mend: |name| {
        let host = name.split_once("://").map_or(name, |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default().trim_end_matches('.');
        host.strip_prefix('*').unwrap_or(host).to_owned()
    },
};

/// A pattern of container images: registry, repository and tag, with `*` anywhere.
pub(crate) static IMAGE: Form = Form {
    expected: "an image pattern such as quay.io/biocontainers/*",
    pattern: concat!("^(?!.*//)(?:[A-Za-z0-9./_:@*-]|", part!(username), ")+$"),
    matches: |template| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"./-_:@*".contains(&byte);
        let image = |text: &str| !text.contains("//") && text.bytes().all(inside);
        fill_in(template, "u").is_ok_and(|text| !text.is_empty() && image(&text))
    },
    mend: |template| template.split_once("://").map_or(template, |(_, rest)| rest).to_owned(),
};

/// A bucket's name.
pub(crate) static BUCKET: Form = Form {
    expected: "a bucket's name: 3 to 63 lower-case letters, digits, hyphens and dots",
    pattern: concat!(
        "^(?=(?:[^{]|",
        part!(username),
        "){3,63}$)",
        part!(bucket_label),
        r"(?:\.",
        part!(bucket_label),
        ")*$"
    ),
    matches: |template| fill_in(template, "u").is_ok_and(|name| is_bucket(&name)),
    mend: |name| {
        let name = name.strip_prefix("s3://").unwrap_or(name).trim_end_matches('/');
        name.strip_prefix("arn:aws:s3:::").unwrap_or(name).to_ascii_lowercase()
    },
};

/// A private block for a VPC, wide enough for four subnets of /20.
pub(crate) static CIDR: Form = Form {
    expected: "a private block such as 192.168.0.0/16, from /16 to /18",
    pattern: concat!(
        r"^(?:10\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])|172\.(?:1[6-9]|2[0-9]|3[01])",
        r"|192\.168)\.(?:0\.0/16|(?:0|128)\.0/17|(?:0|64|128|192)\.0/18)$"
    ),
    matches: |block| cidr(block).is_ok(),
    mend: as_it_is,
};

/// A tag's key.
pub(crate) static TAG_KEY: Form = Form {
    expected: "a tag's key: 1 to 128 letters, digits, spaces and _.:/=+-@",
    pattern: concat!(
        r"^(?!(?:Name|Environment)$)(?![aA][wW][sS]:|[nN][fF][pP][lL][aA][nN]:)",
        r"(?=.{1,128}$)[\p{Alphabetic}\p{N} _.:/=+@-]+$"
    ),
    matches: |key| tag_key(key).is_ok(),
    mend: as_it_is,
};

/// A tag's value.
pub(crate) static TAG_VALUE: Form = Form {
    expected: "a tag's value: up to 256 letters, digits, spaces and _.:/=+-@",
    pattern: r"^(?=.{0,256}$)[\p{Alphabetic}\p{N} _.:/=+@-]*$",
    matches: |text| tag_text(text, 256).is_ok(),
    mend: as_it_is,
};

/// A label's key: anything.
pub(crate) static ANY: Form =
    Form { expected: "text", pattern: r"^[\s\S]*$", matches: |_| true, mend: as_it_is };

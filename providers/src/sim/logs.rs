//! `CloudWatch` Logs: the group that jobs print to.

use nfplan_engine::value::Value;

use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Codes;
use crate::sim::kind::Guard;
use crate::sim::kind::Identified;
use crate::sim::kind::Kind;
use crate::sim::kind::NameRule;
use crate::sim::kind::Reads;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::kind::Tagging;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;

/// The days that `CloudWatch` Logs takes (its API reference, `PutRetentionPolicy`).
const RETENTION_DAYS: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// The type.
pub(crate) static LOG_GROUP: Kind = Kind {
    resource_type: "logs.log_group",
    global: false,
    create: "logs:CreateLogGroup",
    delete: "logs:DeleteLogGroup",
    codes: &Codes {
        invalid: "InvalidParameterException",
        exists: "ResourceAlreadyExistsException",
        missing: "ResourceNotFoundException",
        quota: "LimitExceededException",
        in_use: "OperationAbortedException",
    },
    guard: Guard::Name,
    identify: |_, _, attributes| Identified::named(attributes),
    references: &[],
    changes: &[Change::Set {
        operation: "logs:PutRetentionPolicy",
        attributes: &["retention_days"],
        start: Start::Unset,
        clear: Some("logs:DeleteRetentionPolicy"),
    }],
    tagging: Some(Tagging { tag: "logs:TagResource", untag: Some("logs:UntagResource") }),
    name: Some(NameRule { attribute: "name", least: 1, most: 512, extra: "._-/#" }),
    work: None,
    rules: Rules { check, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads {
        pages: &[("logs:DescribeLogGroups", 50)],
        each: &["logs:ListTagsForResource"],
        deep: &[],
        deep_pages: &[],
        listed: true,
    },
};

fn check(_: &Scene<'_>, _: Option<&Record>, group: &Record) -> Result<(), Refusal> {
    let days = group.attributes.get("retention_days").and_then(Value::as_integer);
    if days.is_none_or(|days| RETENTION_DAYS.contains(&days)) {
        return Ok(());
    }
    let message = format!("the retention in days must be one of {RETENTION_DAYS:?}");
    Err(Refusal::invalid("InvalidParameterException", message))
}

//! KMS: keys and their aliases. Keys are never deleted: what they encrypt would be lost.

use nfplan_engine::address::Place;
use nfplan_engine::preflight::Deed;
use nfplan_engine::preflight::Seen;
use nfplan_engine::preflight::Side;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::ids::Mint;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Codes;
use crate::sim::kind::Guard;
use crate::sim::kind::Holds;
use crate::sim::kind::Identified;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Reference;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::kind::Tagging;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::standard;
use crate::types::common::partition;

static CODES: Codes = Codes {
    invalid: "ValidationException",
    exists: "AlreadyExistsException",
    missing: "NotFoundException",
    quota: "LimitExceededException",
    in_use: "KMSInvalidStateException",
};

/// A key.
pub(crate) static KEY: Kind = Kind {
    resource_type: "kms.key",
    global: false,
    create: "kms:CreateKey",
    delete: "kms:ScheduleKeyDeletion",
    codes: &CODES,
    guard: Guard::Search("kms:ListKeys"),
    identify: identify_key,
    references: &[],
    changes: &[
        Change::Switch {
            attribute: "enabled",
            on: "kms:EnableKey",
            off: "kms:DisableKey",
            start: true,
        },
        Change::Switch {
            attribute: "rotation",
            on: "kms:EnableKeyRotation",
            off: "kms:DisableKeyRotation",
            start: false,
        },
        Change::Set {
            operation: "kms:UpdateKeyDescription",
            attributes: &["description"],
            start: Start::Given,
            clear: None,
        },
        Change::Set {
            operation: "kms:PutKeyPolicy",
            attributes: &["policy"],
            start: Start::Given,
            clear: None,
        },
    ],
    tagging: Some(Tagging { tag: "kms:TagResource", untag: Some("kms:UntagResource") }),
    name: None,
    work: None,
    rules: Rules { check: check_key, ..Rules::NONE },
    calls: Calls { update: update_key, delete: refuse_delete, more, ..Calls::STANDARD },
    reads: Reads {
        pages: &[("kms:ListAliases", 100)],
        each: &[
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListResourceTags",
        ],
        deep: &[],
        deep_pages: &[],
        listed: true,
    },
};

fn identify_key(mint: &Mint, place: &Place, _: &Attributes) -> Identified {
    let id = mint.uuid();
    let partition = partition(&place.region);
    let arn = format!("arn:{partition}:kms:{}:{}:key/{id}", place.region, place.account);
    let outputs = [("id".into(), Value::text(&id)), ("arn".into(), arn.into())];
    Identified { id, outputs: Attributes::from(outputs) }
}

/// The rotation of a disabled key cannot be turned on or off.
fn check_key(_: &Scene<'_>, before: Option<&Record>, key: &Record) -> Result<(), Refusal> {
    let Some(before) = before else { return Ok(()) };
    let disabled = before.attributes.get("enabled") == Some(&Value::Bool(false));
    if disabled && before.attributes.get("rotation") != key.attributes.get("rotation") {
        let message = format!("the key `{}` is disabled", key.key.id);
        return Err(Refusal::conflict("DisabledException", message));
    }
    Ok(())
}

/// Rotation can be turned on and off only while the key is enabled, so a key that is disabled, or is
/// about to be, is enabled meanwhile.
fn update_key(
    session: &mut Session<'_>,
    record: &Record,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    if record.attributes.get("rotation") != request.after.get("rotation") {
        let mut enabled = request.after.clone();
        enabled.insert("enabled".into(), Value::Bool(true));
        standard::bring(session, &record.key, &enabled)?;
    }
    standard::update(session, record, request)
}

fn more(deed: &Deed<'_>) -> Vec<&'static str> {
    match deed {
        Deed::Update { before, after, changed } if changed.contains("rotation") => {
            let is_enabled = |side: &Side<'_>| matches!(side.see("enabled"), Seen::Value(value) if *value == Value::Bool(true));
            let enabled = (!is_enabled(before)).then_some("kms:EnableKey");
            enabled.into_iter().chain((!is_enabled(after)).then_some("kms:DisableKey")).collect()
        }
        Deed::Create { .. } | Deed::Update { .. } | Deed::Disable { .. } | Deed::Delete { .. } => {
            Vec::new()
        }
    }
}

fn refuse_delete(
    session: &mut Session<'_>,
    record: &Record,
    _: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let message = format!("nfplan never deletes a key, so `{}` stays; disable it", record.key.id);
    Err(session.refused(KEY.delete, &Refusal::invalid("NeverDeleted", message)))
}

/// A name of a key.
pub(crate) static ALIAS: Kind = Kind {
    resource_type: "kms.alias",
    global: false,
    create: "kms:CreateAlias",
    delete: "kms:DeleteAlias",
    codes: &CODES,
    guard: Guard::Name,
    identify: |_, _, attributes| Identified::named(attributes),
    references: &[Reference {
        attribute: "target_key_id",
        field: None,
        to: "kms.key",
        missing: "NotFoundException",
        holds: Holds::Dangles,
    }],
    changes: &[Change::Set {
        operation: "kms:UpdateAlias",
        attributes: &["target_key_id"],
        start: Start::Given,
        clear: None,
    }],
    tagging: None,
    name: None,
    work: None,
    rules: Rules { check: check_alias, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads::listing(&[("kms:ListAliases", 100)]),
};

fn check_alias(_: &Scene<'_>, _: Option<&Record>, alias: &Record) -> Result<(), Refusal> {
    let name = alias.text_or_empty("name");
    let rest = name.strip_prefix("alias/").unwrap_or_default();
    let valid = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
    if !rest.is_empty() && !rest.starts_with("aws/") && rest.chars().all(valid) {
        return Ok(());
    }
    let message = format!("`{name}` is no name of an alias");
    Err(Refusal::invalid("InvalidAliasNameException", message))
}

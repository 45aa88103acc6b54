//! Customer managed policies and their versions.

use nfplan_engine::preflight::Deed;
use nfplan_engine::preflight::Side;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::iam;
use crate::sim::kind::Calls;
use crate::sim::kind::Guard;
use crate::sim::kind::Identified;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Rules;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::standard;
use crate::types::iam::policy::SCHEMA;

/// A policy has at most this many versions.
const MOST_VERSIONS: usize = 5;

/// The type.
pub(crate) static KIND: Kind = Kind {
    resource_type: "iam.policy",
    global: true,
    create: "iam:CreatePolicy",
    delete: "iam:DeletePolicy",
    codes: &iam::CODES,
    guard: Guard::Name,
    identify: |_, place, attributes| Identified::by(&(SCHEMA.predict)(place, attributes), "arn"),
    references: &[],
    changes: &[],
    tagging: Some(iam::tagging("iam:TagPolicy", "iam:UntagPolicy")),
    name: Some(iam::name(128)),
    work: None,
    rules: Rules { complete, may_delete, ..Rules::NONE },
    calls: Calls { update, delete, more, ..Calls::STANDARD },
    reads: Reads::single(&["iam:GetPolicy", "iam:GetPolicyVersion"]),
};

/// A document is a version: made or taken up again, and in the end deleted.
fn more(deed: &Deed<'_>) -> Vec<&'static str> {
    match deed {
        Deed::Update { changed, .. } if changed.contains("document") => {
            vec![
                "iam:CreatePolicyVersion",
                "iam:DeletePolicyVersion",
                "iam:SetDefaultPolicyVersion",
            ]
        }
        Deed::Delete { before: Side::Known(_) } => vec!["iam:DeletePolicyVersion"],
        Deed::Create { .. } | Deed::Update { .. } | Deed::Disable { .. } | Deed::Delete { .. } => {
            Vec::new()
        }
    }
}

/// A version: its number and its document.
fn version(number: i64, document: &Value) -> Value {
    let fields = [("number".into(), Value::Integer(number)), ("document".into(), document.clone())];
    Value::Map(Attributes::from(fields))
}

fn number_of(version: &Value) -> i64 {
    version.as_map().and_then(|fields| fields.get("number")?.as_integer()).unwrap_or(0)
}

fn document_of(version: &Value) -> Option<&Value> {
    version.as_map()?.get("document")
}

/// All versions, the oldest first.
fn versions(policy: &Record) -> &[Value] {
    policy.hidden_list("versions")
}

fn is_default(policy: &Record, version: &Value) -> bool {
    document_of(version) == policy.attributes.get("document")
}

fn complete(_: &Scene<'_>, policy: &mut Record) {
    let document = policy.attributes.get("document").cloned();
    let first = document.iter().map(|document| version(1, document)).collect();
    policy.hidden.insert("versions".into(), Value::List(first));
}

/// A policy goes only when no version but the default one is left.
fn may_delete(_: &Scene<'_>, policy: &Record) -> Result<(), Refusal> {
    if versions(policy).len() <= 1 {
        return Ok(());
    }
    let message = format!("the policy `{}` has more than one version", policy.key.id);
    Err(Refusal::conflict("DeleteConflict", message))
}

fn update(
    session: &mut Session<'_>,
    record: &Record,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    let mut wanted = request.after.clone();
    session.settings().schema(KIND.resource_type).normalise(&mut wanted);
    if let Some(document) = wanted
        .get("document")
        .filter(|document| record.attributes.get("document") != Some(document))
    {
        bring_document(session, &record.key, document)?;
    }
    standard::update_tags(session, &record.key, &wanted)
}

/// Makes the version with this document the default one.
fn bring_document(
    session: &mut Session<'_>,
    key: &Key,
    document: &Value,
) -> Result<(), ProviderError> {
    session.look("iam:ListPolicyVersions")?;
    let policy = session.record(key).cloned();
    let known =
        policy.iter().flat_map(versions).any(|version| document_of(version) == Some(document));
    let operation = if known { "iam:SetDefaultPolicyVersion" } else { "iam:CreatePolicyVersion" };
    if let Some(policy) = policy.filter(|policy| !known && versions(policy).len() >= MOST_VERSIONS)
    {
        let oldest = versions(&policy).iter().find(|version| !is_default(&policy, version));
        oldest.map_or(Ok(()), |oldest| delete_version(session, key, number_of(oldest)))?;
    }
    standard::change(session, key, operation, |_, policy| {
        if !known {
            push_version(policy, document)?;
        }
        policy.attributes.insert("document".into(), document.clone());
        Ok(())
    })
}

fn push_version(policy: &mut Record, document: &Value) -> Result<(), Refusal> {
    let number = versions(policy).iter().map(number_of).max().unwrap_or(0) + 1;
    let Some(Value::List(versions)) = policy.hidden.get_mut("versions") else { return Ok(()) };
    if versions.len() >= MOST_VERSIONS {
        let message = format!("a policy has at most {MOST_VERSIONS} versions");
        return Err(Refusal::new(ErrorKind::Quota, "LimitExceeded", message));
    }
    versions.push(version(number, document));
    Ok(())
}

fn delete_version(session: &mut Session<'_>, key: &Key, number: i64) -> Result<(), ProviderError> {
    standard::change(session, key, "iam:DeletePolicyVersion", |_, policy| {
        if let Some(Value::List(versions)) = policy.hidden.get_mut("versions") {
            versions.retain(|version| number_of(version) != number);
        }
        Ok(())
    })
}

fn delete(
    session: &mut Session<'_>,
    record: &Record,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    session.look("iam:ListPolicyVersions")?;
    for version in versions(record).iter().filter(|version| !is_default(record, version)) {
        delete_version(session, &record.key, number_of(version))?;
    }
    standard::delete(session, record, request)
}

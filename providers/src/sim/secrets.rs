//! Secrets Manager: the secret in which an access key is delivered.
//!
//! No value is kept, only which key's secret each version holds: a version has the key id as its
//! staging label, and `AWSCURRENT` is on the one that was promoted last.

use nfplan_engine::preflight::Deed;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::provider::UpdateRequest;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::delivered::AccessKey;
use crate::sim::ids;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Codes;
use crate::sim::kind::Guard;
use crate::sim::kind::Holds;
use crate::sim::kind::Identified;
use crate::sim::kind::Kind;
use crate::sim::kind::NameRule;
use crate::sim::kind::Reads;
use crate::sim::kind::Reference;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::kind::Tagging;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::session::Session;
use crate::sim::standard;
use crate::types::common::partition;

pub(crate) const MOVE_LABEL: &str = "secretsmanager:UpdateSecretVersionStage";

/// The request that puts a key's secret in.
pub(crate) const STAGE: &str = "secretsmanager:PutSecretValue";

static CODES: Codes = Codes {
    invalid: "InvalidParameterException",
    exists: "ResourceExistsException",
    missing: "ResourceNotFoundException",
    quota: "LimitExceededException",
    in_use: "InvalidRequestException",
};

/// The listing shows the labels of all versions too.
const READS: Reads = Reads::listing(&[("secretsmanager:ListSecrets", 100)]);

/// A secret.
pub(crate) static SECRET: Kind = Kind {
    resource_type: "secretsmanager.secret",
    global: false,
    create: "secretsmanager:CreateSecret",
    delete: "secretsmanager:DeleteSecret",
    codes: &CODES,
    guard: Guard::Name,
    identify: |mint, place, attributes| {
        let name = Identified::named(attributes).id;
        let (partition, suffix) = (partition(&place.region), mint.suffix());
        let (region, account) = (&place.region, &place.account);
        let id =
            format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{suffix}");
        Identified { outputs: Attributes::from([("arn".into(), Value::text(&id))]), id }
    },
    references: &[],
    changes: &[Change::Set {
        operation: "secretsmanager:UpdateSecret",
        attributes: &["description"],
        start: Start::Given,
        clear: None,
    }],
    tagging: Some(Tagging {
        tag: "secretsmanager:TagResource",
        untag: Some("secretsmanager:UntagResource"),
    }),
    name: Some(NameRule { attribute: "name", least: 1, most: 512, extra: "/_+=.@-" }),
    work: None,
    rules: Rules::NONE,
    calls: Calls::STANDARD,
    reads: READS,
};

/// Which key's secret the secret gives out.
pub(crate) static CURRENT_VERSION: Kind = Kind {
    resource_type: "secretsmanager.current_version",
    global: false,
    create: MOVE_LABEL,
    delete: MOVE_LABEL,
    codes: &CODES,
    guard: Guard::Overwrite,
    identify: |_, _, attributes| Identified::by(attributes, "secret_id"),
    references: &[Reference {
        attribute: "secret_id",
        field: None,
        to: "secretsmanager.secret",
        missing: "ResourceNotFoundException",
        holds: Holds::Follows,
    }],
    changes: &[],
    tagging: None,
    name: None,
    work: None,
    rules: Rules { check: check_staged, ..Rules::NONE },
    calls: Calls {
        create: promote,
        update: promote_other,
        // The label goes with the secret; there is always one current version.
        delete: |_, _, _| Ok(()),
        more,
    },
    reads: READS,
};

/// Another key's secret is given out by the request that gives out the first one.
fn more(deed: &Deed<'_>) -> Vec<&'static str> {
    if matches!(deed, Deed::Update { .. }) { vec![MOVE_LABEL] } else { Vec::new() }
}

/// Only what waits in the secret can be promoted.
fn check_staged(scene: &Scene<'_>, _: Option<&Record>, version: &Record) -> Result<(), Refusal> {
    let key = version.text_or_empty("access_key_id");
    let secret = scene.find(SECRET.resource_type, version.text_or_empty("secret_id"));
    if secret.is_none_or(|secret| is_staged(secret, key)) {
        return Ok(());
    }
    let message = format!("the secret has no version with the label `{key}`");
    Err(Refusal::new(ErrorKind::NotFound, "ResourceNotFoundException", message))
}

fn is_staged(secret: &Record, key: &str) -> bool {
    secret.hidden_list("staged").iter().any(|staged| staged.as_text() == Some(key))
}

fn promote(
    session: &mut Session<'_>,
    kind: &'static Kind,
    request: &CreateRequest<'_>,
) -> Result<Key, ProviderError> {
    standard::make(session, kind, request.inputs)
}

fn promote_other(
    session: &mut Session<'_>,
    record: &Record,
    request: &UpdateRequest<'_>,
) -> Result<(), ProviderError> {
    standard::set(session, &record.key, MOVE_LABEL, &["access_key_id"], request.after)
}

/// Puts a key's secret into a new version, labelled with the key id.
pub(crate) fn stage(
    session: &mut Session<'_>,
    secret: &str,
    key: &str,
) -> Result<(), ProviderError> {
    session.request(STAGE, |scene| {
        let mut secret = find(scene, secret)?.clone();
        let mut staged = secret.hidden_list("staged").to_vec();
        staged.push(Value::text(key));
        secret.hidden.insert("staged".into(), Value::List(staged));
        scene.put(secret);
        Ok(())
    })
}

fn find<'a>(scene: &Scene<'a>, secret: &str) -> Result<&'a Record, Refusal> {
    let reference = &CURRENT_VERSION.references[0];
    scene.refer(&CURRENT_VERSION, reference, secret)
}

/// The key whose secret a secret gives out, by its ARN or name.
pub(crate) fn given_out(
    session: &mut Session<'_>,
    secret: &str,
) -> Result<Option<AccessKey>, ProviderError> {
    session.look("secretsmanager:GetSecretValue")?;
    let found = session.cloud().find(SECRET.resource_type, SECRET.scope(session.place), secret);
    let id = found.and_then(|found| current(session, found)).map(str::to_owned);
    Ok(id.map(|id| AccessKey { secret: ids::secret_access_key(&id), id }))
}

/// Takes the label off the version of a key that was not promoted.
pub(crate) fn discard(
    session: &mut Session<'_>,
    secret: &str,
    key: &str,
) -> Result<(), ProviderError> {
    let scope = SECRET.scope(session.place);
    let found = session.cloud().find(SECRET.resource_type, scope, secret).cloned();
    let waits = |found: &Record| is_staged(found, key) && current(session, found) != Some(key);
    let Some(found) = found.filter(waits) else { return Ok(()) };
    standard::change(session, &found.key, MOVE_LABEL, |_, secret| {
        if let Some(Value::List(staged)) = secret.hidden.get_mut("staged") {
            staged.retain(|staged| staged.as_text() != Some(key));
        }
        Ok(())
    })
}

/// The key whose secret is given out.
fn current<'a>(session: &'a Session<'_>, secret: &Record) -> Option<&'a str> {
    let mut versions = session.cloud().referrers(secret);
    versions
        .find(|version| version.key.resource_type == CURRENT_VERSION.resource_type)?
        .text("access_key_id")
}

//! S3: a bucket and the parts of its configuration. Bucket names are unique among all accounts.

use nfplan_engine::preflight::Deed;
use nfplan_engine::provider::CreateRequest;
use nfplan_engine::provider::DeleteRequest;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::kind;
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
use crate::sim::session::internal;
use crate::sim::standard;

static CODES: Codes = Codes {
    invalid: "InvalidRequest",
    exists: "BucketAlreadyOwnedByYou",
    missing: "NoSuchBucket",
    quota: "TooManyBuckets",
    in_use: "BucketNotEmpty",
};

const fn set(operation: &'static str, attributes: &'static [&'static str]) -> Change {
    Change::Set { operation, attributes, start: Start::Given, clear: None }
}

/// A bucket.
pub(crate) static BUCKET: Kind = Kind {
    resource_type: "s3.bucket",
    global: true,
    create: "s3:CreateBucket",
    delete: "s3:DeleteBucket",
    codes: &CODES,
    guard: Guard::Name,
    identify: |_, _, attributes| Identified::named(attributes),
    references: &[],
    changes: &[set("s3:PutBucketOwnershipControls", &["object_ownership"])],
    tagging: Some(Tagging { tag: "s3:PutBucketTagging", untag: None }),
    name: Some(NameRule { attribute: "name", least: 3, most: 63, extra: ".-" }),
    work: None,
    rules: Rules { check: check_bucket, may_delete: refuse_with_contents, ..Rules::NONE },
    calls: Calls { create: create_bucket, ..Calls::STANDARD },
    reads: Reads::single(&[
        "s3:HeadBucket",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketTagging",
    ]),
};

fn check_bucket(_: &Scene<'_>, _: Option<&Record>, bucket: &Record) -> Result<(), Refusal> {
    let name = bucket.text_or_empty("name");
    let ends = [name.chars().next(), name.chars().last()];
    let sound = ends.iter().flatten().all(char::is_ascii_alphanumeric);
    if sound && !name.chars().any(|c| c.is_ascii_uppercase()) {
        return Ok(());
    }
    let message = format!("`{name}` is no name of a bucket: lower-case letters, digits, `.`, `-`");
    Err(Refusal::invalid("InvalidBucketName", message))
}

/// The objects in a bucket.
pub(crate) fn contents(bucket: &Record) -> &[Value] {
    bucket.hidden_list("contents")
}

fn refuse_with_contents(_: &Scene<'_>, bucket: &Record) -> Result<(), Refusal> {
    if contents(bucket).is_empty() {
        return Ok(());
    }
    let message = format!("the bucket `{}` is not empty", bucket.key.id);
    Err(Refusal::conflict("BucketNotEmpty", message))
}

fn create_bucket(
    session: &mut Session<'_>,
    kind: &'static Kind,
    request: &CreateRequest<'_>,
) -> Result<Key, ProviderError> {
    let refreshed = session.core.refresh_all();
    refreshed.map_err(|error| internal(kind.create, &error, Left::Nothing))?;
    let name = Identified::named(request.inputs).id;
    let key = kind.key(session.place, &name);
    let taken = session
        .core
        .clouds()
        .any(|(account, cloud)| *account != session.place.account && cloud.get(&key).is_some());
    if taken {
        session.request(kind.create, |_| -> Result<(), Refusal> {
            let message = format!("the bucket `{name}` exists in another account");
            Err(Refusal::new(ErrorKind::Exists, "BucketAlreadyExists", message))
        })?;
    }
    standard::create(session, kind, request)
}

/// A part of a bucket: putting it overwrites what is there, and it goes with its bucket.
const fn part(
    resource_type: &'static str,
    [put, delete]: [&'static str; 2],
    reads: &'static [&'static str],
    changes: &'static [Change],
) -> Kind {
    Kind {
        resource_type,
        global: true,
        create: put,
        delete,
        codes: &CODES,
        guard: Guard::Overwrite,
        identify: |_, _, attributes| Identified::by(attributes, "bucket"),
        references: &[Reference {
            attribute: "bucket",
            field: None,
            to: "s3.bucket",
            missing: "NoSuchBucket",
            holds: Holds::Follows,
        }],
        changes,
        tagging: None,
        name: None,
        work: None,
        rules: Rules::NONE,
        calls: Calls::STANDARD,
        reads: Reads::single(reads),
    }
}

/// How new contents are encrypted.
pub(crate) static BUCKET_ENCRYPTION: Kind = part(
    "s3.bucket_encryption",
    ["s3:PutBucketEncryption", "s3:PutEncryptionConfiguration"],
    &["s3:GetBucketEncryption"],
    &[set("s3:PutBucketEncryption", &["algorithm", "kms_key_id", "bucket_key"])],
);

/// How long contents are kept.
pub(crate) static BUCKET_LIFECYCLE: Kind = Kind {
    calls: OWN_ALONE,
    ..part(
        "s3.bucket_lifecycle",
        ["s3:PutLifecycleConfiguration", "s3:PutLifecycleConfiguration"],
        &["s3:GetLifecycleConfiguration"],
        &[set(
            "s3:PutLifecycleConfiguration",
            &["rules", "transition_default_minimum_object_size"],
        )],
    )
};

/// Who may do what with the bucket.
pub(crate) static BUCKET_POLICY: Kind = Kind {
    rules: Rules { check: check_policy, ..Rules::NONE },
    calls: Calls {
        // What others have is put again.
        more: |deed| match deed {
            Deed::Delete { .. } => vec!["s3:PutBucketPolicy"],
            Deed::Create { .. } | Deed::Update { .. } | Deed::Disable { .. } => Vec::new(),
        },
        ..OWN_ALONE
    },
    ..part(
        "s3.bucket_policy",
        ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
        &["s3:GetBucketPolicy"],
        &[set("s3:PutBucketPolicy", &["policy"])],
    )
};

/// Of what others have parts in, only nfplan's own are deleted.
const OWN_ALONE: Calls = Calls { delete: delete_own, ..Calls::STANDARD };

/// Takes nfplan's parts away, and the object only if nobody else has any in it.
fn delete_own(
    session: &mut Session<'_>,
    record: &Record,
    request: &DeleteRequest<'_>,
) -> Result<(), ProviderError> {
    let kind = kind::of(record.key.resource_type);
    kind.reads.each.iter().try_for_each(|read| session.look(read))?;
    let mut managed = session.settings().schema(kind.resource_type).managed();
    let rest = managed.find_map(|(attribute, managed)| {
        let there = session.record(&record.key)?.attributes.get(attribute.name)?;
        Some((attribute.name, managed.parts?.without_own(there)?))
    });
    match rest {
        None => standard::delete(session, record, request),
        Some((name, rest)) => {
            let rest = Attributes::from([(name.into(), rest)]);
            standard::set(session, &record.key, kind.create, &[name], &rest)
        }
    }
}

/// S3 takes a policy about its own bucket only.
fn check_policy(scene: &Scene<'_>, _: Option<&Record>, part: &Record) -> Result<(), Refusal> {
    let bucket = scene.find("s3.bucket", part.text_or_empty("bucket"));
    let Some(arn) = bucket.and_then(|bucket| bucket.text("arn")) else { return Ok(()) };
    let statements =
        part.attributes.get("policy").and_then(|policy| policy.as_map()?.get("Statement"));
    let foreign =
        statements.and_then(Value::as_list).unwrap_or_default().iter().find_map(|statement| {
            let fields: &Attributes = statement.as_map()?;
            let mut resources =
                fields.get("Resource")?.as_list()?.iter().filter_map(Value::as_text);
            resources.find(|resource| {
                resource
                    .strip_prefix(arn)
                    .is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/'))
            })
        });
    foreign.map_or(Ok(()), |resource| {
        let message = format!("policy has the invalid resource `{resource}`");
        Err(Refusal::invalid("MalformedPolicy", message))
    })
}

/// What keeps contents from the public.
pub(crate) static PUBLIC_ACCESS_BLOCK: Kind = part(
    "s3.public_access_block",
    ["s3:PutBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"],
    &["s3:GetBucketPublicAccessBlock"],
    &[set(
        "s3:PutBucketPublicAccessBlock",
        &[
            "block_public_acls",
            "ignore_public_acls",
            "block_public_policy",
            "restrict_public_buckets",
        ],
    )],
);

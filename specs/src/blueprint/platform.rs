//! What the workspaces of one account and region share: a log group, a key, a bucket.

use std::collections::BTreeMap;

use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Expansion;
use nfplan_engine::desired::Source;
use nfplan_engine::expr::Expr;

use super::bucket_policy;
use super::builder::Builder;
use super::builder::Draft;
use super::names::PlatformNames;
use super::names::addresses;
use super::names::attributes;
use super::partition::Partition;
use super::tags::Tags;
use crate::settings::PlatformSettings;

/// How long job logs are kept: a quarter, long enough to look into a failed run.
const LOG_RETENTION_DAYS: u32 = 90;

/// After how many days the parts of an upload that was never completed are deleted.
const ABORT_MULTIPART_DAYS: u32 = 7;

/// Expands a platform.
pub fn platform(settings: &PlatformSettings) -> Expansion {
    let unit = UnitId::Platform(settings.place.clone());
    let environment = &settings.environment;
    let names = PlatformNames::new(environment.host(), &settings.place.account);
    let tags = Tags { unit: &unit, environment: &environment.name, own: None };
    let mut builder = Builder::new(tags, settings.origin);
    log_group(&names, &mut builder);
    key(&names, &Partition::of(&settings.place), &mut builder);
    bucket(&names, &mut builder);
    bucket_parts(settings, &mut builder);
    let resources = builder.finish();
    Expansion {
        unit,
        source: Source {
            environment: environment.name.clone(),
            blueprint: environment.blueprint,
            user: None,
            // Nothing of it is ever replaced, and what holds data is retained anyway.
            protect: false,
            revoked: false,
        },
        files: settings.files.clone(),
        resources,
        pins: BTreeMap::new(),
    }
}

fn log_group(names: &PlatformNames<'_>, builder: &mut Builder<'_>) {
    let draft = Draft::new(addresses::LOG_GROUP)
        .set(attributes::NAME, names.log_group())
        .set(attributes::RETENTION_DAYS, LOG_RETENTION_DAYS);
    builder.add_tagged(draft, names.tag());
}

fn key(names: &PlatformNames<'_>, partition: &Partition<'_>, builder: &mut Builder<'_>) {
    let draft = Draft::new(addresses::KEY)
        .set(attributes::DESCRIPTION, format!("Nextflow data in {}", names.bucket()))
        .set(attributes::ENABLED, true)
        .set(attributes::ROTATION, true)
        .set(attributes::POLICY, bucket_policy::key_policy(partition).expr());
    builder.add_tagged(draft, names.tag());
    builder.add(
        Draft::new(addresses::ALIAS)
            .set(attributes::NAME, names.alias())
            .set(attributes::TARGET_KEY_ID, addresses::KEY.output(attributes::ID)),
    );
}

fn bucket(names: &PlatformNames<'_>, builder: &mut Builder<'_>) {
    let draft = Draft::new(addresses::BUCKET)
        .set(attributes::NAME, names.bucket())
        .set(attributes::OBJECT_OWNERSHIP, "BucketOwnerEnforced");
    builder.add_tagged(draft, names.tag());
}

/// The bucket's settings, in a chain: S3 refuses two configuration writes to one bucket at the same
/// time.
fn bucket_parts(settings: &PlatformSettings, builder: &mut Builder<'_>) {
    let part = |address| {
        Draft::new(address).set(attributes::BUCKET, addresses::BUCKET.output(attributes::NAME))
    };
    builder.add(
        part(addresses::BUCKET_ENCRYPTION)
            .set(attributes::ALGORITHM, "aws:kms")
            .set(attributes::KMS_KEY_ID, addresses::KEY.output(attributes::ARN))
            .set(attributes::BUCKET_KEY, true),
    );
    builder.add(
        part(addresses::PUBLIC_ACCESS_BLOCK)
            .set(attributes::BLOCK_PUBLIC_ACLS, true)
            .set(attributes::IGNORE_PUBLIC_ACLS, true)
            .set(attributes::BLOCK_PUBLIC_POLICY, true)
            .set(attributes::RESTRICT_PUBLIC_BUCKETS, true)
            .after([addresses::BUCKET_ENCRYPTION]),
    );
    builder.add(
        part(addresses::BUCKET_POLICY)
            .set(attributes::POLICY, bucket_policy::bucket_policy().expr())
            .after([addresses::PUBLIC_ACCESS_BLOCK]),
    );
    builder.add(
        part(addresses::BUCKET_LIFECYCLE)
            .set_at(attributes::RULES, rules(settings), settings.expire_days.origin)
            .after([addresses::BUCKET_POLICY]),
    );
}

fn rules(settings: &PlatformSettings) -> Expr {
    Expr::list([Expr::map([
        (attributes::ID, "nfplan".into()),
        (attributes::PREFIX, "".into()),
        (attributes::EXPIRE_DAYS, settings.expire_days.value.into()),
        (attributes::ABORT_MULTIPART_DAYS, ABORT_MULTIPART_DAYS.into()),
    ])])
}

//! Who may never do what with the data bucket and its key.

use nfplan_engine::expr::Expr;
use nfplan_engine::policy::Policy;
use nfplan_engine::policy::Statement;

use super::names::addresses;
use super::names::attributes;
use super::partition::Partition;

const ENCRYPTION: &str = "s3:x-amz-server-side-encryption";
const ENCRYPTION_KEY: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";

/// The bucket's policy: nothing but denials, so that it grants nobody anything. Others may have statements
/// beside these, which are told by how their ids begin.
///
/// An upload may say nothing about encryption, because the bucket's default then applies, or name
/// exactly this key. A negated condition is also true when its key is absent (IAM user guide,
/// "Condition operators"), so each is joined with a `Null` check; otherwise uploads that rely on
/// the default would be refused. Uploads that ask for `aws:kms` without a key get the AWS-managed
/// key, which S3 presents as the key id and the last statement refuses.
pub(super) fn bucket_policy() -> Policy {
    let bucket = addresses::BUCKET.output(attributes::ARN);
    let objects = Expr::Join(vec![bucket.clone(), "/*".into()]);
    Policy::new([
        Statement::deny("NfplanDenyPlainHttp", &["s3:*"])
            .by("AWS", ["*"])
            .on([bucket, objects.clone()])
            .when("Bool", "aws:SecureTransport", ["false"]),
        Statement::deny("NfplanDenyOtherEncryption", &["s3:PutObject"])
            .by("AWS", ["*"])
            .on([objects.clone()])
            .when("Null", ENCRYPTION, ["false"])
            .when("StringNotEquals", ENCRYPTION, ["aws:kms"]),
        Statement::deny("NfplanDenyOtherKeys", &["s3:PutObject"])
            .by("AWS", ["*"])
            .on([objects])
            .when("Null", ENCRYPTION_KEY, ["false"])
            // The key's ARN: S3 compares the resolved key, not the header's spelling.
            .when("StringNotEquals", ENCRYPTION_KEY, [addresses::KEY.output(attributes::ARN)]),
    ])
}

/// The key's policy: the account decides, by IAM policies. Without this statement nobody could ever
/// change the key again.
pub(super) fn key_policy(partition: &Partition<'_>) -> Policy {
    Policy::new([Statement::allow("AccountDecides", &["kms:*"])
        .by("AWS", [partition.iam_arn("root")])
        .on(["*"])])
}

//! The data bucket and its key, the jobs' logs, the secrets that access keys are delivered in.

use super::super::Kind;
use super::super::grant::Grant;
use super::super::grant::actions;

pub(super) const GRANTS: &[Grant] = &[
    Grant {
        // The bucket's settings, and never what is in it. Only an empty bucket can be deleted.
        sid: "ChangeBucket",
        kind: Kind::Apply,
        actions: actions![
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            // Making a bucket says who owns what is put into it.
            "s3:PutBucketOwnershipControls" for
                "s3:CreateBucket" "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketTagging",
            "s3:PutEncryptionConfiguration" for
                "s3:PutBucketEncryption" "s3:PutEncryptionConfiguration",
            "s3:PutLifecycleConfiguration",
        ],
        narrow: |target, statement| Some(statement.on(target.bucket())),
    },
    Grant {
        // A key that is to be made has no ARN yet.
        sid: "MakeKeys",
        kind: Kind::Apply,
        actions: actions!["kms:CreateKey"],
        narrow: |target, statement| Some(target.requested(statement.on(["*"]))),
    },
    Grant {
        // KMS has nothing like `ec2:CreateAction`: it cannot be told whether a key is only just made.
        sid: "TagKeys",
        kind: Kind::Apply,
        actions: actions!["kms:TagResource" for "kms:CreateKey"],
        narrow: |target, statement| Some(target.requested(statement.on(target.keys()))),
    },
    Grant {
        sid: "ChangeKeys",
        kind: Kind::Apply,
        actions: actions![
            // Both ends of an alias are checked.
            "kms:CreateAlias",
            "kms:DeleteAlias",
            "kms:DisableKey",
            "kms:DisableKeyRotation",
            "kms:EnableKey",
            "kms:EnableKeyRotation",
            "kms:PutKeyPolicy",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:UpdateAlias",
            "kms:UpdateKeyDescription",
        ],
        narrow: |target, statement| Some(target.owned(statement.on(target.keys()))),
    },
    Grant {
        sid: "ChangeAlias",
        kind: Kind::Apply,
        actions: actions!["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
        narrow: |target, statement| Some(statement.on(target.alias())),
    },
    Grant {
        sid: "ChangeLogGroup",
        kind: Kind::Apply,
        actions: actions![
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DeleteRetentionPolicy",
            "logs:PutRetentionPolicy",
            "logs:TagResource" for "logs:CreateLogGroup" "logs:TagResource",
            "logs:UntagResource",
        ],
        narrow: |target, statement| Some(statement.on(target.log_group())),
    },
    Grant {
        // Secrets are put in and handed on, and not read.
        sid: "ChangeSecrets",
        kind: Kind::Apply,
        actions: actions![
            "secretsmanager:CreateSecret",
            "secretsmanager:DeleteSecret",
            "secretsmanager:PutSecretValue",
            "secretsmanager:TagResource" for
                "secretsmanager:CreateSecret" "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
            "secretsmanager:UpdateSecret",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        narrow: |target, statement| Some(statement.on(target.secrets())),
    },
];

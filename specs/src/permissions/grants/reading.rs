//! What only looks. Where AWS has no narrower resource, or a listing is of a whole account, it is
//! everything; what names one object is about nfplan's own.

use super::super::Kind;
use super::super::grant::Grant;
use super::super::grant::actions;

pub(super) const GRANTS: &[Grant] = &[
    Grant {
        // Before anything is changed, IAM is asked whether it may be. Whose credentials those are is not
        // known here: whoever attaches this may name the one role or user that it is attached to.
        sid: "AskFirst",
        kind: Kind::ReadOnly,
        actions: actions!["iam:GetRole", "iam:SimulatePrincipalPolicy"],
        narrow: |target, statement| Some(statement.on(target.everybody())),
    },
    Grant {
        sid: "SeeNetworks",
        kind: Kind::ReadOnly,
        actions: actions![
            "ec2:DescribeImages",
            "ec2:DescribeInstanceAttribute",
            "ec2:DescribeInstanceTypeOfferings",
            "ec2:DescribeInstances",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribeLaunchTemplates",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVolumes",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcs",
        ],
        narrow: |_, statement| Some(statement.on(["*"])),
    },
    Grant {
        sid: "SeeBatch",
        kind: Kind::ReadOnly,
        actions: actions![
            "batch:DescribeComputeEnvironments",
            "batch:DescribeJobQueues",
            "batch:DescribeJobs",
            "batch:ListJobs",
        ],
        narrow: |_, statement| Some(statement.on(["*"])),
    },
    Grant {
        sid: "ListAccount",
        kind: Kind::ReadOnly,
        actions: actions![
            // Its request names a key and no user.
            "iam:GetAccessKeyLastUsed",
            "iam:GetAccountAuthorizationDetails",
            "iam:GetAccountSummary",
            "iam:ListInstanceProfiles",
            "iam:ListRoles",
            "iam:ListVirtualMFADevices",
            "kms:ListAliases",
            "kms:ListKeys",
            "logs:DescribeLogGroups",
            "s3:ListAllMyBuckets",
            "secretsmanager:ListSecrets",
        ],
        narrow: |_, statement| Some(statement.on(["*"])),
    },
    Grant {
        sid: "SeeRoles",
        kind: Kind::ReadOnly,
        actions: actions!["iam:GetRole", "iam:ListAttachedRolePolicies"],
        narrow: |target, statement| Some(statement.on(target.roles())),
    },
    Grant {
        sid: "SeeUsers",
        kind: Kind::ReadOnly,
        actions: actions![
            "iam:GetLoginProfile",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListAttachedUserPolicies",
            "iam:ListMFADevices",
        ],
        narrow: |target, statement| Some(statement.on(target.users())),
    },
    Grant {
        sid: "SeePolicies",
        kind: Kind::ReadOnly,
        actions: actions![
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:ListPolicyTags",
            "iam:ListPolicyVersions",
        ],
        narrow: |target, statement| Some(statement.on(target.policies())),
    },
    Grant {
        sid: "SeeInstanceProfiles",
        kind: Kind::ReadOnly,
        actions: actions!["iam:GetInstanceProfile"],
        narrow: |target, statement| Some(statement.on(target.instance_profiles())),
    },
    Grant {
        // A key is found by its tags, and they are read before it is known whose it is.
        sid: "SeeKeys",
        kind: Kind::ReadOnly,
        actions: actions![
            "kms:DescribeKey",
            "kms:GetKeyPolicy",
            "kms:GetKeyRotationStatus",
            "kms:ListResourceTags",
        ],
        narrow: |target, statement| Some(statement.on(target.keys())),
    },
    Grant {
        sid: "SeeBucket",
        kind: Kind::ReadOnly,
        actions: actions![
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetEncryptionConfiguration" for "s3:GetBucketEncryption",
            "s3:GetLifecycleConfiguration",
            "s3:ListBucket" for "s3:HeadBucket",
        ],
        narrow: |target, statement| Some(statement.on(target.bucket())),
    },
    Grant {
        sid: "SeeLogGroup",
        kind: Kind::ReadOnly,
        actions: actions!["logs:ListTagsForResource"],
        narrow: |target, statement| Some(statement.on(target.log_group())),
    },
    Grant {
        // Without what is in them.
        sid: "SeeSecrets",
        kind: Kind::ReadOnly,
        actions: actions!["secretsmanager:DescribeSecret"],
        narrow: |target, statement| Some(statement.on(target.secrets())),
    },
    Grant {
        sid: "LookUpImages",
        kind: Kind::ReadOnly,
        actions: actions!["ssm:GetParameter"],
        narrow: |target, statement| Some(statement.on(target.parameters())),
    },
    Grant {
        sid: "LookUpPipelines",
        kind: Kind::ReadOnly,
        actions: actions!["imagebuilder:ListImagePipelineImages"],
        narrow: |target, statement| Some(statement.on(target.pipelines())),
    },
];

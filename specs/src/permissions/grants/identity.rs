//! IAM: everything has a name of nfplan's, some of it a path too.
//!
//! Who may write policies and attach them to roles and users can hand out whatever they like within
//! these names. Only a permissions boundary limits that, so where the specs set one everywhere, nothing
//! can be made without it, and it cannot be taken off again.

use super::super::Kind;
use super::super::grant::Grant;
use super::super::grant::actions;

const BOUNDARY: &str = "iam:PermissionsBoundary";

pub(super) const GRANTS: &[Grant] = &[
    Grant {
        sid: "MakePrincipals",
        kind: Kind::Apply,
        actions: actions![
            "iam:CreateRole",
            "iam:CreateUser",
            "iam:PutRolePermissionsBoundary",
            "iam:PutUserPermissionsBoundary",
        ],
        narrow: |target, statement| {
            let statement = statement.on(target.principals());
            Some(match target.boundaries() {
                Some(all) => statement.when("StringEquals", BOUNDARY, all.iter().map(|arn| &**arn)),
                None => statement,
            })
        },
    },
    Grant {
        sid: "FreePrincipals",
        kind: Kind::Apply,
        actions: actions!["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary",],
        narrow: |target, statement| match target.boundaries() {
            Some(_) => None,
            None => Some(statement.on(target.principals())),
        },
    },
    Grant {
        // The ways in of somebody else's policies, such as AWS's for administrators, stay shut.
        sid: "AttachPolicies",
        kind: Kind::Apply,
        actions: actions!["iam:AttachRolePolicy", "iam:AttachUserPolicy"],
        narrow: |target, statement| {
            let statement = statement.on(target.principals());
            Some(statement.when("ArnLike", "iam:PolicyARN", target.attachable()))
        },
    },
    Grant {
        sid: "ChangeRoles",
        kind: Kind::Apply,
        actions: actions![
            "iam:DeleteRole",
            "iam:DetachRolePolicy",
            "iam:TagRole" for "iam:CreateRole" "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
        ],
        narrow: |target, statement| Some(statement.on(target.roles())),
    },
    Grant {
        sid: "ChangeUsers",
        kind: Kind::Apply,
        actions: actions![
            "iam:CreateAccessKey",
            "iam:DeleteAccessKey",
            "iam:DeleteUser",
            "iam:DetachUserPolicy",
            "iam:TagUser" for "iam:CreateUser" "iam:TagUser",
            "iam:UntagUser",
            "iam:UpdateAccessKey",
        ],
        narrow: |target, statement| Some(statement.on(target.users())),
    },
    Grant {
        sid: "ChangePolicies",
        kind: Kind::Apply,
        actions: actions![
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:SetDefaultPolicyVersion",
            "iam:TagPolicy" for "iam:CreatePolicy" "iam:TagPolicy",
            "iam:UntagPolicy",
        ],
        narrow: |target, statement| Some(statement.on(target.policies())),
    },
    Grant {
        sid: "ChangeInstanceProfiles",
        kind: Kind::Apply,
        actions: actions![
            "iam:AddRoleToInstanceProfile",
            "iam:CreateInstanceProfile",
            "iam:DeleteInstanceProfile",
            "iam:RemoveRoleFromInstanceProfile",
            "iam:TagInstanceProfile" for "iam:CreateInstanceProfile" "iam:TagInstanceProfile",
            "iam:UntagInstanceProfile",
        ],
        narrow: |target, statement| Some(statement.on(target.instance_profiles())),
    },
    Grant {
        // A role is passed where a profile or a compute environment is given one. Jobs' roles are
        // passed by researchers' clients.
        sid: "PassInstanceRoles",
        kind: Kind::Apply,
        actions: actions![
            "iam:PassRole" for
                "batch:CreateComputeEnvironment"
                "batch:UpdateComputeEnvironment"
                "iam:AddRoleToInstanceProfile",
        ],
        narrow: |target, statement| {
            let statement = statement.on(target.instance_roles());
            Some(statement.when("StringEquals", "iam:PassedToService", target.instance_services()))
        },
    },
    Grant {
        // Batch makes its own role with the first compute environment of an account, in the caller's
        // name (Batch user guide, "Using service-linked roles"). What it needs of Auto Scaling and
        // Spot, that role makes.
        sid: "LetBatchIn",
        kind: Kind::Apply,
        actions: actions!["iam:CreateServiceLinkedRole" for "batch:CreateComputeEnvironment"],
        narrow: |target, statement| {
            let statement = statement.on(target.batch_role());
            Some(statement.when("StringEquals", "iam:AWSServiceName", ["batch.amazonaws.com"]))
        },
    },
];

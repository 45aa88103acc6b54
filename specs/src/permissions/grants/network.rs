//! EC2. Its ids are made up by AWS, so that only tags tell whose an object is: what is made has to be
//! given the ownership tag in the same request, and what is used or changed has to have it.
//!
//! EC2 checks an action once for each object that its request is about (service authorization
//! reference, "Actions defined by Amazon EC2"). A row about objects that are made never has a kind
//! that the same call also uses: the request's tags would otherwise let it use anybody's.

use super::super::Kind;
use super::super::grant::Grant;
use super::super::grant::actions;

/// The kinds of everything that carries the ownership tag.
const TAGGED: [&str; 10] = [
    "instance",
    "internet-gateway",
    "launch-template",
    "network-interface",
    "route-table",
    "security-group",
    "subnet",
    "volume",
    "vpc",
    "vpc-endpoint",
];

/// The calls that make objects, by the words of `ec2:CreateAction`.
const MAKING: [&str; 8] = [
    "CreateInternetGateway",
    "CreateLaunchTemplate",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateVpc",
    "CreateVpcEndpoint",
    "RunInstances",
];

pub(super) const GRANTS: &[Grant] = &[
    Grant {
        sid: "MakeVpcs",
        kind: Kind::Apply,
        actions: actions!["ec2:CreateVpc"],
        narrow: |target, statement| Some(target.requested(statement.on(target.ec2(&["vpc"])))),
    },
    Grant {
        sid: "MakeNetworks",
        kind: Kind::Apply,
        actions: actions![
            "ec2:CreateInternetGateway",
            "ec2:CreateLaunchTemplate",
            "ec2:CreateRouteTable",
            "ec2:CreateSecurityGroup",
            "ec2:CreateSubnet",
        ],
        narrow: |target, statement| {
            let made =
                ["internet-gateway", "launch-template", "route-table", "security-group", "subnet"];
            Some(target.requested(statement.on(target.ec2(&made))))
        },
    },
    Grant {
        sid: "MakeEndpoints",
        kind: Kind::Apply,
        actions: actions!["ec2:CreateVpcEndpoint"],
        narrow: |target, statement| {
            Some(target.requested(statement.on(target.ec2(&["vpc-endpoint"]))))
        },
    },
    Grant {
        sid: "MakeProxies",
        kind: Kind::Apply,
        actions: actions!["ec2:RunInstances"],
        narrow: |target, statement| {
            let made = ["instance", "network-interface", "volume"];
            Some(target.requested(statement.on(target.ec2(&made))))
        },
    },
    Grant {
        sid: "StartFromImages",
        kind: Kind::Apply,
        actions: actions!["ec2:RunInstances"],
        narrow: |target, statement| Some(statement.on(target.images())),
    },
    Grant {
        sid: "TagWhatIsMade",
        kind: Kind::Apply,
        actions: actions![
            "ec2:CreateTags" for
                "ec2:CreateInternetGateway"
                "ec2:CreateLaunchTemplate"
                "ec2:CreateRouteTable"
                "ec2:CreateSecurityGroup"
                "ec2:CreateSubnet"
                "ec2:CreateVpc"
                "ec2:CreateVpcEndpoint"
                "ec2:RunInstances",
        ],
        narrow: |target, statement| {
            let made = target.requested(statement.on(target.ec2(&TAGGED)));
            Some(made.when("StringEquals", "ec2:CreateAction", MAKING))
        },
    },
    Grant {
        // In what one has made, more is made.
        sid: "UseAndChangeOwn",
        kind: Kind::Apply,
        actions: actions![
            "ec2:AssociateRouteTable",
            "ec2:AttachInternetGateway",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateLaunchTemplateVersion",
            "ec2:CreateRoute",
            "ec2:CreateRouteTable",
            "ec2:CreateSecurityGroup",
            "ec2:CreateSubnet",
            "ec2:CreateTags",
            "ec2:CreateVpcEndpoint",
            "ec2:DeleteInternetGateway",
            "ec2:DeleteLaunchTemplate",
            "ec2:DeleteRoute",
            "ec2:DeleteRouteTable",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteSubnet",
            "ec2:DeleteTags",
            "ec2:DeleteVpc",
            "ec2:DeleteVpcEndpoints",
            "ec2:DetachInternetGateway",
            "ec2:DisassociateRouteTable",
            "ec2:ModifyInstanceAttribute",
            "ec2:ModifyInstanceMetadataOptions",
            "ec2:ModifyLaunchTemplate",
            "ec2:ModifySubnetAttribute",
            "ec2:ModifyVpcAttribute",
            "ec2:ModifyVpcEndpoint",
            "ec2:ReplaceRoute",
            "ec2:ReplaceRouteTableAssociation",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:RunInstances",
            "ec2:StartInstances",
            "ec2:StopInstances",
            "ec2:TerminateInstances",
        ],
        narrow: |target, statement| Some(target.owned(statement.on(target.ec2(&TAGGED)))),
    },
];

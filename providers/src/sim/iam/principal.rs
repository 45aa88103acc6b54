//! Roles, users and the profiles that give roles to instances.

use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use crate::sim::iam;
use crate::sim::kind::Calls;
use crate::sim::kind::Change;
use crate::sim::kind::Guard;
use crate::sim::kind::Identified;
use crate::sim::kind::Kind;
use crate::sim::kind::Reads;
use crate::sim::kind::Rules;
use crate::sim::kind::Start;
use crate::sim::record::Record;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::types::iam::user::Hanging;

const fn set(operation: &'static str, attributes: &'static [&'static str]) -> Change {
    Change::Set { operation, attributes, start: Start::Given, clear: None }
}

/// A role.
pub(crate) static ROLE: Kind = Kind {
    resource_type: "iam.role",
    global: true,
    create: "iam:CreateRole",
    delete: "iam:DeleteRole",
    codes: &iam::CODES,
    guard: Guard::Name,
    identify: |mint, _, attributes| Identified {
        outputs: Attributes::from([("id".into(), mint.unique("AROA", 17).into())]),
        ..Identified::named(attributes)
    },
    references: &[
        iam::needs("policy_arns", "iam.policy"),
        iam::needs("permissions_boundary", "iam.policy"),
    ],
    changes: &[
        set("iam:UpdateAssumeRolePolicy", &["trust"]),
        Change::Set {
            operation: "iam:PutRolePermissionsBoundary",
            attributes: &["permissions_boundary"],
            start: Start::Given,
            clear: Some("iam:DeleteRolePermissionsBoundary"),
        },
        set("iam:UpdateRole", &["max_session_seconds"]),
        Change::Items {
            attribute: "policy_arns",
            add: "iam:AttachRolePolicy",
            remove: "iam:DetachRolePolicy",
            each: true,
            start: Vec::new,
        },
    ],
    tagging: Some(iam::tagging("iam:TagRole", "iam:UntagRole")),
    name: Some(iam::name(64)),
    work: None,
    rules: Rules { check: check_trust, may_delete: refuse_with_policies, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads::single(&["iam:GetRole", "iam:ListAttachedRolePolicies"]),
};

/// IAM refuses a trust in principals of the own account that do not exist.
fn check_trust(scene: &Scene<'_>, before: Option<&Record>, role: &Record) -> Result<(), Refusal> {
    let trust = role.attributes.get("trust");
    if before.is_some_and(|before| before.attributes.get("trust") == trust) {
        return Ok(());
    }
    let statements = trust.and_then(|trust| trust.as_map()?.get("Statement")?.as_list());
    for principal in statements.unwrap_or_default().iter().flat_map(principals) {
        let mut parts = principal.split(':').skip(4);
        let own = parts.next() == Some(scene.place.account.as_str());
        let kind = parts.next().and_then(|rest| rest.split('/').next());
        let known = match kind.filter(|_| own) {
            Some("role") => scene.find(ROLE.resource_type, principal).is_some(),
            Some("user") => scene.find(USER.resource_type, principal).is_some(),
            _ => true,
        };
        if !known {
            let message = format!("invalid principal in policy: `{principal}`");
            return Err(Refusal::missing("MalformedPolicyDocument", message));
        }
    }
    Ok(())
}

/// The ARNs that a statement trusts.
fn principals(statement: &Value) -> Vec<&str> {
    let arns = statement.as_map().and_then(|fields| fields.get("Principal")?.as_map()?.get("AWS"));
    arns.and_then(Value::as_list).unwrap_or_default().iter().filter_map(Value::as_text).collect()
}

fn refuse_with_policies(_: &Scene<'_>, record: &Record) -> Result<(), Refusal> {
    let attached = record.texts("policy_arns");
    attached.first().map_or(Ok(()), |policy| {
        let message = format!("`{policy}` must be detached from `{}` first", record.key.id);
        Err(Refusal::conflict("DeleteConflict", message))
    })
}

/// A user.
pub(crate) static USER: Kind = Kind {
    resource_type: "iam.user",
    global: true,
    create: "iam:CreateUser",
    delete: "iam:DeleteUser",
    codes: &iam::CODES,
    guard: Guard::Name,
    identify: |_, _, attributes| Identified::named(attributes),
    references: &[
        iam::needs("policy_arns", "iam.policy"),
        iam::needs("permissions_boundary", "iam.policy"),
    ],
    changes: &[
        Change::Set {
            operation: "iam:PutUserPermissionsBoundary",
            attributes: &["permissions_boundary"],
            start: Start::Given,
            clear: Some("iam:DeleteUserPermissionsBoundary"),
        },
        Change::Items {
            attribute: "policy_arns",
            add: "iam:AttachUserPolicy",
            remove: "iam:DetachUserPolicy",
            each: true,
            start: Vec::new,
        },
    ],
    tagging: Some(iam::tagging("iam:TagUser", "iam:UntagUser")),
    name: Some(iam::name(64)),
    work: None,
    rules: Rules { may_delete: refuse_with_what_hangs_on_it, ..Rules::NONE },
    calls: Calls::STANDARD,
    reads: Reads::single(&["iam:GetUser", "iam:ListAttachedUserPolicies"])
        .deep(&["iam:GetLoginProfile"])
        .deep_pages(&[("iam:ListVirtualMFADevices", 1_000)]),
};

/// A password for the console and MFA devices are deleted by requests of their own, which nfplan
/// does not send.
fn refuse_with_what_hangs_on_it(scene: &Scene<'_>, user: &Record) -> Result<(), Refusal> {
    refuse_with_policies(scene, user)?;
    let hanging = Hanging {
        login_profile: user.attributes.contains_key("login_profile"),
        devices: user.texts("mfa_devices").into_iter().map(str::to_owned).collect(),
        keys: Vec::new(),
    };
    let refusal = hanging.refusal(&user.key.id);
    refusal.map_or(Ok(()), |message| Err(Refusal::conflict("DeleteConflict", message)))
}

/// What gives a role to instances.
pub(crate) static INSTANCE_PROFILE: Kind = Kind {
    resource_type: "iam.instance_profile",
    global: true,
    create: "iam:CreateInstanceProfile",
    delete: "iam:DeleteInstanceProfile",
    codes: &iam::CODES,
    guard: Guard::Name,
    identify: |_, _, attributes| Identified::named(attributes),
    references: &[iam::needs("role", "iam.role")],
    changes: &[Change::Slot {
        attribute: "role",
        fill: "iam:AddRoleToInstanceProfile",
        empty: "iam:RemoveRoleFromInstanceProfile",
    }],
    tagging: Some(iam::tagging("iam:TagInstanceProfile", "iam:UntagInstanceProfile")),
    name: Some(iam::name(128)),
    work: None,
    rules: Rules::NONE,
    calls: Calls::STANDARD,
    reads: Reads::single(&["iam:GetInstanceProfile"]),
};

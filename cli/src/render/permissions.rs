//! Policies to copy, each under lines that say what it is for and how to attach it.

use std::fmt::Write as _;

use crate::commands::permissions::Permission;

/// All policies; none is nothing to attach. Not broken into the terminal's lines, because documents
/// are there to be copied.
pub fn policies(permissions: &[Permission]) -> String {
    let mut text = String::new();
    for (index, permission) in permissions.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", title(permission));
        let _ = writeln!(text, "{}", how_to_attach(permission));
        let document = serde_json::to_string_pretty(&permission.policy);
        let _ = writeln!(text, "{}", document.expect("a policy is JSON"));
    }
    text
}

fn title(permission: &Permission) -> String {
    let Permission { name, purpose, .. } = permission;
    match (&permission.account, &permission.place) {
        (Some(account), Some(place)) => format!("# {name}: to {purpose}, in {place} ({account})"),
        _ => format!("# {name}: to {purpose}"),
    }
}

fn how_to_attach(permission: &Permission) -> String {
    let made = "# attach: make a managed policy of this name";
    match (&permission.role, &permission.place) {
        (Some(role), _) => format!("{made}, and attach it to {role}"),
        (None, Some(_)) => format!("{made} in the account, and attach it to whoever runs nfplan"),
        (None, None) => format!("{made} where the runner is, and attach it to whoever runs nfplan"),
    }
}

//! `nfplan.permissions/1`.

use nfplan_specs::permissions::Kind;
use serde::Serialize;

use crate::commands::permissions::Permission;

/// What whoever runs nfplan has to be allowed.
#[derive(Debug, Serialize)]
pub struct PermissionsDocument<'a> {
    format: &'static str,
    kind: &'static str,
    policies: &'a [Permission],
}

impl<'a> PermissionsDocument<'a> {
    /// Shows these.
    pub fn new(kind: Kind, policies: &'a [Permission]) -> Self {
        Self { format: "nfplan.permissions/1", kind: kind.word(), policies }
    }
}

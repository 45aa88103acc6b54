//! Changes: a plan as people read it. They explain the steps and decide nothing.

use serde::Deserialize;
use serde::Serialize;

use crate::address::Address;
use crate::expr::Expr;
use crate::value::Value;

/// What happens to one resource, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// What happens to it.
    pub action: Action,
    /// The attributes that differ; for a create, all that are set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeChange>,
    /// Why, in sentences without a period.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The spec line that asks for the resource: `file:line:column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// An object is made.
    Create,
    /// An object of this unit that state does not know is taken over.
    Adopt,
    /// The object is changed in place.
    Update,
    /// A new object is made, then the old one is deleted.
    Replace,
    /// The old object is deleted to make room for a new one.
    ReplaceInSlot,
    /// The object is deleted.
    Delete,
    /// The object stays in the cloud and leaves the state.
    Retain,
    /// The object is gone from the cloud and leaves the state.
    Forget,
}

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// The attribute.
    pub name: Box<str>,
    /// As it is; none if it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// As it shall be; none if it is to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Expr>,
    /// As nfplan last applied it, where that differs from `before`: somebody changed it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Value>,
    /// Why the change takes more than an update, or why the value is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The spec line that the value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

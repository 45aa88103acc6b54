//! Why a plan cannot be made or applied although nothing is wrong with the specs as such.

use std::fmt;

use crate::address::Address;

/// One thing that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The resource, if it is about one; otherwise it is about the unit.
    pub address: Option<Address>,
    /// The spec line that asks for it: `file:line:column`.
    pub origin: Option<String>,
    /// What kind of obstacle.
    pub kind: RefusalKind,
    /// What is in the way, why, and what to do; reads on after the address.
    pub message: String,
}

/// What kind of obstacle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// The environment's name changed under an existing state.
    EnvironmentChanged,
    /// The attribute cannot be changed.
    Unchangeable,
    /// An object of that name exists and is not proved to be this unit's.
    Foreign,
    /// The unit is protected.
    Protected,
    /// A value is larger than AWS takes.
    TooLarge,
    /// State or spec name a type that this version does not have.
    UnknownType,
    /// The objects recorded in state need each other in a circle.
    CircularState,
    /// The cloud or the state moved since the plan was made.
    Stale,
    /// A researcher would reach another's things.
    Leak,
    /// The account may not have as many.
    Quota,
    /// Whoever would apply it may not do all that it takes.
    Permission,
}

impl Refusal {
    /// About the unit.
    pub fn of_unit(kind: RefusalKind, message: String) -> Self {
        Self { address: None, origin: None, kind, message }
    }

    /// About one resource.
    pub fn of_address(
        address: &Address,
        origin: Option<String>,
        kind: RefusalKind,
        message: String,
    ) -> Self {
        Self { address: Some(address.clone()), origin, kind, message }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "`{address}` {}", self.message)?,
            None => write!(f, "the unit {}", self.message)?,
        }
        match &self.origin {
            Some(origin) => write!(f, " ({origin})"),
            None => Ok(()),
        }
    }
}

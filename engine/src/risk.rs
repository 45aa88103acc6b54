//! What a reviewer has to judge in a plan, by kind and in a fixed order: the worst first.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::value::Value;

/// A kind of risk. The order is that in which reviewers see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// The cloud deletes data that nobody brings back.
    DataLoss,
    /// Everybody, or another account, gets in.
    PublicAccess,
    /// Somebody may do more than before.
    Widening,
    /// An object is replaced that others use.
    Replacement,
    /// Something that protects is taken away.
    GuardRail,
    /// Somebody gets credentials.
    Credentials,
    /// More can be spent.
    Cost,
    /// What somebody else changed is changed back.
    DriftOverwritten,
}

impl Risk {
    /// All of them, the worst first.
    pub const ALL: [Self; 8] = [
        Self::DataLoss,
        Self::PublicAccess,
        Self::Widening,
        Self::Replacement,
        Self::GuardRail,
        Self::Credentials,
        Self::Cost,
        Self::DriftOverwritten,
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataLoss => "data loss",
            Self::PublicAccess => "public or cross-account access",
            Self::Widening => "permission widening",
            Self::Replacement => "replacement",
            Self::GuardRail => "guard-rail weakened",
            Self::Credentials => "credentials",
            Self::Cost => "cost ceiling",
            Self::DriftOverwritten => "drift overwritten",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which changes of an attribute are a risk.
#[derive(Debug, Clone, Copy)]
pub struct RiskRule {
    /// What they risk.
    pub risk: Risk,
    /// Whether a change from the first value to the second is one. A value that is not set, or that
    /// the cloud has yet to make, is none.
    pub applies: fn(Option<&Value>, Option<&Value>) -> bool,
    /// What such a change means, in words that follow the name of the attribute.
    pub words: &'static str,
}

//! What of a plan needs somebody's approval beside that of the plan as a whole. A check that stands
//! outside of the digest.

use serde::Deserialize;
use serde::Serialize;

/// A class of change that the plan contains and that has to be approved by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// The class, as specs write it: `data_loss`.
    pub class: Box<str>,
    /// Who approved it in a file under review; none if nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Given>,
}

/// An approval of one class of one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Who answers for it.
    pub owner: Box<str>,
    /// Why.
    pub reason: Box<str>,
    /// Where it stands: `file:line:column`.
    pub entry: Box<str>,
}

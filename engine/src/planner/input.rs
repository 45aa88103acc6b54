//! What a unit's plan is made from, and what comes of it.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::address::External;
use crate::address::Reference;
use crate::asked::Asked;
use crate::desired::Desired;
use crate::desired::Source;
use crate::digest::Digest;
use crate::expr::Expr;
use crate::observed::Observed;
use crate::observed::Remains;
use crate::plan::UnitPlan;
use crate::schema::Schemas;
use crate::state::State;
use crate::value::Attributes;
use crate::value::Value;

/// All that a unit's plan follows from.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// What is wanted.
    pub desired: &'a Desired,
    /// What the last run left.
    pub state: &'a State,
    /// The digest of the state that a run has to open on. Whoever loaded that state knows it.
    pub state_digest: Digest,
    /// What the cloud looks like; addresses that were not read are believed to be as in state.
    pub observed: &'a Observed,
    /// What the deposed objects look like.
    pub remains: &'a Remains,
    /// The platform outputs that are known.
    pub externals: &'a BTreeMap<External, Value>,
    /// The schemas.
    pub schemas: &'a Schemas,
    /// What is asked for beside what is wanted.
    pub asked: &'a Asked,
}

impl PlanInput<'_> {
    /// Where the unit comes from, once the plan is applied: as far as it is planned.
    pub(super) fn source(&self) -> Source {
        let source = self.desired.source();
        if self.asked.focus.is_some() {
            return Source { revoked: source.revoked, ..self.state.source.clone() };
        }
        source.clone()
    }
}

/// A unit's plan and what it lets others count on.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan; empty of steps if there is nothing to do.
    pub plan: UnitPlan,
    /// The unit's outputs that are known before the plan is applied: what stays as it is and what
    /// follows from names.
    pub outputs: BTreeMap<Address, Attributes>,
    /// Values in which others have parts, as the plan leaves them: where others have a say, what the
    /// specs want is not all that will hold.
    pub shared: BTreeMap<Reference, Expr>,
}

impl Planned {
    /// An output that is known before the plan is applied.
    pub fn output(&self, reference: &Reference) -> Option<&Value> {
        self.outputs.get(&reference.address)?.get(&reference.output)
    }
}

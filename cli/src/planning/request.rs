//! What a plan is to be about.

use std::collections::BTreeSet;

use jiff::Timestamp;
use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::asked::Asked;
use nfplan_engine::asked::Focus;
use nfplan_engine::plan::Refresh;
use nfplan_engine::state::State;
use nfplan_specs::blueprint::credentials;

use super::Notes;
use crate::selection::Selected;
use crate::selection::Universe;

/// What a plan is to be about.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which units.
    pub selected: Selected,
    /// What for.
    pub purpose: Purpose,
    /// What to ask the cloud.
    pub refresh: Refresh,
    /// Refuse look-ups that are not pinned.
    pub locked: bool,
    /// Resources to replace: in one unit, or wherever they are.
    pub replace: Vec<(Option<UnitId>, Address)>,
    /// When the plan is made.
    pub now: Timestamp,
    /// What to make of notes that nothing is to be done.
    pub notes: Notes,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Make the selected units as the specs want them.
    Apply,
    /// Take the selected units away, whatever the specs say.
    Destroy,
    /// Give clients another access key. The old one works until then.
    Rotate {
        /// None takes the old one away in the same run.
        hold_until: Option<Timestamp>,
    },
    /// Take away what rotations hold on to, before its time.
    EndRotation,
    /// Shut clients out.
    Revoke,
    /// Let clients in again that were shut out.
    Reinstate,
    /// Take over what something else made under the names that the specs come to.
    Adopt,
}

impl Request {
    /// A request that is made now, asks the cloud in bulk, and looks up what is not pinned.
    pub fn new(selected: Selected, purpose: Purpose) -> Self {
        Self {
            selected,
            purpose,
            refresh: Refresh::Bulk,
            locked: false,
            replace: Vec::new(),
            now: Timestamp::now(),
            notes: Notes::Ignore,
        }
    }

    /// Whether a plan for this is about a unit. A platform goes only by `destroy`, and only if it is
    /// named or everything is.
    pub(super) fn is_about(&self, unit: &UnitId, universe: &Universe) -> bool {
        let wanted = universe.wanted.contains(unit);
        match self.purpose {
            Purpose::Adopt => wanted && self.selected.includes(unit),
            Purpose::Apply => (wanted || unit.user().is_some()) && self.selected.includes(unit),
            Purpose::Destroy => universe.existing.contains(unit) && self.selected.names(unit),
            Purpose::Rotate { .. }
            | Purpose::EndRotation
            | Purpose::Revoke
            | Purpose::Reinstate => {
                let exists = wanted && universe.existing.contains(unit);
                exists && unit.user().is_some() && self.selected.names(unit)
            }
        }
    }

    /// Whether a unit's client is to be shut out. One that was stays so, until that is lifted.
    pub(super) fn shuts_out(&self, state: Option<&State>) -> bool {
        match self.purpose {
            Purpose::Revoke => true,
            Purpose::Reinstate | Purpose::Destroy => false,
            Purpose::Apply | Purpose::Adopt | Purpose::Rotate { .. } | Purpose::EndRotation => {
                state.is_some_and(|state| state.source.revoked)
            }
        }
    }

    /// What is asked for of one unit, beside what the specs want of it.
    pub(super) fn asked(&self, unit: &UnitId) -> Asked {
        let replace = self.replace.iter();
        let replace = replace.filter(|(only, _)| only.as_ref().is_none_or(|only| only == unit));
        let replace: BTreeSet<Address> = replace.map(|(_, address)| address.clone()).collect();
        let asked = Asked { replace, now: Some(self.now), ..Asked::default() };
        let key = || Some(Focus { addresses: credentials::of_key(), forward: false });
        let client = |forward| Some(Focus { addresses: credentials::of_client(), forward });
        match self.purpose {
            Purpose::Apply | Purpose::Destroy => asked,
            Purpose::Adopt => Asked { adopt: true, ..asked },
            Purpose::Rotate { hold_until } => {
                let replace = BTreeSet::from([credentials::access_key()]);
                Asked { replace, hold_until, focus: key(), ..asked }
            }
            Purpose::EndRotation => Asked { now: Some(Timestamp::MAX), focus: key(), ..asked },
            Purpose::Revoke => Asked { focus: client(true), ..asked },
            Purpose::Reinstate => Asked { focus: client(false), ..asked },
        }
    }
}

//! What is asked for by command, beside what the specs want.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::address::Address;

/// What is asked for of one unit, beside what is wanted of it.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    /// Resources to replace, whether or not they differ.
    pub replace: BTreeSet<Address>,
    /// Until when a replaced object stays beside its successor, if those that use it need time; none
    /// deletes it in the same run.
    pub hold_until: Option<Timestamp>,
    /// The part of the unit that is planned; none is all of it.
    pub focus: Option<Focus>,
    /// Only take over what was made under the names of the unit's resources: into the state, and by
    /// its tags.
    pub adopt: bool,
    /// When the plan is made: objects that are held until then go. None holds on to all of them.
    pub now: Option<Timestamp>,
}

/// A part of a unit. Everything else is believed to be as in state, and stays as it is.
#[derive(Debug, Clone)]
pub struct Focus {
    /// The part.
    pub addresses: BTreeSet<Address>,
    /// Each step shuts somebody out: all stand behind the commit point, so that a failure undoes
    /// nothing, and none waits for that of another object.
    pub forward: bool,
}

impl Asked {
    /// Whether an address is planned.
    pub(crate) fn covers(&self, address: &Address) -> bool {
        self.focus.as_ref().is_none_or(|focus| focus.addresses.contains(address))
    }

    /// Whether all steps stand behind the commit point, and none waits for another object's.
    pub(crate) fn goes_forward(&self) -> bool {
        self.focus.as_ref().is_some_and(|focus| focus.forward)
    }

    /// Whether an object that is held until then stays.
    pub(crate) fn holds(&self, until: Timestamp) -> bool {
        self.now.is_none_or(|now| now < until)
    }
}

//! Which objects tell the ids of others that have no name of their own.

use std::collections::BTreeMap;

use nfplan_engine::address::Address;
use nfplan_engine::adoption::Lead;

use super::names::addresses;
use super::names::attributes;

/// The alias is the name of the data key: Hatchery finds it by that, and its tag is the same for all
/// accounts.
pub fn leads() -> BTreeMap<Address, Lead> {
    let to_key = (addresses::ALIAS.address(), attributes::TARGET_KEY_ID);
    BTreeMap::from([(addresses::KEY.address(), to_key)])
}

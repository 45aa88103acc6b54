//! Which resources of a workspace let its client in.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;

use super::names::KnownAddress;
use super::names::addresses;

/// The client's access key.
pub fn access_key() -> Address {
    addresses::ACCESS_KEY.address()
}

/// The access key and where it is delivered to.
pub fn of_key() -> BTreeSet<Address> {
    set(&[addresses::ACCESS_KEY, addresses::CURRENT_VERSION, addresses::CREDENTIALS_FILE])
}

/// Everything that a client gets in by: its key, and the user or role that has its policies.
pub fn of_client() -> BTreeSet<Address> {
    let principals = set(&[addresses::USER, addresses::CLIENT_ROLE]);
    principals.union(&of_key()).cloned().collect()
}

fn set(known: &[KnownAddress]) -> BTreeSet<Address> {
    known.iter().map(|address| address.address()).collect()
}

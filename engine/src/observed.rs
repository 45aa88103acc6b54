//! What a read of the cloud found.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::address::Address;
use crate::address::RemoteId;
use crate::address::UnitId;
use crate::value::Attributes;

/// What was found of one unit's objects. An address that is not in it was not asked for.
pub type Observed = BTreeMap<Address, Sighting>;

/// What was found of the objects that earlier runs should have deleted: of those of one address each
/// by itself. One that is not in it was not asked for.
pub type Remains = BTreeMap<(Address, RemoteId), Sighting>;

/// What was found of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// It exists.
    Present(Live),
    /// It does not exist.
    Missing,
    /// It could not be read; never taken for missing.
    Unreadable {
        /// Why, with the permission that is missing if that is why.
        reason: String,
    },
}

impl Sighting {
    /// The object; none if there is none, or nobody knows.
    pub fn live(&self) -> Option<&Live> {
        match self {
            Self::Present(live) => Some(live),
            Self::Missing | Self::Unreadable { .. } => None,
        }
    }
}

/// An object as it is in the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// What the cloud calls it.
    pub remote_id: RemoteId,
    /// Whose it is, by its ownership tags; none if it has none or its type has no tags.
    pub owner: Option<Owner>,
    /// Attributes of all three kinds, normalised.
    pub attributes: Attributes,
    /// Managed attributes that this read did not ask for: deep ones in a bulk read.
    pub unread: BTreeSet<Box<str>>,
    /// The cloud is still at work on the object, with its own words on how it stands.
    pub settling: Option<String>,
}

/// Ownership as tags say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `nfplan:unit`.
    pub unit: UnitId,
    /// `nfplan:address`.
    pub address: Address,
    /// `nfplan:incarnation`.
    pub incarnation: Option<u64>,
}

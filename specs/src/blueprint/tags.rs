//! The tags that every taggable object carries.

use std::collections::BTreeMap;

use nfplan_engine::address::UnitId;
use nfplan_engine::desired::Origin;
use nfplan_engine::value::Attributes;
use nfplan_engine::value::Value;

use super::names::KnownAddress;
use crate::settings::At;

/// The tag by which an environment knows its own.
pub(crate) const ENVIRONMENT: &str = "nfplan:environment";

/// What all tags of a unit have in common.
#[derive(Debug)]
pub(super) struct Tags<'a> {
    pub(super) unit: &'a UnitId,
    /// As the spec writes it: Hatchery's `Environment` tag keeps the dots.
    pub(super) environment: &'a str,
    /// The spec's own; none for a platform.
    pub(super) own: Option<&'a BTreeMap<Box<str>, At<Box<str>>>>,
}

impl Tags<'_> {
    /// The tags of one object. The fixed ones win over the spec's: ownership is read from them.
    pub(super) fn of(&self, address: KnownAddress, name: String) -> Attributes {
        let own = self.own.into_iter().flatten();
        let own = own.map(|(key, at)| (key.clone(), Value::text(&at.value)));
        let fixed = [
            ("Name", name),
            ("Environment", self.environment.to_owned()),
            (ENVIRONMENT, self.environment.to_owned()),
            ("nfplan:unit", self.unit.to_string()),
            ("nfplan:address", address.address().to_string()),
        ];
        let fixed = fixed.into_iter().map(|(key, text)| (key.into(), Value::from(text)));
        own.chain(fixed).collect()
    }

    /// The spec line of the first tag of the spec's own.
    pub(super) fn origin(&self) -> Option<Origin> {
        self.own?.values().next().map(|at| at.origin)
    }
}

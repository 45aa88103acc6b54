//! What may be set of a simulated cloud: quotas, permissions and how long AWS takes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::AccountId;
use nfplan_engine::schema::Schema;
use nfplan_engine::schema::Schemas;

use crate::registry;
use crate::sim::clock::Work;
use crate::sim::log::SimError;
use crate::types::quotas;

/// What an account has of an adjustable quota unless a test says otherwise: as much as an account
/// that serves many researchers is given on request.
const RAISED: u64 = 10_000;

/// The settings of all accounts.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    schemas: BTreeMap<&'static str, &'static Schema>,
    quotas: BTreeMap<(AccountId, &'static str), u64>,
    durations: BTreeMap<Work, u64>,
    denied: BTreeMap<AccountId, BTreeSet<Box<str>>>,
}

impl Settings {
    pub(crate) fn new() -> Self {
        let schemas = registry::schemas();
        let schemas = schemas.iter().map(|schema| (schema.resource_type, schema)).collect();
        let (quotas, durations) = (BTreeMap::new(), BTreeMap::new());
        Self { schemas, quotas, durations, denied: BTreeMap::new() }
    }

    pub(crate) fn schema(&self, resource_type: &'static str) -> &'static Schema {
        self.schemas[resource_type]
    }

    pub(crate) fn schemas(&self) -> Schemas {
        Schemas::new(self.schemas.values().copied())
    }

    /// How many objects of a type the account may have; none if nobody counts.
    pub(crate) fn quota(&self, account: &AccountId, resource_type: &'static str) -> Option<u64> {
        let set = self.quotas.get(&(account.clone(), resource_type)).copied();
        set.or_else(|| {
            let quota = quotas::find(resource_type)?;
            Some(if quota.adjustable { RAISED.max(quota.limit) } else { quota.limit })
        })
    }

    pub(crate) fn set_quota(
        &mut self,
        account: &AccountId,
        resource_type: &str,
        limit: u64,
    ) -> Result<(), SimError> {
        let quota = quotas::find(resource_type)
            .filter(|quota| quota.adjustable)
            .ok_or_else(|| SimError::Quota { resource_type: resource_type.to_owned() })?;
        self.quotas.insert((account.clone(), quota.resource_type), limit);
        Ok(())
    }

    /// Whether whoever makes the requests is denied an action in an account.
    pub(crate) fn denies(&self, account: &AccountId, action: &str) -> bool {
        self.denied.get(account).is_some_and(|denied| denied.contains(action))
    }

    pub(crate) fn deny(&mut self, account: &AccountId, actions: BTreeSet<Box<str>>) {
        self.denied.insert(account.clone(), actions);
    }

    pub(crate) fn duration(&self, work: Work) -> u64 {
        self.durations.get(&work).copied().unwrap_or(work.usual())
    }

    pub(crate) fn set_duration(&mut self, work: Work, duration: u64) {
        self.durations.insert(work, duration);
    }
}

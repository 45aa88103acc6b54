//! An embedded simulated AWS, as strict as the real one where a plan can go wrong.
//!
//! Each provider call is a `session` of requests, one for each request that a real client would
//! send. A request sees its account as a `scene`, is checked, and comes down to effects: objects
//! put and deleted. Effects go to the account's `log` first and then to the `cloud` in memory,
//! which is what the log replays to. What differs from type to type is in tables (`kind`, filled
//! in by the service modules) that `standard` carries out.
//!
//! Time is logical: every request takes a tenth of a second, waits jump to their end, and nothing
//! sleeps. The same calls give the same ids and the same log.

use std::cell::RefCell;
use std::cell::RefMut;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use nfplan_engine::address::AccountId;
use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::observed::Owner;
use nfplan_engine::schema::Schemas;
use nfplan_engine::value::Attributes;
use secrecy::SecretString;

pub use crate::sim::calls::Call;
pub use crate::sim::calls::CallCount;
pub use crate::sim::clock::Work;
pub use crate::sim::faults::Fault;
pub use crate::sim::faults::FaultMode;
pub use crate::sim::faults::FaultPoint;
pub use crate::sim::faults::StepAction;
pub use crate::sim::log::SimError;
pub use crate::sim::other_client::OtherClient;
pub use crate::sim::other_client::OtherClientError;

use crate::sim::core::Core;

mod batch;
mod calls;
mod checks;
mod clock;
mod cloud;
mod core;
mod ec2;
mod faults;
mod file;
mod iam;
mod ids;
pub(crate) mod kind;
mod kms;
mod log;
mod logs;
mod lookup;
mod other_client;
mod permissions;
mod provider;
mod read;
mod record;
mod s3;
mod scene;
mod secrets;
mod session;
mod settings;
mod standard;
mod survey;
#[cfg(test)]
mod tests;

/// A simulated AWS with any number of accounts. A clone is another handle to the same cloud.
#[derive(Debug, Clone)]
pub struct Sim(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    schemas: Schemas,
    core: RefCell<Core>,
}

/// An object of the simulated cloud, as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimObject {
    /// The type.
    pub resource_type: &'static str,
    /// What AWS calls it.
    pub remote_id: RemoteId,
    /// All its attributes, of all kinds.
    pub attributes: Attributes,
    /// Whose it is by its tags.
    pub owner: Option<Owner>,
    /// When it was made, on its account's logical clock.
    pub created_at: Duration,
}

impl Sim {
    /// A cloud that is gone with its last handle.
    pub fn in_memory() -> Self {
        Self::new(Core::new(None))
    }

    /// The cloud that is kept in a folder, which is made if it is missing. Several processes may
    /// use it side by side.
    pub fn in_folder(folder: &Path) -> Result<Self, SimError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| SimError::File { path: folder.to_owned(), source })?;
        // An account is read when it is first asked for: a plan that asks nothing reads nothing.
        Ok(Self::new(Core::new(Some(folder.to_owned()))))
    }

    /// A copy in memory that goes its own way from here, with its own requests and no failures to
    /// come.
    pub fn fork(&self) -> Self {
        Self::new(self.core().fork())
    }

    fn new(core: Core) -> Self {
        let schemas = core.settings.schemas();
        Self(Rc::new(Inner { schemas, core: RefCell::new(core) }))
    }

    fn core(&self) -> RefMut<'_, Core> {
        self.0.core.borrow_mut()
    }

    /// Lets relative paths of credentials files begin at this folder, not where the process was
    /// started.
    pub fn deliver_files_in(&self, folder: &Path) {
        folder.clone_into(&mut self.core().disk);
    }

    /// All requests since the last clearing, refused ones included.
    pub fn call_log(&self) -> Vec<Call> {
        self.core().calls.calls().to_vec()
    }

    /// How many requests there were since the last clearing.
    pub fn call_count(&self) -> CallCount {
        self.core().calls.count()
    }

    /// Forgets the requests so far.
    pub fn clear_call_log(&self) {
        self.core().calls.clear();
    }

    /// Asks for a failure.
    pub fn inject(&self, fault: Fault) {
        self.core().faults.inject(fault);
    }

    /// Takes back all failures that did not strike yet.
    pub fn clear_faults(&self) {
        self.core().faults.clear();
    }

    /// Sets how many objects of a type an account may have; only quotas that AWS adjusts.
    pub fn set_quota(
        &self,
        account: &AccountId,
        resource_type: &str,
        limit: u64,
    ) -> Result<(), SimError> {
        self.core().settings.set_quota(account, resource_type, limit)
    }

    /// Denies whoever makes the requests to an account these actions, from now on and instead of those
    /// before. (A cloud in a folder reads them from `<account>.denied`, one on each line.)
    pub fn deny(&self, account: &AccountId, actions: &[&str]) {
        let actions = actions.iter().map(|action| (*action).into()).collect();
        self.core().settings.deny(account, actions);
    }

    /// Sets how long AWS works on something, in logical time.
    pub fn set_duration(&self, work: Work, duration: Duration) {
        self.core().settings.set_duration(work, clock::milliseconds(duration));
    }

    /// Somebody else who works in the same cloud.
    pub fn other_client(&self) -> OtherClient {
        OtherClient(self.clone())
    }

    /// The secret of an access key. Tests and first steps alone need it; AWS tells it once.
    pub fn secret_access_key(key_id: &str) -> SecretString {
        ids::secret_access_key(key_id)
    }

    /// Everything that exists in a place, IAM and S3 objects of the account included, by type.
    pub fn objects(&self, place: &Place) -> Result<Vec<SimObject>, SimError> {
        let mut core = self.core();
        core.refresh(&place.account)?;
        let cloud = core.cloud(&place.account);
        let here = cloud.records().filter(|record| {
            record.key.region.as_ref().is_none_or(|region| *region == place.region)
        });
        Ok(here.map(|record| object(cloud, record)).collect())
    }
}

fn object(cloud: &cloud::Cloud, record: &record::Record) -> SimObject {
    let tag = |name| record.tag(name);
    let owner = tag("nfplan:unit").zip(tag("nfplan:address")).and_then(|(unit, address)| {
        Some(Owner {
            unit: unit.parse().ok()?,
            address: address.parse().ok()?,
            incarnation: record.incarnation,
        })
    });
    SimObject {
        resource_type: record.key.resource_type,
        remote_id: RemoteId::new(&record.key.id).expect("objects have ids"),
        attributes: scene::view(cloud, record),
        owner,
        created_at: Duration::from_millis(record.created_at),
    }
}

//! The real AWS, through its SDK.
//!
//! Each provider call is a `session` of requests to one account and region. A request waits for
//! its permit (`pace`) and for room beside the others (`gate`), is counted (`calls`), and an error of its service becomes the engine's
//! (`error`). The service folders have one file for each resource type with what its calls send
//! and how its answers read; `kinds` is the table that leads from a type to its file. A read of
//! many objects asks each listing once (`reading`), and `selection` finds in it what was wanted.
//!
//! Retries: the SDK repeats requests that may be repeated, those with a client token or a name that
//! is unique. The few that would make a second object (`CreateVpc` for one) are sent once, and only
//! throttling, which is a definite no, lets them be sent again.
//!
//! Time: a request that changes something is sent only within the first part of a call, so that it
//! is over by the call's deadline; after that the call only looks. What AWS works on for longer is
//! waited for by looking.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use aws_config::SdkConfig;
use nfplan_engine::address::AccountId;
use nfplan_engine::schema::Schemas;

use crate::aws::access::Access;
use crate::aws::calls::Calls;
use crate::aws::pace::Pace;
use crate::calls::CallCounts;
use crate::gate::Gate;
use crate::registry;

mod access;
mod batch;
mod calls;
mod clients;
mod ec2;
mod error;
mod file;
mod iam;
mod inputs;
mod kinds;
mod kms;
mod logs;
mod lookup;
mod pace;
mod permissions;
mod provider;
mod reading;
mod s3;
mod secretsmanager;
mod selection;
mod session;
mod sketch;
mod survey;
mod tags;

pub use crate::aws::access::Role;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The most that one request takes, the SDK's retries included.
    pub request: Duration,
    /// The deadline of a call: whatever it sends to change something is over by then.
    pub call: Duration,
    /// How long reads may lag behind effects.
    pub horizon: Duration,
    /// How long AWS's own work on an object is waited for.
    pub patience: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(25),
            call: Duration::from_mins(1),
            horizon: Duration::from_secs(10),
            patience: Duration::from_mins(20),
        }
    }
}

/// The accounts of a fleet on AWS. A clone is another handle to the same.
#[derive(Debug, Clone)]
pub struct Aws(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    schemas: Schemas,
    access: Access,
    calls: Calls,
    pace: Pace,
    gate: Gate,
    timing: Timing,
    /// Where relative paths of credentials files begin.
    disk: RefCell<PathBuf>,
}

impl Aws {
    /// AWS as this configuration reaches it; accounts that are listed with a role are entered
    /// through it, all others with the configuration's own credentials. `gate` says how many requests
    /// are under way at once.
    pub fn new(
        config: SdkConfig,
        roles: BTreeMap<AccountId, Role>,
        timing: Timing,
        gate: Gate,
    ) -> Self {
        Self(Rc::new(Inner {
            schemas: registry::schemas(),
            access: Access::new(config, roles, timing.request),
            calls: Calls::default(),
            pace: Pace::default(),
            gate,
            timing,
            disk: RefCell::new(PathBuf::new()),
        }))
    }

    /// Lets relative paths of credentials files begin at this folder, not where the process was
    /// started.
    pub fn deliver_files_in(&self, folder: &Path) {
        folder.clone_into(&mut self.0.disk.borrow_mut());
    }

    /// How often each operation was asked for.
    pub fn call_counts(&self) -> CallCounts {
        self.0.calls.counts()
    }
}

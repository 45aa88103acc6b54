//! Where a unit's documents are.

use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;

use crate::format::RunId;

/// The file name of heads.
const HEAD: &str = "head.json";

/// Keys of one unit. Its id is its folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys<'a>(pub(crate) &'a UnitId);

impl Keys<'_> {
    pub(crate) fn head(self) -> String {
        format!("{}/{HEAD}", self.0)
    }

    pub(crate) fn lease(self) -> String {
        format!("{}/lease.json", self.0)
    }

    pub(crate) fn snapshot(self, serial: u64, digest: &Digest) -> String {
        format!("{}/{}", self.0, snapshot_name(serial, digest))
    }

    pub(crate) fn plan(self, run: RunId) -> String {
        format!("{}/runs/{run}/plan.json", self.0)
    }

    /// The prefix of all batches of a run.
    pub(crate) fn batches(self, run: RunId) -> String {
        format!("{}/runs/{run}/events/", self.0)
    }

    pub(crate) fn batch(self, run: RunId, number: u64) -> String {
        format!("{}{number:010}.json", self.batches(run))
    }
}

/// A snapshot's key within its unit's folder.
pub(crate) fn snapshot_name(serial: u64, digest: &Digest) -> String {
    format!("snapshots/{serial:010}-{}.json", digest.hex())
}

/// The unit whose head is under this key, if it is one.
pub(crate) fn unit_of_head(key: &str) -> Option<UnitId> {
    key.strip_suffix(HEAD)?.strip_suffix('/')?.parse().ok()
}

/// The prefixes of the folders of all units.
pub(crate) const UNIT_FOLDERS: [&str; 2] = ["platform/", "workspace/"];

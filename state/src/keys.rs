//! Where a unit's documents are.

use nfplan_engine::address::Place;
use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;

use crate::format::RunId;

/// Keys of one unit. Its id is its folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys<'a>(pub(crate) &'a UnitId);

impl Keys<'_> {
    pub(crate) fn head(self) -> String {
        format!("{}/head.json", self.0)
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

    /// The folder of all snapshots.
    pub(crate) fn snapshots(self) -> String {
        format!("{}/snapshots/", self.0)
    }

    /// The folder of all runs.
    pub(crate) fn runs(self) -> String {
        format!("{}/runs/", self.0)
    }

    /// The run of a folder as a listing of runs has it; none if it is no run's.
    pub(crate) fn run_of(self, folder: &str) -> Option<RunId> {
        folder.strip_prefix(&self.runs())?.strip_suffix('/')?.parse().ok()
    }

    /// Serial and digest in the key of a snapshot; none if it is none.
    pub(crate) fn snapshot_of(self, key: &str) -> Option<(u64, Digest)> {
        let name = key.strip_prefix(&self.snapshots())?.strip_suffix(".json")?;
        let (serial, hex) = name.split_once('-')?;
        let (serial, digest) = (serial.parse().ok()?, format!("sha256:{hex}").parse().ok()?);
        // Only the one spelling that is written.
        (self.snapshot(serial, &digest) == key).then_some((serial, digest))
    }

    /// The folder of all batches of a run.
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

/// The folders that all units are below.
pub(crate) const KINDS: [&str; 2] = ["platform/", "workspace/"];

/// What a folder is in the layout of units.
pub(crate) enum Folder {
    /// The folder of a unit, if it has a head.
    Unit(UnitId),
    /// The folder of all units of a kind.
    Kind,
    /// The folder of all workspaces of a place.
    Place(Place),
    /// Not part of the layout.
    Foreign,
}

impl Folder {
    /// Places a folder as a store lists it, with its `/` at the end.
    pub(crate) fn of(folder: &str) -> Self {
        let path = folder.strip_suffix('/').unwrap_or(folder);
        if let Ok(unit) = path.parse() {
            return Self::Unit(unit);
        }
        let place = path.strip_prefix("workspace/").and_then(|place| place.parse().ok());
        match place {
            Some(place) => Self::Place(place),
            None if KINDS.contains(&folder) => Self::Kind,
            None => Self::Foreign,
        }
    }

    /// The unit, if it is the folder of one.
    pub(crate) fn unit(self) -> Option<UnitId> {
        if let Self::Unit(unit) = self { Some(unit) } else { None }
    }
}

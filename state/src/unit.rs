//! Reading what is kept of a unit. Nothing here writes.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::stream;
use nfplan_engine::address::EscapedUser;
use nfplan_engine::address::Place as UnitPlace;
use nfplan_engine::address::UnitId;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Event;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Tag;

use crate::format::BatchDocument;
use crate::format::Document;
use crate::format::FormatError;
use crate::format::Head;
use crate::format::Lineage;
use crate::format::RunDocument;
use crate::format::RunId;
use crate::format::RunPointer;
use crate::format::SnapshotPointer;
use crate::format::decode_snapshot;
use crate::keys;
use crate::keys::Folder;
use crate::keys::KINDS;
use crate::keys::Keys;

/// Why a unit cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A newer nfplan wrote a document.
    #[error(
        "the state of {unit} was written by a newer nfplan: `{key}` has the format `{format}`; \
         use that version or a later one"
    )]
    Newer {
        /// The unit.
        unit: UnitId,
        /// The document.
        key: String,
        /// Its format.
        format: String,
    },
    /// A document is missing, damaged or contradicts another one.
    #[error(
        "the state of {unit} is corrupt: `{key}` {why}; nothing is guessed, and the unit stays as \
         it is until the object is brought back from a backup"
    )]
    Corrupt {
        /// The unit.
        unit: UnitId,
        /// The document.
        key: String,
        /// What is wrong with it.
        why: String,
    },
}

/// A head and the version it was read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedHead {
    /// The head.
    pub head: Head,
    /// Its version in the store.
    pub tag: Tag,
}

/// What a plan was made from: a run opens only on exactly this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The unit.
    pub unit: UnitId,
    /// Its head; none if it was never applied.
    pub head: Option<VersionedHead>,
}

impl Base {
    /// The digest of the last closed run's state.
    pub fn state_digest(&self) -> Option<Digest> {
        Some(self.head.as_ref()?.head.snapshot.as_ref()?.digest)
    }
}

/// Everything that is kept of a unit and still matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What the rest was read from.
    pub base: Base,
    /// The last closed run's state; none before the first.
    pub state: Option<State>,
    /// The run that is open.
    pub open_run: Option<OpenRun>,
}

/// A run that somebody opened and nobody closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// The run.
    pub id: RunId,
    /// What it is to do.
    pub plan: UnitPlan,
    /// What happened so far.
    pub batches: Vec<Batch>,
}

impl OpenRun {
    /// All events in order.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.batches.iter().flat_map(|batch| &batch.events)
    }
}

/// One append to a run's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its place: from 1, without gaps.
    pub number: u64,
    /// The epoch of the holder that wrote it. Never falls.
    pub epoch: u64,
    /// What happened.
    pub events: Vec<Event>,
}

/// Reads a unit. Writes nothing and needs no lease: what it read is consistent, because everything
/// but the head is written once.
pub async fn load(store: &impl Store, unit: &UnitId) -> Result<Loaded, StateError> {
    let mut head = load_head(store, unit).await?;
    loop {
        let result = load_below(store, unit, head.as_ref()).await;
        let Err(StateError::Corrupt { .. }) = &result else {
            let (state, open_run) = result?;
            return Ok(Loaded { base: Base { unit: unit.clone(), head }, state, open_run });
        };
        // What an old head points to may have been pruned since that head was read.
        let now = load_head(store, unit).await?;
        if now == head {
            result?;
        }
        head = now;
    }
}

/// How many folders are listed at a time.
const SIDE_BY_SIDE: usize = 64;

/// All units of which anything is kept, sorted by their keys; one that was leased and never applied
/// has no head yet. Reads no object: one listing for each folder above units, many at a time.
pub async fn list_units(store: &impl Store) -> Result<Vec<UnitId>, StoreError> {
    let mut units = Vec::new();
    let mut level = KINDS.map(str::to_owned).to_vec();
    while !level.is_empty() {
        let lists = stream::iter(&level).map(|folder| store.list(folder)).buffered(SIDE_BY_SIDE);
        let lists: Vec<Vec<String>> = lists.try_collect().await?;
        level.clear();
        for entry in lists.into_iter().flatten().filter(|entry| entry.ends_with('/')) {
            match Folder::of(&entry) {
                Folder::Unit(unit) => units.push(unit),
                Folder::Kind | Folder::Place(_) => level.push(entry),
                Folder::Foreign => {}
            }
        }
    }
    Ok(units)
}

/// The units of these places of which anything is kept, and the workspaces that these researchers may
/// have in other places, kept or not. Reads no object, and lists no place but these.
pub async fn list_near(
    store: &impl Store,
    places: &BTreeSet<&UnitPlace>,
    researchers: &BTreeSet<&EscapedUser>,
) -> Result<Vec<UnitId>, StoreError> {
    let mut units = Vec::new();
    for entry in KINDS.map(|kind| store.list(kind)) {
        for folder in entry.await? {
            match Folder::of(&folder) {
                Folder::Unit(unit) if places.contains(unit.place()) => units.push(unit),
                Folder::Place(place) if places.contains(&place) => {
                    let listed = store.list(&folder).await?;
                    let listed = listed.iter().filter(|entry| entry.ends_with('/'));
                    units.extend(listed.filter_map(|entry| Folder::of(entry).unit()));
                }
                Folder::Place(place) => {
                    let here =
                        |user: &&EscapedUser| UnitId::Workspace(place.clone(), (*user).clone());
                    units.extend(researchers.iter().map(here));
                }
                Folder::Unit(_) | Folder::Kind | Folder::Foreign => {}
            }
        }
    }
    Ok(units)
}

pub(crate) async fn load_head(
    store: &impl Store,
    unit: &UnitId,
) -> Result<Option<VersionedHead>, StateError> {
    let key = Keys(unit).head();
    let Some(stored) = store.get(&key).await? else { return Ok(None) };
    let place = Place { unit, key: &key };
    let head: Head = place.decode(&stored.body)?;
    place.check_unit(&head.unit)?;
    Ok(Some(VersionedHead { head, tag: stored.tag }))
}

async fn load_below(
    store: &impl Store,
    unit: &UnitId,
    versioned: Option<&VersionedHead>,
) -> Result<(Option<State>, Option<OpenRun>), StateError> {
    let Some(VersionedHead { head, .. }) = versioned else { return Ok((None, None)) };
    let state = match &head.snapshot {
        Some(pointer) => Some(load_snapshot(store, head, pointer).await?),
        None if head.serial == 0 => None,
        None => {
            let why = format!("has the serial {} and no snapshot", head.serial);
            return Err(Place { unit, key: &Keys(unit).head() }.corrupt(why));
        }
    };
    let open_run = match &head.open_run {
        Some(pointer) => Some(load_run(store, unit, pointer).await?),
        None => None,
    };
    Ok((state, open_run))
}

async fn load_snapshot(
    store: &impl Store,
    head: &Head,
    pointer: &SnapshotPointer,
) -> Result<State, StateError> {
    let unit = &head.unit;
    let key = Keys(unit).snapshot(head.serial, &pointer.digest);
    if pointer.key != keys::snapshot_name(head.serial, &pointer.digest) {
        let why = format!("points to the snapshot `{}`, which is not its own", pointer.key);
        return Err(Place { unit, key: &Keys(unit).head() }.corrupt(why));
    }
    read_snapshot(store, Place { unit, key: &key }, head.lineage, (head.serial, pointer.digest))
        .await
}

/// Reads the snapshot of this lineage, serial and digest.
pub(crate) async fn read_snapshot(
    store: &impl Store,
    place: Place<'_>,
    lineage: Lineage,
    (serial, digest): (u64, Digest),
) -> Result<State, StateError> {
    let body = place.body(store).await?;
    let state =
        decode_snapshot(&body, lineage, serial, &digest).map_err(|error| place.unusable(error))?;
    place.check_unit(&state.unit)?;
    Ok(state)
}

pub(crate) async fn load_run(
    store: &impl Store,
    unit: &UnitId,
    pointer: &RunPointer,
) -> Result<OpenRun, StateError> {
    let key = Keys(unit).plan(pointer.id);
    let place = Place { unit, key: &key };
    let document: RunDocument = place.decode(&place.body(store).await?)?;
    let plan = document.plan;
    place.check_unit(&plan.unit)?;
    if document.run != pointer.id {
        return Err(place.corrupt("is the plan of another run".into()));
    }
    if plan.digest != pointer.plan || plan.decision_digest() != pointer.plan {
        let why = format!("is not the plan that the head names, {}", pointer.plan);
        return Err(place.corrupt(why));
    }
    let batches = load_batches(store, unit, pointer.id).await?;
    Ok(OpenRun { id: pointer.id, plan, batches })
}

/// The whole journal of a run, checked.
pub(crate) async fn load_batches(
    store: &impl Store,
    unit: &UnitId,
    run: RunId,
) -> Result<Vec<Batch>, StateError> {
    let mut batches: Vec<Batch> = Vec::new();
    for key in store.list(&Keys(unit).batches(run)).await? {
        let place = Place { unit, key: &key };
        let number = batches.len() as u64 + 1;
        let expected = Keys(unit).batch(run, number);
        if key != expected {
            return Err(place.corrupt(format!("stands where `{expected}` should")));
        }
        let body = place.body(store).await?;
        batches.push(read_batch(place, run, batches.last(), &body)?);
    }
    Ok(batches)
}

/// Reads the batch that follows `previous`.
pub(crate) fn read_batch(
    place: Place<'_>,
    run: RunId,
    previous: Option<&Batch>,
    body: &[u8],
) -> Result<Batch, StateError> {
    let BatchDocument { run: of, number, epoch, events, nonce: _ } = place.decode(body)?;
    let expected = previous.map_or(1, |batch| batch.number + 1);
    if of != run || number != expected {
        let why = format!("is batch {number} of the run {of}, and not batch {expected} of {run}");
        return Err(place.corrupt(why));
    }
    if let Some(last) = previous.filter(|last| last.epoch > epoch) {
        let why = format!("has the epoch {epoch} after the epoch {} before it", last.epoch);
        return Err(place.corrupt(why));
    }
    Ok(Batch { number, epoch, events })
}

/// A document's place, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) unit: &'a UnitId,
    pub(crate) key: &'a str,
}

impl Place<'_> {
    /// The bytes of a document that has to exist.
    async fn body(self, store: &impl Store) -> Result<Vec<u8>, StateError> {
        let stored = store.get(self.key).await?;
        stored.map(|stored| stored.body).ok_or_else(|| self.corrupt("is missing".into()))
    }

    pub(crate) fn decode<T: Document>(self, bytes: &[u8]) -> Result<T, StateError> {
        T::decode(bytes).map_err(|error| self.unusable(error))
    }

    pub(crate) fn check_unit(self, unit: &UnitId) -> Result<(), StateError> {
        if unit == self.unit { Ok(()) } else { Err(self.corrupt(format!("belongs to {unit}"))) }
    }

    pub(crate) fn corrupt(self, why: String) -> StateError {
        StateError::Corrupt { unit: self.unit.clone(), key: self.key.to_owned(), why }
    }

    fn unusable(self, error: FormatError) -> StateError {
        match error {
            FormatError::Newer(format) => {
                StateError::Newer { unit: self.unit.clone(), key: self.key.to_owned(), format }
            }
            FormatError::Malformed(why) => self.corrupt(format!("is malformed: {why}")),
        }
    }
}

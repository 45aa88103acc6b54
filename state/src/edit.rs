//! A new state by hand: an earlier one brought back, a document pushed, objects forgotten.
//!
//! It is what a run does without its middle: a snapshot is written once, then the head moves to it by
//! compare-and-swap. So nothing is overwritten, the state before stays in the history, and whoever
//! dies in between has changed nothing and can do the same again. The cloud is not touched: the next
//! plan shows how it differs from the new state.
//!
//! Counters never fall. Incarnations are part of client tokens and tags, and generations part of
//! names: one that was used could be mistaken for another.

use std::collections::BTreeSet;

use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::clock::Clock;
use nfplan_engine::state::Edit;
use nfplan_engine::state::Entry;
use nfplan_engine::state::Object;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;

use crate::document::StateDocument;
use crate::format::Head;
use crate::format::Lineage;
use crate::format::Nonce;
use crate::format::RunId;
use crate::format::SnapshotPointer;
use crate::format::encode_snapshot;
use crate::history::Version;
use crate::keys;
use crate::keys::Keys;
use crate::lease::Lease;
use crate::run::move_head;
use crate::run::write_once;
use crate::unit::Loaded;
use crate::unit::Place;
use crate::unit::StateError;
use crate::unit::load;

/// What is to be done to a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Bring this one back.
    Restore(Box<Version>),
    /// Put this document in its place.
    Push(Box<StateDocument>),
    /// Drop what is at an address.
    Forget {
        /// The address.
        address: Address,
        /// Only this object of it; all, if none is named.
        object: Option<RemoteId>,
        /// Why.
        reason: Box<str>,
    },
}

/// Why a state cannot be changed so. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A run is open.
    #[error("{unit} has the open run {run}, and what it did is not in the state yet")]
    Open {
        /// The unit.
        unit: UnitId,
        /// The run.
        run: RunId,
    },
    /// There is no state.
    #[error("{unit} has no state")]
    NoState {
        /// The unit.
        unit: UnitId,
    },
    /// The document is about another unit or another history.
    #[error("{unit} has another history: the document belongs to the lineage {given}, not {known}")]
    OtherLineage {
        /// The unit.
        unit: UnitId,
        /// The document's.
        given: Lineage,
        /// The unit's.
        known: Lineage,
    },
    /// The state has moved on since the document was pulled.
    #[error(
        "{unit} has moved on: the document has the serial {given}, and the state {known} is there"
    )]
    Older {
        /// The unit.
        unit: UnitId,
        /// The document's serial.
        given: u64,
        /// The greatest serial there is.
        known: u64,
    },
    /// A counter would fall.
    #[error("the {counter} of {unit}:{address} would fall from {known} to {given}")]
    LowerCounter {
        /// The unit.
        unit: UnitId,
        /// Where.
        address: Address,
        /// Which one.
        counter: &'static str,
        /// Its value in the document.
        given: u64,
        /// Its value now.
        known: u64,
    },
    /// There is nothing to forget.
    #[error("{unit} has no such object at `{address}`")]
    NothingThere {
        /// The unit.
        unit: UnitId,
        /// Where.
        address: Address,
    },
    /// Another process moved the head.
    #[error("{unit} was changed by another process meanwhile: nothing was written")]
    Overtaken {
        /// The unit.
        unit: UnitId,
    },
    /// The store failed, or what is in it cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The serial before; none if there was no state.
    pub before: Option<u64>,
    /// The serial of the new state.
    pub serial: u64,
    /// The new state.
    pub state: State,
    /// Objects that the state before recorded and the new one does not, with their addresses.
    pub dropped: Vec<(Address, RemoteId)>,
    /// Objects that await deletion by the new state and did not by the one before.
    pub deposed: Vec<(Address, RemoteId)>,
}

impl Change {
    /// The state that the change makes of what was loaded; none if it is that already.
    ///
    /// # Errors
    /// If the change is not allowed.
    pub fn next(&self, loaded: &Loaded) -> Result<Option<State>, EditError> {
        let unit = &loaded.base.unit;
        if let Some(run) = &loaded.open_run {
            return Err(EditError::Open { unit: unit.clone(), run: run.id });
        }
        let known = loaded.state.as_ref();
        let next = match (self, known) {
            // Also where it was pushed before, and has another serial by now.
            (Self::Push(document), Some(known)) if is_same(known, &document.state) => {
                check_lineage(document, loaded)?;
                return Ok(None);
            }
            (Self::Push(document), _) => pushed(document, loaded)?,
            (_, None) => return Err(EditError::NoState { unit: unit.clone() }),
            (Self::Restore(version), Some(known)) => restored(version, known),
            (Self::Forget { address, object, reason }, Some(known)) => {
                let next = forgotten(known, address, object.as_ref(), reason);
                let nothing =
                    || EditError::NothingThere { unit: unit.clone(), address: address.clone() };
                next.ok_or_else(nothing)?
            }
        };
        let next = State { predecessor: loaded.base.state_digest(), ..next };
        Ok(known.is_none_or(|known| !is_same(known, &next)).then_some(next))
    }
}

/// Carries a change out under a lease. None if there is nothing to change.
///
/// # Errors
/// If it is not allowed, or if another process got ahead.
pub async fn edit<S: Store, C: Clock>(
    lease: &Lease<'_, S, C>,
    change: &Change,
) -> Result<Option<Edited>, EditError> {
    let (store, unit) = (lease.store(), lease.unit());
    let loaded = load(store, unit).await?;
    let Some(state) = change.next(&loaded)? else { return Ok(None) };
    let before = loaded.base.head.as_ref();
    let (lineage, last) = match (before, change) {
        // A store that lost some of its history is brought to where the document was.
        (Some(before), Change::Push(document)) => {
            (before.head.lineage, before.head.serial.max(document.serial))
        }
        (Some(before), _) => (before.head.lineage, before.head.serial),
        (None, Change::Push(document)) => {
            check_lost(store, document).await?;
            (document.lineage, document.serial)
        }
        (None, _) => return Err(EditError::NoState { unit: unit.clone() }),
    };
    let serial = last + 1;
    let overtaken = || EditError::Overtaken { unit: unit.clone() };
    if before.is_some_and(|before| before.head.epoch > lease.epoch()) {
        return Err(overtaken());
    }
    let (body, digest) = encode_snapshot(lineage, serial, &state);
    let key = Keys(unit).snapshot(serial, &digest);
    write_once(store, Place { unit, key: &key }, &body).await?;
    let head = Head {
        unit: unit.clone(),
        lineage,
        serial,
        epoch: lease.epoch(),
        snapshot: Some(SnapshotPointer { key: keys::snapshot_name(serial, &digest), digest }),
        open_run: None,
        converged: None,
        nonce: Nonce::fresh(),
    };
    move_head(lease, before, head).await?.ok_or_else(overtaken)?;
    let before = before.map(|before| before.head.serial);
    let known = loaded.state.as_ref();
    let (dropped, deposed) = (dropped(known, &state), deposed(known, &state));
    Ok(Some(Edited { before, serial, state, dropped, deposed }))
}

/// Refuses to bring back an older state than the store still has without its head.
async fn check_lost(store: &impl Store, document: &StateDocument) -> Result<(), EditError> {
    let unit = &document.state.unit;
    let kept = store.list(&Keys(unit).snapshots()).await.map_err(StateError::from)?;
    let serials = kept.iter().filter_map(|key| Keys(unit).snapshot_of(key));
    match serials.map(|(serial, _)| serial).max() {
        Some(known) if known > document.serial => {
            Err(EditError::Older { unit: unit.clone(), given: document.serial, known })
        }
        Some(_) | None => Ok(()),
    }
}

fn pushed(document: &StateDocument, loaded: &Loaded) -> Result<State, EditError> {
    let unit = &loaded.base.unit;
    let given = document.serial;
    debug_assert_eq!(document.state.unit, *unit, "BUG: the document is about another unit");
    check_lineage(document, loaded)?;
    let known = loaded.base.head.as_ref().map_or(0, |versioned| versioned.head.serial);
    if given < known {
        return Err(EditError::Older { unit: unit.clone(), given, known });
    }
    for (address, known) in loaded.state.iter().flat_map(|state| &state.entries) {
        let none = Entry::default();
        let given = document.state.entries.get(address).unwrap_or(&none);
        let counters = [
            ("incarnation", given.incarnation, known.incarnation),
            ("generation", given.generation().into(), known.generation().into()),
        ];
        let fallen = counters.into_iter().find(|(_, given, known)| given < known);
        if let Some((counter, given, known)) = fallen {
            let (unit, address) = (unit.clone(), address.clone());
            return Err(EditError::LowerCounter { unit, address, counter, given, known });
        }
    }
    Ok(State { edit: Some(Edit::Pushed { serial: given }), ..document.state.clone() })
}

fn check_lineage(document: &StateDocument, loaded: &Loaded) -> Result<(), EditError> {
    match &loaded.base.head {
        Some(known) if known.head.lineage != document.lineage => Err(EditError::OtherLineage {
            unit: loaded.base.unit.clone(),
            given: document.lineage,
            known: known.head.lineage,
        }),
        Some(_) | None => Ok(()),
    }
}

/// The content of an earlier state with the counters of all that came after it, and with every object
/// that was made since: an object that no state records is nobody's, and stays for ever.
fn restored(version: &Version, known: &State) -> State {
    let mut next = version.state.clone();
    for (address, known) in &known.entries {
        let entry = next.entries.entry(address.clone()).or_default();
        keep_newer(entry, known);
        entry.incarnation = entry.incarnation.max(known.incarnation);
        raise_generation(entry, known.generation());
        entry.released.extend(&known.released);
    }
    next.edit = Some(Edit::Restored { serial: version.serial });
    next
}

/// Takes the objects of a newer entry over that were made after an older one. They keep their places,
/// unless another object has them: then they await deletion. Of an attempt that is not newer, the older
/// entry knew already what became of it.
fn keep_newer(entry: &mut Entry, known: &Entry) {
    let last = entry.incarnation;
    let mut there: BTreeSet<RemoteId> = entry.objects().map(|one| one.remote_id.clone()).collect();
    let mut is_newer = |object: &&Object| {
        object.incarnation.is_none_or(|made| made > last) && there.insert(object.remote_id.clone())
    };
    if let Some(current) = known.current.as_ref().filter(&mut is_newer) {
        match &entry.current {
            None => entry.current = Some(current.clone()),
            Some(_) => entry.deposed.push(current.clone()),
        }
    }
    if let Some(parked) = known.parked.as_ref().filter(&mut is_newer) {
        match (&entry.current, &entry.parked) {
            (None, None) => entry.parked = Some(parked.clone()),
            _ => entry.deposed.push(parked.clone()),
        }
    }
    entry.deposed.extend(known.deposed.iter().filter(is_newer).cloned());
}

fn forgotten(
    known: &State,
    address: &Address,
    object: Option<&RemoteId>,
    reason: &str,
) -> Option<State> {
    let mut next = known.clone();
    let entry = next.entries.get_mut(address)?;
    let (generation, before) = (entry.generation(), entry.objects().count());
    let known_attempts = entry.accounted();
    let stays = |id: &RemoteId| object.is_some_and(|object| object != id);
    entry.current = entry.current.take().filter(|one| stays(&one.remote_id));
    entry.parked = entry.parked.take().filter(|one| stays(&one.remote_id));
    entry.deposed.retain(|one| stays(&one.remote_id));
    if entry.objects().count() == before {
        return None;
    }
    raise_generation(entry, generation);
    // Else the next plan would take them for what a late call left, and delete them.
    let left = entry.accounted();
    entry.released.extend(known_attempts.difference(&left));
    next.edit = Some(Edit::Forgotten { address: address.clone(), reason: reason.into() });
    Some(next)
}

/// Keeps a generation in mind that the objects of the entry do not tell. The first is not worth it:
/// what is made next has the plain name again, and is found by it if it is still there.
fn raise_generation(entry: &mut Entry, generation: u32) {
    if generation > 1 && entry.generation() < generation {
        entry.last_generation = generation;
    }
}

/// Whether two states record the same, whatever way they came about.
fn is_same(known: &State, next: &State) -> bool {
    let plain = |state: &State| State { predecessor: None, edit: None, ..state.clone() };
    plain(known) == plain(next)
}

/// Objects of one state that another does not record.
fn dropped(known: Option<&State>, next: &State) -> Vec<(Address, RemoteId)> {
    let objects = |state: &State| -> BTreeSet<(Address, RemoteId)> {
        let all = state.objects();
        all.map(|(address, object)| (address.clone(), object.remote_id.clone())).collect()
    };
    let kept = objects(next);
    let before = known.map(objects).unwrap_or_default();
    before.into_iter().filter(|object| !kept.contains(object)).collect()
}

/// Objects that await deletion by one state and not by another before it.
fn deposed(known: Option<&State>, next: &State) -> Vec<(Address, RemoteId)> {
    let awaiting = |state: &State| -> BTreeSet<(Address, RemoteId)> {
        let entries = state.entries.iter();
        let pairs = entries.flat_map(|(address, entry)| {
            entry.deposed.iter().map(move |one| (address.clone(), one.remote_id.clone()))
        });
        pairs.collect()
    };
    let before = known.map(awaiting).unwrap_or_default();
    awaiting(next).into_iter().filter(|object| !before.contains(object)).collect()
}

//! Whether what is kept of a unit is sound: every document that still matters is read and held
//! against the others. Writes nothing.

use std::collections::BTreeMap;

use nfplan_engine::address::UnitId;
use nfplan_engine::event::Event;
use nfplan_engine::event::RunState;
use nfplan_engine::state::Entry;
use nfplan_engine::state::State;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;

use crate::format::Head;
use crate::format::RunId;
use crate::history::Chain;
use crate::history::Version;
use crate::keys::Keys;
use crate::lease;
use crate::unit::OpenRun;
use crate::unit::StateError;
use crate::unit::load_head;
use crate::unit::load_run;

/// What was found out about a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The serial of the current state; none if there is none or its head cannot be read.
    pub serial: Option<u64>,
    /// How many states of the history were read.
    pub states: u64,
    /// The open run.
    pub open_run: Option<RunId>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Something wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The document.
    pub key: String,
    /// What is wrong with it, as the end of a sentence that begins with the key.
    pub why: String,
    /// A newer nfplan wrote it: that is no damage.
    pub newer: bool,
}

impl Verdict {
    /// Whether something is damaged.
    pub fn is_corrupt(&self) -> bool {
        self.problems.iter().any(|problem| !problem.newer)
    }
}

/// Reads and checks everything that still matters of a unit.
///
/// # Errors
/// If the store fails. What is wrong with documents is part of the answer.
pub async fn verify(store: &impl Store, unit: &UnitId) -> Result<Verdict, StoreError> {
    let mut check = Check { unit, verdict: Verdict::default() };
    check.note(lease::read(store, unit).await)?;
    let head = check.note(load_head(store, unit).await)?;
    match head {
        None => {}
        Some(None) => check.headless(store).await?,
        Some(Some(versioned)) => check.below(store, &versioned.head).await?,
    }
    Ok(check.verdict)
}

struct Check<'u> {
    unit: &'u UnitId,
    verdict: Verdict,
}

impl Check<'_> {
    /// Takes a result, or notes what is wrong with the document.
    fn note<T>(&mut self, result: Result<T, StateError>) -> Result<Option<T>, StoreError> {
        match result {
            Ok(value) => return Ok(Some(value)),
            Err(StateError::Store(error)) => return Err(error),
            Err(StateError::Corrupt { key, why, .. }) => self.problem(&key, why),
            Err(StateError::Newer { key, format, .. }) => {
                let why = format!("has the format `{format}` of a newer nfplan");
                self.verdict.problems.push(Problem { key, why, newer: true });
            }
        }
        Ok(None)
    }

    fn problem(&mut self, key: &str, why: String) {
        self.verdict.problems.push(Problem { key: key.into(), why, newer: false });
    }

    /// A unit that was leased and never applied has nothing but its lease.
    async fn headless(&mut self, store: &impl Store) -> Result<(), StoreError> {
        let keys = Keys(self.unit);
        let kept = store.list(&keys.snapshots()).await?;
        if let Some(last) = kept.last() {
            let why = format!("is missing, although there are states, up to `{last}`");
            self.problem(&keys.head(), why);
        }
        Ok(())
    }

    async fn below(&mut self, store: &impl Store, head: &Head) -> Result<(), StoreError> {
        self.verdict.serial = Some(head.serial);
        let keys = Keys(self.unit);
        match &head.snapshot {
            None if head.serial > 0 => {
                let why = format!("has the serial {} and no snapshot", head.serial);
                self.problem(&keys.head(), why);
            }
            Some(pointer) if pointer.key != own_name(head) => {
                let why = format!("points to the snapshot `{}`, which is not its own", pointer.key);
                self.problem(&keys.head(), why);
            }
            Some(_) | None => {}
        }
        let current = self.chain(store, head).await?;
        if let Some(pointer) = &head.open_run {
            self.verdict.open_run = Some(pointer.id);
            let run = self.note(load_run(store, self.unit, pointer).await)?;
            if let Some(run) = run {
                self.run(&run, head, current.as_ref());
            }
        }
        Ok(())
    }

    /// Checks the states from the current one back, and returns the current one.
    async fn chain(
        &mut self,
        store: &impl Store,
        head: &Head,
    ) -> Result<Option<State>, StoreError> {
        let chain = Chain::of(store, head).await;
        let Some(mut chain) = self.note(chain)? else { return Ok(None) };
        let mut current = None;
        loop {
            let version = chain.next(store).await;
            let Some(Some(Version { serial, digest, state })) = self.note(version)? else {
                return Ok(current);
            };
            self.verdict.states += 1;
            let key = Keys(self.unit).snapshot(serial, &digest);
            for why in flaws(&state) {
                self.problem(&key, why);
            }
            current.get_or_insert(state);
        }
    }

    /// Checks that plan and events of the open run belong to the state and to each other.
    fn run(&mut self, run: &OpenRun, head: &Head, current: Option<&State>) {
        let keys = Keys(self.unit);
        let empty = || State::empty(self.unit.clone(), run.plan.source.clone()).digest();
        let state = head.snapshot.as_ref().map_or_else(empty, |pointer| pointer.digest);
        if run.plan.state != state {
            let why = format!("was made from the state {}, not {state}", run.plan.state);
            self.problem(&keys.plan(run.id), why);
        }
        let mut so_far = RunState::default();
        let mut burnt: BTreeMap<u32, u64> = BTreeMap::new();
        for batch in &run.batches {
            let key = keys.batch(run.id, batch.number);
            if batch.epoch > head.epoch {
                let why = format!("has the epoch {}, and the head {}", batch.epoch, head.epoch);
                self.problem(&key, why);
            }
            for event in &batch.events {
                for why in flaws_of_event(event, run, current, &mut burnt) {
                    self.problem(&key, why);
                }
                if let Err(error) = so_far.apply(event) {
                    self.problem(&key, format!("has an event that is not possible: {error}"));
                    return;
                }
            }
        }
    }
}

fn own_name(head: &Head) -> String {
    let digest = head.snapshot.as_ref().map(|pointer| pointer.digest);
    digest.map_or_else(String::new, |digest| crate::keys::snapshot_name(head.serial, &digest))
}

/// What an event says that its plan or the state before does not bear out.
fn flaws_of_event(
    event: &Event,
    run: &OpenRun,
    current: Option<&State>,
    burnt: &mut BTreeMap<u32, u64>,
) -> Vec<String> {
    let mut flaws = Vec::new();
    if let Event::Opened { plan, .. } = event
        && *plan != run.plan.digest
    {
        flaws.push(format!("opens the run with the plan {plan}, not {}", run.plan.digest));
    }
    let Some(id) = event.step() else { return flaws };
    let Some(step) = run.plan.steps.get(id.0 as usize) else {
        flaws.push(format!("is about step {id}, which its plan does not have"));
        return flaws;
    };
    if let Event::Started { incarnation: Some(incarnation), .. } = event {
        let known = current.and_then(|state| state.entries.get(&step.address));
        let before = known.map_or(0, |entry| entry.incarnation);
        let last = burnt.entry(id.0).or_insert(before);
        if *incarnation <= *last {
            let address = &step.address;
            flaws.push(format!(
                "uses the incarnation {incarnation} of `{address}` again, after {last}"
            ));
        }
        *last = *incarnation;
    }
    flaws
}

/// What a state says that cannot be.
fn flaws(state: &State) -> Vec<String> {
    let mut flaws = Vec::new();
    let mut places = BTreeMap::new();
    for (address, entry) in &state.entries {
        let Entry { incarnation, .. } = entry;
        for object in entry.objects() {
            let id = (&address.resource_type, &object.remote_id);
            if let Some(other) = places.insert(id, address) {
                flaws.push(format!(
                    "records `{}` at `{other}` and at `{address}`",
                    object.remote_id
                ));
            }
            if object.incarnation.is_some_and(|own| own > *incarnation) {
                flaws.push(format!("records an incarnation of `{address}` that was never burnt"));
            }
            if object.generation == 0 {
                flaws.push(format!("records `{}` with the generation 0", object.remote_id));
            }
        }
    }
    flaws
}

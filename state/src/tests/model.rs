//! Head and lease in a model checker: a few processes, in every order in which their requests may
//! reach the store, with crashes and with writes that fail, lose their answer or arrive late.
//!
//! The processes are the crate's own functions. Whatever can be reached has one history, has lost
//! nothing acknowledged, and can be brought to rest by the plain commands.

mod process;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::error::Error;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use nfplan_engine::journal::Journal as _;
use nfplan_engine::store::Store as _;
use stateright::Checker as _;
use stateright::Model;
use stateright::Property;

use self::process::Answer;
use self::process::Ask;
use self::process::Body;
use self::process::Mind;
use self::process::Process;
use self::process::Write;
use self::process::tag;
use super::kit::VirtualClock;
use super::kit::comes_to_rest;
use super::kit::fold;
use super::kit::gone_holder;
use super::kit::holder;
use super::kit::mark;
use super::kit::plan_from;
use super::kit::recover;
use super::kit::succeeds;
use super::kit::unit;
use super::site::CONFIG;
use crate::holder::Holder;
use crate::lease::acquire;
use crate::run::Run;
use crate::stores::MemoryStore;
use crate::unit::load;

/// One `apply`: ends what it finds open, then leaves one mark in a run of its own.
async fn apply(mind: &Mind, number: u64, looks_gone: bool) {
    let who = if looks_gone { gone_holder("applier") } else { holder("applier") };
    // Who it is has to be the same whenever the process is run again.
    let who = Holder { since: 0, ..who };
    let end = try_apply(mind, number, who).await.map_err(|error| error.to_string());
    mind.progress.borrow_mut().end = Some(end);
}

async fn try_apply(mind: &Mind, number: u64, who: Holder) -> Result<(), Box<dyn Error>> {
    let unit = unit();
    let lease = acquire(mind, &unit, who, mind, CONFIG).await?;
    mind.progress.borrow_mut().deadline = lease.deadline();
    let recovered = recover(mind, &lease).await?;
    mind.progress.borrow_mut().recovered = recovered;
    let loaded = load(mind, &unit).await?;
    let mut run = Run::open(&lease, &loaded.base, &plan_from(&loaded.base)).await?;
    run.append(&[mark(number)]).await?;
    mind.progress.borrow_mut().acknowledged = true;
    run.close(&fold(&loaded, &[mark(number)])).await?;
    mind.progress.borrow_mut().deadline = Duration::ZERO;
    lease.release(Duration::ZERO).await?;
    Ok(())
}

/// What is tried.
#[derive(Debug, Clone)]
struct Exam {
    /// For each process whether the others think that it is gone, although it is not.
    processes: Vec<bool>,
    /// How many may die.
    crashes: usize,
    /// How many writes of head and lease may go astray.
    faults: usize,
    /// Whether the store keeps its promise to write only over the version that is expected.
    fenced: bool,
    /// What was seen to come to rest: many moments differ only in what processes are about to do.
    restful: Arc<Mutex<HashSet<u64>>>,
}

impl Exam {
    fn comes_to_rest(&self, world: &World) -> bool {
        let mut hasher = DefaultHasher::new();
        let acknowledged = world.processes.iter().map(|process| process.progress.acknowledged);
        (&world.objects, world.now, acknowledged.collect::<Vec<_>>()).hash(&mut hasher);
        let known = self.restful.lock().unwrap().contains(&hasher.finish());
        let rests = known || world.comes_to_rest();
        if rests && !known {
            self.restful.lock().unwrap().insert(hasher.finish());
        }
        rests
    }
}

/// All there is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    objects: BTreeMap<String, Body>,
    now: Duration,
    processes: Vec<Process>,
    /// Writes that their processes gave up, and that may still arrive.
    under_way: Vec<Write>,
    crashes: usize,
    faults: usize,
    /// What should not have happened.
    flaw: Option<String>,
}

/// Whether this is a head or a lease; everything else is written once.
fn is_replaced(write: &Write) -> bool {
    write.key.ends_with("head.json") || write.key.ends_with("lease.json")
}

/// What may happen next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    /// What a process asks for takes place, and it hears of it.
    Step(usize),
    /// Its write does not take place.
    Fail(usize),
    /// Its write takes place, and the answer is lost.
    LoseAnswer(usize),
    /// Its write seems to fail, and is still under way.
    Delay(usize),
    /// A write that was under way takes place.
    Arrive(usize),
    Crash(usize),
    /// Time passes until somebody wakes.
    Wait,
}

impl World {
    /// Writes if the condition holds. Whether it did.
    fn write(&mut self, write: &Write, fenced: bool) -> bool {
        let before = self.objects.get(&write.key);
        let met = before.map(|body| tag(body)) == write.expected;
        let ignored = !fenced && write.expected.is_some();
        if !met && !ignored {
            return false;
        }
        if let (Some(before), true) = (before, write.key.ends_with("head.json")) {
            self.flaw = succeeds(before, &write.body).err();
        }
        self.objects.insert(write.key.clone(), write.body.clone());
        true
    }

    /// What is asked for takes place.
    fn answer(&mut self, ask: &Ask, fenced: bool) -> Answer {
        match ask {
            Ask::Get(key) => Answer::Found(self.objects.get(key).cloned()),
            Ask::Put(write) if self.write(write, fenced) => Answer::Written,
            Ask::Put(_) => Answer::Refused,
            Ask::List(folder) => Answer::Listed(self.list(folder)),
            Ask::Delete(key) => {
                self.objects.remove(key);
                Answer::Deleted
            }
            Ask::Wake(_) => Answer::Woken,
        }
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let below = self.objects.keys().filter_map(|key| key.strip_prefix(folder));
        let mut entries: Vec<String> = below
            .map(|rest| rest.split_inclusive('/').next().unwrap_or_default())
            .map(|entry| format!("{folder}{entry}"))
            .collect();
        entries.dedup();
        entries
    }

    /// The next moment that somebody waits for.
    fn next_alarm(&self) -> Option<Duration> {
        let asks = self.processes.iter().filter_map(|process| process.asks.as_ref());
        let alarms = asks.filter_map(|ask| match ask {
            Ask::Wake(until) if *until > self.now => Some(*until),
            _ => None,
        });
        alarms.min()
    }

    /// Whether the plain commands bring this to rest.
    fn comes_to_rest(&self) -> bool {
        let (store, clock) = (MemoryStore::default(), VirtualClock::default());
        clock.advance(self.now);
        let numbered = (1..).zip(&self.processes);
        let acknowledged = numbered.filter(|(_, process)| process.progress.acknowledged);
        let acknowledged: Vec<u64> = acknowledged.map(|(number, _)| number).collect();
        clock.run(async {
            for (key, body) in &self.objects {
                store.put_if_absent(key, body).await.unwrap();
            }
            comes_to_rest(&store, &clock, &acknowledged).await.is_ok()
        })
    }
}

impl Model for Exam {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let processes = (1..).zip(&self.processes);
        let begin = |(number, gone): (u64, &bool)| Process::begin(number, *gone, Duration::ZERO);
        vec![World {
            objects: BTreeMap::new(),
            now: Duration::ZERO,
            processes: processes.map(begin).collect(),
            under_way: Vec::new(),
            crashes: self.crashes,
            faults: self.faults,
            flaw: None,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for (index, process) in world.processes.iter().enumerate() {
            match &process.asks {
                None => continue,
                Some(Ask::Wake(until)) if *until > world.now => {}
                Some(Ask::Put(write)) if world.faults > 0 && is_replaced(write) => {
                    actions.extend([
                        Action::Step(index),
                        Action::Fail(index),
                        Action::LoseAnswer(index),
                        Action::Delay(index),
                    ])
                }
                Some(_) => actions.push(Action::Step(index)),
            }
            if world.crashes > 0 {
                actions.push(Action::Crash(index));
            }
        }
        actions.extend((0..world.under_way.len()).map(Action::Arrive));
        if world.next_alarm().is_some() {
            actions.push(Action::Wait);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        let (index, answer) = match action {
            Action::Wait => {
                world.now = last.next_alarm()?;
                return Some(world);
            }
            Action::Crash(index) => {
                world.crashes -= 1;
                world.processes[index].asks = None;
                return Some(world);
            }
            Action::Arrive(index) => {
                let write = world.under_way.remove(index);
                world.write(&write, self.fenced);
                return Some(world);
            }
            Action::Step(index) => {
                let ask = last.processes[index].asks.as_ref()?;
                (index, world.answer(ask, self.fenced))
            }
            Action::Fail(index) | Action::LoseAnswer(index) | Action::Delay(index) => {
                let Some(Ask::Put(write)) = &last.processes[index].asks else { return None };
                world.faults -= 1;
                match action {
                    Action::LoseAnswer(_) => drop(world.write(write, self.fenced)),
                    Action::Delay(_) => world.under_way.push(write.clone()),
                    _ => {}
                }
                (index, Answer::Failed)
            }
        };
        world.processes[index] = world.processes[index].hears(answer, world.now);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one history", |_, world: &World| world.flaw.is_none()),
            Property::always("one may send", |exam: &Self, world: &World| {
                let sends = |process: &&Process| {
                    process.asks.is_some() && process.progress.deadline > world.now
                };
                exam.processes.contains(&true) || world.processes.iter().filter(sends).count() <= 1
            }),
            Property::always("comes to rest", |exam: &Self, world| exam.comes_to_rest(world)),
            Property::always("nothing is taken for damaged", |_, world: &World| {
                let ends =
                    world.processes.iter().filter_map(|process| process.progress.end.as_ref());
                let mut words = ends.filter_map(|end| end.as_ref().err());
                !words.any(|words| words.contains("corrupt") || words.contains("BUG"))
            }),
            Property::sometimes("all end well", |_, world: &World| {
                world.processes.iter().all(|process| process.progress.end == Some(Ok(())))
            }),
        ]
    }
}

const LOOK_ALIVE: [bool; 2] = [false, false];
const LOOK_GONE: [bool; 2] = [true, true];

fn exam(processes: [bool; 2], crashes: usize, faults: usize) -> Exam {
    let processes = processes.to_vec();
    Exam { processes, crashes, faults, fenced: true, restful: Arc::default() }
}

/// Tries everything: at least so many states can be reached, and in all of them all is well.
fn pass(exam: Exam, least: usize) {
    let checker = exam.checker().spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    assert!(states >= least, "only {states} states were looked at");
}

#[test]
fn two_appliers_wait_for_each_other_and_either_may_die() {
    pass(exam(LOOK_ALIVE, 1, 0), 5_000);
}

#[test]
fn two_appliers_that_take_each_other_for_dead_are_kept_apart_by_the_store() {
    pass(exam(LOOK_GONE, 1, 0), 5_000);
}

#[test]
fn a_write_of_head_or_lease_that_goes_astray_costs_nobody_a_state() {
    pass(exam(LOOK_GONE, 0, 1), 20_000);
}

#[test]
fn a_store_that_breaks_its_promise_is_found_out() {
    let careless = Exam { fenced: false, ..exam(LOOK_GONE, 0, 0) };
    let checker = careless.checker().spawn_bfs().join();
    let found = checker.discoveries();
    assert!(found.contains_key("one history"), "{:?}", found.keys());
    assert!(found.contains_key("comes to rest"), "{:?}", found.keys());
}

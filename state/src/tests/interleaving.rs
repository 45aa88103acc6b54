//! Several appliers of one unit in any interleaving, with any faults, lose nothing acknowledged.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::error::Error;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use nfplan_engine::clock::Clock as _;
use nfplan_engine::journal::Journal as _;
use nfplan_engine::store::Put;
use nfplan_engine::store::Store;
use nfplan_engine::store::StoreError;
use nfplan_engine::store::Stored;
use nfplan_engine::store::Tag;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::kit::VirtualClock;
use super::kit::comes_to_rest;
use super::kit::fold;
use super::kit::gone_holder;
use super::kit::holder;
use super::kit::mark;
use super::kit::once_pending;
use super::kit::plan_from;
use super::kit::poll;
use super::kit::recover;
use super::kit::succeeds;
use super::kit::unit;
use super::site::CONFIG;
use crate::edit::Change;
use crate::edit::edit;
use crate::history::history;
use crate::lease::Lease;
use crate::lease::acquire;
use crate::prune::prune;
use crate::run::Run;
use crate::stores::MemoryStore;
use crate::unit::load;
use crate::unlock::unlock;

/// How a write may go, drawn one by one.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Fine,
    NotDone,
    AnswerLost,
    /// The answer is an error now, and the write arrives later.
    Late,
}

struct Write {
    key: String,
    expected: Option<Tag>,
    body: Vec<u8>,
}

/// A store over which time passes, writes go astray, and heads are watched.
#[derive(Default)]
struct World {
    objects: MemoryStore,
    clock: VirtualClock,
    fates: RefCell<VecDeque<Fate>>,
    under_way: RefCell<Vec<Write>>,
    acknowledged: RefCell<BTreeSet<u64>>,
    deadlines: RefCell<BTreeMap<u64, Duration>>,
}

impl World {
    /// Writes, and checks that a head never goes back.
    async fn write(&self, write: &Write) -> Result<Put, StoreError> {
        let Write { key, expected, body } = write;
        let before = self.objects.get(key).await?;
        let put = match expected {
            None => self.objects.put_if_absent(key, body).await?,
            Some(tag) => self.objects.put_if_match(key, tag, body).await?,
        };
        if let (Some(before), true) = (before, key.ends_with("head.json") && put != Put::Refused) {
            assert_eq!(succeeds(&before.body, body), Ok(()));
        }
        Ok(put)
    }

    async fn put(&self, write: Write) -> Result<Put, StoreError> {
        once_pending().await;
        let fate = self.fates.borrow_mut().pop_front().unwrap_or(Fate::Fine);
        let message = "by order of the test".to_owned();
        let error =
            StoreError { operation: "write", key: write.key.clone(), message, denied: false };
        let result = match fate {
            Fate::Fine => self.write(&write).await,
            Fate::NotDone => Err(error),
            Fate::AnswerLost => self.write(&write).await.and(Err(error)),
            Fate::Late => {
                self.under_way.borrow_mut().push(write);
                Err(error)
            }
        };
        once_pending().await;
        result
    }

    /// Lets one write that is under way arrive.
    fn deliver(&self) {
        let write = self.under_way.borrow_mut().pop();
        if let Some(write) = write {
            self.clock.run(self.write(&write)).unwrap();
        }
    }

    /// Notes until when an applier may send, and checks that no other may.
    fn claim(&self, who: u64, lease: &Lease<'_, Self, VirtualClock>, exclusive: bool) {
        let mut deadlines = self.deadlines.borrow_mut();
        deadlines.insert(who, lease.deadline());
        let now = self.clock.now();
        let others = deadlines.iter().filter(|(other, until)| **other != who && **until > now);
        assert!(!(exclusive && others.count() > 0 && lease.may_send()), "two may send at {now:?}");
    }
}

impl Store for World {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        once_pending().await;
        let stored = self.objects.get(key).await;
        once_pending().await;
        stored
    }

    async fn put_if_absent(&self, key: &str, body: &[u8]) -> Result<Put, StoreError> {
        self.put(Write { key: key.into(), expected: None, body: body.into() }).await
    }

    async fn put_if_match(&self, key: &str, tag: &Tag, body: &[u8]) -> Result<Put, StoreError> {
        self.put(Write { key: key.into(), expected: Some(tag.clone()), body: body.into() }).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        once_pending().await;
        self.objects.list(folder).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        once_pending().await;
        self.objects.delete(key).await?;
        once_pending().await;
        Ok(())
    }
}

/// One process that applies: ends what it finds open, then carries out a run of its own.
struct Applier {
    number: u64,
    /// It looks gone to the others although it is not: the worst that they can be wrong about.
    looks_gone: bool,
    /// Nobody looks gone, so that leases have to keep appliers apart.
    exclusive: bool,
}

impl Applier {
    async fn apply(&self, world: &World, round: u64) -> Result<(), Box<dyn Error>> {
        let who = if self.looks_gone { gone_holder("applier") } else { holder("applier") };
        let unit = unit();
        let lease = acquire(world, &unit, who, &world.clock, CONFIG).await?;
        world.claim(self.number, &lease, self.exclusive);
        recover(world, &lease).await?;
        let loaded = load(world, &unit).await?;
        let mut run = Run::open(&lease, &loaded.base, &plan_from(&loaded.base)).await?;
        let mut events = Vec::new();
        for number in 0..3 {
            lease.renew().await?;
            world.claim(self.number, &lease, self.exclusive);
            let number = self.number * 100 + round * 10 + number;
            run.append(&[mark(number)]).await?;
            world.acknowledged.borrow_mut().insert(number);
            events.push(mark(number));
        }
        run.close(&fold(&loaded, &events)).await?;
        world.deadlines.borrow_mut().remove(&self.number);
        lease.release(Duration::ZERO).await?;
        Ok(())
    }

    async fn apply_twice(self, world: &World) {
        for round in 0..2 {
            if let Err(error) = self.apply(world, round).await {
                let message = error.to_string();
                assert!(!message.contains("corrupt") && !message.contains("BUG"), "{message}");
            }
        }
    }
}

/// Somebody who looks after the state while others apply. What the appliers did stays: forgetting is
/// left out, and counters, which the marks are, never fall.
async fn take_care(world: &World) {
    for round in 0..3 {
        if let Err(error) = take_care_once(world, round).await {
            let message = error.to_string();
            assert!(!message.contains("corrupt") && !message.contains("BUG"), "{message}");
        }
    }
}

async fn take_care_once(world: &World, round: u32) -> Result<(), Box<dyn Error>> {
    let (unit, who) = (unit(), gone_holder("caretaker"));
    if round == 1 {
        unlock(world, &unit, &who, &world.clock, CONFIG).await?;
    }
    let lease = acquire(world, &unit, who, &world.clock, CONFIG).await?;
    let loaded = load(world, &unit).await?;
    if let Some(versioned) = &loaded.base.head {
        let mut versions = history(world, &versioned.head).await?.versions;
        if let Some(oldest) = versions.pop().filter(|_| round == 1) {
            edit(&lease, &Change::Restore(Box::new(oldest))).await?;
        } else {
            prune(&lease, 1).await?;
        }
    }
    lease.release(Duration::ZERO).await?;
    Ok(())
}

/// What happens next in the world.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// Somebody takes some steps; the number is taken modulo how many there are.
    Applier(usize, usize),
    Deliver,
    TimePasses,
    /// One is killed.
    Kill(usize),
}

/// So many turns at most.
fn turns(most: usize) -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        40 => (any::<usize>(), 1..30_usize).prop_map(|(index, steps)| Turn::Applier(index, steps)),
        2 => Just(Turn::Deliver),
        4 => Just(Turn::TimePasses),
        1 => any::<usize>().prop_map(Turn::Kill),
    ];
    prop::collection::vec(turn, 0..most)
}

/// The fates of the first writes, so many at most.
fn fates(most: usize) -> impl Strategy<Value = VecDeque<Fate>> {
    let fate = prop_oneof![
        40 => Just(Fate::Fine),
        1 => Just(Fate::NotDone),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::Late),
    ];
    prop::collection::vec_deque(fate, 0..most)
}

type Task<'a> = Option<Pin<Box<dyn Future<Output = ()> + 'a>>>;

fn advance(task: &mut Task<'_>) {
    if task.as_mut().is_some_and(|running| poll(running.as_mut()).is_ready()) {
        *task = None;
    }
}

/// Lets the world go its way, and then everybody finish.
fn play(world: &World, tasks: &mut [Task<'_>], turns: &[Turn]) {
    let count = tasks.len();
    for turn in turns {
        match turn {
            Turn::Applier(index, steps) => {
                (0..*steps).for_each(|_| advance(&mut tasks[index % count]));
            }
            Turn::Deliver => world.deliver(),
            Turn::TimePasses => {
                world.clock.advance_to_next_alarm();
            }
            Turn::Kill(index) => tasks[index % count] = None,
        }
    }
    for _ in 0..10_000 {
        for task in tasks.iter_mut() {
            (0..40).for_each(|_| advance(task));
        }
        world.deliver();
        if tasks.iter().all(Option::is_none) && world.under_way.borrow().is_empty() {
            return;
        }
        world.clock.advance_to_next_alarm();
    }
    panic!("somebody waits for ever");
}

/// Runs a future to its end, however often it lets others go first.
fn alone<T>(clock: &VirtualClock, future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    loop {
        for _ in 0..1_000 {
            if let Poll::Ready(value) = poll(future.as_mut()) {
                return value;
            }
        }
        assert!(clock.advance_to_next_alarm(), "it waits for nothing");
    }
}

/// Lets these appliers and caretakers, who steal leases, have their way; and then one more apply
/// finds everything that was acknowledged.
fn lose_nothing(looks_gone: &[bool], caretakers: usize, turns: &[Turn], fates: VecDeque<Fate>) {
    let world = World { fates: RefCell::new(fates), ..World::default() };
    let exclusive = !looks_gone.contains(&true);
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for (number, looks_gone) in (1..).zip(looks_gone.iter().copied()) {
        let applier = Applier { number, looks_gone, exclusive };
        tasks.push(Some(Box::pin(applier.apply_twice(&world))));
    }
    tasks.extend((0..caretakers).map(|_| -> Task<'_> { Some(Box::pin(take_care(&world))) }));
    play(&world, &mut tasks, turns);
    drop(tasks);

    world.fates.borrow_mut().clear();
    let acknowledged: Vec<u64> = world.acknowledged.borrow().iter().copied().collect();
    alone(&world.clock, comes_to_rest(&world, &world.clock, &acknowledged)).unwrap();
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(1024))]

    #[test]
    fn appliers_that_interleave_lose_nothing_acknowledged(
        turns in turns(80),
        fates in fates(100),
        looks_gone in prop::array::uniform3(any::<bool>()),
    ) {
        lose_nothing(&looks_gone, 1, &turns, fates);
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn a_crowd_of_appliers_and_of_those_who_steal_leases_loses_nothing_acknowledged(
        turns in turns(600),
        fates in fates(600),
        looks_gone in prop::collection::vec(any::<bool>(), 2..=50),
        caretakers in 1..5_usize,
    ) {
        lose_nothing(&looks_gone, caretakers, &turns, fates);
    }

    #[test]
    fn of_a_crowd_that_looks_alive_never_two_may_send(
        turns in turns(600),
        fates in fates(600),
        appliers in 2..=50_usize,
    ) {
        lose_nothing(&vec![false; appliers], 0, &turns, fates);
    }
}

//! The schedule against an oracle: a slow and obvious reading of the rules, on random step graphs
//! with random outcomes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use nfplan_engine::address::RemoteId;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Cause;
use nfplan_engine::event::Event;
use nfplan_engine::event::Phase;
use nfplan_engine::event::Settlement;
use nfplan_engine::event::StepStatus;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::schedule::Move;
use nfplan_engine::schedule::Recovery;
use nfplan_engine::schedule::Schedule;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Stage;
use nfplan_engine::step::Step;
use nfplan_engine::step::StepId;
use nfplan_engine::step::Undo;
use proptest::prelude::any;
use proptest::test_runner::Config;

use crate::toy::error;
use crate::wish::source;
use crate::wish::unit;

/// A stream of choices.
struct Dice(Vec<u8>, usize);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.1 += 1;
        usize::from(self.0[self.1 % self.0.len()]).wrapping_add(self.1 * 7) % sides
    }
}

fn graph(dice: &mut Dice) -> UnitPlan {
    let build = dice.roll(8);
    let retire = dice.roll(5);
    let mut steps = Vec::new();
    for number in 0..build + retire {
        let (stage, from) = if number < build { (Stage::Build, 0) } else { (Stage::Retire, build) };
        let needs = (from..number).filter(|_| dice.roll(3) == 0).map(step_id).collect();
        steps.push(Step {
            id: step_id(number),
            address: format!("toy.net/s{number}").parse().unwrap(),
            stage,
            operation: Operation::Create { generation: 1, inputs: BTreeMap::new() },
            undo: Undo::Delete,
            needs,
            dependencies: BTreeSet::new(),
        });
    }
    let digest = Digest::of_bytes(b"");
    UnitPlan {
        unit: unit(),
        digest,
        state: digest,
        source: source(),
        pins: BTreeMap::new(),
        externals: BTreeMap::new(),
        steps,
        changes: Vec::new(),
        unreadable: BTreeMap::new(),
        notes: BTreeMap::new(),
        findings: Vec::new(),
        wanted: true,
    }
}

fn step_id(number: usize) -> StepId {
    StepId(u32::try_from(number).unwrap())
}

/// What the rules say may be done, from the events alone and by looking at every step.
struct Oracle<'p> {
    plan: &'p UnitPlan,
    events: Vec<Event>,
    flying: BTreeSet<StepId>,
}

impl Oracle<'_> {
    fn status(&self, id: StepId) -> StepStatus {
        let mut status = StepStatus::Pending;
        for event in self.events.iter().filter(|event| event.step() == Some(id)) {
            status = match event {
                Event::Started { .. } => StepStatus::Started,
                Event::Succeeded { .. } | Event::Settled { outcome: Settlement::Done(_), .. } => {
                    StepStatus::Succeeded
                }
                Event::Failed { error, .. } => match &error.left {
                    Left::Nothing => StepStatus::FailedClean,
                    Left::Object(id) => StepStatus::FailedPartly(id.clone()),
                    Left::Unknown => StepStatus::Unknown,
                },
                Event::Settled { outcome: Settlement::NotDone, .. } => StepStatus::FailedClean,
                Event::Settled { outcome: Settlement::Partial(id), .. } => {
                    StepStatus::FailedPartly(id.clone())
                }
                Event::UndoStarted { .. } => StepStatus::Undoing,
                Event::Undone { .. } => StepStatus::Undone,
                Event::UndoFailed { .. } => StepStatus::Stuck,
                Event::Opened { .. }
                | Event::Sealed
                | Event::RollingBack { .. }
                | Event::Committed => status,
            };
        }
        status
    }

    fn has(&self, wanted: fn(&Event) -> bool) -> bool {
        self.events.iter().any(wanted)
    }

    fn step(&self, id: StepId) -> &Step {
        &self.plan.steps[id.0 as usize]
    }

    /// Nothing has an effect that could still be there.
    fn without_effect(&self, id: StepId) -> bool {
        matches!(
            self.status(id),
            StepStatus::Pending | StepStatus::FailedClean | StepStatus::Undone
        )
    }

    fn build_failed(&self) -> bool {
        let broken = |step: &Step| {
            let status = self.status(step.id);
            step.stage == Stage::Build
                && matches!(status, StepStatus::FailedClean | StepStatus::FailedPartly(_))
        };
        self.plan.steps.iter().any(broken)
    }

    fn judge(&self, taken: &Move) {
        let committed = self.has(|event| matches!(event, Event::Committed));
        let back = self.has(|event| matches!(event, Event::RollingBack { .. }));
        match taken {
            Move::Start(id) => {
                assert!(!back && !self.build_failed(), "nothing starts after a failure");
                let step = self.step(*id);
                assert_eq!(step.stage == Stage::Retire, committed, "stages do not mix");
                for need in &step.needs {
                    assert_eq!(self.status(*need), StepStatus::Succeeded, "{id} needs {need}");
                }
                assert_eq!(self.status(*id), StepStatus::Pending, "nothing is done twice");
            }
            Move::Settle(id) => assert_eq!(self.status(*id), StepStatus::Unknown),
            Move::RollBack(_) => {
                assert!(!committed, "a committed run does not turn around");
                assert!(!back && self.build_failed());
                assert!(self.flying.is_empty(), "calls in flight finish first");
                let open = |step: &&Step| {
                    matches!(self.status(step.id), StepStatus::Started | StepStatus::Unknown)
                };
                assert_eq!(self.plan.steps.iter().find(open), None, "all outcomes are known");
            }
            Move::Undo(id) => {
                assert!(back, "undoing begins when the run has turned around");
                assert!(!self.without_effect(*id), "what has no effect is not undone");
                for step in self.plan.steps.iter().filter(|step| step.needs.contains(id)) {
                    assert!(self.without_effect(step.id), "{} is undone before {id}", step.id);
                }
            }
            Move::Commit => {
                let mut build = self.plan.steps.iter().filter(|s| s.stage == Stage::Build);
                assert!(build.all(|step| self.status(step.id) == StepStatus::Succeeded));
            }
        }
    }
}

fn outcome(step: StepId, dice: &mut Dice, undoing: bool, calm: usize) -> Event {
    let bad = dice.roll(calm) == 0;
    let left = match dice.roll(3) {
        0 => Left::Nothing,
        1 => Left::Object(RemoteId::new("half").unwrap()),
        _ => Left::Unknown,
    };
    match (undoing, bad) {
        (false, false) => Event::Succeeded { step, made: None },
        (false, true) => {
            Event::Failed { step, error: error(ErrorKind::Timeout, String::new(), left) }
        }
        (true, false) => Event::Undone { step, made: None },
        (true, true) => {
            Event::UndoFailed { step, error: error(ErrorKind::Timeout, String::new(), left) }
        }
    }
}

fn settlement(step: StepId, dice: &mut Dice) -> Event {
    let outcome = match dice.roll(3) {
        0 => Settlement::Done(None),
        1 => Settlement::NotDone,
        _ => Settlement::Partial(RemoteId::new("half").unwrap()),
    };
    Event::Settled { step, outcome }
}

/// Runs a schedule to its end against the oracle.
fn play(plan: &UnitPlan, dice: &mut Dice, calm: usize) -> Vec<Event> {
    let mut schedule = Schedule::new(plan);
    let mut oracle = Oracle { plan, events: Vec::new(), flying: BTreeSet::new() };
    let mut pending: Vec<Event> = Vec::new();
    let tell = |schedule: &mut Schedule<'_>, oracle: &mut Oracle<'_>, event: Event| {
        schedule.record(&event).unwrap();
        oracle.events.push(event);
    };
    let externals = BTreeMap::new();
    tell(&mut schedule, &mut oracle, Event::Opened { plan: plan.digest, externals });
    for _ in 0..1000 {
        for taken in schedule.take_moves() {
            oracle.judge(&taken);
            match taken {
                Move::Start(step) => {
                    let (incarnation, token, found) = (None, "".into(), Vec::new());
                    let event = Event::Started { step, incarnation, token, found };
                    tell(&mut schedule, &mut oracle, event);
                    oracle.flying.insert(step);
                    pending.push(outcome(step, dice, false, calm));
                }
                Move::Settle(step) => {
                    oracle.flying.insert(step);
                    pending.push(settlement(step, dice));
                }
                Move::Undo(step) => {
                    tell(&mut schedule, &mut oracle, Event::UndoStarted { step });
                    oracle.flying.insert(step);
                    pending.push(outcome(step, dice, true, calm * 2));
                }
                Move::RollBack(cause) => pending.push(Event::RollingBack { cause }),
                Move::Commit => pending.push(Event::Committed),
            }
        }
        if pending.is_empty() {
            assert!(schedule.is_over(), "the run ends: {:?}", schedule.run());
            return oracle.events;
        }
        assert!(!schedule.is_over(), "what is under way is not over");
        let event = pending.swap_remove(dice.roll(pending.len()));
        event.step().map(|step| oracle.flying.remove(&step));
        tell(&mut schedule, &mut oracle, event);
    }
    panic!("the run never ends");
}

proptest::proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_schedule_follows_the_rules_and_ends(
        rolls in proptest::collection::vec(any::<u8>(), 40..200),
        calm in 2_usize..30,
    ) {
        let mut dice = Dice(rolls, 0);
        let plan = graph(&mut dice);
        let events = play(&plan, &mut dice, calm);
        let back = events.iter().any(|event| matches!(event, Event::RollingBack { .. }));
        let committed = events.iter().any(|event| matches!(event, Event::Committed));
        assert!(back != committed, "a run either commits or turns around");
    }

    #[test]
    fn whatever_prefix_is_found_the_run_can_be_finished(
        rolls in proptest::collection::vec(any::<u8>(), 40..200),
        calm in 2_usize..30,
        cut in any::<proptest::sample::Index>(),
        resume in any::<bool>(),
    ) {
        let mut dice = Dice(rolls, 0);
        let plan = graph(&mut dice);
        let events = play(&plan, &mut dice, calm);
        let mut found = events[..=cut.index(events.len())].to_vec();
        found.push(Event::Sealed);
        let recovery = if resume { Recovery::Resume } else { Recovery::RollBack };
        let mut schedule = Schedule::replay(&plan, &found, recovery).unwrap();
        let was_building = schedule.run().phase == Phase::Building;
        let was_back = matches!(schedule.run().phase, Phase::RollingBack(_));
        let failed = found.iter().any(|event| matches!(event, Event::Failed { .. }));
        for _ in 0..1000 {
            let moves = schedule.take_moves();
            if moves.is_empty() {
                break;
            }
            for taken in moves {
                match taken {
                    Move::Start(step) => {
                        let (incarnation, token, found) = (None, "".into(), Vec::new());
                        let started = Event::Started { step, incarnation, token, found };
                        schedule.record(&started).unwrap();
                        schedule.record(&Event::Succeeded { step, made: None }).unwrap();
                    }
                    Move::Settle(step) => {
                        let outcome = Settlement::NotDone;
                        schedule.record(&Event::Settled { step, outcome }).unwrap();
                    }
                    Move::Undo(step) => {
                        schedule.record(&Event::UndoStarted { step }).unwrap();
                        schedule.record(&Event::Undone { step, made: None }).unwrap();
                    }
                    Move::RollBack(cause) => {
                        schedule.record(&Event::RollingBack { cause }).unwrap();
                    }
                    Move::Commit => schedule.record(&Event::Committed).unwrap(),
                }
            }
        }
        assert!(schedule.is_over(), "{:?}", schedule.run());
        let back = matches!(schedule.run().phase, Phase::RollingBack(_));
        if was_back || (was_building && !resume) {
            assert!(back, "it rolls back");
        } else if !failed {
            assert!(!back, "it goes on");
        }
        if back {
            let left = schedule.run().steps.values().filter(|status| {
                !matches!(status, StepStatus::Undone | StepStatus::FailedClean)
            });
            assert_eq!(left.count(), 0, "all is undone");
        }
    }
}

#[test]
fn a_failed_retire_step_never_rolls_back() {
    let mut dice = Dice(vec![3, 4, 7, 11], 0);
    let mut plan = graph(&mut dice);
    plan.steps.truncate(2);
    for (step, stage) in plan.steps.iter_mut().zip([Stage::Build, Stage::Retire]) {
        step.stage = stage;
        step.needs.clear();
    }
    let mut schedule = Schedule::new(&plan);
    let (build, retire) = (step_id(0), step_id(1));
    let started =
        |step| Event::Started { step, incarnation: None, token: "".into(), found: vec![] };
    let failed = error(ErrorKind::Conflict, String::new(), Left::Nothing);
    for event in [
        Event::Opened { plan: plan.digest, externals: BTreeMap::new() },
        started(build),
        Event::Succeeded { step: build, made: None },
        Event::Committed,
        started(retire),
        Event::Failed { step: retire, error: failed },
    ] {
        schedule.record(&event).unwrap();
    }
    assert_eq!(schedule.take_moves(), []);
    assert!(schedule.is_over());
    let cause = Cause::Interrupted;
    assert!(schedule.record(&Event::RollingBack { cause }).is_err());
}

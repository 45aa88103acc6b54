//! What a run may do now: a pure function of its plan and events, in either direction.
//!
//! Rolling back is not a second engine and recovering is not a second path: both are this schedule
//! with another start. The driver takes the moves, acts, and records what happened.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::event::Cause;
use crate::event::Event;
use crate::event::IllegalEvent;
use crate::event::Phase;
use crate::event::RunState;
use crate::event::Settlement;
use crate::event::StepStatus;
use crate::plan::UnitPlan;
use crate::provider::Left;
use crate::step::Stage;
use crate::step::Step;
use crate::step::StepId;
use crate::step::Undo;

/// Something that may be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Do a step.
    Start(StepId),
    /// Look how a step of unknown outcome ended.
    Settle(StepId),
    /// Turn the run around.
    RollBack(Cause),
    /// Undo a step.
    Undo(StepId),
    /// Pass the commit point.
    Commit,
}

/// What to do with a run that somebody else left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Roll it back, unless it has committed.
    RollBack,
    /// Go on with it, unless it is rolling back.
    Resume,
}

/// What may be done in one run.
#[derive(Debug)]
pub struct Schedule<'p> {
    plan: &'p UnitPlan,
    run: RunState,
    /// Steps with a call or a look under way, or with a move taken.
    busy: BTreeSet<StepId>,
    /// Who needs each step.
    needed_by: BTreeMap<StepId, BTreeSet<StepId>>,
    /// Why the run will turn around once nothing is under way.
    doomed: Option<Cause>,
    /// Steps that were under way when the last process took the run over: that they took no effect
    /// is no failure of theirs.
    found_open: BTreeSet<StepId>,
    /// Steps whose forward or backward attempt failed in this process: not tried twice.
    given_up: BTreeSet<StepId>,
    /// The phase change asked for by the last move is under way.
    turning: bool,
}

/// The steps whose objects stay although they are undone: one that still does work for somebody,
/// and whatever it needs for that. A later run deletes them, once the work has ended.
pub(crate) fn staying(plan: &UnitPlan, events: &[Event]) -> BTreeSet<StepId> {
    let step = |id: StepId| &plan.steps[id.0 as usize];
    let at_work = events.iter().filter_map(|event| match event {
        Event::Undone { step: id, made: Some(_) } if step(*id).undo == Undo::Delete => Some(*id),
        _ => None,
    });
    let mut open: Vec<StepId> = at_work.collect();
    let mut staying = BTreeSet::new();
    while let Some(id) = open.pop() {
        if staying.insert(id) {
            open.extend(&step(id).needs);
        }
    }
    staying
}

impl<'p> Schedule<'p> {
    /// The schedule of a run that begins now.
    pub fn new(plan: &'p UnitPlan) -> Self {
        let mut needed_by: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
        for step in &plan.steps {
            for need in &step.needs {
                needed_by.entry(*need).or_default().insert(step.id);
            }
        }
        Self {
            plan,
            run: RunState::default(),
            busy: BTreeSet::new(),
            needed_by,
            doomed: None,
            found_open: BTreeSet::new(),
            given_up: BTreeSet::new(),
            turning: false,
        }
    }

    /// The schedule of a run that was found open, from its events.
    pub fn replay(
        plan: &'p UnitPlan,
        events: &[Event],
        recovery: Recovery,
    ) -> Result<Self, Box<IllegalEvent>> {
        let mut schedule = Self::new(plan);
        for event in events {
            schedule.record(event)?;
        }
        schedule.busy.clear();
        schedule.given_up.clear();
        schedule.turning = false;
        schedule.excuse_open();
        match recovery {
            Recovery::RollBack if schedule.run.phase == Phase::Building => {
                schedule.doom(Cause::Interrupted);
            }
            // A step that failed without effect can be tried again.
            Recovery::Resume if !schedule.left_something() => schedule.doomed = None,
            Recovery::RollBack | Recovery::Resume => {}
        }
        Ok(schedule)
    }

    /// Whether a failed step left an object half-done, which can only be undone.
    fn left_something(&self) -> bool {
        self.run.steps.values().any(|status| matches!(status, StepStatus::FailedPartly(_)))
    }

    /// What the events so far come to.
    pub fn run(&self) -> &RunState {
        &self.run
    }

    /// Makes the run turn around as soon as nothing is under way.
    pub fn doom(&mut self, cause: Cause) {
        self.doomed.get_or_insert(cause);
    }

    /// Takes the start of a step back, before anything of it is recorded, if the run is to turn
    /// around: nothing new begins then.
    pub fn take_back(&mut self, step: StepId) -> bool {
        let doomed = self.run.phase == Phase::Building && self.doomed.is_some();
        doomed && self.busy.remove(&step)
    }

    /// Whether nothing is under way or left to do: the run can be closed.
    pub fn is_over(&self) -> bool {
        self.busy.is_empty()
            && !self.turning
            && match self.run.phase {
                Phase::Unopened | Phase::Building => false,
                Phase::RollingBack(_) => {
                    self.unsettled().next().is_none() && self.undoable().next().is_none()
                }
                Phase::Retiring => {
                    self.unsettled().next().is_none()
                        && self.startable(Stage::Retire).next().is_none()
                }
            }
    }

    /// Takes note of an event; legal ones only.
    pub fn record(&mut self, event: &Event) -> Result<(), Box<IllegalEvent>> {
        self.run.apply(event)?;
        match event {
            Event::Started { step, .. } | Event::UndoStarted { step } => {
                self.busy.insert(*step);
            }
            Event::Succeeded { step, .. } | Event::Undone { step, .. } => {
                self.busy.remove(step);
            }
            Event::Failed { step, error } => {
                self.busy.remove(step);
                if error.left != Left::Unknown {
                    self.give_up(*step);
                }
            }
            Event::Settled { step, outcome } => {
                self.busy.remove(step);
                let excused = *outcome == Settlement::NotDone && self.found_open.remove(step);
                if !excused && !matches!(outcome, Settlement::Done(_)) {
                    self.give_up(*step);
                }
            }
            Event::UndoFailed { step, .. } => {
                self.busy.remove(step);
                self.given_up.insert(*step);
            }
            Event::RollingBack { .. } | Event::Committed => {
                self.turning = false;
                self.given_up.clear();
            }
            Event::Sealed => self.excuse_open(),
            Event::Opened { .. } => {}
        }
        Ok(())
    }

    /// Another process is in charge from here: what was under way is no failure of the steps.
    fn excuse_open(&mut self) {
        let open =
            |status: &StepStatus| matches!(status, StepStatus::Started | StepStatus::Unknown);
        let found = self.run.steps.iter().filter(|(_, status)| open(status));
        self.found_open = found.map(|(step, _)| *step).collect();
    }

    fn give_up(&mut self, step: StepId) {
        self.given_up.insert(step);
        if self.run.phase == Phase::Building {
            self.doomed.get_or_insert(Cause::Step(step));
        }
    }

    /// Everything that may be done now, most urgent first. Whatever is returned counts as under way
    /// until an event of it is recorded.
    pub fn take_moves(&mut self) -> Vec<Move> {
        let mut moves: Vec<Move> = self.unsettled().map(Move::Settle).collect();
        match self.run.phase.clone() {
            Phase::Unopened => {}
            _ if self.turning => {}
            Phase::Building => match &self.doomed {
                None if self.all_built() => moves.push(Move::Commit),
                None => moves.extend(self.startable(Stage::Build).map(Move::Start)),
                Some(cause) if moves.is_empty() && self.busy.is_empty() => {
                    moves.push(Move::RollBack(cause.clone()));
                }
                Some(_) => {}
            },
            Phase::RollingBack(_) => moves.extend(self.undoable().map(Move::Undo)),
            Phase::Retiring => moves.extend(self.startable(Stage::Retire).map(Move::Start)),
        }
        for taken in &moves {
            match taken {
                Move::Start(step) | Move::Settle(step) | Move::Undo(step) => {
                    self.busy.insert(*step);
                }
                Move::RollBack(_) | Move::Commit => self.turning = true,
            }
        }
        moves
    }

    fn status(&self, step: StepId) -> &StepStatus {
        self.run.status(step)
    }

    fn idle(&self) -> impl Iterator<Item = &'p Step> {
        self.plan.steps.iter().filter(|step| !self.busy.contains(&step.id))
    }

    fn unsettled(&self) -> impl Iterator<Item = StepId> {
        let open = |step: &&Step| {
            matches!(self.status(step.id), StepStatus::Started | StepStatus::Unknown)
        };
        self.idle().filter(open).map(|step| step.id)
    }

    fn startable(&self, stage: Stage) -> impl Iterator<Item = StepId> {
        let ready = move |step: &&Step| {
            step.stage == stage
                && !self.given_up.contains(&step.id)
                && matches!(self.status(step.id), StepStatus::Pending | StepStatus::FailedClean)
                && step.needs.iter().all(|need| *self.status(*need) == StepStatus::Succeeded)
        };
        self.idle().filter(ready).map(|step| step.id)
    }

    fn all_built(&self) -> bool {
        let mut build = self.plan.steps.iter().filter(|step| step.stage == Stage::Build);
        build.all(|step| *self.status(step.id) == StepStatus::Succeeded)
    }

    /// Steps to undo: those that had an effect, once whatever needs them has none any more.
    fn undoable(&self) -> impl Iterator<Item = StepId> {
        let effective = |status: &StepStatus| {
            !matches!(status, StepStatus::Pending | StepStatus::FailedClean | StepStatus::Undone)
        };
        let ready = move |step: &&Step| {
            let dependents = self.needed_by.get(&step.id).into_iter().flatten();
            !self.given_up.contains(&step.id)
                && effective(self.status(step.id))
                && dependents.copied().all(|dependent| !effective(self.status(dependent)))
        };
        self.idle().filter(ready).map(|step| step.id)
    }
}

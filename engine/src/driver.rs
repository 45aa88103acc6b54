//! The bookkeeping of the apply loop: turns moves into events and tasks, and outcomes into events.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::Stream;
use futures_util::StreamExt;

use crate::address::Address;
use crate::address::RemoteId;
use crate::apply::Ended;
use crate::apply::OnFailure;
use crate::apply::RunContext;
use crate::apply::RunError;
use crate::apply::Start;
use crate::call::Call;
use crate::call::Finished;
use crate::call::Task;
use crate::call::Work;
use crate::clock::Clock;
use crate::event::Cause;
use crate::event::Event;
use crate::event::Made;
use crate::event::Phase;
use crate::event::Settlement;
use crate::event::StepStatus;
use crate::fold::fold;
use crate::journal::Externals;
use crate::journal::Journal;
use crate::observer::Observer;
use crate::outlook::Outlook;
use crate::provider::ErrorKind;
use crate::provider::Left;
use crate::provider::Provider;
use crate::provider::ProviderError;
use crate::report::Failure;
use crate::report::Report;
use crate::report::UnitResult;
use crate::report::ledger;
use crate::report::result;
use crate::schedule::Move;
use crate::schedule::Recovery;
use crate::schedule::Schedule;
use crate::schema::Schema;
use crate::step::Step;
use crate::step::StepId;
use crate::step::Undo;

mod moves;

/// What the loop knows and what it still has to write and send.
pub(crate) struct Driver<'a, P, C, O, E> {
    context: &'a RunContext<'a, P, C, O, E>,
    schedule: Schedule<'a>,
    outlook: Outlook<'a>,
    /// Every event so far, durable or not.
    history: Vec<Event>,
    /// Events that are not durable yet.
    pub(crate) outbox: Vec<Event>,
    /// Calls whose intent is in the outbox.
    unsent: Vec<Call>,
    /// Calls whose intent is being made durable.
    sending: Vec<Call>,
    /// Calls whose intent is durable and that are to be sent again.
    again: Vec<Call>,
    /// Looks, which need no intent.
    pub(crate) looks: Vec<Task>,
    attempts: BTreeMap<StepId, Attempt>,
    /// When this process last sent a call of a step.
    sent: BTreeMap<StepId, Duration>,
    /// The last incarnation burnt, by address.
    burnt: BTreeMap<Address, u64>,
    made: BTreeMap<StepId, Made>,
    /// Steps whose undo call failed half-way and was sent again: once is enough.
    undone_again: BTreeSet<StepId>,
    /// How many events are from before this process came.
    inherited: usize,
    /// A step failed, and the run was asked to stop there.
    stopped: bool,
}

/// What a step was last started with.
#[derive(Debug, Clone, Default)]
struct Attempt {
    incarnation: Option<u64>,
    found: Vec<RemoteId>,
}

impl<'a, P, C, O, E> Driver<'a, P, C, O, E>
where
    P: Provider,
    C: Clock,
    O: Observer,
    E: Externals,
{
    pub(crate) fn new(
        context: &'a RunContext<'a, P, C, O, E>,
        start: Start,
    ) -> Result<Self, RunError> {
        let mut driver = Self {
            context,
            schedule: Schedule::new(context.plan),
            outlook: Outlook::new(context.opened_with),
            history: Vec::new(),
            outbox: Vec::new(),
            unsent: Vec::new(),
            sending: Vec::new(),
            again: Vec::new(),
            looks: Vec::new(),
            attempts: BTreeMap::new(),
            sent: BTreeMap::new(),
            burnt: BTreeMap::new(),
            made: BTreeMap::new(),
            undone_again: BTreeSet::new(),
            inherited: 0,
            stopped: false,
        };
        for (address, entry) in &context.state.entries {
            driver.burnt.insert(address.clone(), entry.incarnation);
            if let Some(object) = &entry.current {
                driver.outlook.learn_object(address, object);
            }
        }
        match start {
            Start::Fresh => {
                let externals = context.opened_with.clone();
                driver.record(Event::Opened { plan: context.plan.digest, externals })?;
            }
            Start::Found(events, recovery) => {
                driver.schedule = Schedule::replay(context.plan, &events, recovery)?;
                events.iter().for_each(|event| driver.learn(event));
                driver.inherited = events.len();
                driver.history = events;
                if driver.schedule.run().phase == Phase::Unopened {
                    // Nothing was done yet, and what it was opened with is not recorded.
                    let externals = context.opened_with.clone();
                    driver.record(Event::Opened { plan: context.plan.digest, externals })?;
                    driver.schedule.doom(Cause::Interrupted);
                }
            }
        }
        Ok(driver)
    }

    /// Takes every move that may be taken now. Moves that need no call are events at once and may
    /// allow further moves.
    pub(crate) fn decide(&mut self) -> Result<(), RunError> {
        loop {
            let moves = self.schedule.take_moves();
            if moves.is_empty() {
                return Ok(());
            }
            for taken in moves {
                match taken {
                    Move::Start(step) => self.start(step)?,
                    Move::Settle(step) => self.settle(step)?,
                    Move::Undo(step) => self.undo(step)?,
                    Move::RollBack(Cause::Step(_))
                        if self.context.on_failure == OnFailure::Stop =>
                    {
                        self.stopped = true;
                    }
                    Move::RollBack(cause) => self.record(Event::RollingBack { cause })?,
                    Move::Commit if self.context.opened_with.is_empty() => {
                        self.record(Event::Committed)?;
                    }
                    Move::Commit => self.looks.push(Task::CheckExternals),
                }
            }
        }
    }

    /// The next append: all events that are not durable yet.
    pub(crate) fn append<J>(&mut self, journal: J) -> Work<J> {
        self.sending.append(&mut self.unsent);
        Work::Append(journal, std::mem::take(&mut self.outbox))
    }

    /// Takes what a task ended in; gives the journal back after an append.
    pub(crate) fn take<J>(&mut self, finished: Finished<J>) -> Result<Option<J>, RunError> {
        match finished {
            Finished::Appended(journal, events, result) => {
                result?;
                for event in &events {
                    self.context.observer.observe(self.context.plan, event);
                }
                return Ok(Some(journal));
            }
            Finished::Outcome(Event::UndoFailed { step, error })
                if error.kind == ErrorKind::Busy && self.step(step).undo == Undo::Delete =>
            {
                self.record(Event::UndoFailed { step, error })?;
                self.leave(step)?;
            }
            Finished::Outcome(Event::UndoFailed { step, error })
                if error.left != Left::Nothing && self.undone_again.insert(step) =>
            {
                // Half an undo is no worse than none: what it left is undone the same way.
                self.undo(step)?;
            }
            Finished::Outcome(event) => self.record(self.judged(event))?,
            Finished::Unfinished(call) => self.again.push(call),
            Finished::Siblings(step, _) if self.schedule.take_back(step) => {}
            Finished::Siblings(step, Ok(found)) => self.start_create(step, found)?,
            Finished::Siblings(step, Err(error)) => {
                // Nothing was sent, whatever the read left behind.
                self.fail_to_start(step, ProviderError { left: Left::Nothing, ..error })?;
            }
            Finished::Verified(step, _) if self.schedule.take_back(step) => {}
            Finished::Verified(step, Ok(())) => self.start_delete(step)?,
            Finished::Verified(step, Err(error)) => {
                self.fail_to_start(step, ProviderError { left: Left::Nothing, ..error })?;
            }
            Finished::Unsettled(step, reason) => {
                let unit = self.context.plan.unit.to_string();
                return Err(RunError::Unsettled { unit, step, reason });
            }
            Finished::ExternalsChecked(None) => self.record(Event::Committed)?,
            Finished::ExternalsChecked(Some(moved)) => {
                self.record(Event::RollingBack { cause: Cause::ExternalMoved(moved) })?;
            }
        }
        Ok(None)
    }

    /// An outcome, as far as the run is concerned: a step that AWS still works on at the deadline is
    /// good enough unless another step needs its result.
    fn judged(&self, event: Event) -> Event {
        let Event::Succeeded { step, made: Some(Made { settling: Some(words), remote_id, .. }) } =
            &event
        else {
            return event;
        };
        let Some(dependent) =
            self.context.plan.steps.iter().find(|other| other.needs.contains(step))
        else {
            return event;
        };
        let error = ProviderError {
            kind: ErrorKind::Timeout,
            operation: "nfplan:wait".into(),
            code: "StillInProgress".into(),
            message: format!("{words}; `{}` cannot wait for it any longer", dependent.address),
            request_id: None,
            left: Left::Object(remote_id.clone()),
        };
        Event::Failed { step: *step, error }
    }

    /// The calls whose intent is durable now, and those that are to be sent again.
    pub(crate) fn sendable(&mut self, journal: &impl Journal) -> Result<Vec<Call>, RunError> {
        let mut calls = std::mem::take(&mut self.sending);
        calls.append(&mut self.again);
        let now = self.context.clock.now();
        self.sent.extend(calls.iter().map(|call| (call.step, now)));
        if !calls.is_empty() && !journal.may_send() {
            return Err(RunError::LeaseRanOut(self.context.plan.unit.to_string()));
        }
        Ok(calls)
    }

    /// After an interrupt: makes durable what is known of calls that were sent, and nothing else.
    pub(crate) async fn last_words<J: Journal>(
        &mut self,
        journal: Option<J>,
        mut running: impl Stream<Item = Finished<J>> + Unpin,
    ) -> Result<J, RunError> {
        let mut journal = journal;
        while journal.is_none() {
            let finished = running.next().await.expect("the append is under way");
            journal = self.take(finished)?;
        }
        let mut journal = journal.expect("just seen");
        let durable = self.history.len() - self.outbox.len();
        let unstarted: Vec<StepId> = self.outbox.iter().filter_map(started).collect();
        self.outbox.retain(|event| {
            is_outcome(event) && event.step().is_some_and(|step| !unstarted.contains(&step))
        });
        // From here only what is durable counts.
        self.history.truncate(durable);
        self.history.extend(self.outbox.iter().cloned());
        self.schedule = Schedule::replay(self.context.plan, &self.history, Recovery::Resume)?;
        if !self.outbox.is_empty() {
            journal.append(&self.outbox).await?;
            let (observer, plan) = (self.context.observer, self.context.plan);
            self.outbox.iter().for_each(|event| observer.observe(plan, event));
        }
        Ok(journal)
    }

    /// Sums the run up.
    pub(crate) fn end<J>(self, journal: J) -> Result<Ended<J>, RunError> {
        let plan = self.context.plan;
        let run = self.schedule.run();
        let schemas = self.context.provider.schemas();
        let Self { context, history, .. } = &self;
        let state = fold(context.state, context.predecessor, plan, history, schemas)?;
        let closed = self.schedule.is_over();
        let report = Report {
            unit: plan.unit.clone(),
            user: plan.source.user.clone(),
            result: match (closed, self.stopped) {
                (true, _) => result(plan, run, history, &state),
                (false, true) => UnitResult::Stopped,
                (false, false) => UnitResult::Interrupted,
            },
            failures: self.failures(),
            ledger: ledger(plan, run),
        };
        // A stuck run stays open: whoever mends the cause lets the next process finish it. What can
        // never be undone would keep it open for ever: the next plan starts from what is left.
        let lost = |step: &Step| matches!(step.undo, Undo::Irreversible { .. });
        let mut stuck = plan.steps.iter().filter(|s| *run.status(s.id) == StepStatus::Stuck);
        let hopeless = stuck.all(lost);
        let finished = closed && (hopeless || !matches!(report.result, UnitResult::Stuck(_)));
        Ok(Ended { report, state: finished.then_some(state), journal })
    }

    /// Notes an event, to be made durable with the next append.
    fn record(&mut self, event: Event) -> Result<(), RunError> {
        self.schedule.record(&event)?;
        self.learn(&event);
        self.history.push(event.clone());
        self.outbox.push(event);
        Ok(())
    }

    /// The object that a failed attempt of a step left half-done: known from the journal even after
    /// undoing began.
    fn half_done(&self, id: StepId) -> Option<RemoteId> {
        let mut left = self.history.iter().rev().filter_map(Event::half_done);
        left.find(|(step, _)| *step == id).map(|(_, remote_id)| remote_id.clone())
    }

    /// Draws from an event what later steps need.
    fn learn(&mut self, event: &Event) {
        match event {
            Event::Started { step, incarnation, found, .. } => {
                let address = &self.step(*step).address;
                if let Some(incarnation) = incarnation {
                    let burnt = self.burnt.entry(address.clone()).or_default();
                    *burnt = (*burnt).max(*incarnation);
                }
                let attempt = Attempt { incarnation: *incarnation, found: found.clone() };
                self.attempts.insert(*step, attempt);
            }
            Event::Succeeded { step, made: Some(made) }
            | Event::Settled { step, outcome: Settlement::Done(Some(made)) } => {
                let mut outputs = made.inputs.clone();
                outputs.extend(made.outputs.clone());
                self.outlook.learn(&self.step(*step).address, outputs);
                self.made.insert(*step, made.clone());
            }
            _ => {}
        }
    }

    /// What failed in this process. What failed before it came is history, not news.
    fn failures(&self) -> Vec<Failure> {
        let news = self.history.iter().skip(self.inherited);
        let failures = news.filter_map(|event| {
            let (step, error, undoing) = match event {
                Event::Failed { step, error } => (*step, error.clone(), false),
                Event::UndoFailed { step, error } => (*step, error.clone(), true),
                _ => return None,
            };
            let address = self.step(step).address.clone();
            Some(Failure { step, address, undoing, error })
        });
        failures.collect()
    }

    fn step(&self, step: StepId) -> &'a Step {
        &self.context.plan.steps[step.0 as usize]
    }

    fn schema(&self, step: &Step) -> &'static Schema {
        let schema = self.context.provider.schemas().find(&step.address.resource_type);
        schema.expect("planning refuses types without a schema")
    }
}

fn started(event: &Event) -> Option<StepId> {
    match event {
        Event::Started { step, .. } | Event::UndoStarted { step } => Some(*step),
        _ => None,
    }
}

fn is_outcome(event: &Event) -> bool {
    matches!(
        event,
        Event::Succeeded { .. }
            | Event::Failed { .. }
            | Event::Settled { .. }
            | Event::Undone { .. }
            | Event::UndoFailed { .. }
    )
}

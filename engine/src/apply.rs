//! The one loop that acts: takes moves from the schedule, writes events, sends calls.
//!
//! One task owns the schedule and polls calls from one `FuturesUnordered`: bounded by the plan, no
//! spawn, no lock. Intent is durable before a call is sent, and an outcome before anything that
//! depends on it is sent. Whatever is ready at one moment goes into one append; one append is under
//! way at a time; a failed append stops everything. Rolling back and recovering are this loop too,
//! with a schedule that starts elsewhere.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::future::select;
use futures_util::stream::FuturesUnordered;

use crate::address::External;
use crate::call::Task;
use crate::call::Work;
use crate::call::carry_out;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::driver::Driver;
use crate::event::Event;
use crate::event::IllegalEvent;
use crate::journal::Externals;
use crate::journal::Journal;
use crate::journal::JournalError;
use crate::observer::Observer;
use crate::plan::UnitPlan;
use crate::provider::Provider;
use crate::report::Report;
use crate::schedule::Recovery;
use crate::state::State;
use crate::step::StepId;
use crate::value::Value;

/// What a run works with.
#[derive(Debug)]
pub struct RunContext<'a, P, C, O, E> {
    /// The unit's plan.
    pub plan: &'a UnitPlan,
    /// The state that the run started from.
    pub state: &'a State,
    /// The digest of its snapshot; none if the unit has none yet.
    pub predecessor: Option<Digest>,
    /// The cloud.
    pub provider: &'a P,
    /// Time.
    pub clock: &'a C,
    /// Who watches.
    pub observer: &'a O,
    /// What the platform's outputs are.
    pub externals: &'a E,
    /// The platform outputs that the run was opened with.
    pub opened_with: &'a BTreeMap<External, Value>,
    /// Distinguishes the client tokens of different states: the lineage.
    pub salt: &'a str,
    /// What to do once a build step has failed.
    pub on_failure: OnFailure,
}

/// What to do once a build step has failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Roll the run back.
    #[default]
    RollBack,
    /// Begin nothing more and leave the run open, for people to look at. A later process resumes it
    /// or rolls it back.
    Stop,
}

/// Where a run begins.
#[derive(Debug)]
pub enum Start {
    /// A new run.
    Fresh,
    /// An open run with these events.
    Found(Vec<Event>, Recovery),
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended<J> {
    /// What became of the unit.
    pub report: Report,
    /// The state to close the run with; none if the run stays open.
    pub state: Option<State>,
    /// The journal, back.
    pub journal: J,
}

/// Why a run could not even end as stuck. It stays open and recoverable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Events could not be made durable.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The lease ran out before a call could be sent.
    #[error("the lease of {0} ran out; nothing more was sent: run the command again")]
    LeaseRanOut(String),
    /// The journal's events cannot have happened in this order.
    #[error("the journal is corrupt: {0}")]
    Corrupt(#[from] Box<IllegalEvent>),
    /// It cannot be found out how a step ended.
    #[error("cannot find out how step {step} of {unit} ended: {reason}; run the command again")]
    Unsettled {
        /// The unit.
        unit: String,
        /// The step.
        step: StepId,
        /// Why not.
        reason: String,
    },
}

/// Carries a run to its end, or until `interrupt` is ready.
///
/// # Errors
/// If events cannot be written any more, or if an outcome cannot be found out. Calls under way are
/// dropped then; their intent is durable, so the next process settles them.
pub async fn run<J, P, C, O, E>(
    context: RunContext<'_, P, C, O, E>,
    journal: J,
    start: Start,
    interrupt: impl Future<Output = ()>,
) -> Result<Ended<J>, RunError>
where
    J: Journal,
    P: Provider,
    C: Clock,
    O: Observer,
    E: Externals,
{
    let mut driver = Driver::new(&context, start)?;
    let mut interrupt = pin!(interrupt);
    let mut journal = Some(journal);
    let mut running = FuturesUnordered::new();
    loop {
        driver.decide()?;
        let looks = driver.looks.drain(..).map(Work::Task);
        running.extend(looks.map(|work| carry_out(&context, work)));
        if let Some(free) = journal.take_if(|_| !driver.outbox.is_empty()) {
            running.push(carry_out(&context, driver.append(free)));
        } else if let Some(free) = &journal {
            let calls = driver.sendable(free)?.into_iter();
            let calls = calls.map(|call| Work::Task(Task::Call(call)));
            running.extend(calls.map(|work| carry_out(&context, work)));
        }
        if running.is_empty() {
            break;
        }
        let mut next = match select(running.next(), &mut interrupt).await {
            Either::Left((finished, _)) => finished,
            Either::Right(((), _)) => {
                let journal = driver.last_words(journal, running).await?;
                return driver.end(journal);
            }
        };
        // What else has come to its end by now goes into the same append.
        while let Some(finished) = next {
            if let Some(back) = driver.take(finished)? {
                let calls = driver.sendable(&back)?.into_iter();
                let calls = calls.map(|call| Work::Task(Task::Call(call)));
                running.extend(calls.map(|work| carry_out(&context, work)));
                journal = Some(back);
            }
            next = running.next().now_or_never().flatten();
        }
    }
    drop(running);
    driver.end(journal.expect("no append is under way"))
}

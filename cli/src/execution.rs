//! From an approved plan to its report: clock, signals, progress and exit code around the work.

use std::future::Future;
use std::time::Duration;
use std::time::Instant;

use nfplan_engine::address::UnitId;
use nfplan_engine::apply::OnFailure;
use nfplan_engine::clock::Clock;
use nfplan_engine::report::Report;
use nfplan_engine::report::UnitResult;
use nfplan_engine::schedule::Recovery;
use nfplan_providers::cloud::Cloud;
use nfplan_state::holder::Holder;
use nfplan_state::probe::probe;
use nfplan_state::stores::AnyStore;
use nfplan_state::unit::load;

use crate::applying::Outcomes;
use crate::applying::UnitOutcome;
use crate::applying::Workshop;
use crate::commands::Context;
use crate::documents::ApplyDocument;
use crate::documents::Calls;
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::Interrupt;
use crate::planning::FleetPlan;
use crate::project::Project;
use crate::render;
use crate::render::progress::Detail;
use crate::render::progress::Progress;
use crate::render::report::Unreported;
use crate::render::report::Why;
use crate::selection::Selected;
use crate::selection::Universe;
use crate::turns::TakingTurns;

/// How often the progress is brought up to date while calls are under way.
const TICK: Duration = Duration::from_millis(200);

/// The machine's monotonic clock.
#[derive(Debug)]
pub struct MachineClock(Instant);

impl MachineClock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Carries out what was approved.
#[derive(Debug)]
pub struct Execution<'a> {
    context: &'a Context,
    store: TakingTurns<'a, AnyStore>,
    cloud: &'a Cloud,
    clock: MachineClock,
    detail: Detail,
    on_failure: OnFailure,
}

impl<'a> Execution<'a> {
    /// Prepares.
    pub fn new(context: &'a Context, project: &'a Project) -> Self {
        let general = &context.settings.general;
        let quiet = general.quiet || general.json;
        Self {
            context,
            store: TakingTurns(&project.store),
            cloud: &project.cloud,
            clock: MachineClock::start(),
            detail: if quiet { Detail::Quiet } else { Detail::Normal },
            on_failure: OnFailure::RollBack,
        }
    }

    /// The same with another answer to a step that fails.
    pub fn on_failure(self, on_failure: OnFailure) -> Self {
        Self { on_failure, ..self }
    }

    fn progress(&self, steps: usize) -> Progress {
        Progress::new(self.context.terminal, self.detail, steps as u64)
    }

    fn workshop<'w>(
        &'w self,
        progress: &'w Progress,
    ) -> Workshop<'w, TakingTurns<'a, AnyStore>, Cloud, MachineClock, Progress> {
        Workshop {
            store: &self.store,
            provider: self.cloud,
            clock: &self.clock,
            observer: progress,
            holder: Holder::this_process(self.context.settings.who.clone()),
            lease: self.store.0.lease_config(),
            on_failure: self.on_failure,
        }
    }

    /// Ends the runs of selected units that somebody left open, before anything is planned. If one
    /// of them cannot be ended, the others still are.
    pub async fn recover(
        &self,
        universe: &Universe,
        selected: &Selected,
        recovery: Recovery,
    ) -> Result<Outcomes, CliError> {
        let mut outcomes = Outcomes::new();
        let progress = self.progress(0);
        let mut listening: Option<Interrupt> = None;
        let workshop = self.workshop(&progress);
        for unit in universe.existing.iter().filter(|unit| selected.includes(unit)) {
            if load(&self.store, unit).await?.open_run.is_none() {
                continue;
            }
            let interrupt = match &listening {
                Some(interrupt) => interrupt,
                None => listening.insert(Interrupt::listen()?),
            };
            self.context.note(&format!("{unit}: ending the run that was interrupted\n"));
            let work = workshop.recover(unit, recovery, interrupt.wait());
            let result = interrupt.bounds(Box::pin(work)).await?;
            let outcome = match result {
                Ok(None) => continue,
                Ok(Some(outcome)) => outcome,
                Err(error) => UnitOutcome::Failed(error),
            };
            self.note_recovery(unit, &outcome);
            outcomes.insert(unit.clone(), outcome);
            if let Some(exit) = interrupt.exit() {
                let message = "interrupted while runs that were open were being ended";
                return Err(CliError::new(exit, message)
                    .hint("`nfplan apply` goes on with what is recorded"));
            }
        }
        listening.map_or(Ok(()), Interrupt::dismiss)?;
        Ok(outcomes)
    }

    /// Ends the open runs of these units by undoing them, and reports. That a run was undone is no
    /// failure here: it was asked for.
    pub async fn roll_back(&self, units: Vec<UnitId>) -> Result<Exit, CliError> {
        let interrupt = Interrupt::listen()?;
        let progress = self.progress(0);
        let workshop = self.workshop(&progress);
        let work = workshop.recover_all(units, Recovery::RollBack, interrupt.wait());
        let outcomes = interrupt.bounds(Box::pin(with_progress(work, &progress))).await;
        progress.finish();
        let outcomes = outcomes?;
        let exits =
            outcomes.values().map(UnitOutcome::exit).filter(|exit| *exit != Exit::RolledBack);
        let exit = exits.fold(Exit::Fine, Exit::worse);
        self.finish(&outcomes, exit, &interrupt)
    }

    fn note_recovery(&self, unit: &UnitId, outcome: &UnitOutcome) {
        let words = match outcome {
            UnitOutcome::Ran(Report { result, .. }) => match result {
                UnitResult::Applied => "finished".to_owned(),
                UnitResult::AppliedWithLeftovers(_) => "finished, with leftovers".to_owned(),
                UnitResult::RolledBack(_) => "rolled back".to_owned(),
                UnitResult::Stuck(_) => "still stuck".to_owned(),
                UnitResult::Interrupted => "interrupted again".to_owned(),
                UnitResult::Stopped => "stopped again".to_owned(),
            },
            UnitOutcome::Refused(_) => "refused".to_owned(),
            UnitOutcome::Failed(error) => error.message.clone(),
        };
        self.context.terminal.note(&format!("{unit}: {words}\n"));
    }

    /// Refuses a store that does not keep its promises, before anything is ever written to it.
    pub async fn check_store(&self, universe: &Universe) -> Result<(), CliError> {
        if universe.existing.is_empty() {
            probe(&self.store).await?;
        }
        Ok(())
    }

    /// Carries out a plan and reports. A unit whose recovery came to no good end is left alone.
    pub async fn carry_out(
        &self,
        planned: FleetPlan,
        recovered: Outcomes,
    ) -> Result<Exit, CliError> {
        let bad: Vec<(UnitId, UnitOutcome)> =
            recovered.into_iter().filter(|(_, outcome)| outcome.blocks()).collect();
        let units = planned.units.into_iter();
        let units = units.filter(|unit| bad.iter().all(|(id, _)| *id != unit.plan.unit));
        let units: Vec<_> = units.collect();
        let interrupt = Interrupt::listen()?;
        let progress = self.progress(units.iter().map(|unit| unit.plan.steps.len()).sum());
        let workshop = self.workshop(&progress);
        let work = workshop.apply(units, interrupt.wait());
        let outcomes = interrupt.bounds(Box::pin(with_progress(work, &progress))).await;
        progress.finish();
        let mut outcomes = outcomes?;
        outcomes.extend(bad);
        let exit = outcomes.values().map(UnitOutcome::exit).fold(Exit::Fine, Exit::worse);
        self.finish(&outcomes, exit, &interrupt)
    }

    /// Reports how it ended. What a signal interrupted ends with that signal's code.
    fn finish(
        &self,
        outcomes: &Outcomes,
        exit: Exit,
        interrupt: &Interrupt,
    ) -> Result<Exit, CliError> {
        let exit = match (exit, interrupt.exit()) {
            (Exit::Interrupted, Some(signal)) => signal,
            (exit, _) => exit,
        };
        self.report(outcomes, exit)?;
        Ok(exit)
    }

    fn report(&self, outcomes: &Outcomes, exit: Exit) -> Result<(), CliError> {
        let counts = self.cloud.call_counts();
        let calls = Calls { read: counts.reads(), write: counts.writes() };
        if self.context.settings.general.json {
            return self.context.print_json(&ApplyDocument::new(outcomes, calls, exit));
        }
        if !outcomes.is_empty() {
            self.context.print(&report(outcomes, self.context.terminal.width))?;
        }
        self.context.show_calls(self.cloud);
        Ok(())
    }
}

/// The ledger of all units.
fn report(outcomes: &Outcomes, width: usize) -> String {
    let (mut reports, mut unreported) = (Vec::new(), Vec::new());
    for (unit, outcome) in outcomes {
        let (why, messages) = match outcome {
            UnitOutcome::Ran(report) => {
                reports.push(report.clone());
                continue;
            }
            UnitOutcome::Refused(refusals) => {
                (Why::Refused, refusals.iter().map(ToString::to_string).collect())
            }
            UnitOutcome::Failed(error) => {
                let mut messages = vec![error.message.clone()];
                messages.extend(error.hints.iter().cloned());
                (why(error.exit), messages)
            }
        };
        unreported.push(Unreported { unit: unit.clone(), why, messages });
    }
    render::report::report(&reports, &unreported, width)
}

fn why(exit: Exit) -> Why {
    match exit {
        Exit::Refused | Exit::Interrupted => Why::Refused,
        Exit::Leased => Why::Leased,
        _ => Why::Broken,
    }
}

/// Waits for the work and shows meanwhile that something is under way.
async fn with_progress<T>(work: impl Future<Output = T>, progress: &Progress) -> T {
    let mut work = std::pin::pin!(work);
    let started = Instant::now();
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(TICK) => progress.tick(started.elapsed()),
        }
    }
}

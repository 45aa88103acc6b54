//! What is said of each event, and what is under way. Pure: the clock is what it is told.

use std::collections::BTreeMap;
use std::time::Duration;

use nfplan_engine::address::Address;
use nfplan_engine::address::RemoteId;
use nfplan_engine::address::UnitId;
use nfplan_engine::event::Cause;
use nfplan_engine::event::Event;
use nfplan_engine::event::Settlement;
use nfplan_engine::plan::UnitPlan;
use nfplan_engine::provider::ProviderError;
use nfplan_engine::step::DropCause;
use nfplan_engine::step::Operation;
use nfplan_engine::step::Step;
use nfplan_engine::step::StepId;

use super::super::name::counted;
use super::super::name::who;
use super::super::page::FAINT;
use super::super::page::Line;
use super::super::page::Page;
use super::super::page::RED;
use super::super::page::STRONG;
use super::super::page::YELLOW;
use super::super::text::cut;
use super::super::text::visible;

/// How long a log may be silent while something is under way.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Told even to those who want to hear nothing.
    Failure(String),
    /// Told unless quiet is asked for.
    News(String),
}

/// The runs so far.
#[derive(Debug)]
pub(super) struct Lines {
    width: usize,
    now: Duration,
    last_said: Duration,
    finished: u64,
    failed: u64,
    underway: BTreeMap<(UnitId, StepId), Underway>,
}

/// A step under way.
#[derive(Debug)]
struct Underway {
    user: String,
    address: Address,
    doing: &'static str,
    since: Duration,
}

impl Lines {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            now: Duration::ZERO,
            last_said: Duration::ZERO,
            finished: 0,
            failed: 0,
            underway: BTreeMap::new(),
        }
    }

    /// Takes note of an event and says what there is to say of it.
    pub(super) fn take(&mut self, plan: &UnitPlan, event: &Event) -> Option<Told> {
        let step = event.step().and_then(|id| plan.steps.get(id.0 as usize));
        let told = match (event, step) {
            (Event::Started { .. }, Some(step)) => {
                self.begin(plan, step, doing(&step.operation));
                None
            }
            (Event::UndoStarted { .. }, Some(step)) => {
                self.begin(plan, step, "undoing");
                None
            }
            (Event::Succeeded { made, .. }, Some(step)) => {
                let id = made.as_ref().map(|made| &made.remote_id);
                self.finished += 1;
                Some(self.done(plan, step, done(&step.operation), id))
            }
            (Event::Undone { made, .. }, Some(step)) => {
                let id = made.as_ref().map(|made| &made.remote_id);
                Some(self.done(plan, step, "undone", id))
            }
            (Event::Settled { outcome, .. }, Some(step)) => Some(self.settled(plan, step, outcome)),
            (Event::Failed { error, .. }, Some(step)) => {
                Some(self.failure(plan, step, "failed", error))
            }
            (Event::UndoFailed { error, .. }, Some(step)) => {
                Some(self.failure(plan, step, "could not be undone", error))
            }
            (Event::RollingBack { cause }, _) => Some(self.rolling_back(plan, cause)),
            (Event::Sealed, _) => Some(self.news(plan, "an interrupted run is taken over")),
            (Event::Opened { .. } | Event::Committed, _)
            | (
                Event::Started { .. }
                | Event::Succeeded { .. }
                | Event::Failed { .. }
                | Event::Settled { .. }
                | Event::UndoStarted { .. }
                | Event::Undone { .. }
                | Event::UndoFailed { .. },
                None,
            ) => None,
        };
        if told.is_some() {
            self.last_said = self.now;
        }
        told
    }

    /// Takes note of the time; now and then a sign of life.
    pub(super) fn tick(&mut self, elapsed: Duration) -> Option<String> {
        self.now = elapsed;
        if self.underway.is_empty() || elapsed.saturating_sub(self.last_said) < HEARTBEAT {
            return None;
        }
        self.last_said = elapsed;
        let oldest = self.underway.values().min_by_key(|step| step.since)?;
        let line = format!(
            "{}  {}, longest {} {} {}",
            clock(elapsed),
            self.summary(),
            oldest.doing,
            oldest.user,
            oldest.address,
        );
        Some(self.line(&Line::at(0).styled(FAINT, line)))
    }

    /// How many steps were done.
    pub(super) fn finished(&self) -> u64 {
        self.finished
    }

    /// Counts: `12 done, 3 under way`.
    pub(super) fn summary(&self) -> String {
        let steps = counted(self.finished, "step");
        let failed =
            if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        format!("{steps} done{failed}, {} under way", self.underway.len())
    }

    /// One line for each step under way, the longest first.
    pub(super) fn underway(&self) -> Vec<String> {
        let mut steps: Vec<&Underway> = self.underway.values().collect();
        steps.sort_by_key(|step| step.since);
        let row = |step: &Underway| {
            let Underway { user, address, doing, since } = step;
            let seconds = self.now.saturating_sub(*since).as_secs();
            let text = format!("  {}  {address}  {doing}  {seconds} s", visible(user));
            cut(&text, self.width.saturating_sub(1))
        };
        steps.into_iter().map(row).collect()
    }

    fn begin(&mut self, plan: &UnitPlan, step: &Step, doing: &'static str) {
        let underway =
            Underway { user: who(plan), address: step.address.clone(), doing, since: self.now };
        self.underway.insert((plan.unit.clone(), step.id), underway);
    }

    fn end(&mut self, plan: &UnitPlan, step: &Step) {
        self.underway.remove(&(plan.unit.clone(), step.id));
    }

    fn done(&mut self, plan: &UnitPlan, step: &Step, word: &str, made: Option<&RemoteId>) -> Told {
        self.end(plan, step);
        let id = made.or(step.remote_id()).map(|id| format!("  ({id})"));
        let line = heading(plan, &step.address).text(format!("  {word}"));
        Told::News(self.line(&line.styled(FAINT, id.unwrap_or_default())))
    }

    fn settled(&mut self, plan: &UnitPlan, step: &Step, outcome: &Settlement) -> Told {
        match outcome {
            Settlement::Done(made) => {
                let id = made.as_ref().map(|made| &made.remote_id);
                self.finished += 1;
                self.done(plan, step, done(&step.operation), id)
            }
            Settlement::NotDone => {
                self.end(plan, step);
                let line = heading(plan, &step.address);
                Told::News(self.line(&line.text("  had no effect")))
            }
            Settlement::Partial(id) => {
                self.end(plan, step);
                let line = heading(plan, &step.address);
                Told::Failure(self.line(&line.styled(RED, format!("  half done  ({id})"))))
            }
        }
    }

    fn failure(&mut self, plan: &UnitPlan, step: &Step, word: &str, error: &ProviderError) -> Told {
        self.end(plan, step);
        self.failed += 1;
        let request = error.request_id.as_ref().map(|id| format!("  (request {id})"));
        let line = heading(plan, &step.address)
            .styled(RED, format!("  {word}"))
            .text(format!("  {error}"))
            .styled(FAINT, request.unwrap_or_default());
        Told::Failure(self.line(&line))
    }

    fn rolling_back(&self, plan: &UnitPlan, cause: &Cause) -> Told {
        let because = match cause {
            Cause::Step(step) => {
                let failed = plan.steps.get(step.0 as usize);
                failed.map_or_else(
                    || format!("step {step} failed"),
                    |step| format!("{} failed", step.address),
                )
            }
            Cause::Interrupted => "the run was interrupted".into(),
            Cause::ExternalMoved(external) => format!("{external} changed meanwhile"),
        };
        let line = Line::at(0).styled(STRONG, who(plan)).styled(YELLOW, "  rolling back");
        Told::Failure(self.line(&line.text(format!("  because {because}"))))
    }

    fn news(&self, plan: &UnitPlan, text: &str) -> Told {
        Told::News(self.line(&Line::at(0).styled(STRONG, who(plan)).text(format!("  {text}"))))
    }

    fn line(&self, line: &Line) -> String {
        let mut page = Page::new(self.width);
        page.put(line);
        page.finish()
    }
}

fn heading(plan: &UnitPlan, address: &Address) -> Line {
    Line::at(0).styled(STRONG, who(plan)).text(format!("  {address}"))
}

fn doing(operation: &Operation) -> &'static str {
    match operation {
        Operation::Create { .. } => "creating",
        Operation::Adopt { .. } => "adopting",
        Operation::Update { .. } => "updating",
        Operation::Delete { .. } => "deleting",
        Operation::Hold { .. } => "holding",
        Operation::Drop { .. } => "dropping from the state",
    }
}

fn done(operation: &Operation) -> &'static str {
    match operation {
        Operation::Create { .. } => "created",
        Operation::Adopt { .. } => "adopted",
        Operation::Update { .. } => "updated",
        Operation::Delete { .. } => "deleted",
        Operation::Hold { .. } => "held",
        Operation::Drop { cause: DropCause::Retained, .. } => "retained",
        Operation::Drop { cause: DropCause::Gone, .. } => "forgotten",
    }
}

fn clock(elapsed: Duration) -> String {
    format!("{:02}:{:02}", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use nfplan_engine::event::Made;
    use nfplan_engine::provider::ErrorKind;
    use nfplan_engine::provider::Left;
    use nfplan_engine::step::Undo;

    use super::super::super::samples::create_step;
    use super::super::super::samples::unstyled;
    use super::super::super::samples::workspace;
    use super::*;

    fn plan(user: &str) -> UnitPlan {
        let mut plan = workspace(user, Vec::new());
        for (id, address) in [(0, "ec2.vpc/main"), (1, "batch.job_queue/main")] {
            plan.steps.push(create_step(id, address, "x", Undo::Delete));
        }
        plan
    }

    fn started(step: u32) -> Event {
        let (token, found) = ("t".into(), Vec::new());
        Event::Started { step: StepId(step), incarnation: Some(1), token, found }
    }

    fn succeeded(step: u32) -> Event {
        let made = Made {
            remote_id: "vpc-1".parse().unwrap(),
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
            settling: None,
        };
        Event::Succeeded { step: StepId(step), made: Some(made) }
    }

    fn error() -> ProviderError {
        ProviderError {
            kind: ErrorKind::Quota,
            operation: "ec2:CreateVpc".into(),
            code: "VpcLimitExceeded".into(),
            message: "too many\x1b[2J".into(),
            request_id: Some("r-1".into()),
            left: Left::Nothing,
        }
    }

    #[test]
    fn a_finished_step_is_one_line() {
        let (mut lines, alice) = (Lines::new(100), plan("alice"));
        assert_eq!(lines.take(&alice, &started(0)), None);
        let Some(Told::News(line)) = lines.take(&alice, &succeeded(0)) else { panic!("no news") };
        assert_eq!(unstyled(&line), "alice  ec2.vpc/main  created  (vpc-1)\n");
        assert_eq!((lines.finished(), lines.underway().len()), (1, 0));
    }

    #[test]
    fn a_failure_is_told_with_its_cause_even_to_the_quiet() {
        let (mut lines, alice) = (Lines::new(100), plan("alice"));
        lines.take(&alice, &started(0));
        let failed = Event::Failed { step: StepId(0), error: error() };
        let Some(Told::Failure(line)) = lines.take(&alice, &failed) else { panic!("no failure") };
        assert_eq!(
            unstyled(&line),
            "alice  ec2.vpc/main  failed  ec2:CreateVpc: VpcLimitExceeded: too many\\u{1b}[2J  \
             (request r-1)\n"
        );
        let back = Event::RollingBack { cause: Cause::Step(StepId(0)) };
        let Some(Told::Failure(line)) = lines.take(&alice, &back) else { panic!("no failure") };
        assert_eq!(unstyled(&line), "alice  rolling back  because ec2.vpc/main failed\n");
    }

    #[test]
    fn a_silent_log_gets_a_sign_of_life_only_while_something_is_under_way() {
        let (mut lines, alice) = (Lines::new(100), plan("alice"));
        assert_eq!(lines.tick(Duration::from_mins(1)), None);
        lines.take(&alice, &started(0));
        assert!(lines.tick(Duration::from_secs(62)).is_some_and(|line| {
            unstyled(&line)
                == "01:02  0 steps done, 1 under way, longest creating alice ec2.vpc/main\n"
        }));
        assert_eq!(lines.tick(Duration::from_secs(91)), None);
        assert!(lines.tick(Duration::from_secs(92)).is_some());
        lines.take(&alice, &succeeded(0));
        assert_eq!(lines.tick(Duration::from_mins(10)), None);
    }

    #[test]
    fn steps_of_units_side_by_side_are_told_apart() {
        let mut lines = Lines::new(100);
        lines.take(&plan("alice"), &started(0));
        lines.tick(Duration::from_secs(5));
        lines.take(&plan("bob"), &started(0));
        lines.tick(Duration::from_secs(7));
        assert_eq!(
            lines.underway(),
            ["  alice  ec2.vpc/main  creating  7 s", "  bob  ec2.vpc/main  creating  2 s"]
        );
        lines.take(&plan("alice"), &succeeded(0));
        assert_eq!(lines.underway(), ["  bob  ec2.vpc/main  creating  2 s"]);
    }

    #[test]
    fn undoing_takes_nothing_from_what_was_done() {
        let (mut lines, alice) = (Lines::new(100), plan("alice"));
        lines.take(&alice, &started(0));
        lines.take(&alice, &succeeded(0));
        lines.take(&alice, &Event::UndoStarted { step: StepId(0) });
        assert_eq!(lines.underway(), ["  alice  ec2.vpc/main  undoing  0 s"]);
        let undone = Event::Undone { step: StepId(0), made: None };
        let Some(Told::News(line)) = lines.take(&alice, &undone) else { panic!("no news") };
        assert_eq!(unstyled(&line), "alice  ec2.vpc/main  undone\n");
        assert_eq!(lines.finished(), 1);
    }
}

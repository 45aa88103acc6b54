//! The ledger at the end of a run: what became of every unit, with totals that add up.

use std::collections::BTreeMap;

use anstyle::Style;
use nfplan_engine::address::UnitId;
use nfplan_engine::event::Cause;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::report::Failure;
use nfplan_engine::report::Ledger;
use nfplan_engine::report::Leftover;
use nfplan_engine::report::Report;
use nfplan_engine::report::UnitResult;

use super::name::counted;
use super::name::short;
use super::page::FAINT;
use super::page::GREEN;
use super::page::Line;
use super::page::Page;
use super::page::RED;
use super::page::STRONG;
use super::page::YELLOW;

/// A unit whose run did not come to a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreported {
    /// The unit.
    pub unit: UnitId,
    /// What kept it from one.
    pub why: Why,
    /// In words, each with what to do.
    pub messages: Vec<String>,
}

/// What kept a unit from having a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its plan does not hold any more, or may not be applied: nothing was changed.
    Refused,
    /// Another process holds its lease: nothing was changed.
    Leased,
    /// Its run could not be carried on; it stays open and can be recovered.
    Broken,
}

/// Shows what became of all units.
pub fn report(reports: &[Report], unreported: &[Unreported], width: usize) -> String {
    let mut page = Page::new(width);
    for report in reports {
        unit(&mut page, report);
    }
    for unit in unreported {
        let (word, style) = heading(unit.why);
        page.put(&head(&short(&unit.unit), &unit.unit, word, style));
        unit.messages.iter().for_each(|message| page.put(&Line::at(2).text(message)));
    }
    totals(&mut page, reports, unreported);
    page.finish()
}

fn head(name: &str, unit: &UnitId, word: &str, style: Style) -> Line {
    let line = Line::at(0).styled(STRONG, name).text("  ").styled(style, word);
    line.styled(FAINT, format!("  {}", unit.place()))
}

fn unit(page: &mut Page, report: &Report) {
    let (word, style) = word(&report.result);
    let name = report.user.as_deref().map_or_else(|| short(&report.unit), str::to_owned);
    page.put(&head(&name, &report.unit, word, style).text(format!("  {}", sum(&report.ledger))));
    report.failures.iter().for_each(|one| failure(page, one));
    if let UnitResult::RolledBack(cause) = &report.result
        && let Some(text) = cause_text(cause)
    {
        page.put(&Line::at(2).text(text));
    }
    rolled_back(page, &report.ledger);
    let left: &[Leftover] = match &report.result {
        UnitResult::AppliedWithLeftovers(left) | UnitResult::Stuck(left) => left,
        UnitResult::Applied
        | UnitResult::RolledBack(_)
        | UnitResult::Interrupted
        | UnitResult::Stopped => &[],
    };
    let verb = match &report.result {
        UnitResult::Stuck(_) => "neither finished nor undone",
        _ => "awaits deletion",
    };
    for object in left {
        let id = object.remote_id.as_ref().map_or("id not known", |id| id.as_str());
        let line = Line::at(2).styled(YELLOW, "left: ").text(object.address.to_string());
        page.put(&line.text(format!(" ({id}) {verb}")));
    }
    for line in next(report) {
        page.put(&Line::at(2).styled(GREEN, "next: ").text(line));
    }
}

fn word(result: &UnitResult) -> (&'static str, Style) {
    match result {
        UnitResult::Applied => ("applied", GREEN),
        UnitResult::AppliedWithLeftovers(_) => ("applied with leftovers", YELLOW),
        UnitResult::RolledBack(_) => ("rolled back", RED),
        UnitResult::Stuck(_) => ("stuck", RED),
        UnitResult::Interrupted => ("interrupted", YELLOW),
        UnitResult::Stopped => ("stopped", RED),
    }
}

fn heading(why: Why) -> (&'static str, Style) {
    match why {
        Why::Refused => ("refused", RED),
        Why::Leased => ("leased by another", YELLOW),
        Why::Broken => ("broken off", RED),
    }
}

fn failure(page: &mut Page, failure: &Failure) {
    let error = &failure.error;
    let doing = if failure.undoing { "could not be undone" } else { "failed" };
    let line = Line::at(2).styled(RED, "x ").text(format!("{} {doing}", failure.address));
    page.put(&line);
    let request = error.request_id.as_ref().map(|id| format!("  (request {id})"));
    let words = format!("AWS: {} {}: {}", error.operation, error.code, error.message);
    page.put(&Line::at(4).text(words).styled(FAINT, request.unwrap_or_default()));
}

/// What turned the run around, where no failure says it.
fn cause_text(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Step(_) => None,
        Cause::Interrupted => Some("an earlier run was interrupted and is undone".into()),
        Cause::ExternalMoved(external) => {
            Some(format!("`{external}` changed while the run was under way"))
        }
    }
}

fn rolled_back(page: &mut Page, ledger: &Ledger) {
    if ledger.undone > 0 {
        let steps = counted(ledger.undone, "step");
        page.put(&Line::at(2).text(format!("undone: {steps}, as it was before")));
    }
    if ledger.kept > 0 {
        let steps = counted(ledger.kept, "step");
        page.put(&Line::at(2).text(format!("kept: {steps}, because they make the unit safer")));
    }
}

/// The command that goes on from here.
fn next(report: &Report) -> Vec<String> {
    let unit = short(&report.unit);
    match &report.result {
        UnitResult::Applied => Vec::new(),
        UnitResult::AppliedWithLeftovers(_) => {
            vec![format!("nfplan apply --select {unit} deletes what is left")]
        }
        UnitResult::RolledBack(Cause::Step(_)) => {
            let advice = report.failures.iter().find(|one| !one.undoing).map(|one| one.error.kind);
            vec![format!(
                "{}, then nfplan apply --select {unit}",
                advice.map_or("mend the cause", mend)
            )]
        }
        UnitResult::RolledBack(Cause::Interrupted | Cause::ExternalMoved(_)) => {
            vec![format!("nfplan plan --select {unit}")]
        }
        UnitResult::Stuck(_) => {
            let advice = report.failures.last().map(|one| one.error.kind);
            vec![format!(
                "{}, then nfplan apply --select {unit} tries again",
                advice.map_or("mend the cause", mend)
            )]
        }
        UnitResult::Stopped => {
            let advice = report.failures.iter().find(|one| !one.undoing).map(|one| one.error.kind);
            vec![
                format!(
                    "{}, then nfplan apply --resume --select {unit} goes on with it",
                    advice.map_or("mend the cause", mend)
                ),
                format!("nfplan rollback --select {unit} undoes what was begun"),
            ]
        }
        UnitResult::Interrupted => vec![
            format!("nfplan apply --select {unit} undoes what was begun and plans again"),
            format!("nfplan apply --resume --select {unit} goes on with it"),
        ],
    }
}

/// What to do about a failure.
fn mend(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Denied => "grant the permission",
        ErrorKind::NotFound => "see why what it needs is gone",
        ErrorKind::Exists => "delete or rename the object that has the name",
        ErrorKind::Conflict => "free the object from what uses it",
        ErrorKind::Busy => "wait until its jobs have ended",
        ErrorKind::Throttled
        | ErrorKind::Timeout
        | ErrorKind::Unfinished
        | ErrorKind::Unavailable => "wait a while",
        ErrorKind::Quota => "ask AWS for a higher quota or free some of it",
        ErrorKind::Invalid => "change the spec",
        ErrorKind::Internal => "report this as a bug of nfplan",
    }
}

/// `93 steps = 90 done + 3 undone`.
fn sum(ledger: &Ledger) -> String {
    let parts = [
        (ledger.done, "done"),
        (ledger.undone, "undone"),
        (ledger.kept, "kept"),
        (ledger.failed, "failed"),
        (ledger.stuck, "stuck"),
        (ledger.not_started, "not started"),
    ];
    let total: u64 = parts.iter().map(|(count, _)| count).sum();
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let parts = if parts.is_empty() { "0".into() } else { parts.join(" + ") };
    format!("{} = {parts}", counted(total, "step"))
}

fn totals(page: &mut Page, reports: &[Report], unreported: &[Unreported]) {
    let mut steps = Ledger::default();
    // Counted under the rank of the word, so that what is worst comes last.
    let mut words: BTreeMap<(u8, &str), u64> = BTreeMap::new();
    for report in reports {
        add(&mut steps, &report.ledger);
        *words.entry((rank(&report.result), word(&report.result).0)).or_default() += 1;
    }
    for unit in unreported {
        *words.entry((u8::MAX, heading(unit.why).0)).or_default() += 1;
    }
    let units = (reports.len() + unreported.len()) as u64;
    if units == 0 {
        return page.put(&Line::at(0).text("Nothing was to be done."));
    }
    let parts: Vec<String> =
        words.iter().map(|((_, word), count)| format!("{count} {word}")).collect();
    page.gap();
    let line = format!("{} = {}", counted(units, "unit"), parts.join(" + "));
    page.put(&Line::at(0).styled(STRONG, line));
    page.put(&Line::at(0).styled(STRONG, sum(&steps)));
}

fn rank(result: &UnitResult) -> u8 {
    match result {
        UnitResult::Applied => 0,
        UnitResult::AppliedWithLeftovers(_) => 1,
        UnitResult::RolledBack(_) => 2,
        UnitResult::Stuck(_) => 3,
        UnitResult::Interrupted => 4,
        UnitResult::Stopped => 5,
    }
}

fn add(total: &mut Ledger, other: &Ledger) {
    let Ledger { done, undone, kept, failed, stuck, not_started } = other;
    total.done += done;
    total.undone += undone;
    total.kept += kept;
    total.failed += failed;
    total.stuck += stuck;
    total.not_started += not_started;
}

#[cfg(test)]
mod tests {
    use nfplan_engine::provider::Left;
    use nfplan_engine::provider::ProviderError;
    use nfplan_engine::step::StepId;

    use super::super::samples::PLACE;
    use super::super::samples::unstyled;
    use super::*;

    fn of(user: &str, result: UnitResult, ledger: Ledger) -> Report {
        let unit = format!("workspace/{PLACE}/{user}").parse().unwrap();
        Report { unit, user: None, result, failures: Vec::new(), ledger }
    }

    fn left(address: &str, id: &str) -> Leftover {
        Leftover { address: address.parse().unwrap(), remote_id: Some(id.parse().unwrap()) }
    }

    fn failed(undoing: bool) -> Failure {
        Failure {
            step: StepId(3),
            address: "batch.compute_environment/main".parse().unwrap(),
            undoing,
            error: ProviderError {
                kind: ErrorKind::Denied,
                operation: "iam:PassRole".into(),
                code: "AccessDenied".into(),
                message: "not authorised".into(),
                request_id: Some("7c1e".into()),
                left: Left::Nothing,
            },
        }
    }

    /// One unit of each outcome that has a report.
    fn one_of_each() -> Vec<Report> {
        let done = |done| Ledger { done, ..Ledger::default() };
        let back = Ledger { undone: 4, kept: 1, failed: 1, not_started: 2, ..Ledger::default() };
        let mut rolled = of("carol", UnitResult::RolledBack(Cause::Step(StepId(3))), back);
        rolled.failures.push(failed(false));
        let mut stuck = of(
            "dave",
            UnitResult::Stuck(vec![left("ec2.vpc/main", "vpc-1")]),
            Ledger { undone: 1, stuck: 1, ..Ledger::default() },
        );
        stuck.failures.push(failed(true));
        vec![
            of("alice", UnitResult::Applied, done(31)),
            of(
                "bob",
                UnitResult::AppliedWithLeftovers(vec![left("ec2.vpc/main", "vpc-9")]),
                Ledger { done: 2, failed: 1, ..Ledger::default() },
            ),
            rolled,
            stuck,
            of(
                "erin",
                UnitResult::Interrupted,
                Ledger { done: 1, not_started: 1, ..Ledger::default() },
            ),
        ]
    }

    #[test]
    fn every_outcome_says_what_is_left_and_what_comes_next_and_the_numbers_add_up() {
        let reports = one_of_each();
        let unreported = [Unreported {
            unit: format!("platform/{PLACE}").parse().unwrap(),
            why: Why::Refused,
            messages: vec!["the state moved since the plan was made: plan again".into()],
        }];
        assert_eq!(
            unstyled(&report(&reports, &unreported, 120)),
            "\
alice  applied  111122223333.us-east-1  31 steps = 31 done
bob  applied with leftovers  111122223333.us-east-1  3 steps = 2 done + 1 failed
  left: ec2.vpc/main (vpc-9) awaits deletion
  next: nfplan apply --select bob deletes what is left
carol  rolled back  111122223333.us-east-1  8 steps = 4 undone + 1 kept + 1 failed + 2 not started
  x batch.compute_environment/main failed
    AWS: iam:PassRole AccessDenied: not authorised  (request 7c1e)
  undone: 4 steps, as it was before
  kept: 1 step, because they make the unit safer
  next: grant the permission, then nfplan apply --select carol
dave  stuck  111122223333.us-east-1  2 steps = 1 undone + 1 stuck
  x batch.compute_environment/main could not be undone
    AWS: iam:PassRole AccessDenied: not authorised  (request 7c1e)
  undone: 1 step, as it was before
  left: ec2.vpc/main (vpc-1) neither finished nor undone
  next: grant the permission, then nfplan apply --select dave tries again
erin  interrupted  111122223333.us-east-1  2 steps = 1 done + 1 not started
  next: nfplan apply --select erin undoes what was begun and plans again
  next: nfplan apply --resume --select erin goes on with it
platform:111122223333  refused  111122223333.us-east-1
  the state moved since the plan was made: plan again

6 units = 1 applied + 1 applied with leftovers + 1 rolled back + 1 stuck + 1 interrupted + 1 refused
46 steps = 34 done + 5 undone + 1 kept + 2 failed + 1 stuck + 3 not started
"
        );
    }

    #[test]
    fn nothing_to_do_is_said() {
        assert_eq!(unstyled(&report(&[], &[], 80)), "Nothing was to be done.\n");
    }
}

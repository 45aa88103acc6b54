//! Every status against every event, every phase against every event.

use std::collections::BTreeMap;

use nfplan_engine::address::RemoteId;
use nfplan_engine::digest::Digest;
use nfplan_engine::event::Cause;
use nfplan_engine::event::Event;
use nfplan_engine::event::Phase;
use nfplan_engine::event::RunState;
use nfplan_engine::event::Settlement;
use nfplan_engine::event::StepStatus;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::step::StepId;

use crate::toy::error;

const STEP: StepId = StepId(0);

fn id() -> RemoteId {
    RemoteId::new("x").unwrap()
}

/// The columns of both tables, in order.
fn events() -> [(&'static str, Event); 15] {
    let step = STEP;
    let failed =
        |left| Event::Failed { step, error: error(ErrorKind::Timeout, String::new(), left) };
    let settled = |outcome| Event::Settled { step, outcome };
    let undo_failed = error(ErrorKind::Timeout, String::new(), Left::Nothing);
    [
        ("opened", Event::Opened { plan: Digest::of_bytes(b""), externals: BTreeMap::new() }),
        ("sealed", Event::Sealed),
        ("rolling back", Event::RollingBack { cause: Cause::Interrupted }),
        ("committed", Event::Committed),
        ("started", Event::Started { step, incarnation: None, token: "t".into(), found: vec![] }),
        ("succeeded", Event::Succeeded { step, made: None }),
        ("failed clean", failed(Left::Nothing)),
        ("failed partly", failed(Left::Object(id()))),
        ("failed unknown", failed(Left::Unknown)),
        ("settled done", settled(Settlement::Done(None))),
        ("settled not done", settled(Settlement::NotDone)),
        ("settled partial", settled(Settlement::Partial(id()))),
        ("undo started", Event::UndoStarted { step }),
        ("undone", Event::Undone { step, made: None }),
        ("undo failed", Event::UndoFailed { step, error: undo_failed }),
    ]
}

/// One letter a phase and a status; `-` is illegal.
fn letter_of_phase(phase: &Phase) -> char {
    match phase {
        Phase::Unopened => 'N',
        Phase::Building => 'B',
        Phase::RollingBack(_) => 'R',
        Phase::Retiring => 'C',
    }
}

fn letter_of_status(status: &StepStatus) -> char {
    match status {
        StepStatus::Pending => 'p',
        StepStatus::Started => 's',
        StepStatus::Unknown => '?',
        StepStatus::Succeeded => '+',
        StepStatus::FailedClean => 'f',
        StepStatus::FailedPartly(_) => 'h',
        StepStatus::Undoing => 'u',
        StepStatus::Undone => 'o',
        StepStatus::Stuck => '!',
    }
}

fn statuses() -> [StepStatus; 9] {
    [
        StepStatus::Pending,
        StepStatus::Started,
        StepStatus::Unknown,
        StepStatus::Succeeded,
        StepStatus::FailedClean,
        StepStatus::FailedPartly(id()),
        StepStatus::Undoing,
        StepStatus::Undone,
        StepStatus::Stuck,
    ]
}

fn phases() -> [Phase; 4] {
    [Phase::Unopened, Phase::Building, Phase::RollingBack(Cause::Interrupted), Phase::Retiring]
}

/// What each event makes of each phase, for a step whose status allows it.
///
/// Columns: opened, sealed, rolling back, committed; started, succeeded; failed clean, partly,
/// unknown; settled done, not done, partial; undo started, undone, undo failed.
const PHASES: [(char, &str); 4] = [
    ('N', "BN-- -- --- --- ---"),
    ('B', "-BRC BB BBB BBB ---"),
    ('R', "-R-- -R RRR RRR RRR"),
    ('C', "-C-- CC CCC CCC ---"),
];

/// What each event makes of each status, in a phase that allows it. The first four columns are
/// about no step.
const STATUSES: [(char, &str); 9] = [
    ('p', ".... s- --- --- ---"),
    ('s', ".... -+ fh? +fh ---"),
    ('?', ".... -- --- +fh ---"),
    ('+', ".... -- --- --- u--"),
    ('f', ".... s- --- --- ---"),
    ('h', ".... -- --- --- u--"),
    ('u', ".... -- --- --- uo!"),
    ('o', ".... -- --- --- ---"),
    ('!', ".... -- --- --- u--"),
];

fn cell(table: &[(char, &str)], row: char, column: usize) -> char {
    let text = table.iter().find(|(letter, _)| *letter == row).unwrap().1;
    text.chars().filter(|letter| *letter != ' ').nth(column).unwrap()
}

#[test]
fn every_event_in_every_phase_and_status_does_what_the_tables_say() {
    for phase in phases() {
        for status in statuses() {
            for (column, (name, event)) in events().into_iter().enumerate() {
                let steps = BTreeMap::from([(STEP, status.clone())]);
                let mut run = RunState { phase: phase.clone(), steps };
                let before = run.clone();
                let result = run.apply(&event);

                let phase_after = cell(&PHASES, letter_of_phase(&phase), column);
                let status_after = cell(&STATUSES, letter_of_status(&status), column);
                let context = format!("{name} in {phase:?} with {status:?}");
                if phase_after == '-' || status_after == '-' {
                    assert!(result.is_err(), "{context} is illegal");
                    assert_eq!(run, before, "{context} changes nothing");
                    continue;
                }
                assert!(result.is_ok(), "{context} is legal");
                assert_eq!(letter_of_phase(&run.phase), phase_after, "{context}");
                let wanted =
                    if status_after == '.' { letter_of_status(&status) } else { status_after };
                assert_eq!(letter_of_status(run.status(STEP)), wanted, "{context}");
            }
        }
    }
}

#[test]
fn a_step_that_no_event_named_is_pending() {
    assert_eq!(*RunState::default().status(STEP), StepStatus::Pending);
}

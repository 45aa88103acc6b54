//! Posting one text and no second: look, decide, do, and look again.

use std::thread::sleep;
use std::time::Duration;

use super::error::ForgeError;
use super::marker::Marker;
use super::sticky::Decision;
use super::sticky::Identity;
use super::sticky::Posted;
use super::sticky::Step;
use super::sticky::Want;
use super::sticky::decide;

/// How often it is looked, each time because something was done or undone in between.
const ROUNDS: u32 = 5;
/// The pause after a request whose fate is not known; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Where texts are posted.
pub trait Board {
    /// Everything that is there.
    fn posted(&self) -> Result<Vec<Posted>, ForgeError>;
    /// Posts a text.
    fn create(&self, text: &str) -> Result<Posted, ForgeError>;
    /// Puts a text in the place of what was posted, and opens or closes it.
    fn change(&self, id: u64, text: &str, open: Option<bool>) -> Result<Posted, ForgeError>;
    /// Takes a duplicate away.
    fn remove(&self, id: u64) -> Result<(), ForgeError>;
}

/// What there shall be.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The account that the token belongs to.
    pub author: &'a str,
    /// The first line.
    pub marker: &'a Marker,
    /// The text.
    pub text: &'a str,
    /// Open or closed.
    pub want: Want,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// In a word.
    pub result: &'static str,
    /// Where it is to be seen, if it is there.
    pub url: Option<String>,
}

/// Says what would be done.
pub fn foresee(board: &impl Board, wish: Wish<'_>) -> Result<Done, ForgeError> {
    let posted = board.posted()?;
    let identity = Identity { author: wish.author, marker: wish.marker };
    let step = decide(&posted, identity, wish.text, wish.want).step;
    Ok(Done { result: word(step), url: url(step) })
}

/// Sees to it that there is what shall be, once.
pub fn settle(board: &impl Board, wish: Wish<'_>) -> Result<Done, ForgeError> {
    let mut author = wish.author.to_owned();
    let mut made: Option<Posted> = None;
    let mut last = ForgeError::Restless;
    for pause in (0..ROUNDS).map(|round| FIRST_PAUSE * 2_u32.pow(round)) {
        let mut posted = board.posted()?;
        // A list may lag behind.
        posted.extend(made.clone().filter(|made| posted.iter().all(|one| one.id != made.id)));
        let identity = Identity { author: &author, marker: wish.marker };
        let Decision { step, surplus } = decide(&posted, identity, wish.text, wish.want);
        for id in surplus {
            ignoring_absence(board.remove(id))?;
        }
        match step {
            Step::Create => match board.create(wish.text) {
                Ok(new) => {
                    // Who wrote it is whose older one is to be looked for.
                    author.clone_from(&new.author);
                    made = Some(new);
                }
                Err(error @ ForgeError::Lost { .. }) => {
                    last = error;
                    sleep(pause);
                }
                Err(error) => return Err(error),
            },
            Step::Change { posted, open } => match board.change(posted.id, wish.text, open) {
                Ok(now) => return Ok(Done { result: word(step), url: Some(now.url) }),
                // Somebody took it away in between.
                Err(ForgeError::NotFound { .. }) => made = None,
                Err(error) => return Err(error),
            },
            Step::Keep(_) => {
                let created = made.is_some() || matches!(last, ForgeError::Lost { .. });
                let result = if created { word(Step::Create) } else { word(step) };
                return Ok(Done { result, url: url(step) });
            }
        }
    }
    Err(last)
}

fn ignoring_absence(outcome: Result<(), ForgeError>) -> Result<(), ForgeError> {
    match outcome {
        Err(ForgeError::NotFound { .. }) => Ok(()),
        outcome => outcome,
    }
}

fn word(step: Step<'_>) -> &'static str {
    match step {
        Step::Create => "created",
        Step::Change { open: None, .. } => "updated",
        Step::Change { open: Some(true), .. } => "reopened",
        Step::Change { open: Some(false), .. } => "closed",
        Step::Keep(_) => "unchanged",
    }
}

fn url(step: Step<'_>) -> Option<String> {
    match step {
        Step::Change { posted, .. } | Step::Keep(Some(posted)) => Some(posted.url.clone()),
        Step::Create | Step::Keep(None) => None,
    }
}

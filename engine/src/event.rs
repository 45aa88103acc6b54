//! Events of a run and the one place where a transition is legal: [`RunState::apply`].
//!
//! A run's journal is a list of events. Intent is written before the act (`started`), the outcome
//! before anything that depends on it. Whatever prefix of the list survives a crash folds into a
//! [`RunState`] from which the run can be finished.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::address::External;
use crate::address::RemoteId;
use crate::digest::Digest;
use crate::provider::ErrorKind;
use crate::provider::Left;
use crate::provider::ProviderError;
use crate::step::StepId;
use crate::value::Attributes;
use crate::value::Value;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The run began. Only seals may come before it.
    Opened {
        /// The digest of the unit's plan.
        plan: Digest,
        /// The platform outputs that the run uses.
        externals: BTreeMap<External, Value>,
    },
    /// Another process took the run over; the epoch of its batch says which.
    Sealed,
    /// A step is about to be done.
    Started {
        /// The step.
        step: StepId,
        /// The create attempt, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incarnation: Option<u64>,
        /// The client token.
        token: Box<str>,
        /// For types without identity: the objects that were there before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        found: Vec<RemoteId>,
    },
    /// A step was done.
    Succeeded {
        /// The step.
        step: StepId,
        /// The object that it made or changed; none after a delete or drop.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<Made>,
    },
    /// A step failed. What it left may be unknown; then `settled` follows.
    Failed {
        /// The step.
        step: StepId,
        /// Why.
        error: ProviderError,
    },
    /// The outcome of a step became known by looking.
    Settled {
        /// The step.
        step: StepId,
        /// How it ended.
        outcome: Settlement,
    },
    /// The run turned around.
    RollingBack {
        /// Why.
        cause: Cause,
    },
    /// A step is about to be undone.
    UndoStarted {
        /// The step.
        step: StepId,
    },
    /// A step was undone, or by design kept.
    Undone {
        /// The step.
        step: StepId,
        /// The object as it is now; none if it was deleted or released.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<Made>,
    },
    /// A step could not be undone.
    UndoFailed {
        /// The step.
        step: StepId,
        /// Why.
        error: ProviderError,
    },
    /// All build steps succeeded: from here the run only goes forward.
    Committed,
}

/// An object that a step made or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// What the cloud calls it.
    pub remote_id: RemoteId,
    /// Managed attributes as applied, normalised.
    pub inputs: Attributes,
    /// Computed attributes.
    pub outputs: Attributes,
    /// AWS still works on it, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settling: Option<String>,
}

/// How a step of unknown outcome ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// It took effect.
    Done(Option<Made>),
    /// It took no effect.
    NotDone,
    /// It took part of its effect, or one that cannot be used: this object has to be undone.
    Partial(RemoteId),
}

/// Why a run turned around.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A step failed.
    Step(StepId),
    /// The run was interrupted, and whoever found it rolls it back.
    Interrupted,
    /// A platform output changed while the run was under way.
    ExternalMoved(External),
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was written yet.
    Unopened,
    /// Build steps are done.
    Building,
    /// Build steps are undone.
    RollingBack(Cause),
    /// Retire steps are done.
    Retiring,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// Begun; nothing is known of its outcome.
    Started,
    /// Its outcome has to be found out by looking.
    Unknown,
    /// Done.
    Succeeded,
    /// Failed without effect.
    FailedClean,
    /// Failed and left this object made or changed.
    FailedPartly(RemoteId),
    /// Being undone.
    Undoing,
    /// Undone, or by design kept.
    Undone,
    /// Could not be undone so far.
    Stuck,
}

/// An event that cannot follow those before it: the journal is corrupt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {event:?} cannot follow: the run is {phase:?}, its step {status:?}")]
pub struct IllegalEvent {
    /// The event.
    pub event: Event,
    /// How far the run was.
    pub phase: Phase,
    /// How far the step was, if the event names one.
    pub status: Option<StepStatus>,
}

/// What the events so far come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    /// How far the run is.
    pub phase: Phase,
    /// How far each step is; one that is not in it is pending.
    pub steps: BTreeMap<StepId, StepStatus>,
}

impl Default for RunState {
    fn default() -> Self {
        Self { phase: Phase::Unopened, steps: BTreeMap::new() }
    }
}

impl RunState {
    /// How far a step is.
    pub fn status(&self, step: StepId) -> &StepStatus {
        self.steps.get(&step).unwrap_or(&StepStatus::Pending)
    }

    /// Takes the next event, if it may follow.
    pub fn apply(&mut self, event: &Event) -> Result<(), Box<IllegalEvent>> {
        let step = event.step();
        let status = step.map(|step| self.status(step).clone());
        let illegal = || {
            let (phase, status) = (self.phase.clone(), status.clone());
            Box::new(IllegalEvent { event: event.clone(), phase, status })
        };
        let phase = next_phase(&self.phase, event).ok_or_else(illegal)?;
        let next = match &status {
            Some(status) => Some(next_status(status, event).ok_or_else(illegal)?),
            None => None,
        };
        self.phase = phase;
        if let (Some(step), Some(next)) = (step, next) {
            self.steps.insert(step, next);
        }
        Ok(())
    }
}

/// The run's next phase, or none if the event is not legal in this one.
fn next_phase(phase: &Phase, event: &Event) -> Option<Phase> {
    use Event as E;
    match (phase, event) {
        (Phase::Unopened, E::Opened { .. }) => Some(Phase::Building),
        // The process that opened the run died before it could write anything.
        (Phase::Unopened, E::Sealed) => Some(Phase::Unopened),
        (Phase::Building, E::RollingBack { cause }) => Some(Phase::RollingBack(cause.clone())),
        (Phase::Building, E::Committed) => Some(Phase::Retiring),
        (
            Phase::Building | Phase::Retiring,
            E::Sealed
            | E::Started { .. }
            | E::Succeeded { .. }
            | E::Failed { .. }
            | E::Settled { .. },
        )
        | (
            Phase::RollingBack(_),
            E::Sealed
            | E::Succeeded { .. }
            | E::Failed { .. }
            | E::Settled { .. }
            | E::UndoStarted { .. }
            | E::Undone { .. }
            | E::UndoFailed { .. },
        ) => Some(phase.clone()),
        _ => None,
    }
}

/// A step's next status, or none if the event is not legal in this one.
fn next_status(status: &StepStatus, event: &Event) -> Option<StepStatus> {
    use StepStatus as S;
    match (status, event) {
        (S::Pending | S::FailedClean, Event::Started { .. }) => Some(S::Started),
        (S::Started, Event::Succeeded { .. }) => Some(S::Succeeded),
        (S::Started, Event::Failed { error, .. }) => Some(match &error.left {
            Left::Nothing => S::FailedClean,
            Left::Object(id) => S::FailedPartly(id.clone()),
            Left::Unknown => S::Unknown,
        }),
        (S::Started | S::Unknown, Event::Settled { outcome, .. }) => Some(match outcome {
            Settlement::Done(_) => S::Succeeded,
            Settlement::NotDone => S::FailedClean,
            Settlement::Partial(id) => S::FailedPartly(id.clone()),
        }),
        (S::Succeeded | S::FailedPartly(_) | S::Stuck, Event::UndoStarted { .. }) => {
            Some(S::Undoing)
        }
        // A crash between the two: undoing is idempotent and simply begins again.
        (S::Undoing, Event::UndoStarted { .. }) => Some(S::Undoing),
        (S::Undoing, Event::Undone { .. }) => Some(S::Undone),
        (S::Undoing, Event::UndoFailed { .. }) => Some(S::Stuck),
        _ => None,
    }
}

impl Event {
    /// The step that the event is about.
    pub fn step(&self) -> Option<StepId> {
        match self {
            Self::Started { step, .. }
            | Self::Succeeded { step, .. }
            | Self::Failed { step, .. }
            | Self::Settled { step, .. }
            | Self::UndoStarted { step }
            | Self::Undone { step, .. }
            | Self::UndoFailed { step, .. } => Some(*step),
            Self::Opened { .. } | Self::Sealed | Self::RollingBack { .. } | Self::Committed => None,
        }
    }

    /// What the event says that its step made or changed, going forward.
    pub(crate) fn made(&self) -> Option<(StepId, &Made)> {
        match self {
            Self::Succeeded { step, made: Some(made) }
            | Self::Settled { step, outcome: Settlement::Done(Some(made)) } => Some((*step, made)),
            _ => None,
        }
    }

    /// The object that the event says its step left half-done.
    pub(crate) fn half_done(&self) -> Option<(StepId, &RemoteId)> {
        match self {
            Self::Failed { step, error: ProviderError { left: Left::Object(remote_id), .. } }
            | Self::Settled { step, outcome: Settlement::Partial(remote_id) } => {
                Some((*step, remote_id))
            }
            _ => None,
        }
    }

    /// Undoing the step was not even tried.
    pub(crate) fn irreversible(step: StepId, reason: &str) -> Self {
        let error = ProviderError {
            kind: ErrorKind::Invalid,
            operation: "nfplan:undo".into(),
            code: "Irreversible".into(),
            message: reason.into(),
            request_id: None,
            left: Left::Nothing,
        };
        Self::UndoFailed { step, error }
    }
}

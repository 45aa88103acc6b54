//! One provider call: its requests one after the other, on logical time.
//!
//! A call that changes something holds the lock of its account's log from its first request to its
//! last. Each request's effects are written when it is carried out, and are durable before the call
//! is answered.

use nfplan_engine::address::Place;
use nfplan_engine::address::RemoteId;
use nfplan_engine::provider::ErrorKind;
use nfplan_engine::provider::Left;
use nfplan_engine::provider::ProviderError;

use crate::sim::calls::Call;
use crate::sim::clock;
use crate::sim::clock::Work;
use crate::sim::cloud::Cloud;
use crate::sim::cloud::Effects;
use crate::sim::core::Core;
use crate::sim::faults::FaultMode;
use crate::sim::faults::Step;
use crate::sim::file;
use crate::sim::kind::Kind;
use crate::sim::log::SimError;
use crate::sim::record::Key;
use crate::sim::record::Record;
use crate::sim::scene::Attempt;
use crate::sim::scene::Refusal;
use crate::sim::scene::Scene;
use crate::sim::settings::Settings;
use crate::sink::SinkError;

/// How a fault strikes a request.
type Strike = (FaultMode, ErrorKind);

/// How AWS's work on an object stands when a call has waited for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// It is done.
    Settled,
    /// It goes on at the call's deadline.
    StillWorking,
}

/// One provider call.
pub(crate) struct Session<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) place: &'a Place,
    /// What it is to change; none while it only reads.
    step: Option<Step<'a>>,
    /// The create attempt, if it is one.
    attempt: Option<Attempt<'a>>,
    /// The object that it is about, once it is known.
    object: Option<RemoteId>,
    /// Whether a request had its effect.
    changed: bool,
    deadline: u64,
}

impl<'a> Session<'a> {
    /// A call that only reads.
    pub(crate) fn reading(core: &'a mut Core, place: &'a Place) -> Result<Self, SimError> {
        core.refresh(&place.account)?;
        Ok(Self::new(core, place))
    }

    /// A call that changes something.
    pub(crate) fn changing(
        core: &'a mut Core,
        step: Step<'a>,
        attempt: Option<Attempt<'a>>,
        object: Option<&RemoteId>,
    ) -> Result<Self, SimError> {
        let place = step.unit.place();
        core.lock(&place.account)?;
        let session = Self::new(core, place);
        Ok(Self { step: Some(step), attempt, object: object.cloned(), ..session })
    }

    fn new(core: &'a mut Core, place: &'a Place) -> Self {
        let deadline = core.cloud(&place.account).clock() + clock::REQUEST_DEADLINE;
        Self { core, place, step: None, attempt: None, object: None, changed: false, deadline }
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        self.core.cloud(&self.place.account)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// The create attempt.
    pub(crate) fn attempt(&self) -> Attempt<'a> {
        self.attempt.expect("only create calls ask for their attempt")
    }

    /// The object of this key.
    pub(crate) fn record(&self, key: &Key) -> Option<&Record> {
        self.cloud().get(key)
    }

    /// The object of a type that is called `id`.
    pub(crate) fn find(&self, kind: &Kind, id: &RemoteId) -> Option<&Record> {
        self.cloud().find(kind.resource_type, kind.scope(self.place), id.as_str())
    }

    /// Says which object the call is about, where no request of the cloud shows it.
    pub(crate) fn is_about(&mut self, object: Option<RemoteId>) {
        self.object = object;
    }

    /// Sends a request that only looks.
    pub(crate) fn look(&mut self, operation: &'static str) -> Result<(), ProviderError> {
        self.count(operation, false);
        self.refuse_denied(operation)?;
        match self.core.faults.strike(operation, None) {
            None => Ok(()),
            Some((_, kind)) => Err(refused_on_demand(operation, kind, self.left())),
        }
    }

    /// Sends a request that changes something, and again while what it needs may only not be
    /// visible yet.
    pub(crate) fn request<T>(
        &mut self,
        operation: &'static str,
        plan: impl Fn(&mut Scene<'_>) -> Result<T, Refusal>,
    ) -> Result<T, ProviderError> {
        let mut pause = clock::FIRST_PAUSE;
        let mut fault = None;
        loop {
            // A fault that lets the effect happen waits for the try that has one.
            let struck = self.send(operation)?;
            fault = fault.or(struck);
            let mut scene = self.core.scene(self.place);
            match plan(&mut scene) {
                Ok(answer) => {
                    let effects = scene.into_effects();
                    self.carry_out(operation, effects)?;
                    return self.answer(operation, fault).map(|()| answer);
                }
                Err(refusal) if refusal.may_pass && self.now() + pause < self.deadline => {
                    self.advance(self.now() + pause);
                    pause *= 2;
                }
                Err(refusal) => {
                    let lost = matches!(fault, Some((FaultMode::AnswerLost, _)));
                    let answer = if lost { self.answer(operation, fault) } else { Ok(()) };
                    return answer.and(Err(self.refused(operation, &refusal)));
                }
            }
        }
    }

    /// Does something on the runner's own disk, as one request.
    pub(crate) fn disk(
        &mut self,
        operation: &'static str,
        effect: impl FnOnce() -> Result<(), SinkError>,
    ) -> Result<(), ProviderError> {
        let fault = self.send(operation)?;
        effect().map_err(|error| self.refused(operation, &file::refusal(&error)))?;
        self.changed = true;
        self.answer(operation, fault)
    }

    /// Counts a mutating request and lets a fault strike it.
    fn send(&mut self, operation: &'static str) -> Result<Option<Strike>, ProviderError> {
        self.count(operation, true);
        self.refuse_denied(operation)?;
        match self.core.faults.strike(operation, self.step.as_ref()) {
            Some((FaultMode::BeforeEffect, kind)) => {
                Err(refused_on_demand(operation, kind, self.left()))
            }
            fault => Ok(fault),
        }
    }

    /// Refuses what the account denies whoever makes the requests.
    fn refuse_denied(&self, operation: &'static str) -> Result<(), ProviderError> {
        if self.settings().denies(&self.place.account, operation) {
            return Err(refused_on_demand(operation, ErrorKind::Denied, self.left()));
        }
        Ok(())
    }

    /// Answers a request that had its effect, unless a fault struck it.
    fn answer(
        &mut self,
        operation: &'static str,
        fault: Option<Strike>,
    ) -> Result<(), ProviderError> {
        match fault {
            None | Some((FaultMode::BeforeEffect, _)) => Ok(()),
            Some((FaultMode::AfterEffect, kind)) => {
                let words = ("InjectedFault", "carried out and failed on demand");
                Err(failure(operation, kind, words, self.left()))
            }
            Some((FaultMode::AnswerLost, _)) => {
                self.advance(self.now() + clock::REQUEST_DEADLINE);
                let words = ("NoAnswer", "no answer by the deadline");
                Err(failure(operation, ErrorKind::Unavailable, words, Left::Unknown))
            }
        }
    }

    fn carry_out(
        &mut self,
        operation: &'static str,
        effects: Effects,
    ) -> Result<(), ProviderError> {
        if effects.put.is_empty() && effects.delete.is_empty() {
            return Ok(());
        }
        if self.object.is_none() {
            let first = effects.put.first().map(|record| &*record.key.id);
            self.object = first.and_then(|id| RemoteId::new(id).ok());
        }
        self.changed = true;
        let written = self.core.apply(&self.place.account, effects);
        written.map_err(|error| internal(operation, &error, Left::Unknown))
    }

    /// Waits until AWS is done with an object.
    pub(crate) fn wait(
        &mut self,
        key: &Key,
        poll: &'static str,
        work: Work,
    ) -> Result<Waited, ProviderError> {
        let pending =
            |session: &Self| session.record(key).and_then(|record| record.pending.clone());
        let Some(until) = pending(self).map(|pending| pending.at) else {
            return Ok(Waited::Settled);
        };
        let deadline = self.now().saturating_add(work.deadline());
        self.advance(until.min(deadline));
        self.look(poll)?;
        // The poll itself takes time too.
        self.deadline = self.deadline.max(self.now() + clock::REQUEST_DEADLINE);
        Ok(if pending(self).is_some() { Waited::StillWorking } else { Waited::Settled })
    }

    /// Fails the call for a reason that is no single request's.
    pub(crate) fn refused(&self, operation: &'static str, refusal: &Refusal) -> ProviderError {
        failure(operation, refusal.kind, (refusal.code, &refusal.message), self.left())
    }

    fn count(&mut self, operation: &'static str, mutating: bool) {
        self.core.calls.push(Call { place: self.place.clone(), operation, mutating });
        self.advance(self.now() + clock::LATENCY);
    }

    fn now(&self) -> u64 {
        self.cloud().clock()
    }

    fn advance(&mut self, to: u64) {
        self.core.advance(&self.place.account, to);
    }

    /// What the call leaves behind if it fails now.
    fn left(&self) -> Left {
        match &self.object {
            Some(object) if self.changed => Left::Object(object.clone()),
            _ => Left::Nothing,
        }
    }
}

/// A request that a fault refuses. AWS names the permission that is missing.
fn refused_on_demand(operation: &str, kind: ErrorKind, left: Left) -> ProviderError {
    if kind == ErrorKind::Denied {
        let message = format!("not authorized to perform: {operation}");
        return failure(operation, kind, ("AccessDenied", &message), left);
    }
    failure(operation, kind, ("InjectedFault", "refused on demand"), left)
}

fn failure(
    operation: &str,
    kind: ErrorKind,
    (code, message): (&str, &str),
    left: Left,
) -> ProviderError {
    ProviderError {
        kind,
        operation: operation.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        request_id: None,
        left,
    }
}

/// The simulated cloud itself failed.
pub(crate) fn internal(operation: &str, error: &SimError, left: Left) -> ProviderError {
    let message = match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    failure(operation, ErrorKind::Internal, ("SimulatedCloud", &message), left)
}

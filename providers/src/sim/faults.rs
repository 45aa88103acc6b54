//! Faults on demand: which request fails, when and how.

use nfplan_engine::address::Address;
use nfplan_engine::address::UnitId;
use nfplan_engine::provider::ErrorKind;

/// A failure to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it strikes.
    pub at: FaultPoint,
    /// Whether the request has its effect.
    pub mode: FaultMode,
    /// The kind of error answered; a lost answer is always [`ErrorKind::Unavailable`].
    pub kind: ErrorKind,
    /// How many requests it strikes before it is spent.
    pub times: u32,
}

/// Where a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultPoint {
    /// The mutating request of this number, counted from 1 at the injection, and those after it.
    NthMutatingCall(u64),
    /// Requests of this name, reading ones too: `batch:CreateJobQueue`.
    Operation {
        /// The name.
        name: String,
    },
    /// The first mutating request of a provider call.
    Step {
        /// The unit; any if none is given.
        unit: Option<UnitId>,
        /// The address.
        address: Address,
        /// The provider call.
        action: StepAction,
    },
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultMode {
    /// The request is refused.
    BeforeEffect,
    /// The request has its effect and an error is answered.
    AfterEffect,
    /// The request has its effect and nothing is answered by the deadline.
    AnswerLost,
}

/// A provider call that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAction {
    /// `create`.
    Create,
    /// `update`.
    Update,
    /// `delete`.
    Delete,
}

/// The provider call that a request is part of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) unit: &'a UnitId,
    pub(crate) address: &'a Address,
    pub(crate) action: StepAction,
}

/// The faults not yet spent.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Armed>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    mutating_seen: u64,
}

impl Faults {
    pub(crate) fn inject(&mut self, fault: Fault) {
        self.0.push(Armed { fault, mutating_seen: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that strikes this request, if one does. A request without a step is a read.
    pub(crate) fn strike(
        &mut self,
        operation: &str,
        mutating: Option<&Step<'_>>,
    ) -> Option<(FaultMode, ErrorKind)> {
        if self.0.is_empty() {
            return None;
        }
        if mutating.is_some() {
            self.0.iter_mut().for_each(|armed| armed.mutating_seen += 1);
        }
        let index = self.0.iter().position(|armed| armed.matches(operation, mutating))?;
        let fault = &mut self.0[index].fault;
        fault.times -= 1;
        let struck = (fault.mode, fault.kind);
        self.0.retain(|armed| armed.fault.times > 0);
        Some(struck)
    }
}

impl Armed {
    fn matches(&self, operation: &str, mutating: Option<&Step<'_>>) -> bool {
        if self.fault.times == 0 {
            return false;
        }
        match (&self.fault.at, mutating) {
            (FaultPoint::Operation { name }, _) => name == operation,
            (FaultPoint::NthMutatingCall(number), Some(_)) => self.mutating_seen >= *number,
            (FaultPoint::Step { unit, address, action }, Some(step)) => {
                unit.as_ref().is_none_or(|unit| unit == step.unit)
                    && address == step.address
                    && *action == step.action
            }
            (FaultPoint::NthMutatingCall(_) | FaultPoint::Step { .. }, None) => false,
        }
    }
}

//! What was called: every request that a real client would have sent, in order.

use nfplan_engine::address::Place;

/// One API request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The account and region that it went to.
    pub place: Place,
    /// What was called: `ec2:CreateVpc`.
    pub operation: &'static str,
    /// Whether it asks for a change.
    pub mutating: bool,
}

/// How many requests there were.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct CallCount {
    /// Those that only look.
    pub reads: u64,
    /// Those that ask for a change, refused ones included.
    pub writes: u64,
}

/// Requests since the log was last cleared.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    calls: Vec<Call>,
    count: CallCount,
}

impl CallLog {
    pub(crate) fn push(&mut self, call: Call) {
        if call.mutating {
            self.count.writes += 1;
        } else {
            self.count.reads += 1;
        }
        self.calls.push(call);
    }

    pub(crate) fn calls(&self) -> &[Call] {
        &self.calls
    }

    pub(crate) fn count(&self) -> CallCount {
        self.count
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

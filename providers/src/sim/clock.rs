//! Logical time in milliseconds. Nothing here looks at a real clock or sleeps.

use std::time::Duration;

/// What every request takes.
pub(crate) const LATENCY: u64 = 100;

/// The total deadline of a mutating provider call's own requests, retries included.
pub(crate) const REQUEST_DEADLINE: u64 = 60_000;

/// How long Batch and EC2 do not see a new IAM object (IAM user guide, "Changes that I make are not
/// always immediately visible").
pub(crate) const IAM_LAG: u64 = 8_000;

/// The first pause before a request is tried again; each later one is twice as long.
pub(crate) const FIRST_PAUSE: u64 = 1_000;

/// What AWS works on after it has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// A compute environment becomes valid after its creation or an infrastructure update.
    ComputeEnvironment,
    /// A compute environment takes a scaling update, or is deleted.
    ComputeEnvironmentScaling,
    /// A job queue is created, changed or deleted.
    JobQueue,
    /// An instance starts, stops or terminates.
    Instance,
    /// A gateway endpoint is deleted.
    VpcEndpoint,
}

impl Work {
    /// How long it takes unless a test says otherwise.
    pub(crate) const fn usual(self) -> u64 {
        match self {
            Self::ComputeEnvironment => 45_000,
            Self::JobQueue => 5_000,
            Self::Instance => 20_000,
            Self::ComputeEnvironmentScaling | Self::VpcEndpoint => 10_000,
        }
    }

    /// How long a provider call waits for it.
    pub(crate) const fn deadline(self) -> u64 {
        match self {
            Self::ComputeEnvironment | Self::ComputeEnvironmentScaling => 20 * 60_000,
            Self::JobQueue | Self::Instance | Self::VpcEndpoint => 10 * 60_000,
        }
    }
}

/// A duration on the logical clock.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

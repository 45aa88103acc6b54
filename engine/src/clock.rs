//! The port to time. The engine reads no other clock, so that tests run on virtual time.

use std::future::Future;
use std::time::Duration;

/// A monotonic clock.
pub trait Clock {
    /// Time since some fixed moment before the process's first use of the clock.
    fn now(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;
}

//! The port to whoever watches a run.

use crate::event::Event;
use crate::plan::UnitPlan;

/// Sees every event of a run as soon as it is durable.
pub trait Observer {
    /// Takes note of an event.
    fn observe(&self, plan: &UnitPlan, event: &Event);
}

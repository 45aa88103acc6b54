//! Counts the requests.

use std::cell::RefCell;

use crate::calls::CallCounts;

/// How often each operation was asked for; a repetition by the SDK does not count anew.
#[derive(Debug, Default)]
pub(crate) struct Calls(RefCell<CallCounts>);

impl Calls {
    pub(crate) fn looks(&self, operation: &'static str) {
        self.0.borrow_mut().looked(operation);
    }

    pub(crate) fn changes(&self, operation: &'static str) {
        self.0.borrow_mut().changed(operation);
    }

    pub(crate) fn counts(&self) -> CallCounts {
        self.0.borrow().clone()
    }
}

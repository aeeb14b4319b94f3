//! Alerts: who is called for what.

use super::Controller;
use crate::journal::Event;

impl Controller {
    /// Puts an event into the outbox, if somebody has to be called.
    pub(super) fn alert(&mut self, _event: &Event) {}
}

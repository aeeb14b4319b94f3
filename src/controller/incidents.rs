//! Incidents: what belongs together, from the first bad probe to the last return.

use super::Controller;
use crate::journal::Event;
use crate::time::Timestamp;

impl Controller {
    /// Begins, moves on and ends incidents, so that they say what the view says.
    pub(super) fn follow_incidents(&mut self, _now: Timestamp) {}

    /// Notes an event in the incident that it belongs to, and the incident's id in the event.
    pub(super) fn note_in_incident(&mut self, _event: &mut Event) {}
}

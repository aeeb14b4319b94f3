//! What people read of incidents: their pages in KV, and the answers to who asks.

use super::Controller;
use crate::documents::{INCIDENT_PREFIX, IncidentIndex, IncidentPage};
use crate::journal::{Incident, Phases};
use crate::time::Timestamp;

/// The KV key of an incident.
pub(in crate::controller) fn key(incident: &Incident) -> String {
    format!("{INCIDENT_PREFIX}{}", incident.id)
}

/// What is news about an incident: how far it has come, and for whom. What happened in between goes
/// along.
pub(in crate::controller) fn substance(incident: &Incident) -> Incident {
    Incident {
        events: Vec::new(),
        events_left_out: 0,
        checks: 0,
        checked_at: None,
        unverified: None,
        is_told: false,
        ..incident.clone()
    }
}

/// What is news about its line in the list: what is wrong, and who looks after it.
pub(in crate::controller) fn line_substance(incident: &Incident) -> Incident {
    Incident { phases: Phases::default(), changes: 0, returned_at: None, ..substance(incident) }
}

impl Controller {
    /// The incidents that are kept.
    #[must_use]
    pub fn incident_index(&self, now: Timestamp) -> IncidentIndex {
        IncidentIndex::of(&self.state.incidents, now)
    }

    /// One of them.
    #[must_use]
    pub fn incident_page(&self, id: &str, now: Timestamp) -> Option<IncidentPage> {
        let incident = self.state.incidents.iter().find(|incident| incident.id == id)?;
        Some(IncidentPage::of(incident, now))
    }
}

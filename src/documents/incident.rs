//! The KV documents about incidents: `incident:<id>`, and `incidents`, which lists them.

use crate::ids::{RegionId, ServiceId};
use crate::journal::{Incident, Phase, Trouble, report};
use crate::json::fields;
use crate::time::{Millis, Timestamp};

/// The KV key of [`IncidentIndex`].
pub const INCIDENTS_KEY: &str = "incidents";
/// The prefix of the KV keys of [`IncidentPage`].
pub const INCIDENT_PREFIX: &str = "incident:";

/// One incident as people read it.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentPage {
    /// When this was true.
    pub as_of: Timestamp,
    /// One line that tells it.
    pub summary: String,
    /// All that a person wants to know, line by line.
    pub report: Vec<String>,
    /// How long it took to reach each phase.
    pub durations: Vec<PhaseDuration>,
    /// All of it.
    pub incident: Incident,
}

/// How long it took to reach a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseDuration {
    /// The phase.
    pub phase: Phase,
    /// Since the phase before it that was reached.
    pub took_ms: Millis,
    /// Since the fault was seen.
    pub after_ms: Millis,
}

/// The incidents that are kept, the latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentIndex {
    /// When this was true.
    pub as_of: Timestamp,
    /// A line for each.
    pub incidents: Vec<IncidentLine>,
}

/// One incident in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentLine {
    /// Its id.
    pub id: String,
    /// Whether it goes on.
    pub is_open: bool,
    /// When it began.
    pub began: Timestamp,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
    /// What it is.
    pub summary: String,
}

/// An incident that goes on, as `status` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIncident {
    /// Its id.
    pub id: String,
    /// When it began.
    pub began: Timestamp,
    /// The region; absent if it is the observer's own.
    pub region: Option<RegionId>,
    /// The services that it hurts, or has hurt.
    pub services: Vec<ServiceId>,
    /// What is wrong; absent once all is well.
    pub trouble: Option<Trouble>,
    /// Who looks after it.
    pub taken_by: Option<String>,
}

fields!(IncidentPage { as_of, summary, report, durations, incident });
fields!(PhaseDuration { phase, took_ms, after_ms });
fields!(IncidentIndex { as_of, incidents });
fields!(IncidentLine { id, is_open, began, closed_at, summary });
fields!(OpenIncident { id, began, region, services, trouble, taken_by if any });

impl IncidentPage {
    /// The page of an incident.
    #[must_use]
    pub fn of(incident: &Incident, now: Timestamp) -> Self {
        let seen = incident.phases.at(Phase::Seen).unwrap_or(now);
        let reached = incident.phases.reached();
        let durations = reached.map(|(phase, at, took_ms)| PhaseDuration {
            phase,
            took_ms,
            after_ms: at.since(seen),
        });
        Self {
            as_of: now,
            summary: incident.summary(now),
            report: report(incident, now).lines().map(str::to_owned).collect(),
            durations: durations.collect(),
            incident: incident.clone(),
        }
    }
}

impl IncidentIndex {
    /// The list of these incidents, which are in the order in which they were opened.
    #[must_use]
    pub fn of(incidents: &[Incident], now: Timestamp) -> Self {
        let line = |incident: &Incident| IncidentLine {
            id: incident.id.clone(),
            is_open: incident.is_open(),
            began: incident.phases.at(Phase::Seen).unwrap_or(now),
            closed_at: incident.closed_at,
            summary: incident.summary(now),
        };
        Self { as_of: now, incidents: incidents.iter().rev().map(line).collect() }
    }
}

impl OpenIncident {
    /// Those that go on.
    #[must_use]
    pub fn of(incidents: &[Incident], now: Timestamp) -> Vec<Self> {
        let open = incidents.iter().filter(|incident| incident.is_open());
        let told = open.map(|incident| Self {
            id: incident.id.clone(),
            began: incident.phases.at(Phase::Seen).unwrap_or(now),
            region: incident.region.clone(),
            services: incident.services().cloned().collect(),
            trouble: incident.trouble,
            taken_by: incident.acknowledged.as_ref().map(|taken| taken.who.to_string()),
        });
        told.collect()
    }
}

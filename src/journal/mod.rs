//! What happened, as values: events, and what is kept of them.
//!
//! Everything that a person may want to know afterwards is told as an [`Event`], once, when it
//! happens. The Controller tells it, and four listeners make of it what they need: the incident
//! that it belongs to, the audit chain, alerts, and one line of the log. Nobody else writes any of
//! these, so they cannot tell different stories.
//!
//! Nothing here has personal data (invariant 9): an [`Actor`] is known by the name of a token or
//! by an opaque subject, never by a name or an address.

mod actor;
mod audit;
mod event;
mod incident;
mod phases;
mod report;
mod severity;

pub use actor::{ACTOR_BYTES_MAX, Actor, Role, Way};
pub use audit::{
    AUDIT_PREFIX, AuditEntry, AuditHash, AuditHead, AuditLog, AuditPage, BadHash, Flaw,
    PAGE_ENTRIES, PageSearch, RECENT_MAX, UNKEPT_MAX, Verified, WHAT_BYTES_MAX, WHY_BYTES_MAX,
    is_change, page_key, plain_words, verify,
};
pub use event::{Event, EventKind, Subject};
pub use incident::{
    Acknowledged, Affected, BACK_PATIENCE_MS, Cause, INCIDENT_AGE_MS, INCIDENT_EVENTS_MAX,
    INCIDENT_TEXT_BYTES_MAX, INCIDENTS_MAX, Incident, Note, QUIET_MS, Standing, Trouble, lasted,
};
pub use phases::{Phase, Phases};
pub use report::report;
pub use severity::Severity;

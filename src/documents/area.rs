//! What `status` and `region:<id>` say about areas.

use crate::health::Health;
use crate::json::fields;
use crate::time::{Millis, Timestamp};

/// The vantage point of one area.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AreaStatus {
    /// The data center that its probes last came from; absent where it could not be told.
    pub colo: Option<String>,
    /// Whether it takes part: it has answered in the last minutes.
    pub answers: bool,
    /// When it last answered, where it no longer does.
    pub silent_since: Option<Timestamp>,
    /// Since when it has reached nothing, so that its failures do not count.
    pub doubted_since: Option<Timestamp>,
}

/// How an origin looks from one area, by one monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SightStatus {
    /// Its health as seen from there.
    pub health: Health,
    /// Why it is down or last failed, in words.
    pub reason: Option<String>,
    /// Its smoothed latency, if recent.
    pub latency_ms: Option<Millis>,
}

fields!(AreaStatus { colo, answers, silent_since if any, doubted_since if any });
fields!(SightStatus { health, reason, latency_ms });

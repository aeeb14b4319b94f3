//! What single areas see.

use crate::health::{Health, Hysteresis};
use crate::json::fields;
use crate::latency::Estimate;
use crate::time::{MINUTE, Millis, Timestamp};

/// An area that has not answered for this long takes no part: its silence is nobody's verdict.
pub const AREA_SILENT_MS: Millis = 3 * MINUTE;

/// The vantage point of one area.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AreaState {
    /// The data center that its probes last came from; absent where it could not be told.
    pub colo: Option<String>,
    /// When it last answered.
    pub heard_at: Option<Timestamp>,
    /// Since when it has reached nothing. What it does not reach then does not count.
    pub doubted_since: Option<Timestamp>,
}

fields!(AreaState { colo, heard_at, doubted_since });

impl AreaState {
    /// Whether it takes part.
    #[must_use]
    pub fn is_heard(&self, now: Timestamp) -> bool {
        self.heard_at.is_some_and(|at| now.since(at) <= AREA_SILENT_MS)
    }
}

/// How one target looks from one area.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    /// Its health as seen from there, and the evidence behind it.
    pub memory: Hysteresis,
    /// The smoothed latency of its passes.
    pub latency: Option<Estimate>,
    /// When its last probe was made.
    pub probed_at: Option<Timestamp>,
    /// When a probe last reached it, whatever it answered.
    pub reached_at: Option<Timestamp>,
    /// Why the last probe gave no verdict, if it gave none.
    pub note: Option<String>,
}

fields!(Sight { memory, latency, probed_at, reached_at, note });

impl Sight {
    /// Whether it is known to be down from there, by a probe of the last `patience_ms`.
    #[must_use]
    pub fn is_down(&self, patience_ms: Millis, now: Timestamp) -> bool {
        self.memory.health == Health::Down
            && self.probed_at.is_some_and(|at| now.since(at) <= patience_ms)
    }
}

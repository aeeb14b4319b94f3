//! What a run asks a vantage point for, and what it answers.

use super::{ControlResult, Probe, ProbeResult};
use crate::config::Control;
use crate::json::fields;
use crate::target::Target;
use crate::time::{Millis, Timestamp};

/// A share of a round: the probes of one area, or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Wait this long.
    pub wait_ms: Millis,
    /// Then make these probes.
    pub probes: Vec<Probe>,
    /// And ask these controls, which are begun first.
    pub controls: Vec<Control>,
}

/// The answer to a [`Share`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareReply {
    /// What the clock of the vantage point shows.
    pub now: Timestamp,
    /// The data center that it runs in; absent where it could not be told.
    pub colo: Option<String>,
    /// Results of the probes.
    pub results: Vec<ProbeResult>,
    /// Results of the controls.
    pub controls: Vec<ControlResult>,
    /// How the bodies of failures began, where the monitor allows it.
    pub excerpts: Vec<(Target, String)>,
}

fields!(Share { wait_ms, probes, controls = Vec::new() });
fields!(ShareReply { now, colo, results, controls = Vec::new(), excerpts = Vec::new() });

impl ShareReply {
    /// The same by the clock of a run that shows `now` as the answer arrives. The clocks of two
    /// machines differ, and instants of several areas are compared.
    #[must_use]
    pub fn by_clock(mut self, now: Timestamp) -> Self {
        for result in &mut self.results {
            let before_ms = self.now.since(result.at);
            result.at = now.minus(before_ms);
        }
        self
    }
}

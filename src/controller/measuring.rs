//! Numbers for machines that watch.

use super::Controller;
use crate::metrics::{self, Sources};
use crate::time::Timestamp;

impl Controller {
    /// All metrics in the text form of Prometheus.
    #[must_use]
    pub fn metrics(&self, now: Timestamp) -> String {
        let (view, status, contracts) = (self.view(now), self.status(now), self.contracts(now));
        let sources =
            Sources::of((view.as_ref(), &self.state, now), (&status, &contracts), &self.counters);
        metrics::text(&metrics::GROUPS, &sources)
    }
}

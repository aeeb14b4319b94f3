//! Numbers for machines that watch.

use super::Controller;
use crate::metrics::{self, Sources};
use crate::time::Timestamp;

impl Controller {
    /// All metrics in the text form of Prometheus.
    #[must_use]
    pub fn metrics(&self, now: Timestamp) -> String {
        self.with_sources(now, |sources| metrics::text(&metrics::GROUPS, sources))
    }

    /// Lends what metrics are made from.
    pub(crate) fn with_sources(
        &self,
        now: Timestamp,
        write: impl FnOnce(&Sources<'_>) -> String,
    ) -> String {
        let (view, status, contracts) = (self.view(now), self.status(now), self.contracts(now));
        let known = (view.as_ref(), &self.state, now);
        write(&Sources::of(known, (&status, &contracts), &self.counters))
    }
}

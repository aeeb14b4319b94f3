//! What isolates tell of the requests of clients.

use super::Controller;
use crate::config::Config;
use crate::ids::{RegionId, ServiceId};
use crate::metrics;
use crate::time::Timestamp;
use crate::traffic::{Happened, Report, Taken};

impl Controller {
    /// Adds what an isolate counted. It is saved with the next round: no isolate has to wait for
    /// storage.
    pub(super) fn hear_traffic(&mut self, report: &Report, now: Timestamp) {
        let config = self.config.as_ref();
        let traffic = &mut self.state.traffic;
        let known =
            |service: &ServiceId, region: Option<&RegionId>| is_known(config, service, region);
        if let Taken::Counted(_) = traffic.take(report, known, now) {
            let known = |told: &Happened| metrics::is_known(config, told);
            traffic.take_happened(&report.happened, known);
        }
    }

    /// Forgets the counts of what the config no longer has, and writes the others down, if it is
    /// time.
    pub(super) fn follow_traffic(&mut self, now: Timestamp) {
        let config = self.config.as_ref();
        if config.is_some() {
            self.state.traffic.retain(|service, region| is_known(config, service, region), now);
        }
        self.state.traffic.write_down(now);
    }
}

fn is_known(config: Option<&Config>, service: &ServiceId, region: Option<&RegionId>) -> bool {
    let service = config.and_then(|config| config.services.get(service));
    service.is_some_and(|known| region.is_none_or(|region| known.regions.contains(region)))
}

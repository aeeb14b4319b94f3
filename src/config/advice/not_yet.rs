//! Keys that this version checks but does not act on, so that nobody relies on them.

use super::{AdviceCode, Adviser};
use crate::config::{Failover, FailoverMode, Quorum, Service};
use crate::ids::ServiceId;
use crate::time::SECOND;

/// The defaults of [`Failover`].
const STAGES_DEFAULT: [u8; 4] = [10, 25, 50, 100];
const BAKE_MS_DEFAULT: u64 = 300 * SECOND;

impl Adviser<'_> {
    pub(super) fn not_yet(&mut self) {
        let config = self.config;
        if !config.areas.is_empty() {
            self.ignored("areas.use", "all probes are sent from where the cron trigger runs");
        }
        for (id, monitor) in &config.monitors {
            if matches!(monitor.quorum, Quorum::AtLeast(2..)) {
                let why = "there is only one vantage point, so its verdict decides";
                self.ignored(&format!("monitors.{id}.quorum"), why);
            }
        }
        for (id, service) in &config.services {
            self.service(id, service);
        }
        self.comes_back_at_once();
        let with_capacity = config.regions.iter().find(|(_, region)| region.capacity_rps.is_some());
        let is_compared = config.services.values().any(|service| service.peak_rps.is_some());
        if let Some((id, _)) = with_capacity.filter(|_| !is_compared) {
            let why = "it is used for advice only and limits no traffic";
            self.ignored(&format!("regions.{id}.capacity_rps"), why);
        }
    }

    fn service(&mut self, id: &ServiceId, service: &Service) {
        let promote = &service.failover.promote;
        let path = format!("services.{id}.failover");
        if !is_default(&service.failover) {
            self.ignored(&format!("{path}.failback"), "traffic comes back all at once");
        }
        if promote.is_some() {
            self.ignored(&format!("{path}.promote"), "no hook is called; promote by hand");
        }
        if service.contract.is_some_and(|contract| contract.availability_of_100_000.is_some()) {
            let path = format!("services.{id}.contract.availability");
            self.ignored(&path, "availability is not measured");
        }
        if service.steering.primary.is_some()
            && service.contract.is_some_and(|contract| contract.rto_ms.is_some())
        {
            let path = format!("services.{id}.contract.rto_s");
            let problem = "a recovery time is promised, but only the primary takes writes";
            let why = "no standby is promoted automatically, so writes wait for a person";
            let hint =
                "rely on `rto_s` for reads only; for writes, promote by hand and change `primary`";
            self.advise_with(&path, AdviceCode::W112, problem.to_owned(), why, Some(hint));
        }
    }

    /// The default promises stages, so whoever says nothing is told too; once for all services.
    fn comes_back_at_once(&mut self) {
        let config = self.config;
        // Where only a person moves traffic, nothing comes back by itself.
        let moves = |service: &Service| {
            !service.hosts.is_empty() || service.failover.mode == FailoverMode::Automatic
        };
        let comes_back = |service: &Service| {
            service.regions.len() > 1 && moves(service) && is_default(&service.failover)
        };
        let mut services = config.services.iter().filter(|(_, service)| comes_back(service));
        let Some((id, _)) = services.next() else { return };
        let others = match services.count() {
            0 => String::new(),
            some => format!(", and to those of {some} more,"),
        };
        let problem = format!("traffic comes back to a region of `{id}`{others} all at once");
        let why = "this version does not act on `failback`, whose default has four stages";
        let path = format!("services.{id}.failover.failback");
        self.advise(&path, AdviceCode::W114, problem, why);
    }

    fn ignored(&mut self, path: &str, why: &str) {
        let problem = "this version checks this key but does not act on it".to_owned();
        self.advise(path, AdviceCode::W104, problem, why);
    }
}

fn is_default(failover: &Failover) -> bool {
    failover.stages == STAGES_DEFAULT && failover.bake_ms == BAKE_MS_DEFAULT
}

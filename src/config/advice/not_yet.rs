//! Keys that this version checks but does not act on, so that nobody relies on them.

use super::{AdviceCode, Adviser};
use crate::config::{Failover, Service};
use crate::ids::ServiceId;

impl Adviser<'_> {
    pub(super) fn not_yet(&mut self) {
        let config = self.config;
        for (id, service) in &config.services {
            self.service(id, service);
        }
        let with_capacity = config.regions.iter().find(|(_, region)| region.capacity_rps.is_some());
        let is_compared = config.services.values().any(|service| service.peak_rps.is_some());
        if let Some((id, _)) = with_capacity.filter(|_| !is_compared) {
            let why = "it is used for advice only and limits no traffic";
            self.ignored(&format!("regions.{id}.capacity_rps"), why);
        }
    }

    fn service(&mut self, id: &ServiceId, service: &Service) {
        let Failover { promote, follow, .. } = &service.failover;
        let is_promoted = promote.is_some() || follow.is_some();
        if service.steering.primary.is_some()
            && !is_promoted
            && service.contract.is_some_and(|contract| contract.rto_ms.is_some())
        {
            let path = format!("services.{id}.contract.rto_s");
            let problem = "a recovery time is promised, but only the primary takes writes";
            let why = "nothing promotes a standby, so writes wait for a person";
            let hint = "add `failover.promote`, or `failover.follow` where a manager promotes, or \
                        rely on `rto_s` for reads only";
            self.advise_with(&path, AdviceCode::W112, problem.to_owned(), why, Some(hint));
        }
    }

    fn ignored(&mut self, path: &str, why: &str) {
        let problem = "this version checks this key but does not act on it".to_owned();
        self.advise(path, AdviceCode::W104, problem, why);
    }
}

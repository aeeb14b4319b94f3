//! How clients come back to a region that was out.

use super::{AdviceCode, Adviser};
use crate::config::{FIGURES_SETTLE_MS, Failback, FailoverMode, Service};
use crate::time::SECOND;

impl Adviser<'_> {
    pub(super) fn returns(&mut self) {
        self.comes_back_at_once();
        let config = self.config;
        for (id, service) in &config.services {
            let path = format!("services.{id}.failover.failback");
            if let Some(failback) = &service.failover.failback {
                self.stages(&path, service, failback);
            }
        }
    }

    /// Once for all services.
    fn comes_back_at_once(&mut self) {
        let config = self.config;
        // Where only a person moves traffic, nothing comes back by itself.
        let moves = |service: &Service| {
            !service.hosts.is_empty() || service.failover.mode == FailoverMode::Automatic
        };
        let comes_back = |service: &Service| {
            service.regions.len() > 1 && moves(service) && service.failover.failback.is_none()
        };
        let mut services = config.services.iter().filter(|(_, service)| comes_back(service));
        let Some((id, _)) = services.next() else { return };
        let others = match services.count() {
            0 => String::new(),
            some => format!(", and to those of {some} more,"),
        };
        let problem = format!("traffic comes back to a region of `{id}`{others} all at once");
        let why = "a region that is up again may be cold, or fail under load";
        let path = format!("services.{id}.failover.failback");
        let hint = "write `failback`, if only `failback = {}`, and clients come back by stages";
        self.advise_with(&path, AdviceCode::W114, problem, why, Some(hint));
    }

    fn stages(&mut self, path: &str, service: &Service, failback: &Failback) {
        if !service.has_shares() {
            let problem = "a plain record or pool has no shares, so there is one stage, 100 %";
            let why = "its clients come back all at once when the region was up for `after_s`";
            let hint = "`hosts` in the proxy and load balancers by weight have stages";
            self.advise_with(path, AdviceCode::W157, problem.to_owned(), why, Some(hint));
        } else if !service.hosts.is_empty() && failback.bake_ms <= FIGURES_SETTLE_MS {
            let problem = format!(
                "a stage ends before the figures of its requests are there, {} s after it began",
                FIGURES_SETTLE_MS / SECOND
            );
            let why = "so stages follow each other by probes and time alone";
            let path = format!("{path}.bake_s");
            let hint = "a `bake_s` of 300 or more lets each stage be compared";
            self.advise_with(&path, AdviceCode::W158, problem, why, Some(hint));
        }
    }
}

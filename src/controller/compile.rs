//! From config and state to the routing table.

use crate::config::{Config, Origin, Service};
use crate::health::Health;
use crate::ids::{MonitorId, RegionId};
use crate::ordered::Map;
use crate::routes::{RegionRoute, Routes, RuleEntry, ServiceRoutes, VERSION};
use crate::state::State;
use crate::target::Target;
use crate::time::{Millis, Timestamp};

/// Looks at config and state at one instant.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) config: &'a Config,
    pub(super) state: &'a State,
    pub(super) now: Timestamp,
}

impl View<'_> {
    /// The routing table as of now.
    pub(super) fn routes(&self) -> Routes {
        let services = self.config.services.iter();
        let services = Map::of(services.map(|(id, service)| (id.clone(), self.service(service))));
        Routes {
            version: VERSION,
            generation: self.state.generation,
            as_of: self.now,
            config: self.config.fingerprint,
            services,
            rules: self.config.residency.iter().map(RuleEntry::from).collect(),
        }
    }

    /// What is believed of one origin under one monitor.
    pub(super) fn health(&self, monitor: &MonitorId, origin: &Origin) -> Health {
        self.state.health(self.config, &target(monitor, origin), self.now)
    }

    /// A region is as healthy as its best origin.
    pub(super) fn region_health(&self, monitor: &MonitorId, region: &RegionId) -> Health {
        let origins = self.config.regions.get(region).map_or(&[][..], |r| &r.origins);
        let health = origins.iter().map(|origin| self.health(monitor, origin));
        health.min().unwrap_or_default()
    }

    /// The smoothed latency of one origin, where there is a fresh one.
    pub(super) fn latency(&self, monitor: &MonitorId, origin: &Origin) -> Option<Millis> {
        self.state.targets.get(&target(monitor, origin))?.latency?.millis(self.now)
    }

    fn service(&self, service: &Service) -> ServiceRoutes {
        ServiceRoutes {
            hosts: service.hosts.clone(),
            try_timeout_ms: service.try_timeout_ms,
            timeout_ms: service.timeout_ms,
            regions: service.regions.iter().filter_map(|id| self.region(service, id)).collect(),
        }
    }

    fn region(&self, service: &Service, id: &RegionId) -> Option<RegionRoute> {
        let region = self.config.regions.get(id)?;
        let monitor = &service.monitor;
        let health = self.region_health(monitor, id);
        let usable: Vec<&Origin> = region
            .origins
            .iter()
            .filter(|origin| health != Health::Down && self.health(monitor, origin) == health)
            .collect();
        Some(RegionRoute {
            id: id.clone(),
            country: region.country,
            location: region.location,
            health,
            latency_ms: usable.iter().filter_map(|origin| self.latency(monitor, origin)).min(),
            origins: usable.iter().map(|origin| origin.url.base().to_owned()).collect(),
        })
    }
}

fn target(monitor: &MonitorId, origin: &Origin) -> Target {
    Target { origin: origin.id.clone(), monitor: monitor.clone() }
}

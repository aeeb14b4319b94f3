//! Config and state at one instant: what everything that is derived from them asks.

use crate::config::{Config, Origin, Region, Service};
use crate::health::Health;
use crate::ids::{MonitorId, RegionId};
use crate::residency::{Allow, strict_rules_over};
use crate::state::State;
use crate::target::Target;
use crate::time::{Millis, Timestamp};

/// What the operator wrote and what is believed, as of `now`.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What the operator wrote.
    pub config: &'a Config,
    /// What is believed.
    pub state: &'a State,
    /// When.
    pub now: Timestamp,
}

/// What one origin is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its health, with what an operator has set.
    pub health: Health,
    /// Whether it takes no new clients.
    pub draining: bool,
}

impl Standing {
    /// What a plane that knows no draining should take it for.
    #[must_use]
    pub fn for_new_clients(self) -> Health {
        if self.draining { Health::Down } else { self.health }
    }
}

impl<'a> View<'a> {
    /// What an origin is good for under a monitor.
    #[must_use]
    pub fn standing(&self, monitor: &MonitorId, origin: &Origin) -> Standing {
        let target = target(monitor, origin);
        let (health, draining) = self.state.effective_health(self.config, &target, self.now);
        Standing { health, draining }
    }

    /// What was observed of an origin under a monitor, whatever an operator has set.
    #[must_use]
    pub fn observed(&self, monitor: &MonitorId, origin: &Origin) -> Health {
        self.state.health(self.config, &target(monitor, origin), self.now)
    }

    /// A region is as healthy as its best origin.
    #[must_use]
    pub fn region_health(&self, monitor: &MonitorId, region: &RegionId) -> Health {
        let health = self.origins_in(region).map(|origin| self.standing(monitor, origin).health);
        health.min().unwrap_or_default()
    }

    /// The smoothed latency of an origin, where there is a fresh one.
    #[must_use]
    pub fn latency(&self, monitor: &MonitorId, origin: &Origin) -> Option<Millis> {
        self.state.latency(self.config, &target(monitor, origin), self.now)
    }

    /// How far an origin lags, where it said so of late.
    #[must_use]
    pub fn lag_s(&self, monitor: &MonitorId, origin: &Origin) -> Option<u64> {
        self.state.lag(self.config, &target(monitor, origin), self.now).map(|lag| lag.value_s)
    }

    /// The origins of a region.
    pub fn origins_in(&self, region: &RegionId) -> impl Iterator<Item = &'a Origin> + use<'a> {
        self.config.regions.get(region).into_iter().flat_map(|region| &region.origins)
    }

    /// The origins of a service with their regions, in failover order.
    pub fn origins_of(
        &self,
        service: &'a Service,
    ) -> impl Iterator<Item = (&'a Region, &'a Origin)> + use<'a> {
        let config = self.config;
        let regions = service.regions.iter().filter_map(|id| config.regions.get(id));
        regions.flat_map(|region| region.origins.iter().map(move |origin| (region, origin)))
    }

    /// Whether a region is in one of the countries now.
    #[must_use]
    pub fn permits(&self, allow: &Allow, region: &Region) -> bool {
        allow.permits(region.country, &region.attest, self.now)
    }

    /// The regions of a service that one answer for everybody under `name` may lead to now: those
    /// that every strict rule over the name permits, and every pin where the service has tenants.
    #[must_use]
    pub fn permitted_to_everybody(&self, service: &'a Service, name: &str) -> Vec<&'a RegionId> {
        let rules = strict_rules_over(&self.config.residency, name);
        let tenancy = service.steering.tenancy.iter();
        let pins = tenancy.flat_map(|_| self.config.tenants.values());
        let allows: Vec<&Allow> = rules.iter().map(|rule| &rule.allow).chain(pins).collect();
        let permitted = |id: &&RegionId| {
            let region = self.config.regions.get(*id);
            region.is_some_and(|region| allows.iter().all(|allow| self.permits(allow, region)))
        };
        service.regions.iter().filter(permitted).collect()
    }
}

fn target(monitor: &MonitorId, origin: &Origin) -> Target {
    Target { origin: origin.id.clone(), monitor: monitor.clone() }
}

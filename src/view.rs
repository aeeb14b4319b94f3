//! Config and state at one instant: what everything that is derived from them asks.

use crate::config::{Config, Origin, Region, Service};
use crate::health::Health;
use crate::ids::{MonitorId, RegionId};
use crate::residency::{Allow, Rule, strict_rules_over};
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

    /// Whether the health of an origin changed less than `lately_ms` ago, or failures count against
    /// it now.
    #[must_use]
    pub fn is_unsettled(&self, monitor: &MonitorId, origin: &Origin, lately_ms: Millis) -> bool {
        let changed = |since: Timestamp| self.now.since(since) < lately_ms;
        self.config.leaves(monitor).iter().any(|leaf| {
            let known = self.state.targets.get(&target(leaf, origin));
            known.is_none_or(|known| {
                known.memory.is_unsettled() || known.memory.since.is_none_or(changed)
            })
        })
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
    pub fn origins_in(&self, region: &RegionId) -> std::slice::Iter<'a, Origin> {
        self.config.regions.get(region).map_or(&[][..], |region| &region.origins).iter()
    }

    /// Whether a region is in one of the countries now.
    #[must_use]
    pub fn permits(&self, allow: &Allow, region: &Region) -> bool {
        allow.permits(region.country, &region.attest, self.now)
    }

    /// Whether anything binds what answers everybody alike under `name`.
    #[must_use]
    pub fn binds_everybody(&self, service: &Service, name: &str) -> bool {
        let has_pins = service.steering.tenancy.is_some() && !self.config.tenants.is_empty();
        has_pins || !strict_rules_over(&self.config.residency, name).is_empty()
    }

    /// The regions of a service that one answer for everybody under `name` may lead to now: those
    /// that every strict rule over the name permits, and every pin where the service has tenants.
    #[must_use]
    pub fn permitted_to_everybody(&self, service: &'a Service, name: &str) -> Vec<&'a RegionId> {
        self.permitted_under(service, &strict_rules_over(&self.config.residency, name))
    }

    /// The regions of a service that all of the rules permit, and every pin where it has tenants.
    #[must_use]
    pub fn permitted_under(&self, service: &'a Service, rules: &[&Rule]) -> Vec<&'a RegionId> {
        let mut allows: Vec<&Allow> = rules.iter().map(|rule| &rule.allow).collect();
        if service.steering.tenancy.is_some() {
            allows.extend(self.config.tenants.values());
        }
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

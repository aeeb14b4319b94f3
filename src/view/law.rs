//! Where the law permits traffic at this instant. Nothing here looks at health.
//!
//! A membership in a set has a beginning and an end, so what a rule permits depends on `now`.

use super::instant::View;
use crate::config::{Region, Service};
use crate::ids::RegionId;
use crate::residency::{Allow, Rule, strict_rules_over};

/// What one answer that all clients get may name: a DNS record, or a balancer's list for everybody.
/// Whoever gives it knows no country, path or tenant, so every strict rule over the name binds it,
/// and every pin where the service has tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Everybody<'a> {
    /// The permitted regions, in failover order.
    pub permitted: Vec<&'a RegionId>,
    /// Whether any rule or pin binds the name.
    pub is_guarded: bool,
}

impl<'a> View<'a> {
    /// What an answer for everybody under `name` may name.
    #[must_use]
    pub fn everybody(&self, service: &'a Service, name: &str) -> Everybody<'a> {
        let rules = strict_rules_over(&self.config.residency, name);
        let has_pins = service.steering.tenancy.is_some() && !self.config.tenants.is_empty();
        Everybody {
            permitted: self.permitted_under(service, &rules),
            is_guarded: has_pins || !rules.is_empty(),
        }
    }

    /// The regions of a service that all of the rules permit, and every pin where it has tenants;
    /// in failover order.
    #[must_use]
    pub fn permitted_under(&self, service: &'a Service, rules: &[&Rule]) -> Vec<&'a RegionId> {
        let mut allows: Vec<&Allow> = rules.iter().map(|rule| &rule.allow).collect();
        if service.steering.tenancy.is_some() {
            allows.extend(self.config.tenants.values());
        }
        let permitted = |id: &&RegionId| {
            let region = self.config.regions.get(*id);
            region.is_some_and(|region| allows.iter().all(|allow| self.permits(allow, id, region)))
        };
        service.regions.iter().filter(permitted).collect()
    }

    /// All regions that an allowance permits, in the order of their ids.
    #[must_use]
    pub fn permitted_by(&self, allow: &Allow) -> Vec<&'a RegionId> {
        let regions = self.config.regions.iter();
        regions.filter(|(id, region)| self.permits(allow, id, region)).map(|(id, _)| id).collect()
    }

    /// Whether an allowance permits the region of this id; not where the config has none.
    #[must_use]
    pub fn permits_id(&self, allow: &Allow, id: &RegionId) -> bool {
        self.config.regions.get(id).is_some_and(|region| self.permits(allow, id, region))
    }

    /// Whether an allowance permits a region.
    #[must_use]
    pub fn permits(&self, allow: &Allow, id: &RegionId, region: &Region) -> bool {
        allow.permits(region.place(id), self.now)
    }
}

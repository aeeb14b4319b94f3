//! Which sets of origins must each keep one origin in use.

use super::Jurisdiction;
use crate::cloudflare::endpoint::Endpoint;
use crate::config::{Publish, Region, Service};
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Set;
use crate::residency::{Allow, Mode, Rule};
use crate::view::View;

/// The sets of origins of which one must stay in use: all of the service, those that each rule and
/// each pin permits, and those that all of them permit together. A service without pools has none.
pub(super) fn jurisdictions(
    view: &View<'_>,
    id: &ServiceId,
    service: &Service,
) -> Vec<Jurisdiction> {
    if !service.publish.iter().any(|publish| matches!(publish, Publish::Pool(_))) {
        return Vec::new();
    }
    let mut jurisdictions: Vec<Jurisdiction> = Vec::new();
    let mut add = |under: Option<String>, allows: &[&Allow]| {
        let origins = origins(view, service, allows);
        // Many tenants have the same pin.
        if !jurisdictions.iter().any(|known| known.origins == origins) {
            jurisdictions.push(Jurisdiction { service: id.clone(), under, origins });
        }
    };
    add(None, &[]);
    let mut together: Vec<&Allow> = Vec::new();
    for rule in rules_over(view, service) {
        add(Some(format!("rule `{}`", rule.id)), &[&rule.allow]);
        together.push(&rule.allow);
    }
    add(Some("all rules together".to_owned()), &together);
    if service.steering.tenancy.is_some() {
        for (tenant, pin) in &view.config.tenants {
            add(Some(format!("tenant `{tenant}`")), &[pin]);
            together.push(pin);
            add(Some(format!("tenant `{tenant}` and all rules together")), &together);
            together.pop();
        }
    }
    jurisdictions
}

/// The keys of the service's origins in the regions that all of these permit.
fn origins(view: &View<'_>, service: &Service, allows: &[&Allow]) -> Set<String> {
    let permitted = |(id, region): &(&RegionId, &Region)| {
        allows.iter().all(|allow| view.permits(allow, id, region))
    };
    let regions = service.regions.iter().filter_map(|id| Some((id, view.config.regions.get(id)?)));
    let origins = regions.filter(permitted).flat_map(|(_, region)| &region.origins);
    origins.map(|origin| Endpoint::of(origin).key()).collect()
}

/// The strict rules that can guard a request to the service under any of its names.
fn rules_over<'a>(view: &View<'a>, service: &Service) -> Vec<&'a Rule> {
    let mut names: Vec<&str> = service.hosts.iter().map(String::as_str).collect();
    for publish in &service.publish {
        match publish {
            Publish::Dns(dns) => names.push(&dns.name),
            Publish::LoadBalancer(balancer) => names.push(&balancer.name),
            Publish::Pool(_) => {}
        }
    }
    let guards = |rule: &&Rule| {
        rule.mode == Mode::Strict && (names.is_empty() || rule.when.may_guard(&names))
    };
    view.config.residency.iter().filter(guards).collect()
}

//! Where the last usable origin must stay enabled.

use super::Jurisdiction;
use crate::config::{Publish, Region, Service};
use crate::ordered::Set;
use crate::residency::{Allow, Mode, Rule};
use crate::view::View;

/// The parts of each service with pools of which one origin must stay in use: all of it, what each
/// rule and each pin permits of it, and what all of them permit together.
pub(super) fn jurisdictions(view: &View<'_>) -> Vec<Jurisdiction> {
    let mut jurisdictions: Vec<Jurisdiction> = Vec::new();
    let pooled = |service: &Service| service.publish.iter().any(|p| matches!(p, Publish::Pool(_)));
    for (id, service) in view.config.services.iter().filter(|(_, service)| pooled(service)) {
        let mut add = |under: Option<String>, allows: &[&Allow]| {
            let permitted = |region: &&Region| allows.iter().all(|a| view.permits(a, region));
            let regions = service.regions.iter().filter_map(|id| view.config.regions.get(id));
            let mut addresses = Set::new();
            for region in regions.filter(permitted) {
                addresses.extend(region.origins.iter().map(|origin| origin.url.host().to_owned()));
            }
            let same = |j: &Jurisdiction| j.service == *id && j.addresses == addresses;
            // Many tenants are pinned alike.
            if !jurisdictions.iter().any(same) {
                jurisdictions.push(Jurisdiction { service: id.clone(), under, addresses });
            }
        };
        add(None, &[]);
        let rules = rules_over(view, service);
        let mut together: Vec<&Allow> = Vec::new();
        for rule in rules {
            add(Some(format!("rule `{}`", rule.id)), &[&rule.allow]);
            together.push(&rule.allow);
        }
        add(Some("all rules together".to_owned()), &together);
        if service.steering.tenancy.is_none() {
            continue;
        }
        for (tenant, pin) in &view.config.tenants {
            add(Some(format!("tenant `{tenant}`")), &[pin]);
            together.push(pin);
            add(Some(format!("tenant `{tenant}` and all rules together")), &together);
            together.pop();
        }
    }
    jurisdictions
}

/// The strict rules that can guard a request to the service, by any name that leads to it.
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

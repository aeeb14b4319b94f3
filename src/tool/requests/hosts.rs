//! The hosts of a service, with labels in place of a `*`.

use super::{is_in_first_label, is_taken};
use crate::config::{Config, Service};

/// Every host of a service that a rule, a tenant or `more` may treat differently.
pub(super) fn hosts<'h>(
    config: &'h Config,
    service: &Service,
    tenants: &[Option<String>],
    more: impl Iterator<Item = &'h String>,
) -> Vec<String> {
    let named = config.residency.iter().flat_map(|rule| rule.when.hosts.iter().flatten());
    let named: Vec<&String> = named.chain(more).collect();
    let mut hosts: Vec<String> = Vec::new();
    for host in &service.hosts {
        let Some(parent) = host.strip_prefix('*') else {
            hosts.push(host.clone());
            continue;
        };
        let below =
            |host: &str| host.strip_suffix(parent).is_some_and(|label| !label.contains(['.', '*']));
        let labels = tenants.iter().flatten().filter(|_| is_in_first_label(service));
        hosts.push(["x", parent].concat());
        hosts.extend(labels.map(|label| [label, parent].concat()));
        hosts.extend(named.iter().filter(|host| below(host)).map(|host| (*host).clone()));
    }
    hosts.sort();
    hosts.dedup();
    // An exact host of another service belongs to that service.
    hosts.retain(|host| !is_taken(config, service, host));
    hosts
}

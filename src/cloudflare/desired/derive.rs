//! One pass over everything that the config publishes.
//!
//! How a service stands is asked once and handed on, so that its records, pools and balancers are
//! made from the same answer.

use super::{
    Desired, DesiredBalancer, ServiceLoad, balancers, jurisdictions, monitors, pools, records,
};
use crate::cloudflare::name::normal;
use crate::config::{Config, Publish, Service};
use crate::ids::RegionId;
use crate::ordered::Map;
use crate::view::{ServiceStanding, View};

/// What we want at Cloudflare, by how everything stands.
#[must_use]
pub fn desired(view: &View<'_>) -> Desired {
    let mut desired = Desired::default();
    for (id, service) in &view.config.services {
        let published = (!service.publish.is_empty()).then(|| view.service(id, service));
        if let Some(standing) = published {
            publish(view, &standing, &mut desired);
        }
        desired.jurisdictions.extend(jurisdictions::jurisdictions(view, id, service));
        desired.loads.extend(load(view.config, service).map(|load| (id.clone(), load)));
    }
    if !desired.records.is_empty() {
        desired.places = places(view.config);
    }
    desired.records.sort_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
    desired.pools.sort_by(|a, b| (&a.account, &a.name).cmp(&(&b.account, &b.name)));
    desired.monitors.sort_by(|a, b| (&a.account, &a.name).cmp(&(&b.account, &b.name)));
    desired.monitors.dedup();
    desired.balancers.sort_by(|a, b| a.name.cmp(&b.name));
    desired
}

/// What a service publishes.
fn publish(view: &View<'_>, standing: &ServiceStanding<'_>, desired: &mut Desired) {
    let service = standing.service;
    let balancers = service.publish.iter().filter_map(|publish| match publish {
        Publish::LoadBalancer(target) => balancers::balancer(view, standing, target),
        Publish::Dns(_) | Publish::Pool(_) => None,
    });
    let balancers: Vec<DesiredBalancer> = balancers.collect();
    let divides = balancers.iter().any(balancers::divides);
    desired.balancers.extend(balancers);
    for publish in &service.publish {
        match publish {
            Publish::Dns(target) => {
                let everybody = view.everybody(service, &target.name);
                desired.records.push(records::records(standing, &everybody, target));
            }
            Publish::Pool(target) => {
                let monitor = monitors::monitor(view.config, standing, target);
                desired.pools.push(pools::pool(standing, target, &monitor, divides));
                desired.monitors.extend(monitor.wanted);
            }
            Publish::LoadBalancer(_) => {}
        }
    }
}

/// No two regions share a host or an address: the config's check sees to that.
fn places(config: &Config) -> Map<String, RegionId> {
    let mut places = Map::new();
    for (id, region) in &config.regions {
        for origin in &region.origins {
            let addresses =
                [origin.ipv4.map(|ip| ip.to_string()), origin.ipv6.map(|ip| ip.to_string())];
            for place in addresses.into_iter().flatten().chain([normal(origin.url.host())]) {
                places.insert(place, id.clone());
            }
        }
    }
    places
}

fn load(config: &Config, service: &Service) -> Option<ServiceLoad> {
    let capacity = |id: &RegionId| {
        let capacity_rps = config.regions.get(id)?.capacity_rps?;
        Some((id.clone(), capacity_rps))
    };
    Some(ServiceLoad {
        peak_rps: service.peak_rps?,
        capacity_rps: Map::of(service.regions.iter().filter_map(capacity)),
    })
}

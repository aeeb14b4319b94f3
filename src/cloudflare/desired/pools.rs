//! Pools: which origins take traffic, and how much.

use super::monitors::PoolMonitor;
use super::weights::weights;
use super::{DesiredPool, PoolMember, Switch};
use crate::cloudflare::endpoint::Endpoint;
use crate::config::PoolTarget;
use crate::ordered::Map;
use crate::view::ServiceStanding;

/// A pool of a service, with its monitor. It identifies origins by host and port. If several share
/// both, the one that is up counts.
pub(super) fn pool(
    standing: &ServiceStanding<'_>,
    target: &PoolTarget,
    monitor: &PoolMonitor,
) -> DesiredPool {
    let weights = target.weights.then(|| weights(standing, &target.regions));
    let mut origins = Map::new();
    for region in standing.regions_of(&target.regions) {
        for origin in &region.origins {
            let switch =
                if standing.is_manual() { Switch::Leave } else { origin.for_new_clients().into() };
            let endpoint = Endpoint::of(origin.origin);
            let key = endpoint.key();
            let member = PoolMember {
                switch,
                region: region.id.clone(),
                endpoint,
                id: origin.origin.id.clone(),
                host_header: origin.origin.told_by(standing.service).map(str::to_owned),
                weight: weights.as_ref().and_then(|weights| weights.get(region.id).copied()),
            };
            origins.insert_min(key, member);
        }
    }
    DesiredPool {
        account: target.account.clone(),
        name: target.name.clone(),
        service: standing.id.clone(),
        origins,
        is_whole: target.manage || target.regions.len() < standing.service.regions.len(),
        switched: target.switch,
        monitor: monitor.wanted.as_ref().map(|monitor| monitor.name.clone()),
        unmonitored: monitor.refused.clone(),
        manage: target.manage,
    }
}

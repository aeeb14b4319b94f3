//! Pools: which origins take traffic, and how much.

use super::monitors::PoolMonitor;
use super::weights::weights;
use super::{DesiredPool, PoolMember, Switch};
use crate::cloudflare::endpoint::Endpoint;
use crate::config::PoolTarget;
use crate::ordered::Map;
use crate::view::{RegionStanding, ServiceStanding};

/// A pool of a service, with its monitor. It identifies origins by host and port. If several share
/// both, the one that is up counts. `divides` says whether a load balancer gives its pools their
/// part of the clients; otherwise a region to which they return by stages waits for the last.
pub(super) fn pool(
    standing: &ServiceStanding<'_>,
    target: &PoolTarget,
    monitor: &PoolMonitor,
    divides: bool,
) -> DesiredPool {
    let weights = target.weights.then(|| weights(standing, &target.regions));
    let mut origins = Map::new();
    for region in standing.regions_of(&target.regions) {
        let stays = standing.is_manual() || waits(standing, target, region, divides);
        for origin in &region.origins {
            let switch = if stays { Switch::Leave } else { origin.for_new_clients().into() };
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

/// Whether a region is left as it is in a pool, because its clients have not returned: the pool
/// would send it more than have, and others serve them.
fn waits(
    standing: &ServiceStanding<'_>,
    target: &PoolTarget,
    region: &RegionStanding<'_>,
    divides: bool,
) -> bool {
    let Some(percent) = region.share.returned_percent else { return false };
    let by_origin = target.weights && standing.regions_of(&target.regions).any(is_settled);
    let by_pool = divides && target.regions == [region.id.clone()];
    let has_part = percent > 0 && (by_origin || by_pool);
    !has_part && standing.regions.iter().any(is_settled)
}

fn is_settled(region: &RegionStanding<'_>) -> bool {
    region.is_settled()
}

//! Pools: which origins take traffic, and how much.

use super::weights::weights;
use super::{DesiredPool, PoolMember, Switch};
use crate::config::PoolTarget;
use crate::ordered::Map;
use crate::view::ServiceStanding;

/// A pool of a service, with the monitor of this name. It identifies origins by address alone. If
/// several share one, the one that is up counts.
pub(super) fn pool(
    standing: &ServiceStanding<'_>,
    target: &PoolTarget,
    monitor: Option<String>,
) -> DesiredPool {
    let weights = target.weights.then(|| weights(standing, &target.regions));
    let mut origins = Map::new();
    for region in standing.regions_of(&target.regions) {
        for origin in &region.origins {
            let switch =
                if standing.is_manual() { Switch::Leave } else { origin.for_new_clients().into() };
            let member = PoolMember {
                switch,
                region: region.id.clone(),
                id: origin.origin.id.clone(),
                host_header: origin.origin.told_by(standing.service).map(str::to_owned),
                weight: weights.as_ref().and_then(|weights| weights.get(region.id).copied()),
            };
            origins.insert_min(origin.origin.url.host().to_owned(), member);
        }
    }
    DesiredPool {
        account: target.account.clone(),
        name: target.name.clone(),
        service: standing.id.clone(),
        origins,
        switched: target.switch,
        monitor,
        manage: target.manage,
    }
}

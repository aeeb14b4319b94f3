//! Pools: which origins take traffic, and how much of it.

use super::{DesiredPool, PoolMember, Switch, health, is_manual, monitors, shares, switch};
use crate::config::{PoolTarget, Service};
use crate::ids::ServiceId;
use crate::ordered::Map;
use crate::view::View;

/// A pool knows origins by address alone: of several at one address, one that is up keeps it.
pub(super) fn pool(
    view: &View<'_>,
    id: &ServiceId,
    service: &Service,
    target: &PoolTarget,
) -> DesiredPool {
    let weights = target.weights.then(|| shares::weights(view, service, &target.regions));
    let mut origins = Map::new();
    for region in &target.regions {
        for origin in view.origins_in(region) {
            let switch = if is_manual(service) {
                Switch::Leave
            } else {
                switch(health(view, service, origin))
            };
            let member = PoolMember {
                switch,
                region: region.clone(),
                id: origin.id.clone(),
                weight: weights.as_ref().and_then(|weights| weights.get(region).copied()),
            };
            origins.insert_min(origin.url.host().to_owned(), member);
        }
    }
    DesiredPool {
        account: target.account.clone(),
        name: target.name.clone(),
        service: id.clone(),
        origins,
        switched: target.switch,
        monitor: monitors::monitor(view, service, target).map(|monitor| monitor.name),
        manage: target.manage,
    }
}

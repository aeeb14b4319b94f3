//! How much of the new clients each region should get, as weights that Cloudflare takes.

use crate::cloudflare::observed::Weight;
use crate::config::Service;
use crate::ids::RegionId;
use crate::ordered::Map;
use crate::view::View;

/// All clients.
const ALL: u64 = 100;

/// The weights of regions that compete for the same clients, the largest being 1. A region on trial
/// gets its percentage and the others share the rest by their weights; one that drains gets nobody
/// new. Where that would leave nothing for anybody, all count alike.
pub(super) fn weights(
    view: &View<'_>,
    service: &Service,
    regions: &[RegionId],
) -> Map<RegionId, Weight> {
    let steering = &service.steering;
    let canary = |region: &RegionId| steering.canary.get(region).copied().map(u64::from);
    let plain = |region: &RegionId| match canary(region) {
        Some(_) => 0,
        None => u64::from(steering.weights.get(region).copied().unwrap_or(1)),
    };
    let taking: Vec<&RegionId> =
        regions.iter().filter(|region| !drains(view, service, region)).collect();
    let on_trial: u64 = taking.iter().filter_map(|region| canary(region)).sum();
    let rest: u64 = taking.iter().map(|region| plain(region)).sum();
    // With nobody else to take the rest, a trial takes all, as in the proxy.
    let share = |region: &RegionId| match canary(region) {
        Some(percent) => percent * rest.max(1),
        None => ALL.saturating_sub(on_trial) * plain(region),
    };
    let share = |region: &&RegionId| if taking.contains(region) { share(region) } else { 0 };
    let largest = regions.iter().map(|region| share(&region)).max().unwrap_or(0);
    let weight = |region: &RegionId| match largest {
        0 => Weight::ONE,
        // Rounded, but never to nothing: a region that should get a few would get none.
        _ => match share(&region) {
            0 => Weight::NONE,
            share => Weight::of_hundredths(((share * ALL + largest / 2) / largest).max(1)),
        },
    };
    Map::of(regions.iter().map(|region| (region.clone(), weight(region))))
}

/// Whether shares matter at all: somebody weighs, tries out or drains a region.
pub(super) fn are_unequal(view: &View<'_>, service: &Service) -> bool {
    !service.steering.canary.is_empty()
        || service.regions.iter().any(|region| drains(view, service, region))
}

fn drains(view: &View<'_>, service: &Service, region: &RegionId) -> bool {
    let mut origins = view.origins_in(region);
    let draining = |origin| view.standing(&service.monitor, origin).draining;
    origins.len() > 0 && origins.all(draining)
}

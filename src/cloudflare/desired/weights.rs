//! Parts of the new clients, as weights that Cloudflare takes.

use crate::cloudflare::observed::Weight;
use crate::ids::RegionId;
use crate::ordered::Map;
use crate::view::ServiceStanding;

/// The weights of regions that compete for the same clients: the largest part weighs 1, and the
/// others what they are of it. Where no region would get anybody, all weigh 1.
pub(super) fn weights(
    standing: &ServiceStanding<'_>,
    regions: &[RegionId],
) -> Map<RegionId, Weight> {
    weights_of(&standing.parts(regions))
}

/// The weights of these parts.
pub(super) fn weights_of(parts: &[(&RegionId, u64)]) -> Map<RegionId, Weight> {
    let largest = parts.iter().map(|(_, part)| *part).max().unwrap_or(0);
    let weight = |part: u64| match (largest, part) {
        (0, _) => Weight::ONE,
        (_, 0) => Weight::NONE,
        // Rounded, but never to nothing: a region that should get a few would get none.
        _ => Weight::of_hundredths(((part * 100 + largest / 2) / largest).max(1)),
    };
    Map::of(parts.iter().map(|(region, part)| ((*region).clone(), weight(*part))))
}

//! The order in which origins are tried: the first of each region, then the second of each. An
//! unreachable region usually takes all its origins with it, so the next try goes to another one.

use crate::passive::Seen;
use crate::routes::Candidate;

/// One origin that a request may be sent to.
#[derive(Debug, Clone, Copy)]
pub struct Upstream<'t> {
    /// Its region.
    pub region: &'t Candidate,
    /// Its index among the origins of the region.
    pub index: usize,
    /// Scheme, host and port.
    pub origin: &'t str,
}

/// The origins that were not tried yet, in order; at most `most`.
pub(super) fn upstreams<'t>(
    regions: &[&'t Candidate],
    seen: &[Seen],
    trail: &str,
    most: usize,
) -> Vec<Upstream<'t>> {
    let deepest = regions.iter().map(|region| region.entry.origins.len()).max().unwrap_or(0);
    let mut left = Vec::new();
    for depth in 0..deepest {
        for region in regions {
            if left.len() == most {
                return left;
            }
            let next = upstream(region, seen.get(region.failover_index), depth);
            left.extend(next.filter(|next| !trail.split(' ').any(|tried| tried == next.origin)));
        }
    }
    left
}

/// The origin of a region at this depth. The one that was last found silent comes last.
pub(super) fn upstream<'t>(
    region: &'t Candidate,
    seen: Option<&Seen>,
    depth: usize,
) -> Option<Upstream<'t>> {
    let origins = &region.entry.origins;
    let first = seen.and_then(|seen| seen.silent_origin).map_or(0, |index| index.saturating_add(1));
    let index = first.saturating_add(depth).checked_rem(origins.len())?;
    let origin = origins.get(index).filter(|_| depth < origins.len())?;
    Some(Upstream { region, index, origin })
}

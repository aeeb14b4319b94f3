//! The order in which origins are tried: the first of each region, then the second of each. An
//! unreachable region usually takes all its origins with it, so the next try goes to another one.

use crate::config::Asked;
use crate::http::parse_target;
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
    /// The host that it is told, if that is not its own.
    pub told: Option<&'t str>,
}

impl Upstream<'_> {
    /// What to fetch for a path and query.
    pub(super) fn asked(&self, path_and_query: &str) -> Asked {
        let told = self.told.and_then(|told| Some((told, parse_target(self.origin)?)));
        let Some((told, own)) = told else {
            return Asked { url: [self.origin, path_and_query].concat(), resolve: None };
        };
        let (colon, port) = own.port.map_or(("", ""), |port| (":", port));
        Asked {
            url: [own.scheme, "://", told, colon, port, path_and_query].concat(),
            resolve: Some(own.host),
        }
    }
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
    let told = region.entry.host_headers.get(index).map(String::as_str);
    Some(Upstream { region, index, origin, told: told.filter(|told| !told.is_empty()) })
}

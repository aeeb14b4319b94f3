//! The order in which origins are tried: the first of each region, then the second of each. An
//! unreachable region usually takes all its origins with it, so the next try goes to another one.

use crate::passive::Seen;
use crate::routes::{Candidate, Serving};

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

/// Which origin a try goes to, as one number that is exact as a float. It counts for the table of
/// its time only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub(super) table: u32,
    pub(super) service: usize,
    pub(super) region: usize,
    pub(super) origin: usize,
}

/// More than a table has services, a service has regions, and a region has origins.
const INDEXES: u64 = 256;

impl Token {
    pub(super) fn of(table: u32, service: &Serving, upstream: &Upstream<'_>) -> Self {
        Self {
            table,
            service: service.index,
            region: upstream.region.failover_index,
            origin: upstream.index,
        }
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        let index = |index: usize| u64::try_from(index).unwrap_or(0) % INDEXES;
        let service = u64::from(self.table) * INDEXES + index(self.service);
        (service * INDEXES + index(self.region)) * INDEXES + index(self.origin)
    }

    /// Back from the number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        let index = |number: u64| usize::try_from(number % INDEXES).unwrap_or(0);
        let table = u32::try_from(number / (INDEXES * INDEXES * INDEXES)).unwrap_or(0);
        Self {
            table,
            service: index(number / (INDEXES * INDEXES)),
            region: index(number / INDEXES),
            origin: index(number),
        }
    }
}

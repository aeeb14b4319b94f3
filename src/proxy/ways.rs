//! The origins in the order in which they are tried: the best of each region, then the second of
//! each. A region that is cut off takes all its origins with it.

use crate::passive::Seen;
use crate::routes::{Candidate, Serving};

/// One origin that a request may be sent to.
#[derive(Debug, Clone, Copy)]
pub struct Way<'t> {
    /// Its region.
    pub region: &'t Candidate,
    /// Its place among the origins of the region.
    pub place: usize,
    /// Scheme, host and port.
    pub origin: &'t str,
}

/// The ways that were not gone yet, in order.
pub(super) fn ways<'t>(
    regions: &[&'t Candidate],
    seen: &[Seen],
    trail: &str,
    most: usize,
) -> Vec<Way<'t>> {
    let deepest = regions.iter().map(|region| region.entry.origins.len()).max().unwrap_or(0);
    let mut ways = Vec::new();
    for depth in 0..deepest {
        for region in regions {
            if ways.len() == most {
                return ways;
            }
            let way = way(region, seen.get(region.failover_index), depth);
            ways.extend(way.filter(|way| !trail.split(' ').any(|tried| tried == way.origin)));
        }
    }
    ways
}

/// The origin of a region at this depth; the one that was silent last comes last.
pub(super) fn way<'t>(region: &'t Candidate, seen: Option<&Seen>, depth: usize) -> Option<Way<'t>> {
    let origins = &region.entry.origins;
    let first = seen.and_then(|seen| seen.silent_origin).map_or(0, |place| place.saturating_add(1));
    let place = first.saturating_add(depth).checked_rem(origins.len())?;
    let origin = origins.get(place).filter(|_| depth < origins.len())?;
    Some(Way { region, place, origin })
}

/// Which way a try went, as the shell carries it: one number, which is exact as a float. After the
/// table has changed it means nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub(super) table: u32,
    pub(super) service: usize,
    pub(super) region: usize,
    pub(super) origin: usize,
}

/// More services than a table has, more regions, more origins of one region.
const PLACES: u64 = 256;

impl Token {
    pub(super) fn of(table: u32, service: &Serving, way: &Way<'_>) -> Self {
        let origin = way.place;
        Self { table, service: service.index, region: way.region.failover_index, origin }
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        let place = |place: usize| u64::try_from(place).unwrap_or(0) % PLACES;
        let service = u64::from(self.table) * PLACES + place(self.service);
        (service * PLACES + place(self.region)) * PLACES + place(self.origin)
    }

    /// Back from the number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        let place = |number: u64| usize::try_from(number % PLACES).unwrap_or(0);
        let table = u32::try_from(number / (PLACES * PLACES * PLACES)).unwrap_or(0);
        Self {
            table,
            service: place(number / (PLACES * PLACES)),
            region: place(number / PLACES),
            origin: place(number),
        }
    }
}

//! The sets of regions that a decision asks for, made when a table is read.

use super::document::CandidateEntry;
use crate::health::Health;
use crate::residency::RegionSet;

/// Regions that differ from one which is simply up. Most services have none, so that most decisions
/// need not look at each region for it.
#[derive(Debug, Default)]
pub struct OddRegions {
    /// Those that are not known to be up.
    pub unproven: RegionSet,
    /// Those that turn a share of the clients away.
    pub shedding: RegionSet,
    /// Those that are tried out on a share of the clients.
    pub canaries: RegionSet,
    /// Those to which the clients have not all returned.
    pub returning: RegionSet,
    /// Those that some area does not reach.
    pub away: RegionSet,
}

impl OddRegions {
    /// Whether any of them takes a share of the clients only.
    pub(super) fn have_shares(&self) -> bool {
        ![&self.shedding, &self.canaries, &self.returning].into_iter().all(RegionSet::is_empty)
    }
}

/// Regions of a service that are down, those that drain, and the odd ones.
pub(super) type Sets<'s> = (&'s mut RegionSet, &'s mut RegionSet, &'s mut OddRegions);

/// Puts a region into the sets that its entry belongs to.
pub(super) fn note(sets: Sets<'_>, region: usize, entry: &CandidateEntry) {
    for (set, is_in) in belongs(sets, entry) {
        if is_in {
            set.insert(region);
        }
    }
}

/// The same, and takes it out of the others, where an older entry may have put it.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn note_anew((down, draining, odd): Sets<'_>, region: usize, entry: &CandidateEntry) {
    let this = [region].into_iter().collect();
    for (set, _) in belongs((&mut *down, &mut *draining, &mut *odd), entry) {
        set.remove_all(&this);
    }
    note((down, draining, odd), region, entry);
}

/// Each set, and whether the region of an entry belongs to it.
fn belongs<'s>(
    (down, draining, odd): Sets<'s>,
    entry: &CandidateEntry,
) -> [(&'s mut RegionSet, bool); 7] {
    let is_down = !entry.lost && (entry.health == Health::Down || entry.origins.is_empty());
    [
        (down, is_down),
        (draining, entry.draining),
        (&mut odd.unproven, entry.health != Health::Up),
        (&mut odd.shedding, entry.shed > 0),
        (&mut odd.canaries, entry.canary.is_some()),
        (&mut odd.returning, entry.returned.is_some()),
        (&mut odd.away, !entry.away.is_empty()),
    ]
}

//! How the new clients of a service are divided among its regions.

use super::region::RegionStanding;
use super::service::ServiceStanding;
use super::share::Share;
use crate::ids::RegionId;

/// All clients, in percent.
const ALL_PERCENT: u64 = 100;

impl ServiceStanding<'_> {
    /// How new clients are divided among regions of the service that compete for them: the part of
    /// each, in the order given, where the whole is their sum. A region on trial gets its
    /// percentage, and the others share the rest by weight; with no others a trial takes all. A
    /// drained region gets nothing. All parts are 0 where that leaves nobody.
    #[must_use]
    pub fn parts<'r>(&self, regions: &'r [RegionId]) -> Vec<(&'r RegionId, u64)> {
        let known = regions.iter().filter_map(|id| self.region(id));
        let taking: Vec<&RegionStanding<'_>> =
            known.filter(|region| !region.is_drained()).collect();
        let percents = taking.iter().filter_map(|region| region.share.canary_percent);
        let on_trial: u64 = percents.map(u64::from).sum();
        let rest: u64 = taking.iter().map(|region| region.share.settled_weight()).sum();
        let part = |share: Share| match share.canary_percent {
            Some(percent) => u64::from(percent) * rest.max(1),
            None => ALL_PERCENT.saturating_sub(on_trial) * share.settled_weight(),
        };
        let part_of = |id: &RegionId| {
            let region = taking.iter().find(|region| region.id == id);
            region.map_or(0, |region| part(region.share))
        };
        regions.iter().map(|id| (id, part_of(id))).collect()
    }

    /// Whether failover order alone would give regions the wrong part: one is on trial, or drained.
    #[must_use]
    pub fn has_trial_or_drain(&self) -> bool {
        let differs = |region: &RegionStanding<'_>| {
            region.share.canary_percent.is_some() || region.is_drained()
        };
        self.regions.iter().any(differs)
    }
}

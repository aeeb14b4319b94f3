//! How the new clients of a service are divided among its regions.

use super::region::RegionStanding;
use super::service::ServiceStanding;
use super::share::Share;
use crate::health::Health;
use crate::ids::RegionId;
use std::cmp::Ordering;

/// All clients, in percent.
const ALL_PERCENT: u64 = 100;
/// All clients, in parts that several stages after each other leave whole.
const WHOLE: u64 = 1_000_000;

impl ServiceStanding<'_> {
    /// How new clients are divided among regions of the service that compete for them: the part of
    /// each, in the order given, where the whole is their sum. A region on trial gets its
    /// percentage, and the others share the rest by weight; with no others a trial takes all. A
    /// drained region gets nothing. Of what a region should get to which clients return, it gets
    /// the percentage that has; the others share what is left of it in proportion. All parts are 0
    /// where that leaves nobody.
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
        let all = || taking.iter().map(|region| (part(region.share), region.share));
        let settled = all().filter(|(_, share)| share.returned_percent.is_none());
        let settled: u64 = settled.map(|(part, _)| part).sum();
        // What those do not get yet to which clients return, in hundredths.
        let kept: u64 = all().map(|(part, share)| part * (ALL_PERCENT - share.returned())).sum();
        let part_of = |id: &RegionId| {
            let region = taking.iter().find(|region| region.id == id);
            region.map_or(0, |region| match (part(region.share), region.share.returned_percent) {
                (part, _) if settled == 0 || kept == 0 => part,
                (part, None) => part * (ALL_PERCENT * settled + kept),
                (part, Some(percent)) => part * u64::from(percent) * settled,
            })
        };
        regions.iter().map(|id| (id, part_of(id))).collect()
    }

    /// The same in failover order, while clients return: the first region that serves all of its
    /// clients gets everybody but those who have returned to regions before it. The other regions
    /// get nothing. `None` where nobody returns, or no region serves all of its clients.
    #[must_use]
    pub fn parts_in_order(&self) -> Option<Vec<(&RegionId, u64)>> {
        let lead = self.regions.iter().position(RegionStanding::is_settled)?;
        let mut left = WHOLE;
        let mut is_any = false;
        let parts = self.regions.iter().enumerate().map(|(index, region)| {
            let returned = region.share.returned_percent.map_or(0, u64::from);
            let takes = region.health == Health::Up && !region.is_draining;
            let part = match index.cmp(&lead) {
                Ordering::Less if takes => left * returned / ALL_PERCENT,
                Ordering::Equal => left,
                _ => 0,
            };
            is_any |= index < lead && part > 0;
            left -= part;
            (region.id, part)
        });
        let parts = parts.collect();
        is_any.then_some(parts)
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

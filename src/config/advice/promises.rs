//! What a service promises or expects, against what its regions can give.

use super::{AdviceCode, Adviser};
use crate::config::{OverrideTo, Region, Service};
use crate::ids::{RegionId, ServiceId};

impl Adviser<'_> {
    pub(super) fn promises(&mut self) {
        for (id, service) in &self.config.services {
            let regions: Vec<_> = self.regions(service).collect();
            self.peak(id, service, &regions);
            self.contract(id, service);
            self.overridden(id, &regions);
        }
    }

    /// Says nothing if a capacity is unknown.
    fn peak(&mut self, id: &ServiceId, service: &Service, regions: &[(&RegionId, &Region)]) {
        let capacities = regions.iter().map(|(_, region)| region.capacity_rps.map(u64::from));
        let Some((peak, all)) = service.peak_rps.zip(capacities.sum::<Option<u64>>()) else {
            return;
        };
        if u64::from(peak) > all {
            let path = format!("services.{id}.peak_rps");
            let problem = format!("a peak of {peak} rps is above the {all} rps of all regions");
            let why = "the regions of this service are overloaded even if all are healthy";
            let hint = "correct `peak_rps` or the `capacity_rps` of its regions, or add a region";
            self.advise_with(&path, AdviceCode::W132, problem, why, Some(hint));
        }
    }

    /// A contract is kept by another region. Where a rule leaves one alone, there is none. (A
    /// service with one region and a contract is refused.)
    fn contract(&mut self, id: &ServiceId, service: &Service) {
        let Some(rto_ms) = service.contract.as_ref().and_then(|contract| contract.rto_ms) else {
            return;
        };
        let path = format!("services.{id}.contract.rto_s");
        let seconds = rto_ms / crate::time::SECOND;
        let why = "while it is down nobody else may serve them, so they wait for its repair";
        let hint = "add a region in a permitted country, or promise this to other clients only";
        for bond in self.bonds(service) {
            let permitted = self.regions(service).filter(|(id, r)| self.permits(bond.allow, id, r));
            if permitted.count() == 1 {
                let name = &bond.name;
                let problem =
                    format!("{seconds} s are promised, and {name} leaves only one region");
                self.advise_with(&path, AdviceCode::W132, problem, why, Some(hint));
            }
        }
    }

    /// Only `down` counts: if every region is drained, none is put behind another.
    fn overridden(&mut self, id: &ServiceId, regions: &[(&RegionId, &Region)]) {
        let takes_out = |region: &Region| {
            region.origins.iter().all(|origin| {
                let set = self.config.overrides.get(&origin.id);
                set.is_some_and(|set| self.now < set.until && set.set == OverrideTo::Down)
            })
        };
        if regions.is_empty() || !regions.iter().all(|(_, region)| takes_out(region)) {
            return;
        }
        let problem = format!("overrides set every region of `{id}` down");
        let why = "every client is refused, whatever the probes say";
        let hint = "leave one region to the probes, unless this is meant";
        self.advise_with("overrides", AdviceCode::W133, problem, why, Some(hint));
    }
}

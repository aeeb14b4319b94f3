//! What the rules permit now, and for how long.

use super::{AdviceCode, Adviser, Bond};
use crate::config::check::how_to_attest;
use crate::config::{Region, Service};
use crate::ids::{RegionId, ServiceId};
use crate::residency::{Allow, AllowedCountry};
use crate::time::{MINUTE, Millis, Timestamp};

/// How long before an end it is reported: about as long as a contract with another site takes.
pub(super) const ENDS_SOON: Millis = 180 * 24 * 60 * MINUTE;

impl<'c> Adviser<'c> {
    pub(super) fn residency(&mut self) {
        for (id, service) in &self.config.services {
            let regions: Vec<_> = self.regions(service).collect();
            for bond in self.bonds(service) {
                self.failover_inside(id, &regions, &bond);
                self.writes(id, service, &bond);
                for (region_id, region) in regions.iter().copied() {
                    self.end(&bond, region_id, region);
                    self.attestation(&bond, region_id, region);
                }
            }
        }
    }

    fn failover_inside(
        &mut self,
        id: &ServiceId,
        regions: &[(&RegionId, &Region)],
        bond: &Bond<'c>,
    ) {
        let permitted = regions.iter().filter(|(id, region)| self.permits(bond.allow, id, region));
        let permitted: Vec<_> = permitted.collect();
        let name = &bond.name;
        match permitted.as_slice() {
            [] => {
                let problem = format!("{name} currently permits no region of `{id}`");
                let why =
                    "its clients are refused until a membership takes effect or a region is added";
                self.advise(&bond.path, AdviceCode::W105, problem, why);
            }
            // W113 says so of a service with one region.
            // Who names one region and nothing else has chosen that.
            [(only, _)] if regions.len() > 1 && !names_one_region(bond.allow) => {
                let problem = format!("{name} leaves `{id}` only one region, `{only}`");
                let why = "while it is down, these clients are refused";
                let hint = "add a region in a permitted country";
                self.advise_with(&bond.path, AdviceCode::W101, problem, why, Some(hint));
            }
            _ => {}
        }
    }

    fn writes(&mut self, id: &ServiceId, service: &'c Service, bond: &Bond<'c>) {
        let Some(primary) = &service.steering.primary else { return };
        let region = self.config.regions.get(&primary.region);
        if region.is_some_and(|region| !self.permits(bond.allow, &primary.region, region)) {
            let (name, primary) = (&bond.name, &primary.region);
            let problem = format!("{name} does not permit `{primary}`, the primary of `{id}`");
            let why = "writes from these clients are refused";
            let hint = "serve these clients with a service whose primary is in a permitted country";
            self.advise_with(&bond.path, AdviceCode::W108, problem, why, Some(hint));
        }
    }

    /// Reports a membership in force that ends soon, unless another one permits the region for
    /// longer.
    fn end(&mut self, bond: &Bond<'c>, id: &RegionId, region: &Region) {
        if bond.allow.permits_always(region.place(id)) {
            return;
        }
        let counts = |member: &&AllowedCountry| {
            member.country == region.country
                && member.is_met_by(&region.attest)
                && member.is_in_force(self.now)
        };
        let ends = bond.allow.members.iter().filter(counts).map(|member| member.expires);
        let Some(Some(last)) = ends.max_by_key(|end| end.map_or(u64::MAX, Timestamp::millis))
        else {
            return;
        };
        if last.since(self.now) <= ENDS_SOON {
            let problem = format!("`{id}` in {} is permitted until {last}", region.country);
            let why = "after that it is forbidden, unless the membership is renewed";
            self.advise(&bond.path, AdviceCode::W102, problem, why);
        }
    }

    fn attestation(&mut self, bond: &Bond<'c>, id: &RegionId, region: &Region) {
        let members = || {
            let members =
                bond.allow.members.iter().filter(|member| member.country == region.country);
            members.filter(|member| member.is_in_force(self.now))
        };
        let lacking = members().find_map(|member| member.requires.clone());
        let is_permitted = self.permits(bond.allow, id, region);
        if let Some(word) = lacking.filter(|_| !is_permitted) {
            let country = region.country;
            let problem =
                format!("`{id}` in {country} is not permitted: it does not attest `{word}`");
            let why = "the set includes a region there only on that condition";
            let hint = how_to_attest(&word, id);
            self.advise_with(&bond.path, AdviceCode::W103, problem, why, Some(&hint));
        }
    }
}

/// Whether it permits one region by its id and nothing else.
fn names_one_region(allow: &Allow) -> bool {
    !allow.everywhere && allow.members.is_empty() && allow.regions.len() == 1
}

//! The chain of filters.

use crate::country::Country;
use crate::health::Health;
use crate::ids::{RegionId, RuleId, ServiceId};
use crate::latency::Location;
use crate::residency::{self, Facts, Rule};
use crate::routes::{RegionRoute, ServiceRoutes, Table};
use crate::time::Millis;

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestFacts<'a> {
    /// The host that was asked for, in lower case, without a port.
    pub host: &'a str,
    /// The client's country, if that is known.
    pub country: Option<Country>,
    /// The client's place, if that is known.
    pub place: Option<Location>,
}

/// What to do with a request, and why.
#[derive(Debug)]
pub struct Decision<'t> {
    /// The service that serves the host.
    pub service: Option<(&'t ServiceId, &'t ServiceRoutes)>,
    /// The residency rules that apply.
    pub rules: Vec<&'t Rule>,
    /// Regions to try, in this order. Every one is permitted, and none is down.
    pub regions: Vec<&'t RegionRoute>,
    /// Regions that were removed, with the filter that did it.
    pub removed: Vec<Removed<'t>>,
    /// Why there is nothing to try, where `regions` is empty.
    pub refusal: Option<Refusal>,
}

/// A region that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed<'t> {
    /// The region.
    pub region: &'t RegionId,
    /// The filter that removed it.
    pub reason: Reason<'t>,
}

/// Why a region was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<'t> {
    /// This rule does not permit its country.
    NotPermitted(&'t RuleId),
    /// It is down.
    Down,
}

/// Why a request goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No service serves the host.
    UnknownHost,
    /// The rules permit none of the service's regions, whatever their health.
    NoPermittedRegion,
    /// Every permitted region is down.
    NoUsableRegion,
}

/// Decides one request.
#[must_use]
pub fn decide<'t>(table: &'t Table, request: &RequestFacts<'_>) -> Decision<'t> {
    let Some((id, service)) = table.service(request.host) else {
        return Decision {
            service: None,
            rules: Vec::new(),
            regions: Vec::new(),
            removed: Vec::new(),
            refusal: Some(Refusal::UnknownHost),
        };
    };
    let facts = Facts { country: request.country, host: request.host };
    let rules = residency::rules_that_match(&table.rules, &facts);
    let mut removed = Vec::new();
    let permitted = keep_permitted(&service.regions, &rules, &mut removed);
    let mut regions = keep_usable(&permitted, &mut removed);
    nearest_first(&mut regions, request.place);
    let refusal = match (permitted.is_empty(), regions.is_empty()) {
        (true, _) => Some(Refusal::NoPermittedRegion),
        (false, true) => Some(Refusal::NoUsableRegion),
        (false, false) => None,
    };
    Decision { service: Some((id, service)), rules, regions, removed, refusal }
}

fn keep_permitted<'t>(
    regions: &'t [RegionRoute],
    rules: &[&'t Rule],
    removed: &mut Vec<Removed<'t>>,
) -> Vec<&'t RegionRoute> {
    let mut permitted = Vec::with_capacity(regions.len());
    for region in regions {
        match rules.iter().find(|rule| !residency::permits(&[**rule], region.country)) {
            None => permitted.push(region),
            Some(rule) => {
                let reason = Reason::NotPermitted(&rule.id);
                removed.push(Removed { region: &region.id, reason });
            }
        }
    }
    permitted
}

fn keep_usable<'t>(
    permitted: &[&'t RegionRoute],
    removed: &mut Vec<Removed<'t>>,
) -> Vec<&'t RegionRoute> {
    let (usable, down): (Vec<_>, Vec<_>) = permitted
        .iter()
        .copied()
        .partition(|region| region.health != Health::Down && !region.origins.is_empty());
    removed.extend(down.iter().map(|region| Removed { region: &region.id, reason: Reason::Down }));
    usable
}

/// Orders by health, then by latency, then by failover order (the sort is stable). One yardstick
/// measures all: the client's distance where every region's place is known, or else the probes. A
/// region without a measurement comes after those with one.
fn nearest_first(regions: &mut [&RegionRoute], client: Option<Location>) {
    let distances_known = regions.iter().all(|region| region.location.is_some());
    let client = client.filter(|_| distances_known);
    regions.sort_by_cached_key(|region| {
        let latency: Option<Millis> = match (client, region.location) {
            (Some(client), Some(place)) => Some(client.round_trip_ms_to(place)),
            _ => region.latency_ms,
        };
        (region.health, latency.unwrap_or(Millis::MAX))
    });
}

#[cfg(test)]
mod tests;

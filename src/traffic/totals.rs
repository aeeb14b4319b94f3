//! What all isolates have told since the Controller began.
//!
//! A total only grows, and begins at 0 with the Controller. It is never restored: what was written
//! down is a little less than what was told, and a counter that goes back a little looks, to
//! whoever takes rates of it, as if all of it had happened anew. From 0 it looks like what it is.

use super::happened::{Happened, What};
use super::requests::Requests;
use super::sum::Sum;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;

/// Most services with a region, and most things that happened to one. What a config no longer has
/// keeps its total, which goes on if it comes back; beyond this nothing new is counted.
pub const TOTALS_MAX: usize = 50_000;

/// The totals. Their keys are texts, so that all maps are of one kind: words, and ids or nothing,
/// with a space behind each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// By service, and the region that was tried.
    requests: Map<String, Requests>,
    /// By service, what, and to what.
    happened: Map<String, u64>,
}

impl Totals {
    pub(super) fn add(
        &mut self,
        (service, region): (&ServiceId, Option<&RegionId>),
        mut requests: Requests,
    ) {
        if requests.latencies.total() == 0 {
            // Its buckets are missing, so the sum would be of more requests than they are.
            requests.counts.latency_ms_sum = 0;
        }
        let key = place(service, region);
        if let Some(known) = self.requests.get_mut(key.as_str()) {
            known.add(&requests);
        } else if self.requests.len() < TOTALS_MAX {
            self.requests.insert(key, requests);
        }
    }

    pub(super) fn add_happened(&mut self, told: &Happened) {
        let key = happening(told.what, told.service.as_ref(), told.of.as_deref());
        if let Some(known) = self.happened.get_mut(key.as_str()) {
            *known = known.saturating_add(told.count);
        } else if self.happened.len() < TOTALS_MAX {
            self.happened.insert(key, told.count);
        }
    }

    /// The tries at a region, or the answers of a service to its clients.
    #[must_use]
    pub fn requests(&self, service: &ServiceId, region: Option<&RegionId>) -> Requests {
        self.requests.get(place(service, region).as_str()).copied().unwrap_or_default()
    }

    /// How often something happened.
    #[must_use]
    pub fn happened(&self, what: What, service: Option<&ServiceId>, of: Option<&str>) -> u64 {
        self.happened.get(happening(what, service, of).as_str()).copied().unwrap_or(0)
    }
}

fn place(service: &ServiceId, region: Option<&RegionId>) -> String {
    [service.as_str(), " ", region.map_or("", RegionId::as_str), " "].concat()
}

fn happening(what: What, service: Option<&ServiceId>, of: Option<&str>) -> String {
    let service = service.map_or("", ServiceId::as_str);
    [service, " ", what.as_str(), " ", of.unwrap_or_default(), " "].concat()
}

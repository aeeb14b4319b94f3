//! What all isolates have told since the Controller began.
//!
//! A total only grows, and begins at 0 with the Controller. It is never restored: what was written
//! down is a little less than what was told, and a counter that goes back a little looks, to
//! whoever takes rates of it, as if all of it had happened anew. From 0 it looks like what it is.

use super::buckets::Sum;
use super::happened::{Happened, What};
use super::requests::Requests;
use crate::ids::{RegionId, ServiceId};
use crate::ordered::Map;

/// A service, and the region that was tried; the answers to its clients without one.
type Place = (ServiceId, Option<RegionId>);
type Happening = (What, Option<ServiceId>, Option<String>);

/// The totals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    requests: Map<Place, Requests>,
    happened: Map<Happening, u64>,
}

impl Totals {
    pub(super) fn add(&mut self, place: Place, mut requests: Requests) {
        if requests.latencies.total() == 0 {
            // Its buckets are missing, so the sum would be of more requests than they are.
            requests.counts.latency_ms_sum = 0;
        }
        self.requests.insert_if_absent(place.clone(), Requests::default());
        if let Some(known) = self.requests.get_mut(&place) {
            known.add(&requests);
        }
    }

    pub(super) fn add_happened(&mut self, told: &Happened) {
        let key = (told.what, told.service.clone(), told.of.clone());
        self.happened.insert_if_absent(key.clone(), 0);
        if let Some(known) = self.happened.get_mut(&key) {
            *known = known.saturating_add(told.count);
        }
    }

    /// The tries at a region, or the answers of a service to its clients.
    #[must_use]
    pub fn requests(&self, service: &ServiceId, region: Option<&RegionId>) -> Requests {
        let place = (service.clone(), region.cloned());
        self.requests.get(&place).copied().unwrap_or_default()
    }

    /// How often something happened.
    #[must_use]
    pub fn happened(&self, what: What, service: Option<&ServiceId>, of: Option<&str>) -> u64 {
        let key = (what, service.cloned(), of.map(str::to_owned));
        self.happened.get(&key).copied().unwrap_or(0)
    }

    /// Forgets what the config no longer has.
    pub(super) fn retain(&mut self, is_known: impl Fn(&ServiceId, Option<&RegionId>) -> bool) {
        self.requests.retain(|(service, region), _| is_known(service, region.as_ref()));
        self.happened.retain(|(_, service, _), _| {
            service.as_ref().is_none_or(|service| is_known(service, None))
        });
    }
}

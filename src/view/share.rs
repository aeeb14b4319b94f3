//! What part of a service's clients a region should get: as the config has it, and as far as they
//! have returned to it.
//!
//! The proxy decides about one request at a time, so its routing table carries the [`Share`] of
//! each region. A plane that knows no requests, such as a balancer, gets the parts of `division`.

use crate::config::Service;
use crate::ids::RegionId;

/// A region's part of a service's clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Its weight in relation to the others', 0 to 100; 1 where the config says nothing.
    pub weight: u32,
    /// The percentage of clients that it is tried out on; `None` where it is not on trial.
    pub canary_percent: Option<u32>,
    /// The percentage of clients that it turns away.
    pub shed_percent: u32,
    /// The percentage of its clients that have returned to it since it was out; `None` where all
    /// have.
    pub returned_percent: Option<u8>,
}

impl Share {
    pub(super) fn of(service: &Service, region: &RegionId, returned_percent: Option<u8>) -> Self {
        let steering = &service.steering;
        Self {
            weight: steering.weights.get(region).copied().unwrap_or(1),
            canary_percent: steering.canary.get(region).copied(),
            shed_percent: steering.shed.get(region).copied().unwrap_or(0),
            returned_percent,
        }
    }

    /// The percentage of its clients that have returned, or were never away.
    pub(super) fn returned(self) -> u64 {
        self.returned_percent.map_or(100, u64::from)
    }

    /// Its weight among the regions that are not on trial.
    pub(super) fn settled_weight(self) -> u64 {
        if self.canary_percent.is_some() { 0 } else { self.weight.into() }
    }
}

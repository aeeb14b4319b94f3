//! The KV document `contracts`: what services promise, and whether they keep it.

use super::drill::DrillLine;
use crate::config::{ComponentKind, Scope};
use crate::geo::Area;
use crate::ids::{ComponentId, RegionId, ServiceId};
use crate::json::{fields, words};
use crate::ordered::Map;
use crate::time::{Millis, Timestamp};

/// The KV key of [`ContractsPage`].
pub const CONTRACTS_KEY: &str = "contracts";

/// What services promise, and whether they keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractsPage {
    /// When this was true.
    pub as_of: Timestamp,
    /// The services that promise something or have live traffic.
    pub services: Map<ServiceId, ServicePromises>,
    /// Counts of live traffic that were refused since the Controller began: they could not be true.
    pub counts_refused: u64,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePromises {
    /// Longest time from a fault until another region serves.
    pub rto_s: Option<u64>,
    /// Most seconds of writes that may be lost.
    pub rpo_s: Option<u32>,
    /// The requests that are answered; absent where nothing is promised.
    pub availability: Option<AvailabilityPage>,
    /// How often it is drilled; absent where nothing is promised.
    pub drill: Option<DrillPromise>,
    /// The last drill of it that is over, whatever came of it.
    pub last_drill: Option<DrillLine>,
    /// Its parts.
    pub components: Map<ComponentId, ComponentPage>,
    /// Live traffic of its regions in the window of the service's trigger, or in five minutes.
    pub regions: Map<RegionId, RegionTraffic>,
}

/// How often a service is drilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillPromise {
    /// Most days since the last drill that moved clients and succeeded.
    pub every_days: u32,
    /// When that was.
    pub last: Option<Timestamp>,
    /// Since when it is longer ago than is promised.
    pub overdue_since: Option<Timestamp>,
}

/// The requests of a service that are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityPage {
    /// Percent that is promised, such as `99.9`.
    pub promised: String,
    /// Percent that was measured in 30 days; absent without requests.
    pub measured: Option<String>,
    /// Requests in 30 days.
    pub requests: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Since when they are counted, if that is less than 30 days.
    pub counted_since: Option<Timestamp>,
    /// Percent of the errors that are allowed and have not happened; below 0 where there were more.
    pub budget_left: Option<i64>,
    /// How fast errors use it up, in the longer window of each speed.
    pub burns: Map<String, BurnPage>,
}

/// One speed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnPage {
    /// How many times faster than what is allowed; absent without requests.
    pub rate: Option<String>,
    /// From which rate on somebody is told.
    pub limit: String,
    /// Since when it is so fast; absent where it is not.
    pub since: Option<Timestamp>,
}

/// One part of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentPage {
    /// What it is.
    pub kind: ComponentKind,
    /// Which regions have to keep its contract.
    pub at: Scope,
    /// Whether it is kept.
    pub state: ComponentState,
    /// Since when it is broken.
    pub broken_since: Option<Timestamp>,
    /// Why it is not kept now.
    pub causes: Vec<String>,
    /// Longest time from a fault until another region serves.
    pub rto_s: Option<u64>,
    /// Most seconds of data that may be lost.
    pub rpo_s: Option<u32>,
}

words! {
    /// Whether a contract is kept.
    pub enum ComponentState {
        /// It is.
        Kept = "kept",
        /// It is not.
        Broken = "broken",
        /// Nobody has asked yet.
        Unknown = "unknown",
    }
}

/// The tries at a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionTraffic {
    /// The window.
    pub window_s: Millis,
    /// Tries in it.
    pub requests: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those of them that had no answer.
    pub unanswered: u64,
    /// Mean time to the head of an answer.
    pub latency_ms: Option<Millis>,
    /// The same of the last five minutes for clients in each area with enough of them.
    pub area_latency_ms: Map<Area, Millis>,
    /// What 95 of 100 of those did not exceed, read off buckets.
    pub area_latency_p95_ms: Map<Area, Millis>,
    /// Since when too many fail.
    pub failing_since: Option<Timestamp>,
}

fields!(ContractsPage { as_of, services, counts_refused });
fields!(ServicePromises {
    rto_s if any,
    rpo_s if any,
    availability if any,
    drill if any,
    last_drill if any,
    components = Map::new(),
    regions = Map::new(),
});
fields!(DrillPromise { every_days, last, overdue_since });
fields!(AvailabilityPage {
    promised,
    measured,
    requests,
    failures,
    counted_since,
    budget_left,
    burns,
});
fields!(BurnPage { rate, limit, since });
fields!(ComponentPage { kind, at, state, broken_since, causes, rto_s if any, rpo_s if any });
fields!(RegionTraffic {
    window_s,
    requests,
    failures,
    unanswered,
    latency_ms,
    area_latency_ms = Map::new(),
    area_latency_p95_ms = Map::new(),
    failing_since if any,
});

impl ServicePromises {
    /// Whether it promises anything.
    #[must_use]
    pub fn is_promised(&self) -> bool {
        self.rto_s.is_some()
            || self.rpo_s.is_some()
            || self.availability.is_some()
            || self.drill.is_some()
            || !self.components.is_empty()
    }
}

impl ContractsPage {
    /// The page without what changes with every request and every look: what is broken and since
    /// when, and how much of a budget is left in tens of percent.
    #[must_use]
    pub fn substance(&self) -> Self {
        let mut page = Self { as_of: Timestamp::default(), counts_refused: 0, ..self.clone() };
        for service in page.services.values_mut() {
            if let Some(availability) = &mut service.availability {
                (availability.requests, availability.failures) = (0, 0);
                (availability.measured, availability.counted_since) = (None, None);
                availability.budget_left = availability.budget_left.map(|left| left.div_euclid(10));
                availability.burns.values_mut().for_each(|burn| burn.rate = None);
            }
            for component in service.components.values_mut() {
                component.causes.clear();
                if component.broken_since.is_some() {
                    component.state = ComponentState::Broken;
                }
            }
            for region in service.regions.values_mut() {
                (region.requests, region.failures, region.unanswered) = (0, 0, 0);
                region.latency_ms = None;
                region.area_latency_ms = Map::new();
                region.area_latency_p95_ms = Map::new();
            }
        }
        page
    }
}

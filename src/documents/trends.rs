//! How the last day went, hour by hour, and where regions are: what a person looks at first, and
//! KV does not have.

use crate::country::Country;
use crate::geo::Area;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::json::fields;
use crate::latency::Location;
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};

/// An hour.
pub const HOUR_MS: Millis = 60 * MINUTE;
/// How many hours there are.
pub const HOURS: u64 = 24;
/// How far apart latencies are.
pub const LATENCY_STEP_MS: Millis = 5 * MINUTE;
/// How many latencies there are: six hours of them.
pub const LATENCY_STEPS: u64 = 72;

/// How the last day went.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendsPage {
    /// When this was true.
    pub as_of: Timestamp,
    /// Where regions are, and how they look from each area.
    pub regions: Map<RegionId, RegionPlace>,
    /// By service.
    pub services: Map<ServiceId, ServiceTrend>,
}

/// Where a region is, and how it looks from each area.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionPlace {
    /// The country whose law applies to it.
    pub country: Country,
    /// Its latitude and longitude, if the config has them.
    pub location: Option<Location>,
    /// Its best origin as each area sees it; empty where probes come from the cron run.
    pub areas: Map<Area, AreaSight>,
}

/// How something looks from an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaSight {
    /// Its health, seen from there.
    pub health: Health,
    /// The latency of a probe from there.
    pub latency_ms: Option<Millis>,
}

/// How the last day of a service went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTrend {
    /// The names that clients use.
    pub names: Vec<String>,
    /// How a region is chosen: the word of its policy.
    pub policy: String,
    /// The region that takes writes; absent where all do.
    pub primary: Option<RegionId>,
    /// The regions that take new clients now, in failover order; the one that an order or a plan
    /// leads to comes first.
    pub takes: Vec<RegionId>,
    /// The requests of the last [`HOURS`], the oldest hour first; empty where no proxy told any.
    pub hours: Vec<HourCounts>,
    /// By region.
    pub regions: Map<RegionId, RegionTrend>,
}

/// The requests of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourCounts {
    /// How many there were.
    pub requests: u64,
    /// How many of them failed.
    pub failures: u64,
}

/// How the last day of a region went, as a service sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionTrend {
    /// Seconds of each of the last [`HOURS`] in which it was down, the oldest hour first.
    pub down_s: Vec<u64>,
    /// The latency of its probes, at most one each [`LATENCY_STEP_MS`], the oldest first. A restart
    /// of the Controller forgets them.
    pub latencies: Vec<PastLatency>,
}

/// How long probes took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastLatency {
    /// When the step of five minutes began.
    pub at: Timestamp,
    /// The latency of the region's best origin then.
    pub latency_ms: Millis,
}

fields!(TrendsPage { as_of, regions, services });
fields!(RegionPlace { country, location if any, areas = Map::new() });
fields!(AreaSight { health, latency_ms });
fields!(ServiceTrend { names, policy, primary if any, takes, hours, regions });
fields!(HourCounts { requests, failures });
fields!(RegionTrend { down_s, latencies });
fields!(PastLatency { at, latency_ms });

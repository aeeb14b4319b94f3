//! The KV document `region:<id>`: one region with its origins.

use super::area::SightStatus;
use crate::config::Override;
use crate::country::Country;
use crate::geo::Area;
use crate::health::{Because, Health};
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::json::fields;
use crate::ordered::Map;
use crate::time::{Millis, Timestamp};

/// One region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionStatus {
    /// When this was true.
    pub as_of: Timestamp,
    /// The region.
    pub region: RegionId,
    /// Its country.
    pub country: Country,
    /// Its effective health for each service that it belongs to: the same as in `status`.
    pub services: Map<ServiceId, RegionHealth>,
    /// Its origins.
    pub origins: Map<OriginId, OriginStatus>,
}

/// One origin.
#[derive(Debug, Clone, PartialEq)]
pub struct OriginStatus {
    /// Where it is.
    pub url: String,
    /// The operator's override while it lasts. The observed health is shown beside it.
    pub override_: Option<Override>,
    /// Its health by monitor.
    pub monitors: Map<MonitorId, MonitorStatus>,
}

/// The health of one origin by one monitor.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorStatus {
    /// The effective health: what traffic goes by.
    pub health: Health,
    /// What decides it.
    pub because: Because,
    /// The health that probes found.
    pub observed: Health,
    /// Until when flap damping holds it back.
    pub damped_until: Option<Timestamp>,
    /// The replication lag that it reports, in seconds, if recent.
    pub lag_s: Option<u64>,
    /// Since when it is observed to have this health.
    pub since: Option<Timestamp>,
    /// Why it is down or last failed, in words.
    pub reason: Option<String>,
    /// Its smoothed latency, if recent.
    pub latency_ms: Option<Millis>,
    /// How it looks from each area; absent where probes come from the cron run.
    pub areas: Option<Map<Area, SightStatus>>,
}

/// The effective health of a region as one service sees it, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionHealth {
    /// Its health; what traffic goes by.
    pub health: Health,
    /// What decides it.
    pub because: Because,
    /// Whether it takes no new clients.
    pub draining: bool,
    /// Why it is not simply observed to be up, in words.
    pub why: Option<String>,
    /// The areas whose clients are led elsewhere, because it cannot be reached from there; absent
    /// where there is none.
    pub away: Option<Vec<Area>>,
    /// How far its clients have returned to it; absent where all have.
    pub returning: Option<ReturnStatus>,
}

/// How far the clients of a service have returned to a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnStatus {
    /// The percentage of them.
    pub percent: u8,
    /// Since when.
    pub since: Timestamp,
    /// How often it had to go back a stage.
    pub regressions: u32,
    /// Why no more return, in words; absent while the stage is watched.
    pub held: Option<String>,
}

fields!(RegionStatus { as_of, region, country, services = Map::new(), origins });
fields!(OriginStatus { url, override_ as "override" if any, monitors });
fields!(MonitorStatus {
    health,
    because,
    observed,
    damped_until if any,
    lag_s if any,
    since,
    reason,
    latency_ms,
    areas if any,
});
fields!(RegionHealth {
    health,
    because,
    draining = false,
    why if any,
    away if any,
    returning if any,
});
fields!(ReturnStatus { percent, since, regressions = 0, held if any });

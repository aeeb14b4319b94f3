//! The keys and values that a config may have. Nothing is resolved here.
//!
//! Each struct describes one table of the config. From it come the reader, which reports all
//! mistakes of form at once, the JSON Schema, and the canonical JSON. Rules that concern two values
//! are in [`super::check`].

mod acceptance;
mod admin;
mod alerts;
mod contracts;
mod drills;
mod guards;
mod monitors;
mod otlp;
mod publishing;
mod recovery;
mod regions;
mod residency;
mod services;
mod texts;

pub(super) use acceptance::RawAcceptance;
pub(super) use admin::{RawAccess, RawAdmin, RawToken};
pub(super) use alerts::{RawAlert, RawAlertKind, RawWatchdog};
pub(super) use contracts::{RawComponent, RawFieldBound, RawFieldBounds, RawPeers, RawTrigger};
pub(super) use drills::{RawBlocked, RawDrill};
pub(super) use guards::RawGuards;
pub(super) use monitors::{RawBody, RawExpect, RawHeader, RawMonitor, RawQuorum, RawRequestHeader};
pub(super) use otlp::RawOtlp;
pub(super) use publishing::{RawDns, RawLoadBalancer, RawPool, RawPublish};
pub(super) use recovery::{
    RawAnalysis, RawFailback, RawFailover, RawFailoverMode, RawFollow, RawForced, RawHook,
    RawOverride, RawPromote, RawStep,
};
pub(super) use regions::{RawAreas, RawOrigin, RawRegion};
pub(super) use residency::{RawRule, RawSet, RawTenant, RawWhen};
pub(super) use services::{RawGeo, RawService, RawTenantSource, RawWrites};
pub(super) use texts::{CountryEntry, HeaderName, Method, Pointer, SetName, meant};

use super::{
    API_CALLS_PER_5_MIN_DEFAULT, API_CALLS_PER_PASS_DEFAULT, KV_WRITES_PER_DAY_DEFAULT,
    PROBES_PER_RUN_DEFAULT,
};
use crate::ids::{MonitorId, RegionId, ServiceId, TenantId};
use crate::json::{Within, shape};
use crate::ordered::Map;
use acceptance::RawCheck;
use recovery::RawObserver;

shape! {
    /// The config of one deployment.
    pub(super) struct Raw {
        /// The URL of the JSON Schema, for editors; nothing else reads it.
        schema as "$schema": Option<String>,
        /// Version of the config format: 1.
        version: u32,
        /// Vantage points.
        areas: RawAreas,
        /// Regions: where data is stored and processed.
        regions: Map<RegionId, RawRegion>,
        /// Monitors: how origins are probed.
        monitors: Map<MonitorId, RawMonitor>,
        /// Services: what clients request.
        services: Map<ServiceId, RawService>,
        /// Residency rules; their order has no meaning.
        residency: Vec<RawRule> = Vec::new(),
        /// Your own sets of countries, to be named with `@`.
        sets: Map<SetName, RawSet> = Map::new(),
        /// Tenants whose data is pinned.
        tenants: Map<TenantId, RawTenant> = Map::new(),
        /// Health that an operator sets by hand for a while.
        overrides: Vec<RawOverride> = Vec::new(),
        /// How to tell an outage from a failure of our own network.
        observer: RawObserver,
        /// Who is alerted.
        alerts: Vec<RawAlert> = Vec::new(),
        /// Who notices that nobody probes.
        watchdog: RawWatchdog,
        /// Where metrics are pushed to.
        otlp: Option<RawOtlp>,
        /// The admin API: where it answers, and who may use it.
        admin: Option<RawAdmin>,
        /// Drills that are made by schedule.
        drills: Vec<RawDrill> = Vec::new(),
        /// Times in which no drill begins.
        blocked: Vec<RawBlocked> = Vec::new(),
        /// Guards: what can hold back a change at Cloudflare.
        guards: RawGuards,
        /// Limits of this deployment.
        limits: RawLimits,
        /// How `pointsman check` judges this config; the edge ignores it.
        check: RawCheck,
    }

    /// Limits of the deployment.
    pub(super) struct RawLimits {
        /// Most probes in one cron run; the free plan allows 50 subrequests a run.
        probes_per_run: Within<1, 10_000> = Within(PROBES_PER_RUN_DEFAULT),
        /// Most calls of Cloudflare's API in one pass; the free plan allows 50 subrequests.
        api_calls_per_pass: Within<5, 1_000> = Within(API_CALLS_PER_PASS_DEFAULT),
        /// Most calls of Cloudflare's API in five minutes; Cloudflare allows a user 1,200,
        /// dashboard included.
        api_calls_per_5_min: Within<20, 1_200> = Within(API_CALLS_PER_5_MIN_DEFAULT),
        /// How often the account is read when nothing has changed, to find changes made by others.
        compare_every_s: Within<60, 86_400> = Within(600),
        /// Most writes to KV in any 24 hours; the free plan allows 1,000 a day, all others of the
        /// account included.
        kv_writes_per_day: Within<400, 1_000_000> = Within(KV_WRITES_PER_DAY_DEFAULT),
    }
}

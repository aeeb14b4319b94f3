//! The KV documents that people read: `status` and `region:<id>`.
//!
//! They are written for somebody who opens the KV dashboard at 3 a.m.: small, named in the words of
//! the glossary, with metadata that makes the list of keys readable without opening one. Nothing in
//! them is personal data (invariant 9).

use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::health::Health;
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::ordered::Map;
use crate::state::{Applied, RefusedConfig};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// The KV key of [`Status`].
pub const STATUS_KEY: &str = "status";
/// What the KV keys of [`RegionStatus`] begin with.
pub const REGION_PREFIX: &str = "region:";

/// How everything is, in one page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this was true. The copy in KV is written on change only; `routes` carries the
    /// heartbeat.
    pub as_of: Timestamp,
    /// Counts changes.
    pub generation: u64,
    /// The config.
    pub config: ConfigStatus,
    /// Since when the observer doubts itself: probes reach nothing anywhere, and what was believed
    /// before stays believed.
    pub doubted_since: Option<Timestamp>,
    /// Health of each service's regions, in words.
    pub services: Map<ServiceId, Map<RegionId, Health>>,
    /// What is done at Cloudflare.
    pub cloudflare: CloudflareStatus,
    /// The last cron run, in the live answer only: it changes every minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunStatus>,
}

/// Which config is in use, and which was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigStatus {
    /// The one in use; absent where there has been none that is sound.
    pub in_use: Option<Fingerprint>,
    /// The one that KV holds but that is not sound.
    pub refused: Option<RefusedConfig>,
}

/// What is done at Cloudflare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudflareStatus {
    /// What stands in the way; empty where nothing does.
    pub failures: Vec<String>,
    /// What was deliberately not done.
    pub withheld: Vec<String>,
    /// Origins that we disabled, as `pool/address`.
    pub disabled_by_us: Vec<String>,
    /// The last changes, oldest first.
    pub applied: Vec<Applied>,
}

/// The last cron run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStatus {
    /// When it was scheduled.
    pub scheduled: Timestamp,
    /// When it began.
    pub began: Timestamp,
    /// Rounds of probes so far.
    pub rounds: u32,
    /// Probes so far.
    pub probes: u32,
}

/// One region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegionStatus {
    /// When this was true.
    pub as_of: Timestamp,
    /// The region.
    pub region: RegionId,
    /// Its country.
    pub country: Country,
    /// Its origins.
    pub origins: Map<OriginId, OriginStatus>,
}

/// One origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OriginStatus {
    /// Where it is.
    pub url: String,
    /// What each monitor says.
    pub monitors: Map<MonitorId, MonitorStatus>,
}

/// What one monitor says about one origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MonitorStatus {
    /// Its health.
    pub health: Health,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why it is down or was last failed, in words.
    pub reason: Option<String>,
    /// Its smoothed latency, where there is a fresh one.
    pub latency_ms: Option<Millis>,
}

/// What the dashboard's list of keys shows beside a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// When the value was written.
    pub as_of: Timestamp,
    /// The value in a few words.
    pub summary: String,
}

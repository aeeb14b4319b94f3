//! The KV documents that people read: `status` and `region:<id>`.
//!
//! They are for somebody who opens the KV dashboard at 3 a.m.: small, in the words of the glossary,
//! and with metadata that makes the key list readable by itself. They contain no personal data
//! (invariant 9).

use crate::config::Override;
use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::health::Health;
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::json::fields;
use crate::jurisdiction::ControllerJurisdiction;
use crate::ordered::Map;
use crate::state::{Applied, Denied, Intent, RefusedConfig};
use crate::time::{Millis, Timestamp};

/// The KV key of [`Status`].
pub const STATUS_KEY: &str = "status";
/// The prefix of the KV keys of [`RegionStatus`].
pub const REGION_PREFIX: &str = "region:";

/// The status of everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// When this was true. The copy in KV is written only on change; `routes` carries the
    /// heartbeat.
    pub as_of: Timestamp,
    /// Increases with every change.
    pub generation: u64,
    /// The Controller itself.
    pub controller: ControllerStatus,
    /// The config.
    pub config: ConfigStatus,
    /// Since when the observer has doubted itself: its probes reach nothing, and health stays as it
    /// was.
    pub doubted_since: Option<Timestamp>,
    /// Health of each service's regions.
    pub services: Map<ServiceId, Map<RegionId, Health>>,
    /// What is done at Cloudflare, and what stands in the way.
    pub cloudflare: CloudflareStatus,
    /// Documents that are too large to be written, so that KV has old ones; absent where there are
    /// none.
    pub too_large: Option<Vec<String>>,
    /// The last cron run. Only in the live answer, because it changes every minute.
    pub last_run: Option<RunStatus>,
}

/// The Controller itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControllerStatus {
    /// The jurisdiction that its Durable Object is bound to, as the runtime says.
    pub jurisdiction: Option<ControllerJurisdiction>,
}

/// The config in use, and the refused one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigStatus {
    /// The config in use; absent if there has been no valid one.
    pub in_use: Option<Fingerprint>,
    /// The invalid config in KV, if any.
    pub refused: Option<RefusedConfig>,
}

/// What is done at Cloudflare, and what stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudflareStatus {
    /// Failures; empty if there are none.
    pub failures: Vec<String>,
    /// Changes that were withheld.
    pub withheld: Vec<String>,
    /// Origins that we disabled, as `pool/address`; `pool/*` is the whole pool.
    pub disabled_by_us: Vec<String>,
    /// Changes that were started and may or may not have been made.
    pub in_flight: Vec<Intent>,
    /// Permissions that the token lacks; a person must grant them.
    pub denied: Map<String, Denied>,
    /// API calls made and allowed.
    pub api: ApiStatus,
    /// The last changes, oldest first.
    pub applied: Vec<Applied>,
}

/// The budget of API calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiStatus {
    /// Calls in the last five minutes.
    pub calls_in_5_min: u32,
    /// Most calls in five minutes, of which upkeep may use half.
    pub calls_in_5_min_max: u32,
    /// No calls before this instant, because the API asked for it.
    pub blocked_until: Option<Timestamp>,
    /// No upkeep before this instant.
    pub upkeep_after: Option<Timestamp>,
    /// When the account was last compared.
    pub compared_at: Option<Timestamp>,
}

/// The last cron run.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
pub struct OriginStatus {
    /// Where it is.
    pub url: String,
    /// The operator's override while it lasts. The observed health is kept below.
    pub override_: Option<Override>,
    /// Its health by monitor.
    pub monitors: Map<MonitorId, MonitorStatus>,
}

/// The health of one origin by one monitor.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorStatus {
    /// The observed health.
    pub health: Health,
    /// Until when flap damping holds it back.
    pub damped_until: Option<Timestamp>,
    /// The replication lag that it reports, in seconds, if recent.
    pub lag_s: Option<u64>,
    /// Since when it has this health.
    pub since: Option<Timestamp>,
    /// Why it is down or last failed, in words.
    pub reason: Option<String>,
    /// Its smoothed latency, if recent.
    pub latency_ms: Option<Millis>,
}

/// The metadata that the dashboard shows beside a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// When the value was written.
    pub as_of: Timestamp,
    /// A summary of the value.
    pub summary: String,
}

fields!(Status {
    as_of,
    generation,
    controller = ControllerStatus::default(),
    config,
    doubted_since,
    services,
    cloudflare,
    too_large if any,
    last_run if any,
});
fields!(ControllerStatus { jurisdiction });
fields!(ConfigStatus { in_use, refused });
fields!(CloudflareStatus {
    failures,
    withheld,
    disabled_by_us,
    in_flight = Vec::new(),
    denied = Map::new(),
    api = ApiStatus::default(),
    applied,
});
fields!(ApiStatus { calls_in_5_min, calls_in_5_min_max, blocked_until, upkeep_after, compared_at });
fields!(RunStatus { scheduled, began, rounds, probes });
fields!(RegionStatus { as_of, region, country, origins });
fields!(OriginStatus { url, override_ as "override" if any, monitors });
fields!(MonitorStatus { health, damped_until if any, lag_s if any, since, reason, latency_ms });
fields!(Metadata { as_of, summary });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use serde_json::{Value, json};

    const T: &str = "2026-01-31T12:00:00.000Z";

    fn reads_back<D: json::Shape>(document: &Value) {
        let read: D = json::read(&document.to_string()).unwrap();
        assert_eq!(json::write(&read), document.to_string());
    }

    #[test]
    fn the_status_names_what_is_absent_but_a_run_only_where_there_is_one() {
        let mut status = json!({
            "as_of": T,
            "generation": 7,
            "controller": {"jurisdiction": "eu"},
            "config": {"in_use": "00000000000000aa", "refused": null},
            "doubted_since": null,
            "services": {"api": {"eu-west": "up", "us-east": "unknown"}},
            "cloudflare": {
                "failures": ["f"],
                "withheld": [],
                "disabled_by_us": ["eu/eu.example.com"],
                "in_flight": [{"at": T, "what": "w"}],
                "denied": {"DNS Write": {"at": T, "said": "s"}},
                "api": {
                    "calls_in_5_min": 3, "calls_in_5_min_max": 600, "blocked_until": null,
                    "upkeep_after": null, "compared_at": T,
                },
                "applied": [{"at": T, "what": "w"}],
            },
        });
        reads_back::<Status>(&status);
        status["last_run"] = json!({"scheduled": T, "began": T, "rounds": 1, "probes": 2});
        reads_back::<Status>(&status);
    }

    #[test]
    fn a_region_shows_what_is_out_of_the_ordinary_only_where_it_is() {
        let plain = json!({
            "health": "up", "since": T, "reason": null, "latency_ms": null,
        });
        let odd = json!({
            "health": "down", "damped_until": T, "lag_s": 3, "since": null, "reason": "r",
            "latency_ms": 20,
        });
        let set = json!({"set": "down", "reason": "r", "author": "a", "until": T});
        reads_back::<RegionStatus>(&json!({
            "as_of": T,
            "region": "eu-west",
            "country": "DE",
            "origins": {
                "eu-1": {"url": "https://a.example.com", "monitors": {"api": plain}},
                "eu-2": {
                    "url": "https://b.example.com", "override": set, "monitors": {"api": odd},
                },
            },
        }));
        reads_back::<Metadata>(&json!({"as_of": T, "summary": "s"}));
    }
}

//! The KV documents that people read: `status` and `region:<id>`.
//!
//! They are written for somebody who opens the KV dashboard at 3 a.m.: small, named in the words of
//! the glossary, with metadata that makes the list of keys readable without opening one. Nothing in
//! them is personal data (invariant 9).

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
/// What the KV keys of [`RegionStatus`] begin with.
pub const REGION_PREFIX: &str = "region:";

/// How everything is, in one page.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// When this was true. The copy in KV is written on change only; `routes` carries the
    /// heartbeat.
    pub as_of: Timestamp,
    /// Counts changes.
    pub generation: u64,
    /// The Controller itself.
    pub controller: ControllerStatus,
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
    pub last_run: Option<RunStatus>,
}

/// The Controller itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControllerStatus {
    /// The jurisdiction that its Durable Object is bound to, as the runtime says.
    pub jurisdiction: Option<ControllerJurisdiction>,
}

/// Which config is in use, and which was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigStatus {
    /// The one in use; absent where there has been none that is sound.
    pub in_use: Option<Fingerprint>,
    /// The one that KV holds but that is not sound.
    pub refused: Option<RefusedConfig>,
}

/// What is done at Cloudflare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudflareStatus {
    /// What stands in the way; empty where nothing does.
    pub failures: Vec<String>,
    /// What was deliberately not done.
    pub withheld: Vec<String>,
    /// Origins that we disabled, as `pool/address`; `pool/*` is the whole pool.
    pub disabled_by_us: Vec<String>,
    /// Changes that were begun and of which nobody knows yet whether they were made.
    pub in_flight: Vec<Intent>,
    /// Permissions that the token lacks: a person has to see to it.
    pub denied: Map<String, Denied>,
    /// How many calls of the API were made, and may be.
    pub api: ApiStatus,
    /// The last changes, oldest first.
    pub applied: Vec<Applied>,
}

/// The budget of API calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiStatus {
    /// Calls in the last five minutes.
    pub calls_in_5_min: u32,
    /// Most calls in five minutes; upkeep may use half of them.
    pub calls_in_5_min_max: u32,
    /// No call before this instant: the API asked for it.
    pub blocked_until: Option<Timestamp>,
    /// No upkeep before this instant.
    pub upkeep_after: Option<Timestamp>,
    /// When everything was last compared with the account.
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
    /// What an operator says, as long as it counts. What was observed stays below it.
    pub override_: Option<Override>,
    /// What each monitor says.
    pub monitors: Map<MonitorId, MonitorStatus>,
}

/// What one monitor says about one origin.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorStatus {
    /// Its health as it was observed.
    pub health: Health,
    /// Until when it counts as down because it went down too often.
    pub damped_until: Option<Timestamp>,
    /// How many seconds it says that it is behind, where it said so of late.
    pub lag_s: Option<u64>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why it is down or was last failed, in words.
    pub reason: Option<String>,
    /// Its smoothed latency, where there is a fresh one.
    pub latency_ms: Option<Millis>,
}

/// What the dashboard's list of keys shows beside a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// When the value was written.
    pub as_of: Timestamp,
    /// The value in a few words.
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

//! The KV documents that people read: `status`, `region:<id>`, `history`, and those about
//! incidents.
//!
//! They are for somebody who opens the KV dashboard at 3 a.m.: small, in the words of the glossary,
//! and with metadata that makes the key list readable by itself. They contain no personal data
//! (invariant 9).

mod answers;
mod area;
mod contracts;
mod drill;
mod history;
mod incident;
mod recovery;
mod region;
mod trends;
use crate::alert::AlertsStatus;
use crate::config::Override;
use crate::fingerprint::Fingerprint;
use crate::geo::Area;
use crate::health::Health;
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::json::{self, fields};
use crate::jurisdiction::ControllerJurisdiction;
use crate::order::Order;
use crate::ordered::Map;
use crate::other_owner::OtherOwnerStatus;
use crate::state::{Applied, Denied, Intent, RefusedConfig};
use crate::time::Timestamp;
pub use answers::{AuditAnswer, HistoryAnswer, RevisionAnswer};
pub use area::{AreaStatus, SightStatus};
pub use contracts::{
    AvailabilityPage, BurnPage, CONTRACTS_KEY, ComponentPage, ComponentState, ContractsPage,
    DrillPromise, RegionTraffic, ServicePromises,
};
pub use drill::{
    DRILL_PREFIX, DRILLS_KEY, DrillIndex, DrillLine, DrillPage, DrillStatus, ScheduleLine,
};
pub use history::{HISTORY_KEY, History, PastEpisode};
pub use incident::{
    INCIDENT_PREFIX, INCIDENTS_KEY, IncidentIndex, IncidentLine, IncidentPage, OpenIncident,
    PhaseDuration,
};
pub use recovery::{
    PlanStatus, RECOVERY_KEY, RecoveryPage, RecoveryStatus, ServiceRecovery, is_worth_telling,
};

pub use region::{MonitorStatus, OriginStatus, RegionHealth, RegionStatus, ReturnStatus};
pub use trends::{
    AreaSight, HOUR_MS, HOURS, HourCounts, LATENCY_STEP_MS, LATENCY_STEPS, PastLatency,
    RegionPlace, RegionTrend, ServiceTrend, TrendsPage,
};

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
    /// The areas that probes come from; absent where they come from the cron run.
    pub areas: Option<Map<Area, AreaStatus>>,
    /// The effective health of each service's regions: what traffic goes by.
    pub services: Map<ServiceId, Map<RegionId, Health>>,
    /// The same regions with the reason, where they are not simply observed to be up.
    pub reasons: Map<ServiceId, Map<RegionId, RegionHealth>>,
    /// The health of each region of the services for which corruption is declared, as it was then:
    /// by it nothing moves. Absent where none is declared.
    pub frozen: Option<Map<ServiceId, Map<RegionId, Health>>>,
    /// What operators say about origins, while it counts.
    pub overrides: Map<OriginId, Override>,
    /// The incidents that go on.
    pub incidents: Vec<OpenIncident>,
    /// What people ordered: in force, or to come. `pointsman lift` with its number ends one.
    pub orders: Vec<Order>,
    /// The drill that goes on; absent where none does.
    pub drill: Option<DrillStatus>,
    /// How services recover of which there is something to say.
    pub recovery: Map<ServiceId, RecoveryStatus>,
    /// What is done at Cloudflare, and what stands in the way.
    pub cloudflare: CloudflareStatus,
    /// Documents that are too large to be written, so that KV has old ones; absent where there are
    /// none.
    pub too_large: Option<Vec<String>>,
    /// The day's writes to KV.
    pub kv: KvStatus,
    /// Who is called, and what did not get there.
    pub alerts: AlertsStatus,
    /// How the last push of metrics went; absent where none is. Only in the live answer.
    pub otlp: Option<ExportStatus>,
    /// The last cron run. Only in the live answer, because it changes every minute.
    pub last_run: Option<RunStatus>,
}

/// How pushes of metrics go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportStatus {
    /// When the last one was taken.
    pub taken_at: Option<Timestamp>,
    /// How the last one failed, or what of it was refused; absent if nothing was.
    pub last_failure: Option<String>,
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
    /// The number of the revision in use.
    pub revision: Option<u64>,
    /// What KV may still show in place of the config in use; absent where that is what it shows.
    pub kv: Option<String>,
}

/// What is done at Cloudflare, and what stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudflareStatus {
    /// Whether all changes are halted: by `guards.halted`, or by an order.
    pub halted: bool,
    /// Failures; empty if there are none.
    pub failures: Vec<String>,
    /// Changes that were withheld.
    pub withheld: Vec<String>,
    /// What other owners did to records of ours: what goes on, and what happened in the last seven
    /// days.
    pub other_owners: Vec<OtherOwnerStatus>,
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

/// The day's writes to KV, and what waits for some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KvStatus {
    /// Most writes in any 24 hours.
    pub writes_per_day: u32,
    /// How many are left for news in `routes`, beside its heartbeat.
    pub left_for_routes: u32,
    /// How many are left for all other documents.
    pub left_for_pages: u32,
    /// Keys of documents that say something new and are written later, for want of writes.
    pub held_back: Vec<String>,
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
    /// When cron last began a run, where the Controller stands in for it.
    pub cron_silent_since: Option<Timestamp>,
}

/// Most bytes of [`Metadata`] as JSON. Source: developers.cloudflare.com/kv/platform/limits, "Key
/// metadata: 1024 bytes". KV refuses the whole write beyond that.
pub const METADATA_BYTES_MAX: usize = 1_024;

/// The metadata that the dashboard shows beside a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// When the value was written.
    pub as_of: Timestamp,
    /// A summary of the value.
    pub summary: String,
}

impl Metadata {
    /// Metadata that KV takes: a summary that is too long is cut, and ends in `…`.
    #[must_use]
    pub fn new(as_of: Timestamp, summary: String) -> Self {
        let whole = Self { as_of, summary };
        if whole.fits() {
            return whole;
        }
        let Self { summary, .. } = whole;
        let cut_at = |at: usize| {
            let kept = summary.get(..at).unwrap_or_default();
            Self { as_of, summary: [kept, "…"].concat() }
        };
        let ends: Vec<usize> = summary.char_indices().map(|(at, _)| at).collect();
        let fitting = ends.partition_point(|at| cut_at(*at).fits());
        cut_at(ends.get(fitting.saturating_sub(1)).copied().unwrap_or_default())
    }

    fn fits(&self) -> bool {
        json::write(self).len() <= METADATA_BYTES_MAX
    }
}

fields!(Status {
    as_of,
    generation,
    controller = ControllerStatus::default(),
    config,
    doubted_since,
    areas if any,
    services,
    reasons = Map::new(),
    frozen if any,
    overrides = Map::new(),
    incidents = Vec::new(),
    orders = Vec::new(),
    drill if any,
    recovery = Map::new(),
    cloudflare,
    too_large if any,
    kv = KvStatus::default(),
    alerts = AlertsStatus::default(),
    otlp if any,
    last_run if any,
});
fields!(ExportStatus { taken_at, last_failure if any });
fields!(KvStatus { writes_per_day, left_for_routes, left_for_pages, held_back });
fields!(ControllerStatus { jurisdiction });
fields!(ConfigStatus { in_use, refused, revision if any, kv if any });
fields!(CloudflareStatus {
    halted = false,
    failures,
    withheld,
    other_owners = Vec::new(),
    disabled_by_us,
    in_flight = Vec::new(),
    denied = Map::new(),
    api = ApiStatus::default(),
    applied,
});
fields!(ApiStatus { calls_in_5_min, calls_in_5_min_max, blocked_until, upkeep_after, compared_at });
fields!(RunStatus { scheduled, began, rounds, probes, cron_silent_since if any });
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
            "reasons": {"api": {"us-east": {
                "health": "unknown", "because": "doubt", "draining": false, "why": "w",
            }}},
            "overrides": {"eu-1": {"set": "drain", "reason": "r", "author": "a", "until": T}},
            "incidents": [{
                "id": "2026-01-31t1200-eu-west-7", "began": T, "region": "eu-west",
                "services": ["api"], "trouble": "down", "taken_by": "on-call (token)",
            }],
            "orders": [],
            "recovery": {"api": {
                "stage": "failing_over", "since": T, "epoch": 4, "primary": "us-east",
                "unconfirmed": ["eu-west"],
                "plan": {
                    "kind": "failover", "from": "eu-west", "to": "us-east", "step": "fence",
                    "said": "it answered 503",
                },
                "not_ready": ["the hook fence would not work: it answered 503"],
            }},
            "cloudflare": {
                "halted": false,
                "failures": ["f"],
                "withheld": [],
                "other_owners": [{
                    "fact": "ttl_changed", "record": "files.example.com A", "id": "r1",
                    "ours": "60 s", "ours_at": T, "theirs": "3600 s", "at": T, "count": 2,
                    "stopped": true, "over_at": T,
                }],
                "disabled_by_us": ["eu/eu.example.com"],
                "in_flight": [{"at": T, "what": "w"}],
                "denied": {"DNS Write": {
                    "at": T, "said": "s", "sightings": 3, "last_at": T, "next_at": T,
                    "told_at": null,
                }},
                "api": {
                    "calls_in_5_min": 3, "calls_in_5_min_max": 600, "blocked_until": null,
                    "upkeep_after": null, "compared_at": T,
                },
                "applied": [{"at": T, "what": "w", "why": "y"}],
            },
            "kv": {
                "writes_per_day": 900, "left_for_routes": 38, "left_for_pages": 0,
                "held_back": ["region:eu-west"],
            },
            "alerts": {
                "open": ["config"], "undelivered": 1, "dropped": 0,
                "receivers": {"slack": {
                    "kind": "slack", "undelivered": 1, "oldest_at": T, "delivered": 2,
                    "delivered_at": T, "given_up": 0, "failing_since": T, "last_failure": "f",
                }},
                "heartbeat": {"taken_at": T},
            },
        });
        reads_back::<Status>(&status);
        status["last_run"] = json!({"scheduled": T, "began": T, "rounds": 1, "probes": 2});
        reads_back::<Status>(&status);
        status["otlp"] = json!({"taken_at": T, "last_failure": "it answered 503"});
        status["areas"] = json!({
            "weur": {"colo": "FRA", "answers": true},
            "sam": {"colo": null, "answers": false, "silent_since": T, "doubted_since": T},
        });
        status["reasons"]["api"]["us-east"]["away"] = json!(["sam"]);
        reads_back::<Status>(&status);
    }

    #[test]
    fn a_region_shows_what_is_out_of_the_ordinary_only_where_it_is() {
        let plain = json!({
            "health": "up", "because": "observed", "observed": "up", "since": T,
            "reason": null, "latency_ms": null,
        });
        let odd = json!({
            "health": "down", "because": "override", "observed": "unknown", "damped_until": T,
            "lag_s": 3, "since": null, "reason": "r", "latency_ms": 20,
            "areas": {"weur": {"health": "down", "reason": "r", "latency_ms": 20}},
        });
        let set = json!({"set": "down", "reason": "r", "author": "a", "until": T});
        reads_back::<RegionStatus>(&json!({
            "as_of": T,
            "region": "eu-west",
            "country": "DE",
            "services": {"api": {"health": "up", "because": "observed", "draining": false}},
            "origins": {
                "eu-1": {"url": "https://a.example.com", "monitors": {"api": plain}},
                "eu-2": {
                    "url": "https://b.example.com", "override": set, "monitors": {"api": odd},
                },
            },
        }));
        reads_back::<History>(&json!({"as_of": T, "episodes": [{
            "since": T, "until": null, "lasted_s": null, "service": "api", "region": "eu-west",
            "health": "up", "because": "drain", "why": "w",
        }]}));
        reads_back::<Metadata>(&json!({"as_of": T, "summary": "s"}));
    }

    #[test]
    fn a_summary_is_cut_where_kv_would_take_no_more() {
        let bytes = |summary: &str| {
            let metadata = Metadata::new(Timestamp::default(), summary.to_owned());
            (json::write(&metadata).len(), metadata.summary)
        };
        let (empty, _) = bytes("");
        let room = METADATA_BYTES_MAX - empty;
        for len in [room - 1, room] {
            let summary = "s".repeat(len);
            assert_eq!(bytes(&summary), (empty + len, summary));
        }
        let (len, cut) = bytes(&"s".repeat(room + 1));
        assert!(len <= METADATA_BYTES_MAX && cut.ends_with("s…"), "{len}: {cut}");
        for odd in ["\"", "\u{1}", "é", "🚆"] {
            let (len, cut) = bytes(&odd.repeat(2_000));
            assert!(len <= METADATA_BYTES_MAX && len > METADATA_BYTES_MAX - 20, "{odd}: {len}");
            assert!(cut.starts_with(odd) && cut.ends_with(&[odd, "…"].concat()), "{cut}");
        }
    }
}

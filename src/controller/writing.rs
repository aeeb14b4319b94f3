//! What to write into KV, and when.
//!
//! KV allows 1,000 writes a day on the free plan, and one a second for each key, so steady state
//! must write next to nothing. A document is written when its **substance** changed: its content
//! without instants and latencies, which change all the time. Beyond that only `routes` is renewed,
//! as a heartbeat that tells proxies how old their table is: 288 writes a day.

use super::Controller;
use super::actuation::CALLS_WINDOW_MS;
use super::compile;
use super::publishing::{bytes_max, fits};
use super::summary;
use crate::config::{Config, Origin, Override, Region};
use crate::documents::{
    ApiStatus, CloudflareStatus, ConfigStatus, ControllerStatus, HISTORY_KEY, History, Metadata,
    MonitorStatus, OriginStatus, REGION_PREFIX, RegionHealth, RegionStatus, RunStatus, STATUS_KEY,
    Status,
};
use crate::fingerprint::Fingerprint;
use crate::health::{Because, Health};
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::json::{self, Shape};
use crate::ordered::Map;
use crate::routes;
use crate::state::{self, Actuation, Episode};
use crate::time::{MINUTE, Millis, Timestamp};
use crate::view::{OriginStanding, RegionStanding, View};

/// How often `routes` is renewed when nothing changes.
pub const HEARTBEAT_MS: Millis = 5 * MINUTE;

/// One KV value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its key.
    pub key: String,
    /// Its value.
    pub text: String,
    /// What the dashboard shows beside the key.
    pub metadata: Metadata,
    substance: Fingerprint,
}

/// What should be written now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The routing table. It goes out before anything else is done, because proxies wait for it.
    pub routes: Option<Document>,
    /// The other documents.
    pub pages: Vec<Document>,
    /// Documents that are too large to be written and were not a moment ago, for people.
    pub too_large: Vec<String>,
}

/// All documents that can be written, and the keys of those that are too large, with their bytes
/// where they are known.
struct Made {
    documents: Vec<Document>,
    too_large: Map<String, Option<usize>>,
}

impl Controller {
    /// Everything that should be written now. The generation grows when any substance changed since
    /// it last grew. Until [`Controller::written`] says that a document arrived, it stays due.
    pub fn due_documents(&mut self, now: Timestamp) -> Due {
        self.follow_health(now);
        let mut made = self.made(now);
        let is_news = |key: &&String| !self.publishing.too_large.contains(*key);
        let news: Vec<String> = made.too_large.keys().filter(is_news).cloned().collect();
        if made.too_large.len() != self.publishing.too_large.len() || !news.is_empty() {
            self.publishing.too_large = made.too_large.keys().cloned().collect();
            // The status says so.
            made = self.made(now);
        }
        let said = |key: &String| match made.too_large.get(key) {
            Some(Some(bytes)) => {
                format!(
                    "`{key}` has {bytes} bytes of at most {}: it is not written",
                    bytes_max(key)
                )
            }
            _ => format!("`{key}` is too large: it is not written"),
        };
        let too_large = news.iter().map(said).collect();
        let (routes, pages) = made.documents.into_iter().partition(|doc| doc.key == routes::KEY);
        let routes: Vec<Document> = routes;
        Due { routes: routes.into_iter().next(), pages, too_large }
    }

    /// The documents that are due, as far as they may be written.
    fn made(&mut self, now: Timestamp) -> Made {
        let mut all = self.documents(now);
        let substances: Vec<_> = all.iter().map(|doc| doc.substance).collect();
        let substance = Fingerprint::of(json::write(&substances).as_bytes());
        if self.state.substance != Some(substance) {
            self.state.substance = Some(substance);
            self.state.generation = self.state.generation.saturating_add(1);
            // The documents carry the generation, which has just grown.
            all = self.documents(now);
        }
        let renewed_at = self.state.routes_written_at;
        let heartbeat_due = renewed_at.is_none_or(|at| now.since(at) >= HEARTBEAT_MS);
        let written = &self.state.written;
        let is_new = |doc: &Document| written.get(&doc.key) != Some(&doc.substance);
        let is_due = |doc: &Document| is_new(doc) || (doc.key == routes::KEY && heartbeat_due);
        let state_is_due = all.iter().any(is_new);
        all.retain(is_due);
        if state_is_due {
            all.push(self.state_document(now));
        }
        let mut too_large = Map::new();
        if self.has_large_table {
            too_large.insert(routes::KEY.to_owned(), None);
        }
        all.retain(|doc| {
            let bytes = doc.text.len();
            if !fits(&doc.key, bytes) {
                too_large.insert(doc.key.clone(), Some(bytes));
                return false;
            }
            true
        });
        let due = all.iter().map(|doc| doc.key.clone()).collect();
        let rested = self.publishing.rested(&due, now);
        all.retain(|doc| rested.contains(&doc.key));
        Made { documents: all, too_large }
    }

    /// Notes that a document is on its way. Until its arrival is confirmed nobody knows what KV
    /// holds, so it is due again, whatever its substance.
    pub fn writing(&mut self, document: &Document, now: Timestamp) {
        self.state.written.remove(&document.key);
        self.publishing.sending(&document.key, now);
    }

    /// Notes that a document has arrived in KV.
    pub fn written(&mut self, document: &Document, now: Timestamp) {
        if document.key == routes::KEY {
            self.state.routes_written_at = Some(now);
        }
        if document.key != state::KEY {
            self.state.written.insert(document.key.clone(), document.substance);
        }
    }

    /// Notes whether everything arrived that was sent for one piece of news.
    pub fn published(&mut self, all_arrived: bool, now: Timestamp) {
        self.publishing.sent(all_arrived, now);
    }

    /// The live status, for somebody who asks now.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        let last_run = self.state.run.as_ref().map(|run| RunStatus {
            scheduled: run.scheduled,
            began: run.began,
            rounds: run.round,
            probes: run.probes,
        });
        Status { last_run, ..self.lasting_status(self.view(now).as_ref(), now) }
    }

    fn documents(&self, now: Timestamp) -> Vec<Document> {
        let view = self.view(now);
        let status = self.lasting_status(view.as_ref(), now);
        let mut documents = vec![status_document(&status, now)];
        if let Some(view) = &view {
            if !self.has_large_table {
                documents.push(routes_document(view, summary::of_status(&status)));
            }
            let regions = view.config.regions.iter();
            documents.extend(regions.map(|(id, region)| region_document(view, id, region)));
        }
        if !self.state.history.is_empty() {
            documents.push(history_document(&self.state.history, now));
        }
        documents
    }

    fn state_document(&self, now: Timestamp) -> Document {
        let words = format!("generation {}", self.state.generation);
        document(state::KEY.to_owned(), &self.state, &self.state, now, words)
    }

    /// The status without what changes every minute.
    fn lasting_status(&self, view: Option<&View<'_>>, now: Timestamp) -> Status {
        Status {
            as_of: now,
            generation: self.state.generation,
            controller: ControllerStatus { jurisdiction: self.jurisdiction },
            config: ConfigStatus {
                in_use: self.config.as_ref().map(|config| config.fingerprint),
                refused: self.state.refused.clone(),
            },
            doubted_since: self.state.doubted_since,
            services: view.map(service_health).unwrap_or_default(),
            reasons: view.map(reasons).unwrap_or_default(),
            overrides: view.map(overrides).unwrap_or_default(),
            cloudflare: cloudflare_status(&self.state.actuation, self.config.as_ref(), now),
            too_large: self.too_large(),
            last_run: None,
        }
    }

    /// The documents that are too large to be written; absent if there is none.
    fn too_large(&self) -> Option<Vec<String>> {
        let keys = &self.publishing.too_large;
        let said = |key: &String| format!("{key}: at most {} bytes are written", bytes_max(key));
        (!keys.is_empty()).then(|| keys.iter().map(said).collect())
    }
}

fn status_document(status: &Status, now: Timestamp) -> Document {
    let mut substance = Status { as_of: Timestamp::default(), generation: 0, ..status.clone() };
    // Calls change all the time; the live status shows them.
    substance.cloudflare.api = ApiStatus::default();
    for region in substance.reasons.values_mut().flat_map(Map::values_mut) {
        if region.because == Because::Observed {
            // How a region fails may differ from probe to probe; its own page follows that.
            region.why = None;
        }
    }
    for denied in substance.cloudflare.denied.values_mut() {
        // Each try moves these.
        (denied.last_at, denied.next_at, denied.told_at) = (None, None, None);
        denied.sightings = 0;
    }
    document(STATUS_KEY.to_owned(), status, &substance, now, summary::of_status(status))
}

fn routes_document(view: &View<'_>, words: String) -> Document {
    let routes = compile::routes(view);
    let mut substance = routes.clone();
    (substance.as_of, substance.generation) = (Timestamp::default(), 0);
    for service in substance.services.values_mut() {
        let steering = &service.steering;
        let lag_max = steering.primary.as_ref().map(|_| steering.max_lag_s);
        for region in &mut service.regions {
            region.latency_ms = None;
            // A lag changes all the time; that it passes the bound is news.
            let passed = region.lag_s.zip(lag_max).map(|(lag, max)| u64::from(lag > max));
            region.lag_s = passed;
        }
    }
    document(routes::KEY.to_owned(), &routes, &substance, view.now, words)
}

fn region_document(view: &View<'_>, id: &RegionId, region: &Region) -> Document {
    let origins = region.origins.iter();
    let services = view.config.services.iter().filter(|(_, it)| it.regions.contains(id));
    let services = services.map(|(service_id, service)| {
        (service_id.clone(), region_health(&view.region(service, id)))
    });
    let status = RegionStatus {
        as_of: view.now,
        region: id.clone(),
        country: region.country,
        services: Map::of(services),
        origins: Map::of(origins.map(|origin| (origin.id.clone(), origin_status(view, origin)))),
    };
    let mut substance = status.clone();
    substance.as_of = Timestamp::default();
    let monitors = substance.origins.values_mut().flat_map(|o| o.monitors.values_mut());
    for monitor in monitors {
        (monitor.latency_ms, monitor.lag_s) = (None, None);
        if monitor.observed == Health::Up {
            // A stray failure is no news; written each time, it would use up the day's writes.
            monitor.reason = None;
        }
    }
    let words = summary::of_region(&status);
    document(format!("{REGION_PREFIX}{id}"), &status, &substance, view.now, words)
}

fn document(
    key: String,
    value: &impl Shape,
    substance: &impl Shape,
    now: Timestamp,
    summary: String,
) -> Document {
    let text = json::write_pretty(value);
    let substance = Fingerprint::of(json::write(substance).as_bytes());
    Document { key, text, metadata: Metadata::new(now, summary), substance }
}

fn service_health(view: &View<'_>) -> Map<ServiceId, Map<RegionId, Health>> {
    Map::of(view.services().map(|standing| {
        let regions = standing.regions.iter().map(|region| (region.id.clone(), region.health));
        (standing.id.clone(), Map::of(regions))
    }))
}

/// The regions that are not simply observed to be up; services without such a region are left out.
fn reasons(view: &View<'_>) -> Map<ServiceId, Map<RegionId, RegionHealth>> {
    let mut all = Map::new();
    for standing in view.services() {
        let regions = standing.regions.iter().map(|region| (region.id, region_health(region)));
        let odd = regions.filter(|(_, it)| it.why.is_some() || it.draining);
        let odd: Vec<_> = odd.map(|(id, it)| (id.clone(), it)).collect();
        if !odd.is_empty() {
            all.insert(standing.id.clone(), Map::of(odd));
        }
    }
    all
}

fn region_health(region: &RegionStanding<'_>) -> RegionHealth {
    RegionHealth {
        health: region.health,
        because: region.because(),
        draining: region.is_draining,
        why: region.why(),
    }
}

fn overrides(view: &View<'_>) -> Map<OriginId, Override> {
    let origins = view.config.regions.values().flat_map(|region| &region.origins);
    let set = |origin: &Origin| Some((origin.id.clone(), view.override_of(&origin.id)?.clone()));
    Map::of(origins.filter_map(set))
}

fn history_document(history: &[Episode], now: Timestamp) -> Document {
    let history = History::of(history, now);
    let substance = History { as_of: Timestamp::default(), ..history.clone() };
    let words = summary::of_history(&history);
    document(HISTORY_KEY.to_owned(), &history, &substance, now, words)
}

fn cloudflare_status(
    actuation: &Actuation,
    config: Option<&Config>,
    now: Timestamp,
) -> CloudflareStatus {
    let disabled_by_us =
        actuation.holds.iter().map(|h| format!("{}/{}", h.pool, h.address)).collect();
    let api = ApiStatus {
        calls_in_5_min: actuation.calls.within(CALLS_WINDOW_MS, now),
        calls_in_5_min_max: config.map_or(0, |config| config.api_calls_per_5_min),
        blocked_until: actuation.blocked_until.filter(|at| now < *at),
        upkeep_after: actuation.upkeep_after.filter(|at| now < *at),
        compared_at: actuation.compared_at,
    };
    CloudflareStatus {
        halted: config.is_some_and(|config| config.guards.halted),
        failures: actuation.failures.clone(),
        withheld: actuation.withheld.clone(),
        disabled_by_us,
        in_flight: actuation.intents.clone(),
        denied: actuation.denied.clone(),
        api,
        applied: actuation.applied.clone(),
    }
}

fn origin_status(view: &View<'_>, origin: &Origin) -> OriginStatus {
    let monitors = view.monitors_of(&origin.id);
    let monitors = monitors.map(|id| (id.clone(), monitor_status(view.origin(id, origin))));
    OriginStatus {
        url: origin.url.to_string(),
        override_: view.override_of(&origin.id).cloned(),
        monitors: Map::of(monitors),
    }
}

/// What a monitor says of an origin, and what that comes to.
fn monitor_status(standing: OriginStanding<'_>) -> MonitorStatus {
    let observed = standing.observed;
    MonitorStatus {
        health: standing.health,
        because: standing.because,
        observed: observed.health,
        damped_until: observed.damped_until,
        lag_s: observed.lag.map(|lag| lag.value_s),
        since: observed.since,
        reason: observed.reason.map(|reason| reason.to_string()),
        latency_ms: observed.latency_ms,
    }
}

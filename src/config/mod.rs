//! The config: what the operator wrote, read and checked.
//!
//! A document is read into [`raw::Raw`], which checks types, keys and bounds. [`check`] turns that
//! into a [`Config`], or into all its [`Diagnostic`]s at once. So every [`Config`] is valid: ids
//! resolve, URLs have a host, thresholds are in range, and nothing that is published breaks a
//! residency rule. No later code checks again. An invalid config is rejected as a whole, and the
//! last valid one stays active (invariant 6).
//!
//! People write TOML and KV holds JSON. Both become a `Value` before they are read here.

mod accepted;
mod admin;
#[cfg(not(target_arch = "wasm32"))]
mod advice;
mod alerting;
#[cfg(not(target_arch = "wasm32"))]
mod annotations;
mod asking;
mod check;
mod contract;
mod detection;
mod diagnostic;
mod drills;
mod follow;
mod guards;
mod host;
mod host_header;
mod monitor;
mod nesting;
mod otlp;
mod pace;
mod proxying;
mod publish;
mod raw;
#[cfg(not(target_arch = "wasm32"))]
mod reads;
mod recovery;
mod recovery_time;
mod service;
mod url;

pub use accepted::Acceptance;
pub use admin::{
    ACCESS_MAX, ACTS_PER_MINUTE_DEFAULT, ADMIN_HOSTS_MAX, ADMIN_TOKENS_MAX, AccessApp, Admin,
    AdminToken, TOKENS_OF_A_NAME_MAX,
};
#[cfg(not(target_arch = "wasm32"))]
pub use advice::{AcceptedAdvice, Advice, AdviceCode, Advised, advise, advised};
pub use alerting::{Receiver, ReceiverKind, Watchdog};
pub use asking::{
    ADDRESSES_MAX, Asking, MonitorKind, PROBE_HEADER_BYTES_MAX, PROBE_HEADERS_MAX, ProbeHeader,
    ProbeMethod, ProbeRequest, ProbeScheme, REDIRECTS_MAX, RETRIES_MAX, SMTP_PORT, TCP_SCHEME,
    is_header_name, is_header_value,
};
pub use contract::{
    AVAILABILITY_MS, AgainstPeers, BOUNDS_MAX, BoundRole, COMPONENTS_MAX, Component, ComponentKind,
    Components, FieldBound, Must, Scope, Trigger, TriggerAct,
};
pub use detection::{Detection, Estate};
pub use diagnostic::{Code, DIAGNOSTICS_LISTED_MAX, Diagnostic, Diagnostics};
pub use drills::{
    BLOCKED_MAX, Blocked, BlockedWhen, DAY_MS, DRILL_SCHEDULES_MAX, DrillKind, DrillSchedule,
    Weekday,
};
pub use follow::{CLUSTER_UNLOCKED, DCS_AGE_MS_MAX, DCS_LAST_SEEN, Follow, Manager, TIMELINE};
pub use guards::Guards;
pub use host_header::Asked;
pub use monitor::{
    BODY_BYTES_MAX, COMPOSITE_DEPTH_MAX, Composite, CompositeRule, Control,
    DAMPING_HALF_LIFE_MS_DEFAULT, DOWN_INTERVAL_MS_DEFAULT, ExpectedJson, ExpectedResponse,
    LAG_POINTER, Monitor, Override, OverrideTo, Quorum, SlowerThanPeers, StatusRange,
    UNREACHED_FALL_MIN,
};
pub use otlp::{OTLP_URL_BYTES_MAX, Otlp};
pub use pace::{
    AREA_OVERHEAD_MS, AREA_SPREAD_MS, COALESCE_MS, CONTROL_TIMEOUT_MS, PROBES_AT_ONCE, Pace,
    RECHECK_MS, RUN_MS, SHARE_PROBES, connections, spread_ms, time_for_areas_ms,
    time_for_controls_ms,
};
pub use proxying::{Proxying, Resume};
pub use publish::{
    CountriesBy, DnsMode, DnsTarget, LoadBalancerTarget, PoolSwitch, PoolTarget, Publish,
    RecordKind, SessionAffinity,
};
#[cfg(not(target_arch = "wasm32"))]
pub use reads::ApiReads;
pub use recovery::{
    Analysis, Approval, Contract, CustomStep, FIGURES_SETTLE_MS, Failback, FailbackMode, Failover,
    FailoverMode, FewSamples, HOOK_TO, Hook, Promote, StepWhen, UnknownLoss,
};
pub use recovery_time::{OPEN_CONNECTION_S, OWN_CACHE_S, RecoveryTime};
pub use service::{Affinity, Geo, Policy, Primary, SecondWitness, Service, Steering, Tenancy};
pub use url::{BadUrl, OriginUrl};

use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::geo::Area;
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId, TenantId};
use crate::json::{self, Reader, Shape, UnknownKeys};
use crate::latency::Location;
use crate::ordered::{Map, Set};
use crate::residency::{Allow, Place, Rule};
use crate::target::Target;
use crate::time::Millis;
use nesting::Levels;
#[cfg(test)]
pub(crate) use nesting::WORKED_OUT;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The KV key.
pub const KEY: &str = "config";
/// The largest config text that is read. KV takes 25 MiB, but a config larger than this is a
/// mistake.
pub const CONFIG_BYTES_MAX: usize = 512 * 1024;
/// Most regions in one config.
pub const REGIONS_MAX: usize = 100;
/// Most origins in one config. Each costs a probe per round, and a run has a limited number of
/// subrequests; `docs/scale.md` has what a thousand cost.
pub const ORIGINS_MAX: usize = 1_000;
/// Most residency rules in one config.
pub const RULES_MAX: usize = 1_000;
/// Most tenants in one config; more belong in KV, one key each.
pub const TENANTS_MAX: usize = 5_000;
/// Most monitors in one config.
pub const MONITORS_MAX: usize = 100;
/// Most members of one composite monitor.
pub const COMPOSITE_MEMBERS_MAX: usize = 16;
/// Most services in one config.
pub const SERVICES_MAX: usize = 100;
/// Most hosts of one service.
pub const HOSTS_MAX: usize = 500;
/// Most objects at Cloudflare that one service publishes.
pub const PUBLISH_MAX: usize = 50;
/// Most own sets in one config.
pub const SETS_MAX: usize = 100;
/// Most overrides at a time.
pub const OVERRIDES_MAX: usize = 100;
/// Most receivers of alerts in one config.
pub const ALERTS_MAX: usize = 10;
/// Most hosts that one receiver's URL may have.
pub const ALLOWED_HOSTS_MAX: usize = 20;
/// The default number of probes in one cron run. The free plan allows 50 subrequests a run.
pub const PROBES_PER_RUN_DEFAULT: u32 = 45;
/// The default number of API calls in one pass, for the same reason.
pub const API_CALLS_PER_PASS_DEFAULT: u32 = 45;
/// The default number of API calls in five minutes: half of what Cloudflare allows a user, since
/// the dashboard counts too.
pub const API_CALLS_PER_5_MIN_DEFAULT: u32 = 600;

/// The default number of writes to KV in 24 hours. The free plan has 1,000 a day for the whole
/// account; the rest is for configs, tenants and whoever else writes there.
pub const KV_WRITES_PER_DAY_DEFAULT: u32 = 900;

/// A valid config.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Hash of its canonical form, which is the same however the text is laid out.
    pub fingerprint: Fingerprint,
    /// Regions by id.
    pub regions: Map<RegionId, Region>,
    /// Monitors that probe, by id.
    pub monitors: Map<MonitorId, Monitor>,
    /// Composite monitors by id; no monitor has the same id.
    pub composites: Map<MonitorId, Composite>,
    /// Third-party URLs that tell whether the observer's own network works.
    pub controls: Vec<Control>,
    /// Health that operators have set, by origin.
    pub overrides: Map<OriginId, Override>,
    /// Services by id.
    pub services: Map<ServiceId, Service>,
    /// Residency rules. Their order has no meaning.
    pub residency: Vec<Rule>,
    /// The operator's own sets by name, resolved.
    pub sets: Map<String, Allow>,
    /// Tenants whose data is pinned.
    pub tenants: Map<TenantId, Allow>,
    /// The tenants' own countries, for services whose second witness is the tenant.
    pub tenant_countries: Map<TenantId, Country>,
    /// The areas to probe from, each once; none if the cron run is the only vantage point.
    pub areas: Vec<Area>,
    /// Who is alerted.
    pub alerts: Vec<Receiver>,
    /// Who notices that nobody probes.
    pub watchdog: Watchdog,
    /// Where metrics are pushed to; absent if nowhere.
    pub otlp: Option<Otlp>,
    /// The admin API; absent if the config does not speak of it.
    pub admin: Option<Admin>,
    /// Drills that are made by schedule.
    pub drills: Vec<DrillSchedule>,
    /// Times in which no drill begins.
    pub blocked: Vec<Blocked>,
    /// Warnings that the operator accepts; only `pointsman check` looks at them.
    pub accepted: Vec<Acceptance>,
    /// Most probes in one cron run.
    pub probes_per_run: u32,
    /// The limits of the guards, which can hold back a change at Cloudflare.
    pub guards: Guards,
    /// Most calls of Cloudflare's API in one pass.
    pub api_calls_per_pass: u32,
    /// Most calls of Cloudflare's API in five minutes.
    pub api_calls_per_5_min: u32,
    /// How often the account is read when nothing has changed.
    pub compare_every_ms: Millis,
    /// Most writes to KV in any 24 hours.
    pub kv_writes_per_day: u32,
}

/// A region: where data is stored and processed.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// The country whose law applies to it.
    pub country: Country,
    /// Its location, for the distance to clients.
    pub location: Option<Location>,
    /// Requests per second that it can carry.
    pub capacity_rps: Option<u32>,
    /// What its operator attests.
    pub attest: Vec<String>,
    /// Its origins; at least one.
    pub origins: Vec<Origin>,
}

/// A server that we may send traffic to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its identity.
    pub id: OriginId,
    /// Where requests and probes are sent.
    pub url: OriginUrl,
    /// Its IPv4 address, for A records.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address, for AAAA records.
    pub ipv6: Option<Ipv6Addr>,
    /// The host that it is told, in lower case; `None` leaves that to the service.
    pub host_header: Option<String>,
    /// Addresses behind its name, to each of which a probe also connects.
    pub addresses: Vec<IpAddr>,
}

impl Region {
    /// The region as the law sees it, by its id.
    #[must_use]
    pub fn place<'a>(&'a self, region: &'a RegionId) -> Place<'a> {
        Place { region, country: self.country, attest: &self.attest }
    }
}

impl Config {
    /// Reads a config from JSON text. Errors: every mistake that was found, sorted by path; never
    /// half a config.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        let document = document(text)?;
        let fingerprint = Fingerprint::of(canonical(&document).as_bytes());
        Self::read(&document, fingerprint)
    }

    /// Reads a config from a document, whatever it was written in. Errors: as [`Config::parse`].
    pub fn read(document: &Value, fingerprint: Fingerprint) -> Result<Self, Diagnostics> {
        let mut reader = Reader::new(UnknownKeys::Refused);
        let raw = raw::Raw::read(document, &mut reader);
        let (mistakes, lost) = reader.into_mistakes();
        let found = mistakes.into_iter().map(Diagnostic::from).collect();
        check::check(document, raw.as_ref(), found, lost, fingerprint)
    }

    /// Whether it is for a run on one machine: every origin is on it. Cloudflare reaches none of
    /// them, so nobody's data can be led anywhere by such a config.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let mut origins = self.regions.values().flat_map(|region| &region.origins);
        !self.regions.is_empty() && origins.all(|origin| origin.url.is_local())
    }

    /// All targets that are probed, each once.
    pub fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        let of_services = self.services.values().flat_map(|service| {
            let leaves = self.probed_for(service);
            self.origins_of(service).flat_map(move |origin| {
                let target =
                    |monitor| Target { origin: origin.id.clone(), monitor: Clone::clone(monitor) };
                leaves.iter().map(target).collect::<Vec<_>>()
            })
        });
        // Not by inserting one after another: there may be thousands, and they are in no order.
        let mut all: Vec<Target> = of_services.collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }

    /// Whether there is a target.
    #[must_use]
    pub fn has_targets(&self) -> bool {
        let is_probed = |service: &Service| {
            self.origins_of(service).next().is_some() && !self.probed_for(service).is_empty()
        };
        self.services.values().any(is_probed)
    }

    /// The origins of a service's regions.
    pub fn origins_of<'c>(&'c self, service: &'c Service) -> impl Iterator<Item = &'c Origin> {
        let regions = service.regions.iter().filter_map(|id| self.regions.get(id));
        regions.flat_map(|region| &region.origins)
    }

    /// The monitors by which the origins of a service are probed.
    #[must_use]
    pub fn probed_for(&self, service: &Service) -> Set<MonitorId> {
        let mut leaves = self.leaves(&service.monitor);
        for component in service.components.values() {
            leaves = Set::of(leaves.iter().cloned().chain(self.leaves(&component.monitor)));
        }
        leaves.extend(service.failover.follow.iter().map(|follow| follow.monitor.clone()));
        leaves
    }

    /// The monitors that are probed for `monitor`: itself, or the members of a composite.
    #[must_use]
    pub fn leaves(&self, monitor: &MonitorId) -> Set<MonitorId> {
        if !self.composites.contains_key(monitor) {
            return Set::of([monitor.clone()]);
        }
        let levels = Levels::below(&self.composites, monitor, usize::MAX);
        let probes = levels.all().filter(|id| !self.composites.contains_key(*id));
        probes.cloned().collect()
    }

    /// The fields of a health document that somebody asks for, of the answers to one monitor.
    #[must_use]
    pub fn fields_of(&self, monitor: &MonitorId) -> Vec<String> {
        let asks = |service: &&Service| self.leaves(&service.monitor).contains(monitor);
        let services = self.services.values().filter(asks);
        let promotes = services.filter_map(|service| service.failover.promote.as_ref());
        let components = self.services.values().flat_map(|service| service.components.values());
        let components = components.filter(|it| self.leaves(&it.monitor).contains(monitor));
        let bounds = components.flat_map(|component| &component.bounds).map(|(pointer, _)| pointer);
        let follows = self.services.values().filter_map(|service| service.failover.follow.as_ref());
        let follows = follows.filter(|follow| follow.monitor == *monitor);
        let compared =
            self.monitors.get(monitor).into_iter().flat_map(|it| it.expect.beside_peers());
        let pointers = promotes.flat_map(Promote::pointers).chain(bounds);
        let pointers = pointers.chain(compared.map(|(pointer, _)| pointer)).cloned();
        Set::of(pointers.chain(follows.flat_map(Follow::pointers))).into_iter().collect()
    }

    /// All origins with their regions, by id: for whoever looks up many, since [`Self::origin`]
    /// looks through all of them each time.
    #[must_use]
    pub fn places(&self) -> Map<&OriginId, (&RegionId, &Origin)> {
        let places = self.regions.iter().flat_map(|(region, it)| {
            it.origins.iter().map(move |origin| (&origin.id, (region, origin)))
        });
        // As in `Self::targets`.
        let mut places: Vec<_> = places.collect();
        places.sort_unstable_by_key(|(id, _)| *id);
        Map::of(places)
    }

    /// The origin with its region, by id.
    #[must_use]
    pub fn origin(&self, id: &OriginId) -> Option<(&RegionId, &Origin)> {
        self.regions.iter().find_map(|(region_id, region)| {
            region.origins.iter().find(|o| o.id == *id).map(|origin| (region_id, origin))
        })
    }
}

/// The JSON Schema of a config, draft 2020-12.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn schema() -> Value {
    let mut schema = json::schema::Definitions::document::<raw::Raw>("Pointsman config");
    annotations::add(&mut schema);
    schema
}

/// The fingerprint of a config text, valid or not: that of its canonical form, or of the text
/// itself where it is no document.
#[must_use]
pub fn fingerprint(text: &str) -> Fingerprint {
    match document(text) {
        Ok(document) => Fingerprint::of(canonical(&document).as_bytes()),
        Err(_) => Fingerprint::of(text.as_bytes()),
    }
}

/// The canonical form of a document: JSON on one line, keys in order.
#[must_use]
pub fn canonical(document: &Value) -> String {
    json::write(document)
}

/// Reads the text of a document. Errors: the text is not JSON, has a key twice, or is too large.
fn document(text: &str) -> Result<Value, Diagnostic> {
    let refused = |problem: String, allowed: &str| Diagnostic {
        path: ".".to_owned(),
        code: Code::E001,
        problem,
        allowed: allowed.to_owned(),
        hint: None,
    };
    if text.len() > CONFIG_BYTES_MAX {
        let problem = format!("the config has {} bytes", text.len());
        return Err(refused(problem, &format!("at most {CONFIG_BYTES_MAX} bytes of JSON")));
    }
    json::read_without_repeats(json::without_bom(text))
        .map_err(|error| refused(error.to_string(), "one JSON object"))
}

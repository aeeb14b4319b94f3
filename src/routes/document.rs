//! The document under [`super::KEY`], as it travels.

use crate::config::{Affinity, Geo, Policy, Proxying};
use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::health::Health;
use crate::ids::{RegionId, RuleId, ServiceId, TenantId};
use crate::json::shape;
use crate::latency::Location;
use crate::ordered::Map;
use crate::residency::{Mode, Pattern, TenantSource};
use crate::time::{Millis, Timestamp};

shape! {
    /// The routing table.
    pub struct Routes {
        /// [`super::VERSION`].
        version: u32,
        /// Counts the changes of the Controller's state; a later table has a larger one.
        generation: u64,
        /// When the Controller wrote this; renewed by its heartbeat.
        as_of: Timestamp,
        /// The config that it was compiled from.
        config: Fingerprint,
        /// Fingerprint of what the law says in this table. The proof of a config names it.
        law: Fingerprint,
        /// All regions.
        regions: Vec<RegionEntry>,
        /// Services by id.
        services: Map<ServiceId, ServiceEntry>,
        /// The residency rules, all of them.
        rules: Vec<RuleEntry>,
        /// The regions that each pinned tenant may be in.
        tenants: Map<TenantId, Vec<RegionId>> = Map::new(),
        /// The regions that each named set permits, for pins that are kept in KV.
        sets: Map<String, Vec<RegionId>> = Map::new(),
        /// When a membership ends that something above rests on; `lasting` is the law from then on,
        /// for proxies that have heard nothing newer.
        law_until: Option<Timestamp>,
        /// What is permitted by memberships that have no end. Absent where `law_until` is.
        lasting: Option<LastingEntry>,
    }

    /// The law without any membership that has an end.
    pub struct LastingEntry {
        /// The regions that each rule permits, in the order of the rules.
        rules: Vec<Vec<RegionId>>,
        /// The same of each pin.
        tenants: Map<TenantId, Vec<RegionId>> = Map::new(),
        /// The same of each set.
        sets: Map<String, Vec<RegionId>> = Map::new(),
    }

    /// One region.
    pub struct RegionEntry {
        /// Its name.
        id: RegionId,
        /// Its country.
        country: Country,
        /// Its place, where the config tells.
        location: Option<Location>,
    }

    /// One service.
    pub struct ServiceEntry {
        /// Host names, in lower case.
        hosts: Vec<String>,
        /// Longest wait for the first byte of one try of a request that may be tried elsewhere.
        try_timeout_ms: Millis,
        /// Longest wait for the first byte of an answer, all tries together.
        timeout_ms: Millis,
        /// How a region is chosen.
        steering: SteeringEntry,
        /// How a request tells its tenant.
        tenancy: Option<TenancyEntry>,
        /// How its requests are treated.
        proxy: Proxying,
        /// What a region is asked for to see whether it answers again, beginning with `/`.
        trial_path: String = "/".to_owned(),
        /// Its regions in failover order.
        regions: Vec<CandidateEntry>,
    }

    /// How a region is chosen.
    pub struct SteeringEntry {
        /// The policy.
        policy: Policy,
        /// Where it is `latency`: regions within this of the best share.
        band_ms: Millis = 0,
        /// And a choice moves only for more than this beyond the band.
        min_gain_ms: Millis = 0,
        /// Where it is `geo`: which regions serve which places.
        geo: Geo,
        /// What keeps a client with its region.
        affinity: Affinity = Affinity::None,
        /// Whether a region with origins down hands a share of its clients to the next.
        spill: bool = false,
        /// The region that takes writes, where only one does.
        primary: Option<RegionId>,
        /// Most seconds that a replica may lag to be read from.
        max_lag_s: u64 = 0,
        /// For how long a client that wrote reads from the primary.
        read_your_writes_s: u64 = 0,
    }

    /// How a request tells its tenant.
    pub struct TenancyEntry {
        /// Where the tenant stands.
        source: TenantSource,
        /// Whether a request without a known tenant is refused.
        required: bool = false,
        /// Whether tenants that the table does not name are looked up in KV.
        kv: bool = false,
    }

    /// One region of one service.
    pub struct CandidateEntry {
        /// The region.
        id: RegionId,
        /// The best health among its origins.
        health: Health,
        /// Whether it takes no new clients.
        draining: bool = false,
        /// Origins that are fit for traffic.
        usable: u32,
        /// Origins in all.
        all: u32,
        /// Smoothed latency of the observer's probes, where there is a fresh one.
        latency_ms: Option<Millis>,
        /// How far its data lags behind the primary, where it says so.
        lag_s: Option<u64>,
        /// Its share, 0 to 100.
        weight: u32 = 1,
        /// Percent of the clients that it takes while it is tried out.
        canary: Option<u32>,
        /// Percent of the clients that it turns away.
        shed: u32 = 0,
        /// Scheme, host and port of the origins to use, best first: those that are up, or else
        /// those that are unknown.
        origins: Vec<String>,
    }

    /// One residency rule as it travels.
    pub struct RuleEntry {
        /// Its name.
        id: RuleId,
        /// Whether it may be left.
        mode: Mode,
        /// Which requests it guards.
        when: WhenEntry,
        /// The regions that it permits now.
        permits: Vec<RegionId>,
        /// The legal ground, in the operator's words.
        basis: Option<String>,
    }

    /// Which requests a rule guards.
    pub struct WhenEntry {
        /// Client countries; all where absent.
        countries: Option<Vec<Country>>,
        /// Hosts; all where absent.
        hosts: Option<Vec<String>>,
        /// Paths; all where absent.
        paths: Option<Vec<Pattern>>,
        /// Methods; all where absent.
        methods: Option<Vec<String>>,
        /// Headers.
        headers: Vec<HeaderEntry> = Vec::new(),
        /// Tenants; all requests where absent.
        tenants: Option<Vec<TenantId>>,
    }

    /// One header that a rule looks at.
    pub struct HeaderEntry {
        /// Its name.
        name: String,
        /// What it says; anything where there is no text.
        texts: Vec<String> = Vec::new(),
    }
}

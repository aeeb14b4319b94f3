//! The shape of the document under the KV key [`super::KEY`].

use crate::config::{Admin, Affinity, Geo, Policy, Proxying, SecondWitness};
use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::geo::Area;
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
        /// Counts changes of the Controller's state: a later table has a larger generation.
        generation: u64,
        /// When the Controller wrote this; renewed by its heartbeat.
        as_of: Timestamp,
        /// The config that it was compiled from.
        config: Fingerprint,
        /// Fingerprint of the rules, pins and sets in this table. The proof of a config names it.
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
        /// The countries of tenants, for services whose second witness is the tenant.
        tenant_countries: Map<TenantId, Country> = Map::new(),
        /// Where the admin API answers, and who may use it; absent if the config does not speak of
        /// it. No secret is in it: of tokens it has the hashes.
        admin: Option<Admin>,
        /// When the first membership ends that something above depends on. From then on `lasting`
        /// applies, in proxies that have no newer table.
        law_until: Option<Timestamp>,
        /// What is permitted by memberships without an end. Absent if `law_until` is.
        lasting: Option<LastingEntry>,
    }

    /// The law without memberships that end.
    pub struct LastingEntry {
        /// The regions that each rule permits, in the order of the rules.
        rules: Vec<Vec<RegionId>>,
        /// The same for each pin.
        tenants: Map<TenantId, Vec<RegionId>> = Map::new(),
        /// The same for each set.
        sets: Map<String, Vec<RegionId>> = Map::new(),
    }

    /// One region.
    pub struct RegionEntry {
        /// Its name.
        id: RegionId,
        /// Its country.
        country: Country,
        /// Its location, if the config gives one.
        location: Option<Location>,
    }

    /// One service.
    pub struct ServiceEntry {
        /// Host names, in lower case.
        hosts: Vec<String>,
        /// Longest wait for the first byte of one try, if the request may be tried again elsewhere.
        try_timeout_ms: Millis,
        /// Longest wait for the first byte of an answer, all tries together.
        timeout_ms: Millis,
        /// How a region is chosen.
        steering: SteeringEntry,
        /// How a request names its tenant.
        tenancy: Option<TenancyEntry>,
        /// Who tells the client's country besides the edge.
        second_witness: Option<SecondWitness>,
        /// How its requests are treated.
        proxy: Proxying,
        /// The path of a trial request, starting with `/`.
        trial_path: String = "/".to_owned(),
        /// Whether nobody may be moved to another region, because data may be corrupt. Health is
        /// then as it was when that was declared.
        frozen: bool = false,
        /// Its regions in failover order.
        regions: Vec<CandidateEntry>,
        /// The epoch of its last promotion, which origins are told; absent as long as it had none.
        epoch: Option<u64>,
    }

    /// How a region is chosen.
    pub struct SteeringEntry {
        /// The policy.
        policy: Policy,
        /// With `latency`: regions within this of the best share the traffic.
        band_ms: Millis = 0,
        /// With `latency`: a choice moves only for a gain of more than this beyond the band.
        min_gain_ms: Millis = 0,
        /// With `geo`: which regions serve which clients.
        geo: Geo,
        /// What keeps a client with its region.
        affinity: Affinity = Affinity::None,
        /// Whether a region with origins down gives a share of its clients to the next region.
        spill: bool = false,
        /// The region that takes writes; absent if all do.
        primary: Option<RegionId>,
        /// The largest lag of a replica that may be read from, in seconds.
        max_lag_s: u64 = 0,
        /// For how many seconds a client that wrote reads from the primary.
        read_your_writes_s: u64 = 0,
        /// The region that an operator prefers to all others while it is up; absent if none.
        prefer: Option<RegionId>,
        /// Whether the primary takes no writes: it is fenced, or nobody has confirmed its data.
        no_writer: bool = false,
    }

    /// How a request names its tenant.
    pub struct TenancyEntry {
        /// Where in the request the tenant is.
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
        /// The number of usable origins.
        usable: u32,
        /// The number of all origins.
        all: u32,
        /// Smoothed latency of the observer's probes; absent if stale.
        latency_ms: Option<Millis>,
        /// The areas whose clients should go elsewhere, because it cannot be reached from there.
        away: Vec<Area> = Vec::new(),
        /// Smoothed latency from each area that has one.
        area_latency_ms: Map<Area, Millis> = Map::new(),
        /// Its replication lag in seconds, if it reports one.
        lag_s: Option<u64>,
        /// Its share, 0 to 100.
        weight: u32 = 1,
        /// Percent of the clients that it takes while it is a canary.
        canary: Option<u32>,
        /// Percent of the clients that it turns away.
        shed: u32 = 0,
        /// Whether it is being left as planned: what it answers with 500 or 503, or not at all, is
        /// asked elsewhere if it may be asked twice.
        leaving: bool = false,
        /// Percent of its clients that have returned to it since it was out; absent if all have.
        returned: Option<u32>,
        /// In a frozen service: whether it went down since. Whoever would go there is refused.
        lost: bool = false,
        /// Scheme, host and port of the origins to use, best first: those that are up, or if none
        /// is, those of unknown health.
        origins: Vec<String>,
        /// The host that each of them is told, in the same order; empty text for its own. Absent if
        /// each is told its own.
        host_headers: Vec<String> = Vec::new(),
        /// Its other origins, which take no requests now. An answer that names one is rewritten
        /// all the same.
        unused: Vec<String> = Vec::new(),
    }

    /// One residency rule.
    pub struct RuleEntry {
        /// Its name.
        id: RuleId,
        /// Whether it may be broken if no region inside is usable.
        mode: Mode,
        /// Which requests it guards.
        when: WhenEntry,
        /// The regions that it permits now.
        permits: Vec<RegionId>,
        /// The legal basis, in the operator's words.
        basis: Option<String>,
    }

    /// Which requests a rule guards.
    pub struct WhenEntry {
        /// Client countries; all if absent.
        countries: Option<Vec<Country>>,
        /// Hosts; all if absent.
        hosts: Option<Vec<String>>,
        /// Paths; all if absent.
        paths: Option<Vec<Pattern>>,
        /// Methods; all if absent.
        methods: Option<Vec<String>>,
        /// Headers.
        headers: Vec<HeaderEntry> = Vec::new(),
        /// Tenants; all requests if absent.
        tenants: Option<Vec<TenantId>>,
    }

    /// One header that a rule looks at.
    pub struct HeaderEntry {
        /// Its name.
        name: String,
        /// The values that match; any value if empty.
        texts: Vec<String> = Vec::new(),
    }
}

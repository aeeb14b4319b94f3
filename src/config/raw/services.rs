//! Services: hosts, the regions behind them, and how one is chosen.

use super::publishing::RawPublish;
use super::recovery::{RawContract, RawFailover};
use super::texts::{HeaderName, Pop};
use crate::config::proxying::Proxying;
use crate::config::service::{Affinity, Policy};
use crate::country::Country;
use crate::geo::LbRegion;
use crate::ids::{MonitorId, RegionId};
use crate::json::{Within, shape, words};
use crate::ordered::Map;

shape! {
    /// A service: what clients request.
    pub(in crate::config) struct RawService {
        /// Host names that clients use; the `*` of `*.example.com` stands for one label.
        hosts: Vec<String> = Vec::new(),
        /// How its origins are probed.
        monitor: MonitorId,
        /// Its regions in failover order.
        regions: Vec<RegionId>,
        /// How a region is chosen among those that are permitted and usable.
        steering: Policy = Policy::Latency,
        /// Regions whose latency is within this of the best share the traffic by weight.
        band_ms: Within<0, 1_000> = Within(0),
        /// A client moves to another region only for a gain of more than this beyond the band.
        min_gain_ms: Within<0, 1_000> = Within(5),
        /// Shares of the regions, with steering by weight or within the band; 1 if absent, 0 for
        /// last resort.
        weights: Map<RegionId, Within<0, 100>> = Map::new(),
        /// Which regions serve which clients, with `steering = "geo"`.
        geo: RawGeo,
        /// What keeps a client with its region.
        affinity: Affinity = Affinity::None,
        /// Percent of the clients that a canary region takes; all of them if no other region is
        /// usable.
        canary: Map<RegionId, Within<0, 100>> = Map::new(),
        /// Percent of the clients that a region turns away, to the next region if there is one.
        shed: Map<RegionId, Within<0, 100>> = Map::new(),
        /// Whether a region with origins down gives a share of its clients to the next region.
        spill: bool = false,
        /// Where requests go that change something.
        writes: RawWrites = RawWrites::Any,
        /// The region that takes writes; the first of `regions` if absent.
        primary: Option<RegionId>,
        /// The largest lag of a replica that may be read from.
        max_lag_s: Within<0, 86_400> = Within(60),
        /// For how long a client that wrote reads from the primary.
        read_your_writes_s: Within<0, 3_600> = Within(0),
        /// How a request names its tenant.
        tenant: Option<RawTenantSource>,
        /// Who tells the client's country besides the edge. Where they differ, the rules of both
        /// countries apply.
        second_witness: Option<RawSecondWitness>,
        /// Longest wait for the first byte of one try, if the request may be tried again elsewhere.
        try_timeout_ms: Within<100, 60_000> = Within(5_000),
        /// Longest wait for the first byte of a response, all tries together.
        timeout_ms: Within<100, 300_000> = Within(30_000),
        /// How the proxy treats its requests.
        proxy: Proxying,
        /// How it fails over and back.
        failover: RawFailover,
        /// Requests per second at peak, which the remaining regions must be able to carry.
        peak_rps: Option<Within<1, 10_000_000>>,
        /// Objects at Cloudflare that follow its health.
        publish: Vec<RawPublish> = Vec::new(),
        /// The recovery targets that it promises.
        contract: Option<RawContract>,
        /// The host that requests and probes tell its origins, in place of the one in their URLs.
        host_header: Option<String>,
    }

    /// Which regions serve which clients. The most exact entry counts: data center, then country,
    /// then load-balancing region.
    pub(in crate::config) struct RawGeo {
        /// By Cloudflare data center, such as `FRA`.
        pops: Map<Pop, Vec<RegionId>> = Map::new(),
        /// By country of the client.
        countries: Map<Country, Vec<RegionId>> = Map::new(),
        /// By Cloudflare's load-balancing region, such as `WEU`.
        regions: Map<LbRegion, Vec<RegionId>> = Map::new(),
    }

    /// How a request names its tenant: set exactly one of the first four keys.
    pub(in crate::config) struct RawTenantSource {
        /// In the header of this name.
        header: Option<HeaderName>,
        /// In the cookie of this name.
        cookie: Option<HeaderName>,
        /// In this label of the host, the leftmost being 1.
        host_label: Option<Within<1, 10>>,
        /// In this segment of the path, the leftmost being 1.
        path_segment: Option<Within<1, 10>>,
        /// Whether a request without a known tenant is refused.
        required: bool = false,
        /// Whether tenants that the config does not name are looked up in KV, as `tenant:<id>`.
        kv: bool = false,
    }
}

shape! {
    /// Who tells a client's country besides the edge: set one of the first two keys, or both.
    pub(in crate::config) struct RawSecondWitness {
        /// This header, which your own front end sets.
        header: Option<HeaderName>,
        /// The tenant's own country: `country` in `tenants`, or in its pin in KV.
        tenant: bool = false,
        /// Whether a client of whom no witness tells anything counts as one of unknown country.
        required: bool = false,
    }
}

words! {
    /// Where requests go that change something.
    pub(in crate::config) enum RawWrites {
        /// To any permitted region.
        Any = "any",
        /// To the primary; reads may use a replica that is fresh enough.
        Primary = "primary",
    }
}

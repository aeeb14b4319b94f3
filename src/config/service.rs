//! What clients ask for, and how a region is chosen for them.

use super::proxying::Proxying;
use super::publish::Publish;
use super::raw::HeaderName;
use super::recovery::{Contract, Failover};
use crate::country::Country;
use crate::geo::LbRegion;
use crate::ids::{MonitorId, RegionId};
use crate::json::{Reader, Shape, shape, words};
use crate::ordered::Map;
use crate::residency::TenantSource;
use crate::time::Millis;
use serde_json::Value;

/// What clients ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Host names that clients use, in lower case; at least one unless the service is only
    /// published. `*.example.com` stands for one label.
    pub hosts: Vec<String>,
    /// How its origins are probed: a monitor, or a composite one.
    pub monitor: MonitorId,
    /// Its regions in failover order; at least one.
    pub regions: Vec<RegionId>,
    /// How a region is chosen among those that are permitted and usable.
    pub steering: Steering,
    /// Longest wait for the first byte of one try of a request that may be tried elsewhere.
    pub try_timeout_ms: Millis,
    /// Longest wait for the first byte of an answer, all tries together.
    pub timeout_ms: Millis,
    /// How the proxy treats its requests.
    pub proxy: Proxying,
    /// How it fails over and back.
    pub failover: Failover,
    /// Requests a second at peak, which those that remain must be able to carry.
    pub peak_rps: Option<u32>,
    /// Objects at Cloudflare that follow its health.
    pub publish: Vec<Publish>,
    /// The recovery targets that it promises.
    pub contract: Option<Contract>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Service {
    /// The names that clients ask for: its hosts, and those that it publishes.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let published = self.publish.iter().filter_map(|publish| match publish {
            Publish::Dns(dns) => Some(dns.name.as_str()),
            Publish::LoadBalancer(balancer) => Some(balancer.name.as_str()),
            Publish::Pool(_) => None,
        });
        self.hosts.iter().map(String::as_str).chain(published).collect()
    }
}

/// How a region is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Steering {
    /// The policy.
    pub policy: Policy,
    /// Where it is latency: regions within this of the best share by weight.
    pub band_ms: Millis,
    /// And a choice moves only for more than this beyond the band.
    pub min_gain_ms: Millis,
    /// Where it is geo: which regions serve which places.
    pub geo: Geo,
    /// Shares by region, 0 to 100; 1 where absent.
    pub weights: Map<RegionId, u32>,
    /// What keeps a client with its region.
    pub affinity: Affinity,
    /// Percent of the clients that a region takes while it is tried out.
    pub canary: Map<RegionId, u32>,
    /// Percent of the clients that a region turns away.
    pub shed: Map<RegionId, u32>,
    /// Whether a region with origins down hands a share of its clients to the next.
    pub spill: bool,
    /// The region that takes writes, where only one does.
    pub primary: Option<Primary>,
    /// How a request tells its tenant.
    pub tenancy: Option<Tenancy>,
}

words! {
    /// How regions are put in order.
    pub enum Policy {
        /// Failover order.
        Ordered = "ordered",
        /// By the client's data center, country or Cloudflare region.
        Geo = "geo",
        /// Nearest first.
        Proximity = "proximity",
        /// By weighted shares.
        Weighted = "weighted",
        /// Fastest first; those within a band of the best share.
        Latency = "latency",
        /// The less busy of two.
        LeastOutstanding = "least_outstanding",
    }
}

shape! {
    /// Which regions serve which places; the most exact place that is named counts: data center,
    /// then country, then Cloudflare's region.
    pub struct Geo {
        /// By Cloudflare data center, such as `FRA`.
        pops: Map<String, Vec<RegionId>> = Map::new(),
        /// By country of the client.
        countries: Map<Country, Vec<RegionId>> = Map::new(),
        /// By Cloudflare's load-balancing region, such as `WEU`.
        regions: Map<LbRegion, Vec<RegionId>> = Map::new(),
    }

    /// A header that keeps a client with its region.
    struct AffinityHeader {
        /// Its name.
        header: HeaderName,
    }
}

impl Geo {
    /// Names no place.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { pops: Map::new(), countries: Map::new(), regions: Map::new() }
    }
}

/// What keeps a client with its region: a word, or a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Affinity {
    /// Nothing.
    None,
    /// A signed cookie.
    Cookie,
    /// The tenant.
    Tenant,
    /// The client's address, IPv6 by its /64.
    Client,
    /// This header, in lower case.
    Header(String),
}

impl Affinity {
    const WORDS: &'static [&'static str] = &["none", "cookie", "tenant", "client"];
}

impl Shape for Affinity {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        if value.is_object() {
            let by = AffinityHeader::read(value, reader)?;
            return Some(Self::Header(by.header.0.to_ascii_lowercase()));
        }
        Some(match reader.word(value, Self::WORDS)? {
            1 => Self::Cookie,
            2 => Self::Tenant,
            3 => Self::Client,
            _ => Self::None,
        })
    }

    fn write(&self) -> Value {
        match self {
            Self::None => "none".into(),
            Self::Cookie => "cookie".into(),
            Self::Tenant => "tenant".into(),
            Self::Client => "client".into(),
            Self::Header(header) => AffinityHeader { header: HeaderName(header.clone()) }.write(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(definitions: &mut crate::json::schema::Definitions) -> Value {
        let header = AffinityHeader::schema(definitions);
        serde_json::json!({"anyOf": [{"enum": Self::WORDS}, header]})
    }
}

/// The region that takes writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Primary {
    /// The region.
    pub region: RegionId,
    /// Most seconds that a replica may lag to be read from.
    pub max_lag_s: u32,
    /// For how long a client that wrote reads from the primary.
    pub read_your_writes_s: u32,
}

/// How a request tells its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    /// Where the tenant stands.
    pub source: TenantSource,
    /// Whether a request without a known tenant is refused.
    pub required: bool,
    /// Whether tenants that the config does not name are looked up in KV.
    pub kv: bool,
}

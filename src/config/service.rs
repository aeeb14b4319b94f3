//! Services: what clients request, and how a region is chosen for them.

use super::contract::Components;
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

/// A service: what clients request.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Host names that clients use, in lower case; may be empty if the service is only published.
    /// The `*` of `*.example.com` stands for one label.
    pub hosts: Vec<String>,
    /// How its origins are probed: a monitor or a composite.
    pub monitor: MonitorId,
    /// Its regions in failover order; at least one.
    pub regions: Vec<RegionId>,
    /// How a region is chosen among those that are permitted and usable.
    pub steering: Steering,
    /// Longest wait for the first byte of one try, if the request may be tried again elsewhere.
    pub try_timeout_ms: Millis,
    /// Longest wait for the first byte of a response, all tries together.
    pub timeout_ms: Millis,
    /// How the proxy treats its requests.
    pub proxy: Proxying,
    /// How it fails over and back.
    pub failover: Failover,
    /// Requests per second at peak, which the remaining regions must be able to carry.
    pub peak_rps: Option<u32>,
    /// Objects at Cloudflare that follow its health.
    pub publish: Vec<Publish>,
    /// The recovery targets that it promises.
    pub contract: Option<Contract>,
    /// What its parts promise.
    pub components: Components,
    /// The host that its origins are told, in lower case; `None` if each is told its own.
    pub host_header: Option<String>,
}

impl Service {
    /// The names that clients use: its hosts, and the names that it publishes.
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
    /// With latency: regions within this of the best share the traffic by weight.
    pub band_ms: Millis,
    /// With latency: a choice moves only for a gain of more than this beyond the band.
    pub min_gain_ms: Millis,
    /// With geo: which regions serve which clients.
    pub geo: Geo,
    /// Shares by region, 0 to 100; 1 if absent.
    pub weights: Map<RegionId, u32>,
    /// What keeps a client with its region.
    pub affinity: Affinity,
    /// Percent of the clients that a canary region takes.
    pub canary: Map<RegionId, u32>,
    /// Percent of the clients that a region turns away.
    pub shed: Map<RegionId, u32>,
    /// Whether a region with origins down gives a share of its clients to the next region.
    pub spill: bool,
    /// The region that takes writes; `None` if all do.
    pub primary: Option<Primary>,
    /// How a request names its tenant.
    pub tenancy: Option<Tenancy>,
    /// Who tells the client's country besides the edge.
    pub second_witness: Option<SecondWitness>,
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
        /// Fastest first; those within a band of the best share the traffic.
        Latency = "latency",
        /// The less busy of two that are drawn.
        LeastOutstanding = "least_outstanding",
    }
}

shape! {
    /// Which regions serve which clients. The most exact entry counts: data center, then country,
    /// then load-balancing region.
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
    /// An empty map.
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
    /// The largest lag of a replica that may be read from.
    pub max_lag_s: u32,
    /// For how many seconds a client that wrote reads from the primary.
    pub read_your_writes_s: u32,
}

shape! {
    /// Who tells a client's country besides the edge. The rules of every country that is told
    /// apply.
    pub struct SecondWitness {
        /// The header of this name, in lower case.
        header: Option<String>,
        /// Whether the tenant's own country counts.
        tenant: bool = false,
        /// Whether a client of whom no witness tells anything counts as one of unknown country.
        required: bool = false,
    }
}

/// How a request names its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    /// Where in the request the tenant is.
    pub source: TenantSource,
    /// Whether a request without a known tenant is refused.
    pub required: bool,
    /// Whether tenants that the config does not name are looked up in KV.
    pub kv: bool,
}

impl Service {
    /// Whether a part of its clients can be sent somewhere: by the proxy, by a load balancer that
    /// goes by weights, or by the weights within a pool.
    #[must_use]
    pub fn has_shares(&self) -> bool {
        let by_weight = self.steering.policy.goes_by_weight();
        let divides = |publish: &Publish| match publish {
            Publish::LoadBalancer(_) => by_weight,
            Publish::Pool(pool) => pool.weights,
            Publish::Dns(_) => false,
        };
        !self.hosts.is_empty() || self.publish.iter().any(divides)
    }
}

impl Policy {
    /// Whether a load balancer that follows it can be given weights.
    #[must_use]
    pub fn goes_by_weight(self) -> bool {
        matches!(self, Self::Ordered | Self::Weighted | Self::LeastOutstanding)
    }
}

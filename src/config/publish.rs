//! Objects at Cloudflare that follow a service, and what may be done to them.

use crate::ids::RegionId;
use crate::json::words;
use std::fmt;

/// One object at Cloudflare that follows a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publish {
    /// A record set that names usable regions.
    Dns(DnsTarget),
    /// A pool in which origins that are down are disabled.
    Pool(PoolTarget),
    /// A load balancer whose pools follow residency and health.
    LoadBalancer(LoadBalancerTarget),
}

/// A DNS record set that we keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsTarget {
    /// The zone's name.
    pub zone: String,
    /// The record's full name.
    pub name: String,
    /// The record's type.
    pub kind: RecordKind,
    /// What it says.
    pub mode: DnsMode,
    /// TTL in seconds: 60 to 86,400, or 1 for Cloudflare's automatic TTL.
    pub ttl_s: u32,
    /// TTL while a change is likely; `None`: the same as `ttl_s`.
    pub ttl_at_risk_s: Option<u32>,
    /// Whether the records are proxied by Cloudflare; `None`: unchanged.
    pub proxied: Option<bool>,
    /// Whether missing records are created.
    pub manage: bool,
    /// Whether to take over records of this name and type that we did not create.
    pub adopt: bool,
}

words! {
    /// What a record set says.
    pub enum DnsMode {
        /// The first permitted region that is up, and no other.
        Failover = "failover",
        /// Every permitted origin that is up.
        Members = "members",
    }
}

words! {
    /// The record types that can follow a region, as DNS and the API write them.
    pub enum RecordKind {
        /// IPv4 addresses of the region's usable origins.
        A = "A",
        /// IPv6 addresses of the region's usable origins.
        Aaaa = "AAAA",
        /// The host of the region's first usable origin.
        Cname = "CNAME",
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A load-balancer pool that contains some of our origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolTarget {
    /// The account's id.
    pub account: String,
    /// The pool's name.
    pub name: String,
    /// The regions whose origins are in it, in failover order.
    pub regions: Vec<RegionId>,
    /// What is disabled when they are down.
    pub switch: PoolSwitch,
    /// Whether the weights of its origins follow the service's shares.
    pub weights: bool,
    /// Whether to attach a Cloudflare monitor that matches ours.
    pub monitor: bool,
    /// Whether it is created if missing.
    pub manage: bool,
}

words! {
    /// What is disabled in a pool.
    pub enum PoolSwitch {
        /// Each origin that is down.
        Origins = "origins",
        /// The pool, when all of them are.
        Pool = "pool",
    }
}

/// A load balancer that we keep. Its pools are those that its service publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancerTarget {
    /// The zone's name.
    pub zone: String,
    /// The balancer's full name.
    pub name: String,
    /// How clients from different countries are sent to different pools.
    pub countries_by: CountriesBy,
    /// Whether it is proxied by Cloudflare; `None`: unchanged.
    pub proxied: Option<bool>,
    /// TTL in seconds of a balancer that is not proxied; `None`: unchanged.
    pub ttl_s: Option<u32>,
    /// What keeps a client with its origin; `None`: unchanged.
    pub session_affinity: Option<SessionAffinity>,
    /// For how many seconds; `None`: unchanged.
    pub session_affinity_ttl_s: Option<u32>,
    /// Whether it is created if missing.
    pub manage: bool,
}

words! {
    /// How a load balancer sends clients from different countries to different pools.
    pub enum CountriesBy {
        /// By `country_pools`, with one fallback for all.
        CountryPools = "country_pools",
        /// By `pool_sets`, each with its own fallback and policy.
        PoolSets = "pool_sets",
    }
}

words! {
    /// What keeps a client with its origin at Cloudflare.
    pub enum SessionAffinity {
        /// Nothing.
        None = "none",
        /// A cookie.
        Cookie = "cookie",
        /// A cookie, first chosen by address.
        IpCookie = "ip_cookie",
        /// A header.
        Header = "header",
    }
}

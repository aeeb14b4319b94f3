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
    /// Time to live in seconds: 60 to 86,400, or 1 for Cloudflare's automatic.
    pub ttl_s: u32,
    /// The same while a change is likely; absent: it does not change.
    pub ttl_at_risk_s: Option<u32>,
    /// Whether Cloudflare answers with its own addresses; absent: as the records are.
    pub proxied: Option<bool>,
    /// Whether records are created where there are none.
    pub manage: bool,
    /// Whether every record of this name and type is ours, marked or not.
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

/// A load-balancer pool of which some origins are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolTarget {
    /// The account's id.
    pub account: String,
    /// The pool's name.
    pub name: String,
    /// The regions whose origins are in it, in failover order.
    pub regions: Vec<RegionId>,
    /// What is switched when they are down.
    pub switch: PoolSwitch,
    /// Whether the weights of its origins follow the service's shares.
    pub weights: bool,
    /// Whether Cloudflare's own monitor is made to match ours, and attached.
    pub monitor: bool,
    /// Whether it is created where it is missing.
    pub manage: bool,
}

words! {
    /// What is switched in a pool.
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
    /// How clients of different countries are led to different pools.
    pub countries_by: CountriesBy,
    /// Whether Cloudflare answers with its own addresses; absent: as it is.
    pub proxied: Option<bool>,
    /// Time to live of a balancer that is not proxied; absent: as it is.
    pub ttl_s: Option<u32>,
    /// What keeps a client with its origin; absent: as it is.
    pub session_affinity: Option<SessionAffinity>,
    /// For how long; absent: as it is.
    pub session_affinity_ttl_s: Option<u32>,
    /// Whether it is created where it is missing.
    pub manage: bool,
}

words! {
    /// How a load balancer leads clients of different countries to different pools.
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

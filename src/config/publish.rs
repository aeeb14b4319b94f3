//! Objects at Cloudflare that follow a service.

use crate::json::words;
use std::fmt;

/// One object at Cloudflare that follows a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publish {
    /// A record set whose content is the first usable region in failover order.
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
    /// Time to live in seconds: 60 to 86,400, or 1 for Cloudflare's automatic.
    pub ttl_s: u32,
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
}

/// A load balancer that we keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancerTarget {
    /// The zone's name.
    pub zone: String,
    /// The balancer's full name.
    pub name: String,
}

//! What the operator wrote, and only what is right.
//!
//! Text becomes a [`raw::Raw`] mirror (shape: types, known keys), then [`check`] turns that into a
//! [`Config`] or into every [`Diagnostic`] at once. A [`Config`] that exists is therefore sound:
//! ids resolve, URLs have a host, thresholds are in range, and nothing that is published can lead
//! out of a jurisdiction. Nobody downstream checks again, and nobody downstream can hold half a
//! config: a bad one is refused whole and the last good one stays (invariant 6).

mod check;
mod diagnostic;
mod monitor;
mod raw;
mod url;

pub use diagnostic::{Code, Diagnostic};
pub use monitor::{Expect, Monitor, StatusRange};
pub use url::{BadUrl, OriginUrl};

use crate::country::Country;
use crate::fingerprint::Fingerprint;
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::latency::Location;
use crate::ordered::{Map, Set};
use crate::residency::Rule;
use crate::target::Target;
use crate::time::Millis;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Largest config text that is read. KV takes 25 MiB; a config that needs more than this is a
/// mistake.
pub const CONFIG_BYTES_MAX: usize = 256 * 1024;
/// Most origins in one config: each costs a probe a round, and a run has a bounded number of
/// subrequests.
pub const ORIGINS_MAX: usize = 200;
/// Probes in one cron run where the config says nothing. The free plan allows 50 subrequests a run.
pub const PROBES_PER_RUN_DEFAULT: u32 = 45;

/// A sound config.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Hash of the text it was read from.
    pub fingerprint: Fingerprint,
    /// Regions by id.
    pub regions: Map<RegionId, Region>,
    /// Monitors by id.
    pub monitors: Map<MonitorId, Monitor>,
    /// Services by id.
    pub services: Map<ServiceId, Service>,
    /// Residency rules. Their order has no meaning.
    pub residency: Vec<Rule>,
    /// Most probes in one cron run.
    pub probes_per_run: u32,
}

/// A place where data is stored and processed.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// The country whose law it stands under.
    pub country: Country,
    /// Where it is, for the distance to clients.
    pub location: Option<Location>,
    /// Its servers; at least one.
    pub origins: Vec<Origin>,
}

/// A server that may be sent traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its identity.
    pub id: OriginId,
    /// Where requests and probes are sent.
    pub url: OriginUrl,
    /// What an A record of it says.
    pub ipv4: Option<Ipv4Addr>,
    /// What an AAAA record of it says.
    pub ipv6: Option<Ipv6Addr>,
}

/// What clients ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Host names that clients use, in lower case; at least one unless the service is only
    /// published.
    pub hosts: Vec<String>,
    /// How its origins are probed.
    pub monitor: MonitorId,
    /// Its regions in failover order; at least one.
    pub regions: Vec<RegionId>,
    /// Longest wait for the first byte of one try of a request that may be tried elsewhere.
    pub try_timeout_ms: Millis,
    /// Longest wait for the first byte of an answer, all tries together.
    pub timeout_ms: Millis,
    /// Objects at Cloudflare that follow its health.
    pub publish: Vec<Publish>,
}

/// One object at Cloudflare that follows a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publish {
    /// A record set whose content is the first usable region in failover order.
    Dns(DnsTarget),
    /// A pool in which origins that are down are disabled.
    Pool(PoolTarget),
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
    /// Regions it may name: those that every residency rule over this name permits to everybody, in
    /// failover order.
    pub permitted: Vec<RegionId>,
}

/// The record types that can follow a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// IPv4 addresses of the region's usable origins.
    A,
    /// IPv6 addresses of the region's usable origins.
    Aaaa,
    /// The host of the region's first usable origin.
    Cname,
}

impl RecordKind {
    /// The type as DNS and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
        }
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

impl Config {
    /// Reads a config from JSON text. Errors: every diagnostic that was found, sorted by path;
    /// never half a config.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        check::check(&raw::read(text)?, Fingerprint::of(text.as_bytes()))
    }

    /// Everything that is probed, each target once.
    pub fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        let of_services = self.services.values().flat_map(|service| {
            let regions = service.regions.iter().filter_map(|id| self.regions.get(id));
            regions.flat_map(|region| &region.origins).map(|origin| Target {
                origin: origin.id.clone(),
                monitor: service.monitor.clone(),
            })
        });
        Set::of(of_services).into_iter()
    }

    /// The origin with its region, by id.
    #[must_use]
    pub fn origin(&self, id: &OriginId) -> Option<(&RegionId, &Origin)> {
        self.regions.iter().find_map(|(region_id, region)| {
            region.origins.iter().find(|o| o.id == *id).map(|origin| (region_id, origin))
        })
    }
}

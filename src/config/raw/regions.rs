//! Areas, regions and origins.

use super::texts::{RegionCountry, RegionLocation};
use crate::ids::OriginId;
use crate::json::{Within, shape};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

shape! {
    /// Vantage points.
    pub(in crate::config) struct RawAreas {
        /// Areas to probe from, as Cloudflare's location hints. Without areas, the cron run itself
        /// is the only vantage point.
        names as "use": Vec<String> = Vec::new(),
    }

    /// A region: where data is stored and processed.
    pub(in crate::config) struct RawRegion {
        /// The country whose law applies to it, as ISO 3166-1 alpha-2.
        country: RegionCountry,
        /// Latitude and longitude in degrees.
        location: Option<RegionLocation>,
        /// Requests per second that it can carry.
        capacity_rps: Option<Within<1, 1_000_000_000>>,
        /// What its operator attests, such as `dpf_certified`.
        attest: Vec<String> = Vec::new(),
        /// Its origins.
        origins: Vec<RawOrigin>,
    }

    /// A server that we may send traffic to.
    pub(in crate::config) struct RawOrigin {
        /// Its id, unique in the whole config.
        id: OriginId,
        /// Scheme, host and optionally a port.
        url: String,
        /// Its IPv4 address, for A records.
        ipv4: Option<Ipv4Addr>,
        /// Its IPv6 address, for AAAA records.
        ipv6: Option<Ipv6Addr>,
        /// The host that requests and probes tell it, in place of the service's.
        host_header: Option<String>,
        /// Addresses behind its name, to each of which a probe also connects.
        addresses: Vec<IpAddr> = Vec::new(),
    }
}

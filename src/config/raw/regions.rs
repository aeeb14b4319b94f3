//! Areas, regions and origins.

use super::texts::{RegionCountry, RegionLocation};
use crate::ids::OriginId;
use crate::json::{Within, shape};
use std::net::{Ipv4Addr, Ipv6Addr};

shape! {
    /// Vantage points.
    pub(in crate::config) struct RawAreas {
        /// Areas to probe from, as Cloudflare's location hints; where there are none, the cron run
        /// itself is the only vantage point.
        names as "use": Vec<String> = Vec::new(),
    }

    /// A place where data is stored and processed.
    pub(in crate::config) struct RawRegion {
        /// The country under whose law it stands, as ISO 3166-1 alpha-2.
        country: RegionCountry,
        /// Latitude and longitude in degrees.
        location: Option<RegionLocation>,
        /// Requests a second that it can carry.
        capacity_rps: Option<Within<1, 1_000_000_000>>,
        /// What its operator has attested, such as `dpf_certified`.
        attest: Vec<String> = Vec::new(),
        /// Its servers.
        origins: Vec<RawOrigin>,
    }

    /// A server that may be sent traffic.
    pub(in crate::config) struct RawOrigin {
        /// Its identity, unique in the whole config.
        id: OriginId,
        /// Scheme, host and perhaps a port.
        url: String,
        /// What an A record of it says.
        ipv4: Option<Ipv4Addr>,
        /// What an AAAA record of it says.
        ipv6: Option<Ipv6Addr>,
    }
}

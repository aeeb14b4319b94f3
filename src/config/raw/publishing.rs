//! Objects at Cloudflare that follow a service.

use crate::config::publish::{CountriesBy, DnsMode, PoolSwitch, RecordKind, SessionAffinity};
use crate::ids::RegionId;
use crate::json::{MistakeKind, Reader, Shape, Within, shape};
use serde_json::Value;

shape! {
    /// One object at Cloudflare: exactly one of these.
    pub(in crate::config) struct RawPublish {
        /// A record set that names usable regions.
        dns: Option<RawDns>,
        /// A pool in which origins that are down are disabled.
        pool: Option<RawPool>,
        /// A load balancer whose pools follow residency and health.
        load_balancer: Option<RawLoadBalancer>,
    }

    /// A DNS record set.
    pub(in crate::config) struct RawDns {
        /// The zone's name.
        zone: String,
        /// The record's full name.
        name: String,
        /// Its type.
        kind as "type": RecordKind,
        /// Whether it names the first permitted region that is up, or every permitted origin that
        /// is.
        mode: DnsMode = DnsMode::Failover,
        /// Time to live: 60 to 86400 s, or 1 for Cloudflare's automatic.
        ttl_s: RawTtl = RawTtl(60),
        /// The same while a change is likely; as always where absent.
        ttl_at_risk_s: Option<RawTtl>,
        /// Whether Cloudflare answers with its own addresses; as the records are where absent.
        proxied: Option<bool>,
        /// Whether records are created where there are none.
        manage: bool = false,
        /// Whether every record of this name and type is ours, marked or not.
        adopt: bool = false,
    }

    /// A load-balancer pool of which some origins are ours.
    pub(in crate::config) struct RawPool {
        /// The account's id.
        account: String,
        /// The pool's name.
        name: String,
        /// The regions whose origins are in it; all of the service where absent.
        regions: Option<Vec<RegionId>>,
        /// Whether single origins are switched, or the pool when all of them are down.
        switch: PoolSwitch = PoolSwitch::Origins,
        /// Whether the weights of its origins follow the service's shares.
        weights: bool = false,
        /// Whether Cloudflare's own monitor is made to match ours, and attached.
        monitor: bool = false,
        /// Whether it is created where it is missing.
        manage: bool = false,
    }

    /// A load balancer. Its pools are those that the service publishes.
    pub(in crate::config) struct RawLoadBalancer {
        /// The zone's name.
        zone: String,
        /// The balancer's full name.
        name: String,
        /// How clients of different countries are led to different pools.
        countries_by: CountriesBy = CountriesBy::CountryPools,
        /// Whether Cloudflare answers with its own addresses; as it is where absent.
        proxied: Option<bool>,
        /// Time to live of a balancer that is not proxied; as it is where absent.
        ttl_s: Option<Within<10, 86_400>>,
        /// What keeps a client with its origin; as it is where absent.
        session_affinity: Option<SessionAffinity>,
        /// For how long; as it is where absent.
        session_affinity_ttl_s: Option<Within<30, 604_800>>,
        /// Whether it is created where it is missing.
        manage: bool = false,
    }
}

/// A time to live that Cloudflare takes. Source:
/// developers.cloudflare.com/dns/manage-dns-records/reference/ttl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct RawTtl(pub(in crate::config) u32);

impl Shape for RawTtl {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let ttl_s = reader.number(value, 1, 86_400)?;
        if (2..60).contains(&ttl_s) {
            let problem = format!("{ttl_s} is too small");
            reader.report(MistakeKind::Range, problem, "60 to 86400, or 1 for automatic");
            return None;
        }
        u32::try_from(ttl_s).ok().map(Self)
    }

    fn write(&self) -> Value {
        self.0.into()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn schema(_: &mut crate::json::schema::Definitions) -> Value {
        serde_json::json!({
            "anyOf": [{"const": 1}, {"type": "integer", "minimum": 60, "maximum": 86_400}],
        })
    }
}

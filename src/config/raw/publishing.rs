//! Objects at Cloudflare that follow a service.

use crate::config::publish::{CountriesBy, DnsMode, PoolSwitch, RecordKind, SessionAffinity};
use crate::ids::RegionId;
use crate::json::{MistakeKind, Reader, Shape, Within, shape};
use serde_json::Value;

shape! {
    /// One object at Cloudflare; set exactly one of these keys.
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
        /// is up.
        mode: DnsMode = DnsMode::Failover,
        /// TTL: 60 to 86400 s, or 1 for Cloudflare's automatic TTL.
        ttl_s: RawTtl = RawTtl(60),
        /// TTL while a change is likely; `ttl_s` if absent.
        ttl_at_risk_s: Option<RawTtl>,
        /// Whether the records are proxied by Cloudflare; unchanged if absent.
        proxied: Option<bool>,
        /// Whether missing records are created.
        manage: bool = false,
        /// Whether to take over existing records of this name and type that we did not create.
        adopt: bool = false,
    }

    /// A load-balancer pool that contains some of our origins.
    pub(in crate::config) struct RawPool {
        /// The account's id.
        account: String,
        /// The pool's name.
        name: String,
        /// The regions whose origins are in it; all of the service's if absent.
        regions: Option<Vec<RegionId>>,
        /// Whether to disable each origin that is down, or the whole pool once all are down.
        switch: PoolSwitch = PoolSwitch::Origins,
        /// Whether the weights of its origins follow the service's shares.
        weights: bool = false,
        /// Whether to attach a Cloudflare monitor that matches ours.
        monitor: bool = false,
        /// Whether it is created if missing.
        manage: bool = false,
    }

    /// A load balancer. Its pools are those that the service publishes.
    pub(in crate::config) struct RawLoadBalancer {
        /// The zone's name.
        zone: String,
        /// The balancer's full name.
        name: String,
        /// How clients from different countries are sent to different pools.
        countries_by: CountriesBy = CountriesBy::CountryPools,
        /// Whether it is proxied by Cloudflare; unchanged if absent.
        proxied: Option<bool>,
        /// TTL of a balancer that is not proxied; unchanged if absent.
        ttl_s: Option<Within<10, 86_400>>,
        /// What keeps a client with its origin; unchanged if absent.
        session_affinity: Option<SessionAffinity>,
        /// For how many seconds; unchanged if absent.
        session_affinity_ttl_s: Option<Within<30, 604_800>>,
        /// Whether it is created if missing.
        manage: bool = false,
    }
}

/// A TTL that Cloudflare accepts. Source:
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

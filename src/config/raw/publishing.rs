//! Objects at Cloudflare that follow a service.

use crate::json::{MistakeKind, Reader, Shape, shape, words};
use serde_json::Value;

shape! {
    /// One object at Cloudflare: exactly one of these.
    pub(in crate::config) struct RawPublish {
        /// A record set whose content is the first usable region in failover order.
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
        kind as "type": RawRecordKind,
        /// Time to live: 60 to 86400 s, or 1 for Cloudflare's automatic.
        ttl_s: RawTtl = RawTtl(60),
    }

    /// A load-balancer pool of which some origins are ours.
    pub(in crate::config) struct RawPool {
        /// The account's id.
        account: String,
        /// The pool's name.
        name: String,
    }

    /// A load balancer.
    pub(in crate::config) struct RawLoadBalancer {
        /// The zone's name.
        zone: String,
        /// The balancer's full name.
        name: String,
    }
}

words! {
    /// The record types that can follow a region.
    pub(in crate::config) enum RawRecordKind {
        /// IPv4 addresses.
        A = "A",
        /// IPv6 addresses.
        Aaaa = "AAAA",
        /// A host name.
        Cname = "CNAME",
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

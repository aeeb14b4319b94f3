//! The account as read back, as far as it concerns us. Unknown fields are skipped here and
//! preserved in writes.

mod balancer;
mod monitor;
mod weight;

pub use balancer::{BalancerFields, PoolMatch, PoolSet, RandomSteering, SetOverrides, Topology};
pub use monitor::MonitorFields;
pub use weight::Weight;

pub(super) use balancer::{PoolsByLocation, renamed};

use super::endpoint::written;
use crate::json::fields;
use crate::ordered::Map;

/// Most records of one name that are compared: one page of a list by name has no more.
pub(super) const RECORDS_MAX: usize = 100;
/// The TTL that Cloudflare shows for proxied records.
pub(super) const AUTOMATIC_TTL_S: u32 = 1;

/// One DNS record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type, as DNS writes it.
    pub kind: String,
    /// Its content.
    pub content: String,
    /// Its TTL in seconds; 1 is automatic.
    pub ttl: u32,
    /// Whether Cloudflare proxies the name.
    pub proxied: bool,
    /// Its comment or description, which may start with our marker.
    pub comment: Option<String>,
    /// Its tags.
    pub tags: Option<Vec<String>>,
    /// When it was last changed, as the API writes it.
    pub modified_on: Option<String>,
}

/// One pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its description, which may start with our marker.
    pub description: Option<String>,
    /// Whether it may get traffic; true if the API omits it.
    pub enabled: bool,
    /// The id of its monitor.
    pub monitor: Option<String>,
    /// Its origins, in the API's order.
    pub origins: Vec<PoolOrigin>,
    /// When it was disabled, as the API writes it; absent while it is enabled.
    pub disabled_at: Option<String>,
}

/// One origin of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOrigin {
    /// Host name or address.
    pub address: String,
    /// Its port; 0 is that of the visitor's protocol.
    pub port: u16,
    /// Whether it may get traffic; true if the API omits it.
    pub enabled: bool,
    /// Its weight among the others.
    pub weight: Weight,
    /// The headers that it is told in place of a request's own: at most `Host`.
    pub header: Option<Map<String, Vec<String>>>,
    /// When it was disabled, as the API writes it; absent while it is enabled.
    pub disabled_at: Option<String>,
}

/// One of Cloudflare's own monitors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LbMonitor {
    /// Its id.
    pub id: String,
    /// Its comment or description, which may start with our marker.
    pub description: Option<String>,
    /// What it does.
    pub fields: MonitorFields,
}

/// One load balancer.
#[derive(Debug, Clone, PartialEq)]
pub struct Balancer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its description, which may start with our marker.
    pub description: Option<String>,
    /// Whether it answers. What a person turned off stays off.
    pub enabled: bool,
    /// Names of its rules that choose pools of their own.
    pub overriding: Vec<String>,
    /// The fields that we may manage, with pools by name.
    pub fields: BalancerFields,
}

fields!(Record {
    id,
    name,
    kind as "type",
    content,
    ttl,
    proxied = false,
    comment,
    tags,
    modified_on,
});
fields!(Pool { id, name, description, enabled = true, monitor, origins, disabled_at });
fields!(PoolOrigin {
    address,
    port = 0,
    enabled = true,
    weight = Weight::ONE,
    header,
    disabled_at,
});

impl PoolOrigin {
    /// The host that it is told, if that is not the one that the client asked for.
    #[must_use]
    pub fn host_header(&self) -> Option<&str> {
        self.header.as_ref()?.get("Host")?.first().map(String::as_str)
    }

    /// Its address, and its port if it has one of its own. It names the origin in holds and edits.
    #[must_use]
    pub fn written(&self) -> String {
        written(&self.address, self.port)
    }
}

impl Pool {
    /// Its origins that are written like this. Holds of earlier builds have no port: an address
    /// alone names the only origin that has it.
    pub fn origins_at<'p>(&'p self, text: &str) -> impl Iterator<Item = &'p PoolOrigin> {
        let all = || self.origins.iter();
        let is_exact = all().any(|origin| origin.written() == text);
        let is_only = all().filter(|origin| origin.address == text).count() == 1;
        let text = text.to_owned();
        all().filter(move |origin| {
            if is_exact { origin.written() == text } else { is_only && origin.address == text }
        })
    }
}

/// What was read. What could not be read is absent, not empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Ids of zones, by name.
    pub zone_ids: Map<String, String>,
    /// How many records a zone has, by its name.
    pub records_total: Map<String, usize>,
    /// All records of a name, of every type and owner, by name.
    pub records: Map<String, Vec<Record>>,
    /// All pools of an account.
    pub pools: Map<String, Vec<Pool>>,
    /// All monitors of an account.
    pub monitors: Map<String, Vec<LbMonitor>>,
    /// All load balancers of a zone, by its name.
    pub balancers: Map<String, Vec<Balancer>>,
}

impl Observed {
    /// The pools of an account; empty if they could not be read.
    #[must_use]
    pub fn pools_of(&self, account: &str) -> &[Pool] {
        self.pools.get(account).map_or(&[], Vec::as_slice)
    }

    /// The monitors of an account; empty if they could not be read.
    #[must_use]
    pub fn monitors_of(&self, account: &str) -> &[LbMonitor] {
        self.monitors.get(account).map_or(&[], Vec::as_slice)
    }
}
